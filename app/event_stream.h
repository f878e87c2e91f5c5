// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// --events: one JSON object a line on standard output; and several receivers behind one.
#pragma once

#include "app/command_output.h"
#include "training/api/error.h"
#include "training/api/events.h"

#include <optional>

namespace rankwright {

class EventStream : public Events
{
public:
    explicit EventStream(Output& output);
    // start, step, eval, checkpoint, note and end. A write that fails is remembered and does not end the training.
    void on(const Event& event) override;
    // Throws the first failure again: asked when the training is over and safe.
    void throwIfFailed() const;

private:
    Output& m_output;
    std::optional<Error> m_failure;
};

// Every event to each of them, in order; a control is set where one of them asks for it.
class FanOut : public Events
{
public:
    explicit FanOut(std::vector<Events*> receivers);
    void on(const Event& event) override;
    Controls controls() override;
    void checkpointTaken() override;

private:
    std::vector<Events*> m_receivers;
};

// JSON as the program prints it: text that is not UTF-8 becomes U+FFFD, NaN and infinities become null.
std::string jsonText(const nlohmann::json& json, int indent = 2);

}  // namespace rankwright
