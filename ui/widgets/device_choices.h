// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The list of the "Device" field: what the engine finds on this machine, with names and memory, instead of usual words. Asked when
// the field is first shown, since the answer needs LibTorch; until then, and where nothing can be said, anything may be typed as before.
#pragma once

#include "training/api/reports.h"

#include <QObject>

class QComboBox;

namespace rankwright {

class ConfigForm;
class Workbench;

class DeviceChoices : public QObject
{
    Q_OBJECT
public:
    // The form's field "device"; nothing happens where it has none. Lives as long as the form.
    DeviceChoices(ConfigForm& form, Workbench& workbench);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void fill(const DeviceList& list);
    Workbench& m_workbench;
    QComboBox* m_box;
    bool m_asked = false;
};

}  // namespace rankwright
