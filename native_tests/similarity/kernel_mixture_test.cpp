// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/kernel_mixture.hpp>

#include <simile/similarity/laplacian.hpp>
#include <simile/similarity/polynomial.hpp>
#include <simile/similarity/rbf.hpp>

#include "similarity/ranking.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>

using namespace simile;
using namespace simile::test;
using namespace simile::similarity;

static_assert(similarity_functor<kernel_mixture<rbf, polynomial>, float>);

TEST_CASE("kernel_mixture adds its kernels, weighted and symmetric to the bit", "[similarity][kernel_mixture]") {
    rbf const a(0.03);
    laplacian const b(0.05);
    polynomial const c(2, 0.1);
    kernel_mixture const mixture({0.5F, 0.0F, 2.25F}, a, b, c);
    kernel_mixture const all({1.0F, 3.0F, 0.5F}, a, b, c);
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        auto const x = normal_vector(33, seed), y = normal_vector(33, seed + 40);
        REQUIRE(rounds_to(mixture(x, y), 0.5 * double(a(x, y)) + 2.25 * double(c(x, y))));
        REQUIRE(rounds_to(all(x, y), double(a(x, y)) + 3 * double(b(x, y)) + 0.5 * double(c(x, y))));
        REQUIRE(all(x, y) == all(y, x));
    }
}

TEST_CASE("kernel_mixture refuses weights that make no kernel", "[similarity][kernel_mixture]") {
    CHECK(outcome([] { return kernel_mixture({1.0F, -0.5F}, rbf(), rbf(2)); }) == "invalid_argument");
    CHECK(outcome([] { return kernel_mixture({0.0F, 0.0F}, rbf(), rbf(2)); }) == "invalid_argument");
    CHECK(outcome([] { return kernel_mixture({1.0F, std::numeric_limits<float>::infinity()}, rbf(), rbf(2)); }) == "not_finite");
    CHECK(message([] { return kernel_mixture({1.0F, -0.5F}, rbf(), rbf(2)); }) == "weight 1 is -0.500000, less than 0");
}
