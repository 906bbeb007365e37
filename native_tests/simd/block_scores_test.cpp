// SPDX-License-Identifier: Apache-2.0
#include <simile/simd/block_scores.hpp>

#include "support/architectures.hpp"
#include "support/guard_page.hpp"
#include "support/reference.hpp"

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

using namespace simile;
using namespace simile::test;
using simd::block_dots;
using simd::block_floats;
using simd::score_form;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

float value_of(float f) { return f; }
// By definition of binary16, in double.
float value_of(half h) {
    int const exponent = h.bits >> 10 & 31, fraction = h.bits & 1023;
    double const magnitude = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
    return static_cast<float>((h.bits & 0x8000U) != 0 ? -magnitude : magnitude);
}

/// Any finite factors: subnormal halves, zeros of both signs, and the largest among them.
template <class Factor>
std::vector<Factor> factors(std::uint64_t seed) {
    xoshiro256 random(seed);
    std::vector<Factor> out(block_rows);
    for (std::size_t r = 0; r < block_rows; ++r) {
        auto bits = static_cast<std::uint16_t>(random() % 0x7C00U | (random() & 1U) << 15);
        std::uint16_t const special[] = {0, 0x8000, 1, 0x8001, 0x03FF, 0x0400, 0x7BFF, 0xFBFF};
        if (r % 4 == 3) bits = special[r / 4];
        if constexpr (std::is_same_v<Factor, half>)
            out[r] = half{bits};
        else
            out[r] = value_of(half{bits}) * static_cast<float>(1 + 0x1p-20 * static_cast<double>(random() % 16));
    }
    return out;
}

struct scored {
    block_dots dots;
    score_form form;
};

/// 2 dot + plus fits 32 bits; in the later seeds 2 dot alone does not.
scored integers(std::uint64_t seed) {
    xoshiro256 random(seed + 77);
    scored s{};
    s.form.scale = static_cast<float>(std::ldexp(1 + 0x1p-23 * static_cast<double>(random() % 1000000), static_cast<int>(seed % 40) - 30));
    if (seed % 3 == 1) s.form.scale = -s.form.scale;
    bool const wide = seed % 4 == 3;
    s.form.plus = wide ? (seed % 8 == 3 ? -2'000'000'000 : 2'000'000'000) : static_cast<std::int32_t>(random() % 2'000'001) - 1'000'000;
    for (auto& d : s.dots)
        d = static_cast<std::int32_t>(random() % 100'001) - 50'000 +
            (wide ? -s.form.plus / 2 + (s.form.plus < 0 ? 200'000'000 : -200'000'000) : 0);
    s.dots[9] = 0, s.dots[10] = 1, s.dots[11] = -1;
    return s;
}

template <class Factor>
block_floats scores_by_definition(scored const& s, std::vector<Factor> const& factors) {
    block_floats out;
    for (std::size_t r = 0; r < block_rows; ++r) {
        // Products of two floats are exact in double, so each step is rounded once.
        auto const numerator = static_cast<float>(2 * std::int64_t{s.dots[r]} + s.form.plus);
        auto const factor = static_cast<float>(double{value_of(factors[r])} * double{s.form.scale});
        out[r] = static_cast<float>(double{numerator} * double{factor});
    }
    return out;
}

std::uint32_t reaching_by_definition(std::span<float const> scores, float threshold) {
    std::uint32_t bits = 0;
    for (std::size_t r = 0; r < block_rows; ++r)
        if (scores[r] >= threshold) bits |= 1U << r;
    return bits;
}

std::vector<float> thresholds(std::span<float const> scores) {
    std::vector<float> out = {0.0F,
                              -0.0F,
                              infinity,
                              -infinity,
                              not_a_number,
                              -not_a_number,
                              std::numeric_limits<float>::max(),
                              std::numeric_limits<float>::lowest(),
                              std::numeric_limits<float>::denorm_min()};
    for (std::size_t const r : {0U, 3U, 15U, 16U, 31U}) {
        out.push_back(scores[r]);
        out.push_back(std::nextafter(scores[r], infinity));
    }
    return out;
}

bool same_bits(block_floats const& a, block_floats const& b) {
    for (std::size_t r = 0; r < block_rows; ++r)
        if (std::bit_cast<std::uint32_t>(a[r]) != std::bit_cast<std::uint32_t>(b[r])) return false;
    return true;
}

}  // namespace

TEMPLATE_TEST_CASE("score_block has the bits of one conversion and two rounded products, and says which rows reach any threshold",
                   "[simd][block_scores]", float, half) {
    for (std::uint64_t seed = 0; seed < 120; ++seed) {
        auto const s = integers(seed);
        auto const f = factors<TestType>(seed);
        auto const expected = scores_by_definition(s, f);
        guarded<TestType> const after(f, guard::before), before(f, guard::after);
        alignas(64) TestType moved[block_rows + 1];  // moved + 1 has the type's own alignment only
        std::copy(f.begin(), f.end(), moved + 1);
        for (float const threshold : thresholds(expected)) {
            std::uint32_t const reach = reaching_by_definition(expected, threshold);
            for_each_architecture([&](auto arch, std::string_view name) {
                TestType const* const places[] = {after.data(), before.data(), moved + 1};
                for (TestType const* stored : places) {
                    block_floats scores;
                    scores.fill(not_a_number);
                    std::uint32_t const bits = simd::score_block(arch, s.dots, s.form, stored, threshold, scores);
                    if (!same_bits(scores, expected)) FAIL(name << " scores otherwise, seed " << seed);
                    if (bits != reach)
                        FAIL(name << " with threshold " << threshold << ", seed " << seed << ": " << bits << " instead of " << reach);
                }
            });
        }
    }
}

TEST_CASE("a sum that fits 32 bits is right where twice the integer alone does not", "[simd][block_scores]") {
    block_dots dots;
    dots.fill(2'122'383'360);  // 65536 dims of 255 * 127
    std::vector<float> const ones(block_rows, 1.0F);
    for_each_architecture([&](auto arch, std::string_view name) {
        CAPTURE(name);
        block_floats scores;
        CHECK(simd::score_block(arch, dots, {-2'122'383'360, 1.0F}, ones.data(), 0.0F, scores) == 0xFFFFFFFFU);
        for (float const score : scores) CHECK(score == 2'122'383'360.0F);
    });
}

TEST_CASE("reaching compares as floats do: NaN reaches nothing, and nothing reaches NaN", "[simd][block_scores]") {
    auto scores = normal_vector(block_rows, 5);
    scores[1] = scores[17] = not_a_number, scores[2] = -infinity, scores[30] = infinity, scores[6] = 0.0F, scores[7] = -0.0F,
    scores[31] = -not_a_number;
    for_each_architecture([&](auto arch, std::string_view name) {
        auto const check = [&](float const* p, float threshold) {
            std::uint32_t const bits = simd::reaching(arch, p, threshold), expected = reaching_by_definition({p, block_rows}, threshold);
            if (bits != expected) FAIL(name << " with threshold " << threshold << ": " << bits << " instead of " << expected);
        };
        for (float const threshold : thresholds(scores)) {
            for (guard const side : {guard::before, guard::after}) check(guarded<float>(scores, side).data(), threshold);
            alignas(64) float moved[block_rows + 1];
            std::copy(scores.begin(), scores.end(), moved + 1);
            check(moved + 1, threshold);
        }
        CAPTURE(name);
        CHECK(simd::reaching(arch, scores.data(), not_a_number) == 0);
        CHECK(simd::reaching(arch, scores.data(), -infinity) == 0x7FFDFFFDU);
    });
}
