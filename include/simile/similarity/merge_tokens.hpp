// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/norm.hpp>
#include <simile/core/rounded.hpp>
#include <simile/similarity/checks.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace simile::similarity {

struct merge_options {
    std::size_t max_tokens = 1;  ///< stop at so many
    float threshold = -1;        ///< stop when no neighbours have at least this cosine; by default only max_tokens stops
};

struct merged_tokens {
    std::size_t dims = 0;
    std::vector<float> values;          ///< [rows][dims], means of the tokens of a run
    std::vector<std::uint32_t> counts;  ///< how many tokens each stands for; they add up to what was given

    [[nodiscard]] matrix_view<float const> matrix() const noexcept { return {values.data(), counts.size(), dims}; }
};

/// Merges neighbouring tokens that are alike, the most similar pair first, each run into its mean: a shorter sequence for max_sim, dtw or an index, in the
/// same order. Greedy, by the cosine of two runs' means.
///
/// Shape     tokens [n][d], n >= 1.
/// Zero      the cosine of a run whose mean is zero is 0.
/// Ties      the pair further to the front is merged first.
/// Error     sums in double, the same bits on every platform; means are rounded to float once and are not brought to unit length.
/// Cost      O(n^2 + n d).
/// @throws error invalid_argument (no tokens, max_tokens = 0), not_finite
/// Source    Clavie, Chaffin, Adams, "Reducing the Footprint of Multi-Vector Retrieval with Minimal Performance Impact via Token Pooling", 2024
///           (sequential pooling); Bolya, Fu, Dai, Zhang, Feichtenhofer, Hoffman, "Token Merging: Your ViT But Faster", ICLR 2023 (means weighted by size).
[[nodiscard]] inline merged_tokens merge_tokens(matrix_view<float const> tokens, merge_options options = {}) {
    detail::require_rows(tokens, "the matrix of tokens");
    require(options.max_tokens > 0, error_code::invalid_argument, "max_tokens must be at least 1");
    require(!std::isnan(options.threshold), error_code::not_finite, "the threshold is not a number");
    std::size_t const d = tokens.dims();
    struct run {
        std::vector<double> sum;
        double length;
        std::uint32_t count;
        double next;  // cosine with the run behind it
    };
    auto const inner = [](std::vector<double> const& x, std::vector<double> const& y) {
        double sum = 0;
        for (std::size_t i = 0; i < x.size(); ++i) sum += rounded(x[i] * y[i]);
        return sum;
    };
    std::vector<run> runs;
    runs.reserve(tokens.rows());
    for (std::size_t t = 0; t < tokens.rows(); ++t) runs.push_back({{tokens[t].begin(), tokens[t].end()}, norm(tokens[t]), 1, 0});
    // Sums have the directions of means.
    auto const compare = [&](std::size_t i) {
        if (i + 1 >= runs.size()) return -std::numeric_limits<double>::infinity();
        double const norms = runs[i].length * runs[i + 1].length;
        return norms == 0 ? 0.0 : inner(runs[i].sum, runs[i + 1].sum) / norms;
    };
    for (std::size_t i = 0; i < runs.size(); ++i) runs[i].next = compare(i);
    while (runs.size() > options.max_tokens) {
        auto const best = std::max_element(runs.begin(), runs.end(), [](run const& a, run const& b) { return a.next < b.next; });
        auto const at = static_cast<std::size_t>(best - runs.begin());
        if (at + 1 >= runs.size() || best->next < double{options.threshold}) break;
        run const& behind = *(best + 1);
        for (std::size_t i = 0; i < d; ++i) best->sum[i] += behind.sum[i];
        best->length = std::sqrt(inner(best->sum, best->sum));
        best->count += behind.count;
        runs.erase(best + 1);
        runs[at].next = compare(at);
        if (at > 0) runs[at - 1].next = compare(at - 1);
    }
    merged_tokens out{d, {}, {}};
    for (run const& r : runs) {
        out.counts.push_back(r.count);
        for (double const s : r.sum) out.values.push_back(static_cast<float>(s / r.count));
    }
    return out;
}

}  // namespace simile::similarity
