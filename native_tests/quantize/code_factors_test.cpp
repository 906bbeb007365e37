// SPDX-License-Identifier: Apache-2.0
#include <simile/quantize/code_factors.hpp>

#include <simile/quantize/lvq.hpp>
#include <simile/quantize/rabitq.hpp>
#include <simile/quantize/scalar.hpp>

#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using quantize::code_factors;

namespace {

std::vector<std::uint8_t> some_codes(std::size_t d, unsigned bits, std::uint64_t seed) {
    xoshiro256 random(seed);
    std::vector<std::uint8_t> codes(d);
    for (auto& c : codes) c = static_cast<std::uint8_t>(random() >> (64 - bits));
    return codes;
}

}  // namespace

TEST_CASE("the sums about a code are their definition", "[quantize][code_factors]") {
    for (std::size_t const d : {1U, 2U, 7U, 8U, 9U, 33U, 384U, 1027U})
        for (unsigned bits = 1; bits <= 8; ++bits) {
            auto const x = normal_vector(d, bits), y = normal_vector(d, bits + 50);
            auto const codes = some_codes(d, bits, d);
            exact_sum xw;
            double ww = 0;
            for (std::size_t i = 0; i < d; ++i) {
                double const w = codes[i] - (std::ldexp(1.0, int(bits)) - 1) / 2;
                xw.add(double{x[i]} * w);
                ww += w * w;
            }
            auto const sums = quantize::sums_of(x, codes, bits);
            auto const xx = dot_by_definition<float>(x, x), xy = dot_by_definition<float>(x, y);
            CAPTURE(d, bits);
            CHECK(std::abs(sums.xx - xx.value) <= 1e-13 * xx.magnitude);
            CHECK(std::abs(sums.xw - xw.value) <= 1e-13 * xw.magnitude);
            CHECK(sums.ww == ww);
            CHECK(std::abs(quantize::wide_dot(x, y) - xy.value) <= 1e-13 * xy.magnitude);
        }
}

TEST_CASE("one scale is exact along the vector and the other makes the smallest error", "[quantize][code_factors]") {
    auto const x = normal_vector(100, 3);
    std::vector<std::uint8_t> codes(100);
    for (std::size_t i = 0; i < 100; ++i) codes[i] = x[i] > 0;
    auto const sums = quantize::sums_of(x, codes, 1);
    float const unbiased = quantize::unbiased_scale(sums), least = quantize::least_squares_scale(sums);
    CHECK(std::abs(quantize::estimate_by_levels(codes, 1, {unbiased}, x) - sums.xx) <= 1e-6 * sums.xx);
    auto const error = [&](float scale) {
        std::vector<float> y(100);
        quantize::decode(codes, 1, {scale}, y);
        return squared_l2_by_definition<float>(x, y).value;
    };
    CHECK(error(least) < error(least * 1.001F));
    CHECK(error(least) < error(least * 0.999F));
    CHECK(quantize::unbiased_scale({}) == 0);
    CHECK(quantize::least_squares_scale({}) == 0);
}

TEST_CASE("a decoded code has the inner products that are estimated", "[quantize][code_factors]") {
    for (unsigned bits = 1; bits <= 8; ++bits) {
        auto const codes = some_codes(77, bits, bits);
        auto const q = normal_vector(77, 9);
        code_factors const factors{0.37F, -1.25F};
        std::vector<float> y(77);
        quantize::decode(codes, bits, factors, y);
        auto const sum = dot_by_definition<float>(y, q);
        CHECK(std::abs(sum.value - quantize::estimate_by_levels(codes, bits, factors, q)) <= 1e-7 * sum.magnitude);
    }
    CHECK(quantize::code_centre(1) == 0.5F);
    CHECK(quantize::code_centre(8) == 127.5F);
}

TEST_CASE("vectors too short for a float's reciprocal have codes and finite factors", "[quantize][code_factors]") {
    for (float const size : {1e-45F, 1e-40F, 1e-38F, 1e-33F, 1e-28F}) {
        std::vector<float> const x{size, -size, 0, size, 0.5F * size};
        std::vector<std::uint8_t> codes(5), second(5);
        for (unsigned bits = 1; bits <= 8; ++bits) {
            auto const lvq = quantize::lvq_encode(x, bits, codes);
            std::vector<code_factors> all{quantize::mid_rise_encode_bits(x, bits, codes),
                                          quantize::rabitq_encoder(5, bits).encode(x, codes), quantize::rabitq_encode_exact(x, bits, codes),
                                          lvq};
            if (bits > 1) all.push_back(quantize::symmetric_encode(x, bits, codes));
            quantize::lvq_encode(x, bits, codes);
            all.push_back(quantize::lvq_encode_residual(x, bits, codes, lvq, bits, second));
            for (auto const& f : all) {
                CAPTURE(size, bits, &f - all.data());
                CHECK(std::isfinite(f.scale));
                CHECK(std::isfinite(f.offset));
                // The worst that levels of the size of the vector can be off by; twice that for the shortest numbers there are.
                CHECK(std::abs(f.scale) * 127.5F <= 1000 * size);
            }
        }
    }
}
