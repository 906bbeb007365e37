// SPDX-License-Identifier: Apache-2.0
#include <simile/quantize/reduce.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace simile;
using namespace simile::test;
using quantize::random_features;

TEST_CASE("random features are different, ascending and the same for a seed", "[quantize][reduce]") {
    for (std::size_t const d : {1U, 2U, 10U, 384U})
        for (std::size_t k = 1; k <= d; k += 1 + k / 2) {
            auto const features = random_features(d, k, 7);
            CAPTURE(d, k);
            CHECK(features.size() == k);
            CHECK(std::adjacent_find(features.begin(), features.end(), std::greater_equal<>()) == features.end());
            CHECK(features.back() < d);
            CHECK(features == random_features(d, k, 7));
        }
    CHECK(random_features(384, 96, 1) != random_features(384, 96, 2));
    CHECK(random_features(8, 3, 42) == std::vector<std::uint32_t>{0, 3, 6});
}

TEST_CASE("every feature is as likely as every other", "[quantize][reduce]") {
    std::size_t const d = 10, k = 3, draws = 3000;
    std::vector<int> counts(d);
    for (auto const& set : quantize::random_feature_sets(d, k, draws, 5))
        for (auto const f : set) ++counts[f];
    // 900 of each, deviation sqrt(3000 * .3 * .7) = 25.
    for (int const c : counts) CHECK(std::abs(c - 900) <= 100);
}

TEST_CASE("a reduction gives the transform of its first rows", "[quantize][reduce]") {
    quantize::reduction const r{3, {1, 2, 3}, {1, 0, 0, 0, 0.6F, 0.8F}, {5, 3}, 10};
    CHECK(r.rank() == 2);
    CHECK(r.explained(1) == 0.5);
    CHECK(r.explained(2) == 0.8);
    CHECK(r.explained(9) == 0.8);
    std::vector<float> const x{3, 7, 8};
    std::vector<float> one(1), two(2);
    quantize::reduced(r, 1).map_row(x, one);
    CHECK(one == std::vector<float>{2});
    quantize::reduced(r, 2).map_row(x, two);
    CHECK(two == std::vector<float>{2, 7});
    quantize::reduced(r, 1, false).map_row(x, one);
    CHECK(one == std::vector<float>{3});
    quantize::matryoshka(3, 2, false).map_row(x, two);
    CHECK(two == std::vector<float>{3, 7});
}

TEST_CASE("reductions refuse what they cannot keep", "[quantize][reduce]") {
    quantize::reduction const r{3, {1, 2, 3}, {1, 0, 0, 0, 0.6F, 0.8F}, {5, 3}, 10};
    CHECK(outcome([&] { return quantize::reduced(r, 0); }) == "invalid_argument");
    CHECK(outcome([&] { return quantize::reduced(r, 3); }) == "invalid_argument");
    CHECK(outcome([&] { return quantize::reduced({}, 1); }) == "invalid_argument");
    CHECK(outcome([] { return random_features(3, 0); }) == "invalid_argument");
    CHECK(outcome([] { return random_features(3, 4); }) == "invalid_argument");
    CHECK(outcome([] { return quantize::matryoshka(3, 4); }) == "invalid_argument");
}
