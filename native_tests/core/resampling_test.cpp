// SPDX-License-Identifier: Apache-2.0
#include <simile/core/resampling.hpp>

#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>
#include <set>

using namespace simile;
using namespace simile::test;

TEST_CASE("drawn positions are the upper half of the product of draw and count", "[core][resampling]") {
    splitmix64 random(1);
    std::vector<std::uint64_t> drawn;
    for (int i = 0; i < 12; ++i) drawn.push_back(below(random, 10));
    CHECK(drawn == std::vector<std::uint64_t>{5, 7, 9, 4, 4, 7, 8, 5, 2, 7, 4, 6});
    // With 64-bit arithmetic in 32-bit digits, by hand.
    struct constant {
        std::uint64_t value;
        std::uint64_t operator()() const { return value; }
    };
    std::uint64_t const all = ~std::uint64_t{0}, most = std::uint64_t{1} << 32;
    constant top{all}, bottom{0}, middle{std::uint64_t{1} << 63}, carrying{0x55555555FFFFFFFFU};
    CHECK(below(top, most) == most - 1);
    CHECK(below(top, 7) == 6);
    CHECK(below(bottom, most) == 0);
    CHECK(below(middle, 9) == 4);
    CHECK(below(top, 1) == 0);
    // 0x55555555'FFFFFFFF times 3 is just above 2^64: the lower digits carry.
    CHECK(below(carrying, 3) == 1);
}

TEST_CASE("a quantile lies on the line between its neighbours", "[core][resampling]") {
    std::vector<double> const x{1, 2, 4, 8};
    CHECK(sorted_quantile(x, 0) == 1);
    CHECK(sorted_quantile(x, 1) == 8);
    CHECK(sorted_quantile(x, 0.5) == 3);
    CHECK(sorted_quantile(x, 0.25) == 1.75);
    CHECK(sorted_quantile(std::vector<double>{5}, 0.3) == 5);
}

TEST_CASE("a bootstrap interval is repeatable, ordered and about as wide as theory says", "[core][resampling]") {
    std::vector<double> x;
    xoshiro256 random(3);
    for (int i = 0; i < 400; ++i) x.push_back(nearly_normal(random));
    auto const found = bootstrap_mean(x, {.resamples = 2000, .seed = 9});
    double mean = 0, variance = 0;
    for (double const v : x) mean += v / 400;
    for (double const v : x) variance += (v - mean) * (v - mean) / 400;
    double const error = std::sqrt(variance / 400);
    CHECK(std::abs(found.point - mean) < 1e-12);
    CHECK(std::abs(found.mean - mean) < 4 * error / std::sqrt(2000.0));
    CHECK(std::abs(found.low - (mean - 1.96 * error)) < 0.25 * error);
    CHECK(std::abs(found.high - (mean + 1.96 * error)) < 0.25 * error);
    auto const again = bootstrap_mean(x, {.resamples = 2000, .seed = 9}), other = bootstrap_mean(x, {.resamples = 2000, .seed = 10});
    CHECK(again.low == found.low);
    CHECK(other.low != found.low);
    auto const narrow = bootstrap_mean(x, {.resamples = 2000, .level = 0.5, .seed = 9});
    CHECK((narrow.low > found.low && narrow.high < found.high));
}

TEST_CASE("a statistic sees the positions themselves first, then as many drawn ones", "[core][resampling]") {
    std::size_t calls = 0;
    std::set<std::uint32_t> seen;
    auto const found = bootstrap(5,
                                 [&](std::span<std::uint32_t const> drawn) {
                                     if (calls++ == 0)
                                         CHECK(std::vector(drawn.begin(), drawn.end()) == std::vector<std::uint32_t>{0, 1, 2, 3, 4});
                                     CHECK(drawn.size() == 5);
                                     seen.insert(drawn.begin(), drawn.end());
                                     return drawn[0];
                                 },
                                 {.resamples = 50});
    CHECK(calls == 51);
    CHECK(found.point == 0);
    CHECK(seen == std::set<std::uint32_t>{0, 1, 2, 3, 4});
}

TEST_CASE("a bootstrap refuses what makes no sense", "[core][resampling]") {
    std::vector<double> const x{1, 2};
    CHECK(outcome([&] { return bootstrap_mean({}); }) == "invalid_argument");
    CHECK(outcome([&] { return bootstrap_mean(x, {.resamples = 0}); }) == "invalid_argument");
    for (double const level : {0.0, 1.0, -1.0, std::numeric_limits<double>::quiet_NaN()})
        CHECK(outcome([&] { return bootstrap_mean(x, {.level = level}); }) == "invalid_argument");
    CHECK(outcome([&] { return bootstrap_mean(std::vector<double>{1, std::numeric_limits<double>::infinity()}); }) == "not_finite");
}
