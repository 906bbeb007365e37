// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/dot.hpp>

#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cmath>
#include <limits>

using namespace simile;
using namespace simile::test;
using similarity::dot;

static_assert(similarity::dot_fn::order == ordering::larger_is_closer);

TEST_CASE("dot stays within its documented error bound and is symmetric", "[similarity][dot]") {
    auto const scale = GENERATE(1e-12F, 1.0F, 1e12F);
    for (std::size_t const d : kernel_lengths())
        for (std::uint64_t seed = 0; seed < 8; ++seed) {
            auto const x = normal_vector(d, 100 * d + seed, scale), y = normal_vector(d, 100 * d + seed + 50);
            auto const exact = dot_by_definition<float>(x, y);
            double const bound = error_factor(static_cast<double>(d) / 16 + 24) * exact.magnitude;
            CAPTURE(d, scale, seed);
            REQUIRE(std::abs(dot(x, y) - exact.value) <= bound);
            REQUIRE(std::abs(dot(reproducible, x, y) - exact.value) <= bound);
            REQUIRE(dot(x, y) == dot(y, x));
            REQUIRE(dot(reproducible, x, y) == dot(reproducible, y, x));
        }
}

TEST_CASE("dot of int8 is exact and of nothing is zero", "[similarity][dot]") {
    for (std::size_t const d : kernel_lengths()) {
        auto const x = int8_vector(d, d), y = int8_vector(d, d + 1);
        REQUIRE(dot(x, y) == dot_by_definition<std::int8_t>(x, y).value);
    }
    CHECK(dot(std::span<float const>(), std::span<float const>()) == 0);
    CHECK(dot(reproducible, {}, {}) == 0);
}

TEST_CASE("NaN and infinity come through dot", "[similarity][dot]") {
    std::vector<float> const nan{1, std::nanf(""), 1}, infinite{1, std::numeric_limits<float>::infinity(), 1}, ones{1, 1, 1};
    CHECK(std::isnan(dot(nan, ones)));
    CHECK(std::isinf(dot(infinite, ones)));
    CHECK(std::isnan(dot(reproducible, ones, nan)));
    CHECK(std::isinf(dot(reproducible, ones, infinite)));
}
