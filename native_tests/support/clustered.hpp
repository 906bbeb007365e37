// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/reference.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace simile::test {

/// Vectors about `centres` random points, spread * sqrt(dims) away from theirs: the centres are those of `seed`, whatever `stream` the rest comes from.
[[nodiscard]] inline std::vector<float> clustered_vectors(std::size_t n, std::size_t dims, std::size_t centres, float spread,
                                                          std::uint64_t seed, std::uint64_t stream) {
    auto const middle = normal_vector(centres * dims, seed);
    auto values = normal_vector(n * dims, seed + 1000 + stream, spread);
    xoshiro256 random(seed + 2000 + stream);
    for (std::size_t i = 0; i < n; ++i) {
        std::size_t const c = random() % centres;
        for (std::size_t j = 0; j < dims; ++j) values[i * dims + j] += middle[c * dims + j];
    }
    return values;
}

}  // namespace simile::test
