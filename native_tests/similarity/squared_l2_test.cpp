// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/squared_l2.hpp>

#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cmath>
#include <limits>

using namespace simile;
using namespace simile::test;
using similarity::squared_l2;

static_assert(similarity::squared_l2_fn::order == ordering::smaller_is_closer);

TEST_CASE("squared_l2 stays within its documented relative error and is symmetric", "[similarity][squared_l2]") {
    auto const scale = GENERATE(1e-12F, 1.0F, 1e12F);
    for (std::size_t const d : kernel_lengths())
        for (std::uint64_t seed = 0; seed < 8; ++seed) {
            auto const x = normal_vector(d, 100 * d + seed, scale), y = normal_vector(d, 100 * d + seed + 50);
            double const exact = squared_l2_by_definition<float>(x, y).value;
            double const bound = error_factor(static_cast<double>(d) / 16 + 24) * exact;
            CAPTURE(d, scale, seed);
            REQUIRE(std::abs(squared_l2(x, y) - exact) <= bound);
            REQUIRE(std::abs(squared_l2(reproducible, x, y) - exact) <= bound);
            REQUIRE(squared_l2(x, y) == squared_l2(y, x));
            REQUIRE(squared_l2(x, x) == 0);
        }
}

TEST_CASE("squared_l2 of nearly equal vectors does not cancel", "[similarity][squared_l2]") {
    for (std::size_t const d : {std::size_t{3}, std::size_t{64}, std::size_t{385}}) {
        std::vector<float> const x(d, 1000.0F), y(d, std::nextafter(1000.0F, 2000.0F));
        double const exact = squared_l2_by_definition<float>(x, y).value;
        CHECK(std::abs(squared_l2(x, y) - exact) <= error_factor(static_cast<double>(d) / 16 + 24) * exact);
        CHECK(std::abs(squared_l2(reproducible, x, y) - exact) <= error_factor(static_cast<double>(d) / 16 + 24) * exact);
    }
}

TEST_CASE("squared_l2 of int8 is exact, also beyond 32 bits", "[similarity][squared_l2]") {
    for (std::size_t const d : kernel_lengths()) {
        auto const x = int8_vector(d, d), y = int8_vector(d, d + 1);
        REQUIRE(static_cast<double>(squared_l2(x, y)) == squared_l2_by_definition<std::int8_t>(x, y).value);
    }
    std::vector<std::int8_t> const low(65536, std::int8_t{-128}), high(65536, std::int8_t{127});
    CHECK(squared_l2(low, high) == 65536LL * 255 * 255);
}

TEST_CASE("NaN and infinity come through squared_l2", "[similarity][squared_l2]") {
    std::vector<float> const nan{1, std::nanf(""), 1}, infinite{1, std::numeric_limits<float>::infinity(), 1}, ones{1, 1, 1};
    CHECK(std::isnan(squared_l2(nan, ones)));
    CHECK(std::isinf(squared_l2(infinite, ones)));
    CHECK(std::isnan(squared_l2(reproducible, infinite, infinite)));
    CHECK(squared_l2(std::span<float const>(), std::span<float const>()) == 0);
}
