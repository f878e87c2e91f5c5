// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/api/adapter_size.h"

#include <algorithm>
#include <string_view>

namespace rankwright {

int64_t adapterFileBytes(const std::vector<PlannedModule>& modules)
{
    struct Tensor { std::string name; int64_t rows, cols; };
    std::vector<Tensor> tensors;
    for (const PlannedModule& module : modules) {
        if (module.rank < 1)
            continue;
        tensors.push_back({"base_model.model." + module.name + ".lora_A.weight", module.rank, module.cols});
        tensors.push_back({"base_model.model." + module.name + ".lora_B.weight", module.rows, module.rank});
    }
    std::ranges::sort(tensors, {}, &Tensor::name);
    const auto digits = [](int64_t number) { return int64_t(std::to_string(number).size()); };
    auto header = int64_t(std::string_view(R"({"__metadata__":{"format":"pt"}})").size());
    int64_t at = 0;
    for (const Tensor& tensor : tensors) {
        const int64_t end = at + 4 * tensor.rows * tensor.cols;
        header += int64_t(nlohmann::json(tensor.name).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).size())
            + int64_t(std::string_view(R"(,:{"dtype":"F32","shape":[,],"data_offsets":[,]})").size()) + digits(tensor.rows)
            + digits(tensor.cols) + digits(at) + digits(end);
        at = end;
    }
    return 8 + (header + 7) / 8 * 8 + at;
}

}  // namespace rankwright
