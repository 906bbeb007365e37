// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/rounded.hpp>
#include <simile/similarity/checks.hpp>
#include <simile/similarity/functor.hpp>

#include <algorithm>
#include <cmath>
#include <span>

namespace simile::similarity {

/// Signal-to-noise ratio distance  var(other - anchor) / var(anchor), variances over the dimensions.
///
/// Shape     anchor, other: [d] with the same d; the anchor is the query.
/// Unit      dimensionless, >= 0; smaller is closer; NOT symmetric: only the anchor's variance divides. Its inverse is the paper's similarity.
/// Zero      0 when other - anchor is constant; else infinity for a constant anchor, which has no signal.
/// Error     relative, about d 2^-53 + 2^-24 while the means are not larger than 10^4 standard deviations: two passes in double.
/// NaN       in gives NaN out.
/// Requires  equal sizes; asserted only.
/// Index     for one anchor it ranks as |x' - q'|^2, where ' takes away a vector's own mean: index `item` vectors under similarity_kind::squared_l2 and
///           search with `query`; distance = |x' - q'|^2 / |q'|^2.
/// Source    Yuan, Deng, Tang, Tang, Chen, "Signal-To-Noise Ratio: A Robust Distance Metric for Deep Metric Learning", CVPR 2019.
struct snr_fn {
    static constexpr ordering order = ordering::smaller_is_closer;

    [[nodiscard]] float operator()(std::span<float const> anchor, std::span<float const> other) const noexcept {
        assert(anchor.size() == other.size());
        double const noise = scatter(anchor.size(), [&](std::size_t i) { return double{other[i]} - double{anchor[i]}; });
        double const signal = scatter(anchor.size(), [&](std::size_t i) { return double{anchor[i]}; });
        return noise == 0 ? 0.0F : static_cast<float>(noise / signal);
    }

    [[nodiscard]] static constexpr std::size_t mapped_dims(std::size_t dims) noexcept { return dims; }
    /// x less its mean, to `out` [d], which may be x.
    /// @throws error dimension_mismatch
    static void item(std::span<float const> x, std::span<float> out) {
        detail::require_dims(out.size(), x.size(), "out");
        double const centre = mean(x.size(), [&](std::size_t i) { return double{x[i]}; });
        std::transform(x.begin(), x.end(), out.begin(), [centre](float v) { return static_cast<float>(double{v} - centre); });
    }
    static void query(std::span<float const> x, std::span<float> out) { item(x, out); }

private:
    template <class Value>
    static double mean(std::size_t n, Value value) noexcept {
        double sum = 0;
        for (std::size_t i = 0; i < n; ++i) sum += value(i);
        return n == 0 ? 0 : sum / static_cast<double>(n);
    }
    /// The sum of squared differences from the mean: n times the variance, and n cancels.
    template <class Value>
    static double scatter(std::size_t n, Value value) noexcept {
        double const centre = mean(n, value);
        double sum = 0;
        for (std::size_t i = 0; i < n; ++i) sum += rounded((value(i) - centre) * (value(i) - centre));
        return sum;
    }
};
inline constexpr snr_fn snr{};

}  // namespace simile::similarity
