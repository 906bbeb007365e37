// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/row_filter.hpp>
#include <simile/core/similarity_kind.hpp>
#include <simile/index/search.hpp>
#include <simile/quantize/codec.hpp>

#include "support/reference.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace simile::test {

/// The score of an index by its definition, in double.
[[nodiscard]] inline double exact_score(similarity_kind similarity, std::span<float const> x, std::span<float const> q) {
    if (similarity == similarity_kind::cosine) return cosine_by_definition(x, q);
    if (similarity == similarity_kind::dot) return dot_by_definition(x, q).value;
    return -squared_l2_by_definition(x, q).value;
}

namespace detail {
struct lengths {
    double l1 = 0, l2 = 0, largest = 0;
};
[[nodiscard]] inline lengths lengths_of(std::span<float const> v) {
    lengths out;
    for (float const e : v) {
        out.l1 += std::abs(double(e));
        out.l2 += double(e) * double(e);
        out.largest = std::max(out.largest, std::abs(double(e)));
    }
    out.l2 = std::sqrt(out.l2);
    return out;
}
}  // namespace detail

/// Codecs that keep 8 bits a dim, or 12.
[[nodiscard]] inline bool is_coarse(codec_kind codec) { return codec != codec_kind::f32 && codec != codec_kind::f16; }

/// How far the score of a codec may be from the exact one, by the docstrings of the codecs. Planes at 8 bits are int8, and no worse at 12.
[[nodiscard]] inline double score_bound(codec_kind codec, similarity_kind similarity, std::span<float const> x, std::span<float const> q) {
    auto const [x1, x2, x_largest] = detail::lengths_of(x);
    auto const [q1, q2, q_largest] = detail::lengths_of(q);
    double const d = static_cast<double>(x.size());
    double const sum = error_factor(std::ceil(d / 16) + 10);  // sum_rows, and the rounding of both unit vectors
    if (codec == codec_kind::f32 && similarity == similarity_kind::dot) return sum * dot_by_definition(x, q).magnitude;
    if (codec == codec_kind::f32 && similarity == similarity_kind::squared_l2) return sum * squared_l2_by_definition(x, q).value;
    if (x2 == 0 || q2 == 0) return similarity == similarity_kind::squared_l2 ? 4 * 0x1p-24 * (x2 * x2 + q2 * q2) : 0;
    // Of the inner product of the two directions.
    double direction = sum;
    if (codec == codec_kind::f16) direction += 0x1p-11 + d * 0x1p-25;
    // Half a step on either side. The factor that makes estimates unbiased grows when a short vector's codes miss its direction: |w| / <x, w> <= 1.1.
    if (is_coarse(codec))
        direction +=
            1.1 * (x_largest / x2 / 255 * q1 / q2 + q_largest / q2 / 254 * x1 / x2 + d * x_largest / x2 / 255 * q_largest / q2 / 254) +
            0.01 / 255;
    if (similarity == similarity_kind::cosine) return direction;
    if (similarity == similarity_kind::dot) return x2 * q2 * (direction + 4 * 0x1p-24);
    return 2 * x2 * q2 * direction + 8 * 0x1p-24 * (x2 * x2 + q2 * q2 + 2 * x2 * q2);
}

/// Why these hits are no right answer; empty when they are. Scores may be off by their bounds, and rows be exchanged within them.
[[nodiscard]] inline std::string wrong_with(std::span<hit const> hits, std::vector<std::vector<float>> const& rows,
                                            std::span<float const> query, std::size_t k, codec_kind codec, similarity_kind similarity,
                                            row_filter const* filter = nullptr) {
    std::vector<bool> returned(rows.size(), false);
    auto const allowed = [&](std::size_t row) { return filter == nullptr || filter->allows(static_cast<row_t>(row)); };
    std::size_t candidates = 0;
    for (std::size_t row = 0; row < rows.size(); ++row) candidates += allowed(row) ? 1U : 0U;
    if (hits.size() != std::min(k, candidates))
        return std::to_string(hits.size()) + " hits instead of " + std::to_string(std::min(k, candidates));
    for (std::size_t i = 0; i < hits.size(); ++i) {
        hit const h = hits[i];
        std::string const name = "hit " + std::to_string(i) + " (row " + std::to_string(h.row) + ")";
        if (h.row >= rows.size() || returned[h.row]) return name + " stands twice or is no row";
        if (!allowed(h.row)) return name + " is not allowed by the filter";
        if (i > 0 && !ranks_before(hits[i - 1], h)) return name + " is out of order";
        returned[h.row] = true;
        double const exact = exact_score(similarity, rows[h.row], query), bound = score_bound(codec, similarity, rows[h.row], query);
        if (!(std::abs(h.score - exact) <= bound))
            return name + " has score " + std::to_string(h.score) + ", exact is " + std::to_string(exact);
    }
    for (std::size_t row = 0; row < rows.size() && !hits.empty(); ++row) {
        if (returned[row] || !allowed(row)) continue;
        double const bound = score_bound(codec, similarity, rows[row], query) + 1e-6 * std::abs(double(hits.back().score));
        if (exact_score(similarity, rows[row], query) > hits.back().score + bound) return "row " + std::to_string(row) + " is missing";
    }
    return {};
}

/// Every codec and every similarity an index can have.
inline constexpr codec_kind all_codecs[] = {codec_kind::f32,    codec_kind::f16,     codec_kind::int8,
                                            codec_kind::planes, codec_kind::planes2, codec_kind::planes12};
inline constexpr similarity_kind all_similarities[] = {similarity_kind::cosine, similarity_kind::dot, similarity_kind::squared_l2};

}  // namespace simile::test
