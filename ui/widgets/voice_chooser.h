// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// "Add a voice": the base model, stored runs with a checkpoint or in training, a folder with an adapter. Filtered while one types; closes
// with Escape. A choice that cannot talk is listed grey, with the reason.
#pragma once

#include "ui/models/chat_voices.h"
#include "ui/widgets/search_popup.h"

namespace rankwright {

class VoiceChooser : public SearchPopup
{
    Q_OBJECT
public:
    explicit VoiceChooser(QWidget* parent = nullptr);
    void setChoices(std::vector<ChatChoice> choices);    // in the order to list
    void open(QWidget& anchor);                          // below it

signals:
    void chosen(const rankwright::ChatChoice& choice);
    void folderAsked();                                  // an adapter's folder is to be looked for

private:
    void fill() override;
    void take() override;
    std::vector<ChatChoice> m_choices;
};

}  // namespace rankwright
