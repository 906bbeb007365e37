// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/similarity/checks.hpp>

#include <cstddef>
#include <span>

namespace simile::similarity {

/// A normal distribution with a diagonal covariance: what a probabilistic encoder gives for a text or an image.
/// Models often store the LOG of the variance under names such as `std`: take the exponential of it first.
struct gaussian_view {
    std::span<float const> mean;
    std::span<float const> variance;

    [[nodiscard]] std::size_t dims() const noexcept { return mean.size(); }
};

namespace detail {

/// @throws error dimension_mismatch, not_finite, invalid_argument (a variance below 0, or 0 unless `zeros` are allowed)
inline void require_gaussian(gaussian_view g, bool zeros = false) {
    require_dims(g.variance.size(), g.mean.size(), "the variance");
    require(g.dims() > 0, error_code::invalid_argument, "a distribution of 0 dimensions");
    require_finite(g.mean, "the mean");
    require_finite(g.variance, "the variance");
    for (std::size_t i = 0; i < g.dims(); ++i)
        require(g.variance[i] > 0 || (zeros && g.variance[i] == 0), error_code::invalid_argument, "variance ", i, " is ", g.variance[i]);
}

inline void require_gaussians(gaussian_view x, gaussian_view y, bool zeros = false) {
    require_gaussian(x, zeros);
    require_gaussian(y, zeros);
    require_dims(y.dims(), x.dims(), "the second distribution");
}

}  // namespace detail

}  // namespace simile::similarity
