// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

namespace simile::similarity {

/// 1 / (1 + e^-x) for any x: the exponential only ever gets arguments below 0, so nothing overflows and small probabilities keep all their digits.
[[nodiscard]] inline double logistic(double x) noexcept {
    double const e = std::exp(-std::abs(x));
    return (x >= 0 ? 1 : e) / (1 + e);
}

/// log(1 + e^x) for any x: a smooth max(0, x).
[[nodiscard]] inline double softplus(double x) noexcept { return (x > 0 ? x : 0) + std::log1p(std::exp(-std::abs(x))); }

/// log(softplus(x)) for any x. Far below zero softplus is e^x to the last bit, whose logarithm is x itself also where e^x is 0 in double.
[[nodiscard]] inline double log_softplus(double x) noexcept { return x < -40 ? x : std::log(softplus(x)); }

}  // namespace simile::similarity
