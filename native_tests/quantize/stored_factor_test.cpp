// SPDX-License-Identifier: Apache-2.0
#include <simile/quantize/stored_factor.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <limits>

using namespace simile;

TEST_CASE("factors of up to 4 bits are stored as halves, of more as floats", "[quantize][stored_factor]") {
    float const value = 0.123456789F, rounded = simile::simd::to_float(simile::simd::to_half(value));
    REQUIRE(rounded != value);
    for (unsigned bits = 1; bits <= 12; ++bits) {
        CAPTURE(bits);
        // One byte on: factors need no alignment.
        std::array<std::byte, 7> room;
        room.fill(std::byte{0xAA});
        quantize::store_factor(room.data() + 1, bits, value);
        CHECK(quantize::load_factor(room.data() + 1, bits) == (bits <= 4 ? rounded : value));
        CHECK(quantize::as_stored(value, bits) == quantize::load_factor(room.data() + 1, bits));
        CHECK(quantize::factor_size(bits) == (bits <= 4 ? 2U : 4U));
        CHECK(room[0] == std::byte{0xAA});
        CHECK(room[1 + quantize::factor_size(bits)] == std::byte{0xAA});
    }
}

TEST_CASE("a scale is finite and not negative", "[quantize][stored_factor]") {
    for (float const good : {0.0F, 1e-30F, 65504.0F}) CHECK(quantize::is_scale(good));
    for (float const bad : {-1e-30F, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()})
        CHECK_FALSE(quantize::is_scale(bad));
}
