// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/compose/direction.hpp>

#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>
#include <vector>

namespace simile::compose {

/// Part of the way from one direction to another along the great circle: (sin((1 - t) w) a + sin(t w) b) / sin w with w the angle between them. t of the angle
/// lies behind, whereas of a weighted sum it does not.
///
/// @param a, b  [dims], finite; their lengths mean nothing. A zero vector has no direction: the result is the other one.
/// @param t     0 .. 1
/// @param out   [dims], of unit length; zeros when both are zero. Below an angle of 1e-6 the straight line is taken; for opposite directions, between
///              which no circle is the shortest, the nearer end (a at one half).
/// @throws error dimension_mismatch, invalid_argument, not_finite
/// Source  Shoemake, "Animating Rotation with Quaternion Curves", 1985.
inline void slerp(std::span<float const> a, std::span<float const> b, double t, std::span<float> out) {
    detail::require_vector(a, out.size(), "the first vector");
    detail::require_vector(b, out.size(), "the second vector");
    require(t >= 0 && t <= 1, error_code::invalid_argument, "t is ", t, ", not in 0 .. 1");
    auto x = detail::direction(a);
    auto const y = detail::direction(b);
    bool const only_x = norm(b) == 0, only_y = norm(a) == 0;
    double sum = 0, difference = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        sum += (x[i] + y[i]) * (x[i] + y[i]);
        difference += (x[i] - y[i]) * (x[i] - y[i]);
    }
    // Exact for small and for large angles, which an arc cosine is not.
    double const angle = 2 * std::atan2(std::sqrt(difference), std::sqrt(sum));
    double of_x = 1 - t, of_y = t;
    if (only_x || only_y) {
        of_x = of_y = 1;
    } else if (std::numbers::pi - angle < 1e-6) {
        of_x = t <= 0.5 ? 1 : 0;
        of_y = 1 - of_x;
    } else if (angle >= 1e-6) {
        of_x = std::sin((1 - t) * angle) / std::sin(angle);
        of_y = std::sin(t * angle) / std::sin(angle);
    }
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = of_x * x[i] + of_y * y[i];
    detail::write_unit(x, 0, out);
}

}  // namespace simile::compose
