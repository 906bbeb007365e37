// SPDX-License-Identifier: Apache-2.0
#include <simile/core/norm.hpp>

#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <limits>

using namespace simile;
using namespace simile::test;

TEST_CASE("a norm is right for every length and at both ends of float", "[core][norm]") {
    auto const scale = GENERATE(1e-38F, 1e-20F, 1.0F, 1e20F, 5e37F);
    for (std::size_t const n : kernel_lengths()) {
        auto const x = normal_vector(n, n, scale);
        double const expected = std::sqrt(dot_by_definition<float>(x, x).value);
        CAPTURE(n, scale);
        // Sums of n exact products in double: relative error below n 2^-53.
        CHECK(std::abs(norm(x) - expected) <= expected * static_cast<double>(n + 2) * 0x1p-53);
    }
}

TEST_CASE("a unit vector has length 1 and the direction of the vector", "[core][norm]") {
    auto const n = GENERATE(std::size_t{1}, 2, 7, 8, 9, 384, 1027);
    auto const scale = GENERATE(1e-30F, 1.0F, 1e30F);
    auto x = normal_vector(n, n, scale);
    std::vector<float> unit(n);
    CHECK(to_unit(x, unit) == norm(x));
    CHECK(std::abs(norm(unit) - 1) <= 0x1p-23);
    double const length = std::sqrt(dot_by_definition<float>(x, x).value);
    for (std::size_t i = 0; i < n; ++i)
        CHECK(std::abs(double(unit[i]) - double(x[i]) / length) <= 0x1p-24 * std::abs(double(x[i]) / length) + 0x1p-150);
    to_unit(x, x);
    CHECK(x == unit);
}

TEST_CASE("the unit vector of zero is zero", "[core][norm]") {
    std::vector<float> x(5, 0.0F);
    CHECK(to_unit(x, x) == 0);
    CHECK(x == std::vector<float>(5, 0.0F));
    CHECK(norm({}) == 0);
}

TEST_CASE("NaN and infinity are found at every place", "[core][norm]") {
    for (std::size_t n = 1; n <= 70; ++n)
        for (std::size_t i = 0; i < n; ++i) {
            auto x = normal_vector(n, n, 5e37F);
            REQUIRE(all_finite(x));
            for (float const bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                                    -std::numeric_limits<float>::infinity()}) {
                x[i] = bad;
                REQUIRE(!all_finite(x));
            }
        }
    CHECK(all_finite({}));
    std::vector<float> const largest(3, std::numeric_limits<float>::max());
    CHECK(all_finite(largest));
}
