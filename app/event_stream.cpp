// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "app/event_stream.h"

namespace rankwright {

namespace {

bool isRunEvent(const Event& event)
{
    return !std::holds_alternative<ProgressEvent>(event) && !std::holds_alternative<ModuleSpectrum>(event)
        && !std::holds_alternative<TextEvent>(event);
}

}  // namespace

EventStream::EventStream(Output& output)
    : m_output(output)
{
}

void EventStream::on(const Event& event)
{
    if (m_failure || !isRunEvent(event))
        return;
    try {
        m_output.write(jsonText(toJson(event), -1) + '\n');
    } catch (const Error& error) {
        m_failure = error;
    }
}

void EventStream::throwIfFailed() const
{
    if (m_failure)
        throw Error(*m_failure);
}

FanOut::FanOut(std::vector<Events*> receivers)
    : m_receivers(std::move(receivers))
{
}

void FanOut::on(const Event& event)
{
    for (Events* receiver : m_receivers)
        receiver->on(event);
}

Controls FanOut::controls()
{
    Controls all;
    for (Events* receiver : m_receivers) {
        const Controls one = receiver->controls();
        all.pause = all.pause || one.pause;
        all.checkpoint = all.checkpoint || one.checkpoint;
        all.stop = all.stop || one.stop;
    }
    return all;
}

void FanOut::checkpointTaken()
{
    for (Events* receiver : m_receivers)
        receiver->checkpointTaken();
}

std::string jsonText(const nlohmann::json& json, int indent)
{
    return json.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace rankwright
