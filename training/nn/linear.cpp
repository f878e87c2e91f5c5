// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/nn/linear.h"

#include <ATen/ATen.h>

namespace rankwright {

at::Tensor BaseWeight::dense() const
{
    return m_weight.to(at::kFloat);
}

void BaseWeight::setEdited(const at::Tensor& original, const BaseEdit& edit)
{
    m_weight = at::addmm(original, edit.B0, edit.A0, 1, -edit.scaling).to(m_weight.scalar_type());
}

void BaseWeight::set(const at::Tensor& original)
{
    m_weight = original.to(m_weight.scalar_type());
}

}  // namespace rankwright
