// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/random.hpp>

#include <cstdint>

namespace simile::test {

/// Seeded draws for property tests.
struct random_draws {
    explicit random_draws(std::uint64_t seed) : generator(seed) {}

    [[nodiscard]] double uniform() { return uniform01(generator); }
    /// An integer in 0 .. n - 1, n < 2^32.
    [[nodiscard]] std::uint32_t below(std::uint64_t n) { return static_cast<std::uint32_t>(uniform() * static_cast<double>(n)); }

    xoshiro256 generator;
};

}  // namespace simile::test
