// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/norm.hpp>
#include <simile/core/rounded.hpp>
#include <simile/similarity/checks.hpp>
#include <simile/similarity/functor.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

namespace simile::similarity {

/// Distance in hyperbolic space, in the Lorentz model of curvature -c:  acosh(-c <x, y>_L) / sqrt(c)  with
///     <x, y>_L = <x, y> - x_t y_t,   x_t = sqrt(1 / c + |x|^2).
///
/// Shape     x, y: [d], the space components only; the time component x_t follows from them.
/// Unit      hyperbolic length; smaller is closer; symmetric bit for bit. As in MERU the argument of acosh is at least 1 + 1e-8, so that no distance is
///           below 1.41e-4 / sqrt(c), not even that of a point to itself.
/// Error     sums in double, rounded to float once. Points far out (|x| sqrt(c) > 2^20) lose what cancels in <x, y>_L.
/// NaN       in gives NaN out.
/// Requires  equal sizes; asserted only.
/// Index     ranks as <x, y>_L, larger being closer: `item` gives [x, -x_t], `query` gives [y, y_t], both d + 1 long, for similarity_kind::dot;
///           `from_score` makes the distance of it.
/// Source    Desai, Nickel, Rajpurohit, Johnson, Vedantam, "Hyperbolic Image-Text Representations" (MERU), ICML 2023.
class lorentz {
public:
    static constexpr ordering order = ordering::smaller_is_closer;

    /// @param curvature  c > 0; training keeps it within 0.1 .. 10
    /// @throws error invalid_argument, not_finite
    explicit lorentz(double curvature = 1) : c_(curvature) { detail::require_positive(curvature, "the curvature"); }

    [[nodiscard]] float operator()(std::span<float const> x, std::span<float const> y) const noexcept { return distance_of(inner(x, y)); }

    /// <x, y>_L, at most -1 / c.
    [[nodiscard]] double inner(std::span<float const> x, std::span<float const> y) const noexcept {
        assert(x.size() == y.size());
        double sum = 0;
        for (std::size_t i = 0; i < x.size(); ++i) sum += double{x[i]} * double{y[i]};
        return sum - rounded(time(x) * time(y));
    }
    [[nodiscard]] double time(std::span<float const> x) const noexcept {
        double const length = norm(x);
        return std::sqrt(1 / c_ + rounded(length * length));
    }

    [[nodiscard]] static constexpr std::size_t mapped_dims(std::size_t dims) noexcept { return dims + 1; }
    /// [x, -x_t] to `out` [d + 1].
    /// @throws error dimension_mismatch
    void item(std::span<float const> x, std::span<float> out) const { with_time(x, -time(x), out); }
    /// [y, y_t] to `out` [d + 1].
    /// @throws error dimension_mismatch
    void query(std::span<float const> y, std::span<float> out) const { with_time(y, time(y), out); }
    /// The distance that belongs to the score of an index, <query, item>.
    [[nodiscard]] float from_score(float score) const noexcept { return distance_of(score); }

    /// The exponential map at the origin: the space components of the point that a tangent vector leads to,  sinh(r) / r v  with r = sqrt(c) |v|; v itself
    /// for r -> 0. As in MERU the sinh gets at most asinh(2^15), so that float can hold what comes out.
    /// @param out  [d]; may be v
    /// @throws error dimension_mismatch
    void exp_map(std::span<float const> v, std::span<float> out) const {
        detail::require_dims(out.size(), v.size(), "out");
        double const r = std::sqrt(c_) * norm(v);
        double const stretch = r == 0 ? 1 : std::sinh(std::min(r, std::asinh(32768.0))) / r;
        std::transform(v.begin(), v.end(), out.begin(), [stretch](float e) { return static_cast<float>(stretch * double{e}); });
    }

    /// Half of the angle of the cone of what x entails, in radians: asin(2 K / (sqrt(c) |x|)), pi / 2 near the origin.
    [[nodiscard]] float half_aperture(std::span<float const> x, double nearest = 0.1) const noexcept {
        double const sine = 2 * nearest / (std::sqrt(c_) * norm(x));
        return static_cast<float>(std::asin(std::min(sine, 1.0)));
    }

private:
    [[nodiscard]] float distance_of(double inner) const noexcept {
        double const cosh = -c_ * inner;
        // Not std::max, which would turn NaN into 1 + 1e-8.
        return static_cast<float>(std::acosh(cosh < 1 + 1e-8 ? 1 + 1e-8 : cosh) / std::sqrt(c_));
    }
    static void with_time(std::span<float const> x, double time, std::span<float> out) {
        detail::require_dims(out.size(), mapped_dims(x.size()), "out");
        std::copy(x.begin(), x.end(), out.begin());
        out[x.size()] = static_cast<float>(time);
    }

    double c_;
};

static_assert(similarity_functor<lorentz, float>);

}  // namespace simile::similarity
