// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/matrix_view.hpp>
#include <simile/core/progress.hpp>
#include <simile/core/similarity_kind.hpp>
#include <simile/index/row_vectors.hpp>
#include <simile/index/vector_index.hpp>
#include <simile/score/gallery_moments.hpp>

#include <algorithm>
#include <cstddef>

namespace simile {

/// The mean and covariance of an index's vectors as get() gives them, from which follow mean and deviation of any query's scores over all rows, without a scan. Under cosine they are of directions:
/// ask of_scores for a query of length 1.
/// @throws error incomplete, cancelled; invalid_argument under squared_l2, whose scores are no inner products
[[nodiscard]] inline score::gallery_moments gallery_moments_of(vector_index const& index, progress const& watch = {}) {
    require(index.similarity() != similarity_kind::squared_l2, error_code::invalid_argument,
            "distances are no inner products: their moments do not follow from those of the vectors");
    score::gallery_moments out(index.dims());
    constexpr std::size_t part = 1024;
    for (std::size_t first = 0; first < index.size(); first += part) {
        std::size_t const count = std::min(part, index.size() - first);
        auto const values = row_vectors(index, first, count);
        out.add(matrix_view<float const>(values.data(), count, index.dims()));
        watch.step(first + count, index.size());
    }
    return out;
}

}  // namespace simile
