// SPDX-License-Identifier: Apache-2.0
#include <simile/score/distribution_normalization.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;

TEST_CASE("distribution normalization is the product of both shifted vectors", "[score][distribution_normalization]") {
    for (double const lambda : {0.0, 0.5, 1.0})
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
            auto const q = unit_vector(9, seed), g = unit_vector(9, seed + 100), mq = normal_vector(9, 5, 0.2F),
                       mg = normal_vector(9, 6, 0.2F);
            double expected = 0, s = 0;
            for (std::size_t i = 0; i < 9; ++i) {
                expected += (double{q[i]} - lambda * double{mq[i]}) * (double{g[i]} - lambda * double{mg[i]});
                s += double{q[i]} * double{g[i]};
            }
            double const found = s - score::distribution_bias(g, mq, lambda) - score::distribution_offset(q, mq, mg, lambda);
            REQUIRE(std::abs(found - expected) <= 1e-12);
        }
}

TEST_CASE("distribution normalization refuses what makes no sense", "[score][distribution_normalization]") {
    std::vector<float> const two{1, 2}, three(3), bad{1, std::nanf("")};
    CHECK(score::distribution_bias(two, two) == 2.5);
    CHECK(outcome([&] { return score::distribution_bias(two, three); }) == "dimension_mismatch");
    CHECK(outcome([&] { return score::distribution_bias(two, bad); }) == "not_finite");
    CHECK(outcome([&] { return score::distribution_bias(two, two, std::nan("")); }) == "not_finite");
    CHECK(outcome([&] { return score::distribution_offset(two, three, two); }) == "dimension_mismatch");
    CHECK(outcome([&] { return score::distribution_offset(bad, two, two); }) == "not_finite");
}
