// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/cosine.hpp>

#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cmath>
#include <limits>

using namespace simile;
using namespace simile::test;
using similarity::cosine;

static_assert(similarity::cosine_fn::order == ordering::larger_is_closer);

namespace {
double bound(std::size_t d) { return (3 * static_cast<double>(d) + 3) * 0x1p-24; }
}  // namespace

TEST_CASE("cosine stays within its documented error bound, in range and symmetric", "[similarity][cosine]") {
    auto const scale = GENERATE(1e-12F, 1.0F, 1e12F);
    for (std::size_t const d : kernel_lengths())
        for (std::uint64_t seed = 0; seed < 8; ++seed) {
            auto const x = normal_vector(d, 100 * d + seed, scale), y = normal_vector(d, 100 * d + seed + 50);
            double const exact = cosine_by_definition<float>(x, y);
            CAPTURE(d, scale, seed);
            REQUIRE(std::abs(cosine(x, y) - exact) <= bound(d));
            REQUIRE(std::abs(cosine(reproducible, x, y) - exact) <= bound(d));
            REQUIRE(cosine(x, y) == cosine(y, x));
            REQUIRE(std::abs(cosine(x, x)) <= 1);
            REQUIRE(std::abs(cosine(x, x) - (d == 0 ? 0 : 1)) <= bound(d));
            REQUIRE(std::abs(cosine(reproducible, x, x)) <= 1);
        }
}

TEST_CASE("cosine does not depend on the lengths of the vectors from 2^-60 to 2^60", "[similarity][cosine]") {
    std::size_t const d = 384;
    auto const x = normal_vector(d, 1), y = normal_vector(d, 2);
    double const exact = cosine_by_definition<float>(x, y);
    for (int a = -64; a <= 55; a += 7)
        for (int b = -64; b <= 55; b += 7) {
            auto scaled_x = x, scaled_y = y;
            for (float& v : scaled_x) v = std::ldexp(v, a);
            for (float& v : scaled_y) v = std::ldexp(v, b);
            CAPTURE(a, b);
            REQUIRE(std::abs(cosine(scaled_x, scaled_y) - exact) <= bound(d));
            REQUIRE(std::abs(cosine(reproducible, scaled_x, scaled_y) - exact) <= bound(d));
        }
}

TEST_CASE("cosine of int8 is right to the last bit or the one before", "[similarity][cosine]") {
    for (std::size_t const d : kernel_lengths()) {
        auto const x = int8_vector(d, d), y = int8_vector(d, d + 1);
        REQUIRE(std::abs(cosine(x, y) - cosine_by_definition<std::int8_t>(x, y)) <= 0x1p-23);
    }
}

TEST_CASE("cosine with a zero vector is 0, and NaN and infinity give NaN", "[similarity][cosine]") {
    std::vector<float> const zero(5, 0.0F), ones(5, 1.0F), nan(5, std::nanf("")), infinite(5, std::numeric_limits<float>::infinity());
    std::vector<std::int8_t> const zero_codes(5, std::int8_t{0}), codes(5, std::int8_t{1});
    CHECK(cosine(zero, ones) == 0);
    CHECK(cosine(zero, zero) == 0);
    CHECK(cosine(reproducible, ones, zero) == 0);
    CHECK(cosine(zero_codes, codes) == 0);
    CHECK(std::isnan(cosine(nan, ones)));
    CHECK(std::isnan(cosine(reproducible, ones, nan)));
    CHECK(std::isnan(cosine(infinite, ones)));
    CHECK(std::isnan(cosine(infinite, zero)));
}
