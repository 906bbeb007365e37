// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/harmonic.hpp>

#include "similarity/ranking.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <limits>

using namespace simile;
using namespace simile::test;
using similarity::harmonic;

static_assert(similarity::harmonic_fn::order == ordering::larger_is_closer);

namespace {
std::vector<float> positive_parts(std::size_t n, std::uint64_t seed) {
    xoshiro256 random(seed);
    std::vector<float> out(n);
    for (float& v : out) v = static_cast<float>(0.01 + uniform01(random));
    return out;
}
float mean(std::vector<float> const& parts) { return harmonic(parts); }
float mean(std::vector<float> const& parts, std::vector<float> const& weights) { return harmonic(parts, weights); }
}  // namespace

TEST_CASE("harmonic of two is 2 a b / (a + b), and of n its generalisation", "[similarity][harmonic]") {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        auto const p = positive_parts(2, seed);
        REQUIRE(rounds_to(harmonic(p), 2 * double(p[0]) * double(p[1]) / (double(p[0]) + double(p[1]))));
        auto const parts = positive_parts(1 + seed % 9, seed), weights = positive_parts(parts.size(), seed + 100);
        double above = 0, below = 0, sum = 0, inverse = 0;
        for (std::size_t i = 0; i < parts.size(); ++i) {
            sum += double(parts[i]);
            inverse += 1 / double(parts[i]);
            above += double(weights[i]);
            below += double(weights[i]) / double(parts[i]);
        }
        REQUIRE(rounds_to(harmonic(parts), double(parts.size()) / inverse));
        REQUIRE(rounds_to(harmonic(parts, weights), above / below));
        REQUIRE(harmonic(parts) <= sum / double(parts.size()) * (1 + 1e-7));
        auto reversed = parts;
        std::reverse(reversed.begin(), reversed.end());
        REQUIRE(std::abs(harmonic(reversed) - harmonic(parts)) <= 0x1p-23 * harmonic(parts));
    }
}

TEST_CASE("what fails in one respect fails", "[similarity][harmonic]") {
    CHECK(mean({1, 1, 0}) == 0);
    CHECK(mean({1, -0.5F}) == 0);
    CHECK(mean({1, -1}) == 0);  // 2 a b / (a + b) would divide by 0
    CHECK(mean({0.75F, -1}, {1, 0}) == 0.75F);
    CHECK(mean({0.75F, 0}, {1, 1e-20F}) == 0);
    CHECK(mean({0.3F, 0.3F, 0.3F}) == 0.3F);
    CHECK(mean({1e-38F, 1e38F}) > 0);
    CHECK(std::isfinite(mean({3e38F, 3e38F})));
}

TEST_CASE("harmonic refuses no parts and bad weights", "[similarity][harmonic]") {
    CHECK(outcome([] { return mean({}); }) == "invalid_argument");
    CHECK(outcome([] { return mean({}, {}); }) == "invalid_argument");
    CHECK(outcome([] { return mean({1, std::nanf("")}); }) == "not_finite");
    CHECK(outcome([] { return mean({1, 2}, {1}); }) == "dimension_mismatch");
    CHECK(outcome([] { return mean({1, 2}, {0, 0}); }) == "invalid_argument");
    CHECK(outcome([] { return mean({1, 2}, {2, -1}); }) == "invalid_argument");
    CHECK(outcome([] { return mean({1, 2}, {2, std::numeric_limits<float>::infinity()}); }) == "not_finite");
}
