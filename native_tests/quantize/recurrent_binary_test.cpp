// SPDX-License-Identifier: Apache-2.0
#include <simile/quantize/recurrent_binary.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;

namespace {

std::vector<std::uint8_t> random_codes(std::size_t d, unsigned bits, std::uint64_t seed) {
    xoshiro256 random(seed);
    std::vector<std::uint8_t> codes(d);
    for (auto& c : codes) c = static_cast<std::uint8_t>(random() >> (64 - bits));
    return codes;
}

/// The sum of weighted signs that a code stands for.
double level_by_bits(unsigned code, unsigned bits) {
    double level = 0;
    for (unsigned i = 0; i < bits; ++i) level += std::ldexp((code >> (bits - 1 - i) & 1U) != 0 ? 1.0 : -1.0, -int(i));
    return level;
}

}  // namespace

TEST_CASE("the level of a recurrent binary code is the sum of its weighted signs", "[quantize][recurrent_binary]") {
    for (unsigned bits = 1; bits <= 8; ++bits)
        for (unsigned code = 0; code < 1U << bits; ++code) CHECK(quantize::recurrent_level(code, bits) == level_by_bits(code, bits));
}

TEST_CASE("inner products of recurrent binary codes are those of their levels", "[quantize][recurrent_binary]") {
    for (std::size_t const d : {1U, 2U, 31U, 512U})
        for (unsigned bits = 1; bits <= 8; ++bits) {
            auto const a = random_codes(d, bits, d), b = random_codes(d, bits, d + 100);
            auto const q = normal_vector(d, 5);
            double ab = 0, aa = 0, bb = 0, aq = 0;
            for (std::size_t i = 0; i < d; ++i) {
                double const x = level_by_bits(a[i], bits), y = level_by_bits(b[i], bits);
                ab += x * y;
                aa += x * x;
                bb += y * y;
                aq += x * double{q[i]};
            }
            CAPTURE(d, bits);
            CHECK(quantize::recurrent_dot(a, b, bits) == ab);
            CHECK(std::abs(quantize::recurrent_inverse_norm(a, bits) - 1 / std::sqrt(aa)) <= 1e-15);
            CHECK(std::abs(quantize::recurrent_cosine(a, b, bits) - ab / std::sqrt(aa * bb)) <= 1e-15);
            // The common form with a float query.
            double const estimate = quantize::estimate_by_levels(a, bits, quantize::recurrent_factors(a, bits), q);
            CHECK(std::abs(estimate - aq / std::sqrt(aa)) <= 1e-6 * std::sqrt(dot_by_definition<float>(q, q).value));
        }
}

TEST_CASE("the table of nibbles is made of sums of products", "[quantize][recurrent_binary]") {
    for (unsigned a = 0; a < 16; ++a)
        for (unsigned b = 0; b < 16; ++b) {
            double const products =
                4 * (level_by_bits(a >> 2, 2) * level_by_bits(b >> 2, 2) + level_by_bits(a & 3U, 2) * level_by_bits(b & 3U, 2));
            CHECK(quantize::sdc2_table[16 * a + b] == (products + 18) / 2);
        }
    CHECK(quantize::sdc2_table[0] == 18);
    CHECK(quantize::sdc2_table[15] == 0);
}

TEST_CASE("a scan by the table of nibbles gives the inner products of 32 rows", "[quantize][recurrent_binary]") {
    for (std::size_t const d : {2U, 4U, 6U, 8U, 100U, 512U, 5000U}) {
        auto const q = random_codes(d, 2, 1);
        quantize::sdc2_query const query(q);
        std::vector<std::uint8_t> block(query.block_bytes(), 0xFF);
        std::array<float, block_rows> dots{};
        for (std::size_t slot = 0; slot < block_rows; ++slot) query.put(random_codes(d, 2, 50 + slot), block.data(), slot);
        query.put(random_codes(d, 2, 50), block.data(), 31);
        query.scan(block.data(), dots);
        for (std::size_t slot = 0; slot < block_rows; ++slot) {
            CAPTURE(d, slot);
            CHECK(dots[slot] == quantize::recurrent_dot(q, random_codes(d, 2, slot == 31 ? 50 : 50 + slot), 2));
        }
    }
}

TEST_CASE("recurrent binary codes refuse what is none", "[quantize][recurrent_binary]") {
    std::vector<std::uint8_t> const codes{0, 3, 1, 2}, odd{0, 3, 1}, none;
    CHECK(outcome([&] {
              quantize::require_recurrent_codes(codes, 2);
              return 0;
          }) == "ok");
    CHECK(outcome([&] {
              quantize::require_recurrent_codes(codes, 1);
              return 0;
          }) == "invalid_argument");
    CHECK(outcome([&] {
              quantize::require_recurrent_codes(codes, 0);
              return 0;
          }) == "invalid_argument");
    CHECK(outcome([&] {
              quantize::require_recurrent_codes(codes, 9);
              return 0;
          }) == "invalid_argument");
    CHECK(outcome([&] {
              quantize::require_recurrent_codes(none, 2);
              return 0;
          }) == "invalid_argument");
    CHECK(outcome([&] { return quantize::sdc2_query(odd); }) == "invalid_argument");
}
