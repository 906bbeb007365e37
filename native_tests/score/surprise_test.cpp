// SPDX-License-Identifier: Apache-2.0
#include <simile/score/surprise.hpp>

#include <simile/core/random.hpp>

#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

using namespace simile;
using namespace simile::test;

TEST_CASE("the tail of the normal law is that of tables", "[score][surprise]") {
    CHECK(std::abs(score::normal_tail(0) - 0.5) < 1e-15);
    CHECK(std::abs(score::normal_tail(1.959963984540054) - 0.025) < 1e-15);
    CHECK(std::abs(score::normal_tail(-1.2815515655446004) - 0.9) < 1e-15);
    CHECK(std::abs(score::normal_tail(10) / 7.619853024160495e-24 - 1) < 1e-10);
}

TEST_CASE("surprise is the chance that the best of so many normal scores is less", "[score][surprise]") {
    xoshiro256 random(4);
    std::size_t const items = 500, trials = 4000;
    for (double const z : {2.5, 3.0, 3.5}) {
        std::size_t below = 0;
        for (std::size_t t = 0; t < trials; ++t) {
            double best = -100;
            // Box and Muller, for the tails; nearly_normal has none.
            for (std::size_t i = 0; i < items; i += 2) {
                double const radius = std::sqrt(-2 * std::log(1 - uniform01(random))), angle = 2 * std::numbers::pi * uniform01(random);
                best = std::max({best, radius * std::cos(angle), radius * std::sin(angle)});
            }
            below += best < z ? 1 : 0;
        }
        double const share = static_cast<double>(below) / static_cast<double>(trials);
        CAPTURE(z, share, score::surprise(z, items));
        CHECK(std::abs(share - score::surprise(z, items)) <= 4 * 0.5 / std::sqrt(double(trials)));
    }
}

TEST_CASE("surprise rises with the score, falls with the gallery, and never leaves its range", "[score][surprise]") {
    for (std::size_t const items : {std::size_t{1}, std::size_t{1000}, std::size_t{10'000'000}}) {
        double before = 0;
        for (double z = -50; z <= 50; z += 0.25) {
            double const now = score::surprise(z, items);
            CHECK((now >= before && now >= 0 && now <= 1));
            CHECK(now >= score::surprise(z, 2 * items));
            before = now;
        }
        CHECK(before == 1);
    }
}

TEST_CASE("the surprising score is where surprise is the relevance", "[score][surprise]") {
    score::gallery_moments::moments const moments{0.1, 0.05};
    for (std::size_t const items : {std::size_t{1}, std::size_t{20'000}, std::size_t{1'000'000}})
        for (double const relevance : {0.01, 0.5, 0.95, 0.999}) {
            double const cut = score::surprising_score(moments, items, relevance);
            CHECK(std::abs(score::surprise(moments.z_score(cut), items) - relevance) < 1e-9);
        }
    // All scores alike: nothing stands out.
    CHECK(score::surprising_score({0.3, 0}, 100, 0.5) == 0.3);
    CHECK(outcome([&] { return score::surprising_score(moments, 10, 0); }) == "invalid_argument");
    CHECK(outcome([&] { return score::surprising_score(moments, 10, 1); }) == "invalid_argument");
    CHECK(outcome([&] { return score::surprising_score(moments, 0, 0.5); }) == "invalid_argument");
    CHECK(outcome([&] { return score::surprise(1, 0); }) == "invalid_argument");
    CHECK(outcome([&] { return score::surprise(std::numeric_limits<double>::quiet_NaN(), 10); }) == "not_finite");
}
