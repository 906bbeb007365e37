// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/similarity/checks.hpp>
#include <simile/similarity/squared_l2.hpp>

#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <vector>

namespace simile::similarity {

/// Mean of Gaussian kernels of several widths,  1/n sum_i exp(-gamma_i |x - y|^2), from one distance: near and far neighbours both count.
///
/// Shape     x, y: [d] with the same d.
/// Unit      in [0, 1], 1 for equal vectors; larger is closer; symmetric bit for bit.
/// Error     as rbf with the largest gamma.
/// NaN       propagates.
/// Requires  equal sizes; asserted only.
/// Index     every term falls with |x - y|^2, so it ranks as squared_l2; `from_score` makes the value of an index's score.
/// Source    Gretton, Sriperumbudur, Sejdinovic, Strathmann, Balakrishnan, Pontil, Fukumizu, "Optimal Kernel Choice for Large-Scale Two-Sample Tests",
///           NIPS 2012: a family of bandwidths at powers of two.
class rbf_mixture {
public:
    static constexpr ordering order = ordering::larger_is_closer;

    /// @throws error invalid_argument (none, or one that is not positive), not_finite
    explicit rbf_mixture(std::span<double const> gammas) : gammas_(gammas.begin(), gammas.end()) {
        require(!gammas_.empty(), error_code::invalid_argument, "a mixture of 0 kernels");
        for (double const gamma : gammas_) detail::require_positive(gamma, "gamma");
    }
    rbf_mixture(std::initializer_list<double> gammas) : rbf_mixture(std::span(gammas.begin(), gammas.size())) {}

    [[nodiscard]] float operator()(std::span<float const> x, std::span<float const> y) const noexcept {
        return from_score(-squared_l2(reproducible, x, y));
    }

    /// @param score  -|x - y|^2, as an index under squared_l2 returns it
    [[nodiscard]] float from_score(float score) const noexcept {
        double sum = 0;
        for (double const gamma : gammas_) sum += std::exp(gamma * double{score});
        return static_cast<float>(sum / static_cast<double>(gammas_.size()));
    }

private:
    std::vector<double> gammas_;
};

static_assert(similarity_functor<rbf_mixture, float>);

}  // namespace simile::similarity
