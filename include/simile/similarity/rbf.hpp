// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/similarity/checks.hpp>
#include <simile/similarity/squared_l2.hpp>

#include <cmath>
#include <span>

namespace simile::similarity {

/// Gaussian kernel (radial basis function)  exp(-gamma |x - y|^2).
///
/// Shape     x, y: [d] with the same d.
/// Unit      in [0, 1], 1 for equal vectors; larger is closer; symmetric bit for bit.
/// Error     relative: 2 u + gamma |x - y|^2 times the relative error of squared_l2, u = 2^-24.
/// NaN       propagates.
/// Requires  equal sizes; asserted only.
/// Index     ranks as squared_l2 whatever gamma is: index under similarity_kind::squared_l2; `from_score` makes the kernel of its score.
/// Source    Schoelkopf, Smola, "Learning with Kernels", 2002, with gamma = 1 / (2 sigma^2).
class rbf {
public:
    static constexpr ordering order = ordering::larger_is_closer;

    /// @throws error invalid_argument (gamma not positive), not_finite
    explicit rbf(double gamma = 1) : gamma_(gamma) { detail::require_positive(gamma, "gamma"); }

    [[nodiscard]] float operator()(std::span<float const> x, std::span<float const> y) const noexcept {
        return from_score(-squared_l2(reproducible, x, y));
    }

    /// @param score  -|x - y|^2, as an index under squared_l2 returns it
    [[nodiscard]] float from_score(float score) const noexcept { return static_cast<float>(std::exp(gamma_ * double{score})); }

private:
    double gamma_;
};

static_assert(similarity_functor<rbf, float>);

}  // namespace simile::similarity
