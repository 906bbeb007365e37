// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>
#include <simile/index/vector_index.hpp>

#include <cstddef>
#include <vector>

namespace simile {

/// The vectors of the rows first .. first + count - 1 as get() gives them, one after the other.
/// @throws error out_of_range, incomplete
[[nodiscard]] inline std::vector<float> row_vectors(vector_index const& index, std::size_t first, std::size_t count) {
    require(first <= index.size() && count <= index.size() - first, error_code::out_of_range, "rows ", first, " to ", first + count, " of ",
            index.size());
    std::vector<float> out;
    out.reserve(count * index.dims());
    for (std::size_t row = first; row < first + count; ++row) {
        auto const one = index.get(index.id(static_cast<row_t>(row)));
        out.insert(out.end(), one.begin(), one.end());
    }
    return out;
}

}  // namespace simile
