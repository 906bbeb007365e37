// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/similarity/gaussian.hpp>

#include "support/reference.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace simile::test {

/// A normal distribution with variances from 0.05 to 2.05.
struct gaussian {
    gaussian(std::size_t d, std::uint64_t seed) : mean(normal_vector(d, seed)), variance(d) {
        xoshiro256 random(seed + 77);
        for (float& v : variance) v = static_cast<float>(0.05 + 2 * uniform01(random));
    }
    gaussian(std::vector<float> m, std::vector<float> v) : mean(std::move(m)), variance(std::move(v)) {}
    [[nodiscard]] similarity::gaussian_view view() const { return {mean, variance}; }

    std::vector<float> mean, variance;
};

}  // namespace simile::test
