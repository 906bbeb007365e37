// SPDX-License-Identifier: Apache-2.0
#include <simile/simd/half.hpp>

#include <catch2/catch_test_macros.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

using namespace simile;

namespace {

// The value of a finite half by its definition.
double value_of(std::uint16_t bits) {
    int const exponent = bits >> 10 & 31, fraction = bits & 1023;
    double const magnitude = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
    return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

// Round to nearest, ties to even, in steps of the half's unit in the last place.
std::uint16_t nearest_half(float value) {
    std::uint16_t const sign = std::signbit(value) ? 0x8000 : 0;
    double const magnitude = std::abs(double(value));
    int const exponent = magnitude < 0x1p-14 ? -14 : std::ilogb(magnitude);
    double const unit = std::ldexp(1, exponent - 10);
    double const rounded = std::nearbyint(magnitude / unit) * unit;
    if (rounded >= 65536) return static_cast<std::uint16_t>(sign | 0x7C00);
    // Finite halves are ordered as their bits.
    std::uint16_t low = 0, high = 0x7BFF;
    while (low < high) {
        auto const middle = static_cast<std::uint16_t>((low + high + 1) / 2);
        if (value_of(middle) <= rounded)
            low = middle;
        else
            high = static_cast<std::uint16_t>(middle - 1);
    }
    return static_cast<std::uint16_t>(sign | low);
}

}  // namespace

TEST_CASE("all 65,536 halves become the float they stand for", "[simd][half]") {
    for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
        half const h{static_cast<std::uint16_t>(bits)};
        float const f = simd::to_float(h);
        std::uint32_t const got = std::bit_cast<std::uint32_t>(f);
        bool const special = (bits >> 10 & 31) == 31;
        std::uint32_t const expected = special ? (bits & 0x8000U) << 16 | 0x7F800000U | (bits & 0x3FFU) << 13
                                               : std::bit_cast<std::uint32_t>(static_cast<float>(value_of(h.bits)));
        if (got != expected) FAIL("half " << bits << " became float bits " << got << ", expected " << expected);
    }
}

TEST_CASE("every half that is a number survives float and back", "[simd][half]") {
    for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
        half const h{static_cast<std::uint16_t>(bits)};
        bool const nan = (bits & 0x7FFF) > 0x7C00;
        half const back = simd::to_half(simd::to_float(h));
        if (nan ? (back.bits & 0x7FFF) <= 0x7C00 || (back.bits & 0x8000) != (bits & 0x8000) : back != h)
            FAIL("half " << bits << " came back as " << back.bits);
    }
}

TEST_CASE("floats round to the nearest half, ties to even", "[simd][half]") {
    // Every sign, exponent and upper fraction, with the lower 13 bits around both ends and the middle of a step.
    for (std::uint32_t upper = 0; upper < 1U << 19; ++upper)
        for (std::uint32_t const lower : {0U, 1U, 0xFFFU, 0x1000U, 0x1001U, 0x1FFFU}) {
            float const f = std::bit_cast<float>(upper << 13 | lower);
            if (!std::isfinite(f)) continue;
            if (simd::to_half(f).bits != nearest_half(f))
                FAIL("float " << f << " became half " << simd::to_half(f).bits << ", expected " << nearest_half(f));
        }
    CHECK(simd::to_half(std::numeric_limits<float>::infinity()).bits == 0x7C00);
    CHECK(simd::to_half(-std::numeric_limits<float>::infinity()).bits == 0xFC00);
    CHECK((simd::to_half(std::bit_cast<float>(0x7F800001U)).bits & 0x7FFF) > 0x7C00);
}
