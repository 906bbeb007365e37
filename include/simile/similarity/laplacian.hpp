// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/similarity/checks.hpp>
#include <simile/similarity/functor.hpp>

#include <cmath>
#include <cstddef>
#include <span>

namespace simile::similarity {

/// Laplacian kernel  exp(-gamma sum |x_i - y_i|).
///
/// Shape     x, y: [d] with the same d.
/// Unit      in [0, 1], 1 for equal vectors; larger is closer; symmetric bit for bit.
/// Error     sums in double, rounded to float once.
/// NaN       propagates.
/// Requires  equal sizes; asserted only.
/// Index     none: city-block distance is no inner product of few dimensions.
/// Source    Rahimi, Recht, "Random Features for Large-Scale Kernel Machines", NIPS 2007.
class laplacian {
public:
    static constexpr ordering order = ordering::larger_is_closer;

    /// @throws error invalid_argument (gamma not positive), not_finite
    explicit laplacian(double gamma = 1) : gamma_(gamma) { detail::require_positive(gamma, "gamma"); }

    [[nodiscard]] float operator()(std::span<float const> x, std::span<float const> y) const noexcept {
        assert(x.size() == y.size());
        double distance = 0;
        for (std::size_t i = 0; i < x.size(); ++i) distance += std::abs(double{x[i]} - double{y[i]});
        return static_cast<float>(std::exp(-gamma_ * distance));
    }

private:
    double gamma_;
};

static_assert(similarity_functor<laplacian, float>);

}  // namespace simile::similarity
