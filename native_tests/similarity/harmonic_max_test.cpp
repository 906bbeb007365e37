// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/harmonic_max.hpp>

#include "similarity/ranking.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>

using namespace simile;
using namespace simile::test;
using similarity::harmonic_max;

namespace {
std::vector<float> probabilities(std::vector<float> const& distances, double exponent) {
    return written(distances.size(), [&](auto out) { harmonic_max(distances, exponent, out); });
}
}  // namespace

TEST_CASE("harmonic_max is d^-n over the sum of them", "[similarity][harmonic_max]") {
    for (double const n : {0.5, 1.0, 2.0, 7.5})
        for (std::uint64_t seed = 0; seed < 10; ++seed) {
            auto distances = normal_vector(20, seed);
            double total = 0;
            for (float& d : distances) total += std::pow(double(d = std::abs(d) + 0.1F), -n);
            auto const p = probabilities(distances, n);
            double sum = 0;
            for (std::size_t i = 0; i < p.size(); ++i) {
                REQUIRE(std::abs(p[i] / (std::pow(double(distances[i]), -n) / total) - 1) < 1e-7);
                sum += double(p[i]);
            }
            REQUIRE(std::abs(sum - 1) < 1e-6);
        }
}

TEST_CASE("harmonic_max does not change with the unit of distance", "[similarity][harmonic_max]") {
    std::vector<float> const distances{1, 2, 3.5F}, scaled{1024, 2048, 3584};
    CHECK(probabilities(distances, 5) == probabilities(scaled, 5));
}

TEST_CASE("harmonic_max at 0, far away and in place", "[similarity][harmonic_max]") {
    CHECK(probabilities({1, 0, 2}, 3) == std::vector<float>{0, 1, 0});
    CHECK(probabilities({0, 0, 2, 0, 0}, 3) == std::vector<float>{0.25F, 0.25F, 0, 0.25F, 0.25F});
    CHECK(probabilities({1e-38F, 1e38F}, 1000) == std::vector<float>{1, 0});
    CHECK(probabilities({5}, 2) == std::vector<float>{1});
    std::vector<float> values{1, 1};
    harmonic_max(values, 2, values);
    CHECK(values == std::vector<float>{0.5F, 0.5F});
}

TEST_CASE("harmonic_max refuses what are no distances", "[similarity][harmonic_max]") {
    CHECK(outcome([] { return probabilities({}, 1); }) == "invalid_argument");
    CHECK(outcome([] { return probabilities({1, -1}, 1); }) == "invalid_argument");
    CHECK(outcome([] { return probabilities({1, 2}, 0); }) == "invalid_argument");
    CHECK(outcome([] { return probabilities({1, std::numeric_limits<float>::infinity()}, 1); }) == "not_finite");
    std::vector<float> const distances{1, 2};
    std::vector<float> out(1);
    CHECK(outcome([&] { return harmonic_max(distances, 1, out), 0; }) == "dimension_mismatch");
}
