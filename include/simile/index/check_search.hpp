// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/hit.hpp>
#include <simile/core/row_filter.hpp>
#include <simile/index/search.hpp>

#include <cstddef>

namespace simile::detail {

/// Whether an index of so many rows can be searched so.
/// @throws error invalid_argument, not_finite, dimension_mismatch, out_of_range
inline void check(search_options const& options, std::size_t rows) {
    require(options.k > 0, error_code::invalid_argument, "k must be at least 1");
    require(options.recall > 0 && options.recall <= 1, error_code::invalid_argument, "recall must be in (0, 1], got ", options.recall);
    require(options.min_relevance >= 0 && options.min_relevance <= 1, error_code::invalid_argument,
            "the least relevance must be in 0 .. 1, got ", options.min_relevance);
    require(options.min_score == options.min_score, error_code::not_finite, "min_score is NaN");
    require(options.filter == nullptr || options.filter->rows() == rows, error_code::dimension_mismatch, "the filter is for ",
            options.filter == nullptr ? 0 : options.filter->rows(), " rows, the index has ", rows);
    require(options.bias.empty() || options.bias.size() == rows, error_code::dimension_mismatch, "a bias for ", options.bias.size(),
            " rows, the index has ", rows);
    require(options.active == nullptr || options.active->rows() == rows, error_code::dimension_mismatch, "the active set is for ",
            options.active == nullptr ? 0 : options.active->rows(), " rows, the index has ", rows);
    row_t last = 0;
    for (row_range const& r : options.ranges) {
        require(r.first >= last && r.first <= r.last, error_code::invalid_argument, "the range ", r.first, " .. ", r.last,
                " overlaps or follows one up to ", last);
        require(r.last <= rows, error_code::out_of_range, "the range ", r.first, " .. ", r.last, " goes beyond ", rows, " rows");
        last = r.last;
    }
}

}  // namespace simile::detail
