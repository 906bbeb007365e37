// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/laplacian.hpp>

#include "similarity/ranking.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using similarity::laplacian;

static_assert(laplacian::order == ordering::larger_is_closer);

TEST_CASE("laplacian is exp(-gamma |x - y|_1), symmetric to the bit and 1 for equals", "[similarity][laplacian]") {
    for (std::size_t const d : {1U, 3U, 16U, 33U, 512U})
        for (std::uint64_t seed = 0; seed < 6; ++seed) {
            auto const x = normal_vector(d, seed), y = normal_vector(d, seed + 40);
            long double distance = 0;
            for (std::size_t i = 0; i < d; ++i) distance += std::abs(static_cast<long double>(x[i]) - static_cast<long double>(y[i]));
            double const gamma = 1.0 / double(d);
            REQUIRE(rounds_to(laplacian(gamma)(x, y), static_cast<double>(std::exp(-gamma * distance))));
            REQUIRE(laplacian(gamma)(x, y) == laplacian(gamma)(y, x));
            REQUIRE(laplacian(gamma)(x, x) == 1);
        }
    CHECK(rounds_to(laplacian()(std::vector{1.0F, 1.0F}, std::vector{3.0F, 0.0F}), std::exp(-3.0)));
}

TEST_CASE("laplacian passes NaN on and refuses a gamma that is not positive", "[similarity][laplacian]") {
    CHECK(std::isnan(laplacian()(std::vector{std::nanf("")}, std::vector{1.0F})));
    CHECK(outcome([] { return laplacian(0); }) == "invalid_argument");
    CHECK(outcome([] { return laplacian(std::nan("")); }) == "not_finite");
}
