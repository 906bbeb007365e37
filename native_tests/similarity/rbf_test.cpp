// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/rbf.hpp>

#include "similarity/ranking.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>

using namespace simile;
using namespace simile::test;
using similarity::rbf;

static_assert(rbf::order == ordering::larger_is_closer);

TEST_CASE("rbf is exp(-gamma |x - y|^2), symmetric to the bit and 1 for equals", "[similarity][rbf]") {
    for (std::size_t const d : {1U, 3U, 16U, 33U, 512U})
        for (std::uint64_t seed = 0; seed < 6; ++seed) {
            auto const x = normal_vector(d, seed), y = normal_vector(d, seed + 40);
            double const gamma = 1.0 / double(d), power = gamma * squared_l2_by_definition<float>(x, y).value;
            double const bound = 2 * 0x1p-24 + power * error_factor(double(d) / 16 + 24);
            REQUIRE(std::abs(rbf(gamma)(x, y) / std::exp(-power) - 1) <= bound);
            REQUIRE(rbf(gamma)(x, y) == rbf(gamma)(y, x));
            REQUIRE(rbf(gamma)(x, x) == 1);
        }
    CHECK(rounds_to(rbf()(std::vector{1.0F}, std::vector{3.0F}), std::exp(-4.0)));
}

TEST_CASE("an index under squared_l2 ranks as rbf, and gives it back", "[similarity][rbf]") {
    std::size_t const d = 24;
    auto const query = normal_vector(d, 1);
    std::vector<std::vector<float>> items;
    std::vector<double> values;
    for (std::uint64_t i = 0; i < 100; ++i) {
        items.push_back(normal_vector(d, 100 + i));
        values.push_back(std::exp(-0.1 * squared_l2_by_definition<float>(items.back(), query).value));
    }
    auto const hits = all_hits(similarity_kind::squared_l2, items, query);
    CHECK(out_of_order(hits, values, ordering::larger_is_closer, 1e-6) == "");
    CHECK(std::abs(rbf(0.1).from_score(hits[0].score) / values[hits[0].row] - 1) < 1e-5);
}

TEST_CASE("rbf of far vectors is 0, NaN comes through, and gamma must be positive", "[similarity][rbf]") {
    CHECK(rbf(1e30)(std::vector{0.0F}, std::vector{1.0F}) == 0);
    CHECK(std::isnan(rbf()(std::vector{std::nanf("")}, std::vector{1.0F})));
    CHECK(outcome([] { return rbf(0); }) == "invalid_argument");
    CHECK(outcome([] { return rbf(-1); }) == "invalid_argument");
    CHECK(outcome([] { return rbf(std::numeric_limits<double>::infinity()); }) == "not_finite");
    CHECK(message([] { return rbf(-1); }) == "gamma must be positive, is -1.000000");
}
