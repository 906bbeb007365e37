// SPDX-License-Identifier: Apache-2.0
#include <simile/quantize/scalar.hpp>

#include <simile/quantize/mid_rise.hpp>

#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace simile;
using namespace simile::test;

TEST_CASE("a mid-rise code of B bits is the upper bits of the 8-bit code", "[quantize][scalar]") {
    for (std::size_t const d : {1U, 2U, 9U, 64U, 384U, 1027U})
        for (unsigned bits = 1; bits <= 8; ++bits) {
            auto const x = normal_vector(d, d + bits, 0.1F);
            quantize::mid_rise_scaler const whole(x, 8);
            std::vector<std::uint8_t> codes(d);
            auto const factors = quantize::mid_rise_encode_bits(x, bits, codes);
            for (std::size_t i = 0; i < d; ++i) REQUIRE(int{codes[i]} == (whole(x[i]) >> (8 - bits)) + (1 << (bits - 1)));
            CAPTURE(d, bits);
            CHECK(std::abs(factors.scale / quantize::mid_rise_factor(x, [&](std::size_t i) { return whole(x[i]) >> (8 - bits); }) - 1) <=
                  1e-6);
            CHECK(factors.offset == 0);
        }
}

TEST_CASE("clipping a mid-rise code narrows its steps and cuts what lies outside", "[quantize][scalar]") {
    std::vector<float> const x{1, 0.5F, 0.25F, -0.1F, -1};
    std::vector<std::uint8_t> codes(5);
    quantize::mid_rise_encode_bits(x, 2, codes, 1);
    CHECK(codes == std::vector<std::uint8_t>{3, 2, 2, 1, 0});
    quantize::mid_rise_encode_bits(x, 2, codes, 0.5F);
    CHECK(codes == std::vector<std::uint8_t>{3, 3, 2, 1, 0});
    quantize::mid_rise_encode_bits(x, 8, codes, 0.5F);
    CHECK(codes == std::vector<std::uint8_t>{255, 255, 191, 102, 0});
}

TEST_CASE("a symmetric code is the nearest multiple of its step", "[quantize][scalar]") {
    for (std::size_t const d : {1U, 2U, 9U, 384U})
        for (unsigned bits = 2; bits <= 8; ++bits) {
            auto const x = normal_vector(d, d + bits, 5.0F);
            std::vector<std::uint8_t> codes(d);
            auto const factors = quantize::symmetric_encode(x, bits, codes);
            double largest = 0;
            for (float const v : x) largest = std::max(largest, std::abs(double{v}));
            double const zero = std::ldexp(1.0, int(bits) - 1), step = largest / (zero - 1);
            CAPTURE(d, bits);
            for (std::size_t i = 0; i < d; ++i) {
                REQUIRE(codes[i] >= 1);
                REQUIRE(std::abs((codes[i] - zero) * step - x[i]) <= step / 2 + 1e-6 * largest);
            }
            auto const xx = dot_by_definition<float>(x, x).value;
            CHECK(std::abs(quantize::estimate_by_levels(codes, bits, factors, x) - xx) <= 2e-6 * xx);
        }
    std::vector<float> const x{-7, 7, 3, 0, -2.4F};
    std::vector<std::uint8_t> codes(5);
    quantize::symmetric_encode(x, 4, codes);
    CHECK(codes == std::vector<std::uint8_t>{1, 15, 11, 8, 6});
}

TEST_CASE("scalar estimates are unbiased and as precise as their step", "[quantize][scalar]") {
    std::size_t const d = 384, pairs = 3000;
    for (unsigned const bits : {2U, 4U, 8U})
        for (bool const symmetric : {false, true}) {
            double sum = 0, squares = 0, expected = 0;
            std::vector<std::uint8_t> codes(d);
            for (std::size_t i = 0; i < pairs; ++i) {
                auto const x = unit_vector(d, i), q = unit_vector(d, 100'000 + i);
                auto const factors =
                    symmetric ? quantize::symmetric_encode(x, bits, codes) : quantize::mid_rise_encode_bits(x, bits, codes);
                double const error = quantize::estimate_by_levels(codes, bits, factors, q) - dot_by_definition<float>(x, q).value;
                sum += error;
                squares += error * error;
                double const largest = *std::max_element(x.begin(), x.end(), [](float a, float b) { return std::abs(a) < std::abs(b); });
                double const step =
                    std::abs(largest) / (symmetric ? std::ldexp(1.0, int(bits) - 1) - 1 : 127.5 / std::ldexp(1.0, 8 - int(bits)));
                expected += step * step / 12;
            }
            double const rms = std::sqrt(squares / pairs);
            CAPTURE(bits, symmetric, rms * std::sqrt(double(d)), std::sqrt(expected / pairs) * std::sqrt(double(d)));
            CHECK(std::abs(sum / pairs) <= 4 * rms / std::sqrt(double(pairs)));
            // At 2 bits steps are wider than the values' spread, so their errors are not uniform.
            if (bits > 2)
                CHECK(std::abs(squares / expected - 1) <= 0.15);
            else
                CHECK(squares / expected <= 3);
        }
}

TEST_CASE("zero vectors have scalar codes worth nothing", "[quantize][scalar]") {
    std::vector<float> const zero(3, 0.0F);
    std::vector<std::uint8_t> codes(3);
    CHECK(quantize::mid_rise_encode_bits(zero, 4, codes).scale == 0);
    CHECK(codes == std::vector<std::uint8_t>(3, std::uint8_t{8}));
    auto const factors = quantize::symmetric_encode(zero, 4, codes);
    CHECK(factors.scale == 0);
    CHECK(factors.offset == 0);
    CHECK(codes == std::vector<std::uint8_t>(3, std::uint8_t{8}));
}
