// SPDX-License-Identifier: Apache-2.0
#include <simile/simd/bfloat16.hpp>

#include <simile/core/random.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cmath>
#include <limits>

using namespace simile;
using simd::to_bfloat16;
using simd::to_float;

TEST_CASE("every bfloat16 becomes a float and comes back", "[simd][bfloat16]") {
    for (std::uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
        bfloat16 const b{static_cast<std::uint16_t>(bits)};
        float const f = to_float(b);
        bool const nan = (bits & 0x7F80U) == 0x7F80U && (bits & 0x7FU) != 0;
        CHECK(std::isnan(f) == nan);
        if (!nan)
            CHECK(to_bfloat16(f) == b);
        else
            CHECK(std::isnan(to_float(to_bfloat16(f))));
    }
    CHECK(to_float(bfloat16{0x3F80}) == 1.0F);
    CHECK(to_float(bfloat16{0xC040}) == -3.0F);
    CHECK(to_float(bfloat16{0x0001}) == std::ldexp(1.0F, -133));
}

TEST_CASE("a float goes to the nearest bfloat16, and to the even one from the middle", "[simd][bfloat16]") {
    xoshiro256 random(1);
    for (int i = 0; i < 300'000; ++i) {
        auto bits = static_cast<std::uint32_t>(random());
        if (i % 3 == 0) bits = (bits & 0xFFFF0000U) | 0x8000U;  // the middle
        float const f = std::bit_cast<float>(bits);
        if (!std::isfinite(f)) continue;
        bfloat16 const below{static_cast<std::uint16_t>(bits >> 16)}, above{static_cast<std::uint16_t>((bits >> 16) + 1)};
        // The largest finite value has 2^128 above it in the rounding, stored as infinity.
        double const high = std::isinf(to_float(above)) ? std::copysign(std::ldexp(1.0, 128), f) : double{to_float(above)};
        double const down = std::abs(double{f} - double{to_float(below)}), up = std::abs(high - double{f});
        bfloat16 const expected = down < up ? below : up < down ? above : (below.bits % 2 == 0 ? below : above);
        CAPTURE(bits);
        REQUIRE(to_bfloat16(f) == expected);
    }
}

TEST_CASE("bfloat16 keeps infinities and NaN", "[simd][bfloat16]") {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    CHECK(to_bfloat16(infinity).bits == 0x7F80);
    CHECK(to_bfloat16(-infinity).bits == 0xFF80);
    CHECK(to_bfloat16(std::numeric_limits<float>::max()).bits == 0x7F80);
    // NaNs whose payload lies in the lower half, or would carry over into the sign.
    for (std::uint32_t const nan : {0x7F800001U, 0x7FFFFFFFU, 0xFF800001U, 0xFFFFFFFFU}) {
        CHECK(std::isnan(to_float(to_bfloat16(std::bit_cast<float>(nan)))));
        CHECK(to_bfloat16(std::bit_cast<float>(nan)).bits >> 15 == nan >> 31);
    }
}
