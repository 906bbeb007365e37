// SPDX-License-Identifier: Apache-2.0
#include <simile/score/exponential_sums.hpp>

#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <bit>
#include <cmath>

using namespace simile;

namespace {
using cosine_block = std::array<float, block_rows>;

cosine_block cosine_block_of(std::uint64_t seed) {
    xoshiro256 random(seed);
    cosine_block out;
    for (float& v : out) v = static_cast<float>(2 * uniform01(random) - 1);
    out[0] = 1, out[1] = -1, out[2] = 0, out[3] = 1.0000002F, out[4] = -1.01F, out[5] = 0x1p-140F;
    return out;
}
}  // namespace

TEST_CASE("shifted exponentials are within their error at every beta", "[score][exponential_sums]") {
    for (double const beta : {1e-6, 0.05, 0.5025, 1.0, 5.0, 20.0, 43.0, 50.0, 100.0, 200.0, score::largest_shifted_beta})
        for (std::uint64_t seed = 0; seed < 50; ++seed) {
            auto const s = cosine_block_of(seed);
            std::array<double, block_rows> out;
            score::shifted_exponentials(compiled_arch{}, s, beta, out);
            for (std::size_t i = 0; i < block_rows; ++i) {
                double const exact = std::exp(beta * (double{s[i]} - 1));
                REQUIRE(std::abs(out[i] / exact - 1) <= 2e-7 * (beta + 2));
            }
        }
}

TEST_CASE("every architecture gives the same bits of shifted exponentials", "[score][exponential_sums]") {
    for (double const beta : {0.3, 20.0, 250.0})
        for (std::uint64_t seed = 0; seed < 50; ++seed) {
            auto const s = cosine_block_of(seed);
            std::array<double, block_rows> plain, fast;
            score::shifted_exponentials(scalar_arch{}, s, beta, plain);
            score::shifted_exponentials(compiled_arch{}, s, beta, fast);
            for (std::size_t i = 0; i < block_rows; ++i)
                REQUIRE(std::bit_cast<std::uint64_t>(plain[i]) == std::bit_cast<std::uint64_t>(fast[i]));
        }
    // e^(20 (1/2 - 1)) on any machine.
    cosine_block half;
    half.fill(0.5F);
    std::array<double, block_rows> out;
    score::shifted_exponentials(scalar_arch{}, half, 20, out);
    CHECK(std::bit_cast<std::uint64_t>(out[7]) == 0x3F07CD79A0000000U);
}

TEST_CASE("add_exponentials adds to what is there", "[score][exponential_sums]") {
    auto const s = cosine_block_of(1);
    std::array<double, block_rows> sums, terms;
    sums.fill(0.5);
    score::shifted_exponentials(compiled_arch{}, s, 20, terms);
    score::add_exponentials(s, 20, sums);
    for (std::size_t i = 0; i < block_rows; ++i) REQUIRE(sums[i] == 0.5 + terms[i]);
}
