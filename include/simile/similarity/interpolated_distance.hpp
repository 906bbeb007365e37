// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>
#include <simile/core/rounded.hpp>
#include <simile/similarity/checks.hpp>
#include <simile/similarity/squared_l2.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace simile::similarity {

/// A sequence with another number of frames: frame t is found at t (n - 1) / (frames - 1) of the n given ones, between two of them by linear
/// interpolation. The first and the last frame stay; a single one is the first.
///
/// @param out  [frames][d]
/// @throws error invalid_argument (an empty sequence, no frames), dimension_mismatch, not_finite
inline void resample(matrix_view<float const> sequence, matrix_view<float> out) {
    detail::require_rows(sequence, "the sequence");
    require(out.rows() > 0, error_code::invalid_argument, "a sequence cannot be resampled to 0 frames");
    detail::require_dims(out.dims(), sequence.dims(), "out");
    std::size_t const n = sequence.rows(), frames = out.rows();
    for (std::size_t t = 0; t < frames; ++t) {
        // In whole numbers: the place is before + part / steps, exactly.
        std::uint64_t const steps = std::max<std::uint64_t>(frames - 1, 1), place = std::uint64_t{t} * (n - 1);
        auto const before = static_cast<std::size_t>(place / steps);
        double const share = static_cast<double>(place % steps) / static_cast<double>(steps);
        auto const x = sequence[before], y = sequence[std::min(before + 1, n - 1)];
        for (std::size_t i = 0; i < out.dims(); ++i)
            out[t][i] = static_cast<float>(rounded(double{x[i]} * (1 - share)) + rounded(double{y[i]} * share));
    }
}

/// Distance of two sequences as they are, frame by frame: the shorter one is resampled to the length of the longer, then the mean Euclidean distance of the
/// frames. Between mean pooling, which forgets the order, and dtw, which forgives its pace.
///
/// Shape     a [n][d], b [m][d], n, m >= 1.
/// Unit      that of the components; smaller is closer; symmetric bit for bit.
/// Error     frames those of squared_l2 on frames rounded to float; the mean in double, rounded to float once.
/// Index     sequences resampled to one fixed length T and laid out as one vector [T d] rank in an index under similarity_kind::squared_l2 by the root mean
///           square of the same distances, a first pass for this one.
/// Source    Ratanamahatana, Keogh, "Everything You Know About Dynamic Time Warping Is Wrong", 2004, on resampling to equal length.
struct interpolated_distance_fn {
    static constexpr ordering order = ordering::smaller_is_closer;

    /// @throws error dimension_mismatch, invalid_argument (an empty sequence), not_finite
    [[nodiscard]] float operator()(matrix_view<float const> a, matrix_view<float const> b) const {
        detail::require_rows(a, "the first sequence", b, "the second sequence");
        if (a.rows() > b.rows()) return (*this)(b, a);
        std::vector<float> values(b.values().size());
        matrix_view<float> const stretched(values.data(), b.rows(), b.dims());
        resample(a, stretched);
        double sum = 0;
        for (std::size_t t = 0; t < b.rows(); ++t) sum += std::sqrt(double{squared_l2(reproducible, stretched[t], b[t])});
        return static_cast<float>(sum / static_cast<double>(b.rows()));
    }
};
inline constexpr interpolated_distance_fn interpolated_distance{};

}  // namespace simile::similarity
