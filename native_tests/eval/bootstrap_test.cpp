// SPDX-License-Identifier: Apache-2.0
#include <simile/eval/bootstrap.hpp>

#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using eval::paired_test;

TEST_CASE("a paired test finds a small difference of every query and none in noise", "[eval][bootstrap]") {
    xoshiro256 random(1);
    std::vector<double> a, better, noise;
    for (int i = 0; i < 200; ++i) {
        a.push_back(nearly_normal(random));
        better.push_back(a.back() + 0.1 + 0.2 * nearly_normal(random));
        noise.push_back(a.back() + 0.2 * nearly_normal(random));
    }
    auto const found = paired_test(a, better), none = paired_test(a, noise);
    CHECK(found.p_value < 0.01);
    CHECK(found.difference.low > 0);
    CHECK(std::abs(found.difference.point - 0.1) < 0.05);
    CHECK(none.p_value > 0.05);
    CHECK((none.difference.low < 0 && none.difference.high > 0));
    auto const again = paired_test(a, better), back = paired_test(better, a);
    CHECK(again.p_value == found.p_value);
    CHECK(again.difference.low == found.difference.low);
    CHECK(back.p_value == found.p_value);
    CHECK(eval::randomisation_test(a, better) == found.p_value);
    CHECK(outcome([] { return eval::randomisation_test({}, {}); }) == "invalid_argument");
    CHECK(back.difference.point == -found.difference.point);
}

TEST_CASE("the randomisation test comes near the exact share of the signs", "[eval][bootstrap]") {
    // Differences 1 2 3 4: of 16 signs 2 are as far out as +10, and 4 as 8 or more.
    std::vector<double> const zero(4, 0.0), all{1, 2, 3, 4}, most{-1, 2, 3, 4};
    bootstrap_options const many{.resamples = 20000};
    CHECK(std::abs(paired_test(zero, all, many).p_value - 2.0 / 16) < 0.01);
    CHECK(std::abs(paired_test(zero, most, many).p_value - 4.0 / 16) < 0.01);
}

TEST_CASE("equal values differ by nothing, and one query proves nothing", "[eval][bootstrap]") {
    std::vector<double> const x{0.1, 0.7, 0.3}, one{0}, other{5};
    CHECK(paired_test(x, x).p_value == 1);
    CHECK(paired_test(x, x).difference.high == 0);
    CHECK(paired_test(one, other).p_value == 1);
    // Signs alternate beyond the 64 bits of one draw.
    std::vector<double> const long_zero(200, 0.0), long_one(200, 1.0);
    CHECK(paired_test(long_zero, long_one).p_value == 1.0 / 1001);
}

TEST_CASE("a paired test refuses what makes no sense", "[eval][bootstrap]") {
    std::vector<double> const x{1, 2}, three{1, 2, 3}, bad{1, NAN};
    CHECK(outcome([&] { return paired_test(x, three); }) == "dimension_mismatch");
    CHECK(outcome([&] { return paired_test(x, bad); }) == "not_finite");
    CHECK(outcome([&] { return paired_test({}, {}); }) == "invalid_argument");
    CHECK(outcome([&] { return paired_test(x, x, {.resamples = 0}); }) == "invalid_argument");
    CHECK(outcome([&] { return paired_test(x, x, {.level = 1}); }) == "invalid_argument");
}
