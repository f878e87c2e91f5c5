// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/ops/ops.h"

namespace rankwright::ops {

namespace {
thread_local Form current = Form::fast;
}

void setForm(Form form)
{
    current = form;
}

Form form()
{
    return current;
}

bool fastOn(const at::Tensor& x)
{
    return current == Form::fast && x.is_cpu();
}

}  // namespace rankwright::ops
