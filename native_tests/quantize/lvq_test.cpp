// SPDX-License-Identifier: Apache-2.0
#include <simile/quantize/lvq.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

using namespace simile;
using namespace simile::test;
using quantize::code_factors;

namespace {

/// Not centred at zero, so that the offset matters.
std::vector<float> shifted_vector(std::size_t d, std::uint64_t seed) {
    auto x = normal_vector(d, seed);
    for (float& v : x) v += 0.7F;
    return x;
}

double range_of(std::span<float const> x) {
    auto const [low, high] = std::minmax_element(x.begin(), x.end());
    return double{*high} - double{*low};
}

}  // namespace

TEST_CASE("an LVQ code lies within half a step of its vector and reaches both ends", "[quantize][lvq]") {
    for (std::size_t const d : {2U, 3U, 16U, 100U, 384U, 1027U})
        for (unsigned bits = 1; bits <= 8; ++bits) {
            auto const x = shifted_vector(d, d + bits);
            std::vector<std::uint8_t> codes(d);
            auto const factors = quantize::lvq_encode(x, bits, codes);
            std::vector<float> y(d);
            quantize::decode(codes, bits, factors, y);
            double const step = range_of(x) / (std::ldexp(1.0, int(bits)) - 1);
            CAPTURE(d, bits);
            CHECK(std::abs(factors.scale - step) <= 1e-6 * step);
            for (std::size_t i = 0; i < d; ++i) REQUIRE(std::abs(y[i] - x[i]) <= step / 2 + 1e-6);
            CHECK(*std::min_element(codes.begin(), codes.end()) == 0);
            CHECK(*std::max_element(codes.begin(), codes.end()) == (1U << bits) - 1);
        }
}

TEST_CASE("the second LVQ level cuts each step into equal parts", "[quantize][lvq]") {
    for (unsigned first_bits : {1U, 4U, 8U})
        for (unsigned second_bits : {1U, 4U, 8U}) {
            std::size_t const d = 200;
            auto const x = shifted_vector(d, first_bits + second_bits);
            std::vector<std::uint8_t> codes(d), residual(d);
            auto const first = quantize::lvq_encode(x, first_bits, codes);
            auto const second = quantize::lvq_encode_residual(x, first_bits, codes, first, second_bits, residual);
            std::vector<float> y(d), z(d);
            quantize::decode(codes, first_bits, first, y);
            quantize::decode(residual, second_bits, second, z);
            double const part = range_of(x) / (std::ldexp(1.0, int(first_bits)) - 1) / std::ldexp(1.0, int(second_bits));
            CAPTURE(first_bits, second_bits);
            CHECK(second.offset == 0);
            for (std::size_t i = 0; i < d; ++i) REQUIRE(std::abs(double{y[i]} + double{z[i]} - double{x[i]}) <= part / 2 + 1e-6);

            auto const q = normal_vector(d, 99);
            double const estimate =
                quantize::estimate_by_levels(codes, first_bits, first, q) + quantize::estimate_by_levels(residual, second_bits, second, q);
            // Errors of parts are uniform: deviation part / sqrt(12) for a coordinate; five of them bound the sum.
            double const deviation = (part / std::sqrt(12.0) + 1e-6) * std::sqrt(dot_by_definition<float>(q, q).value);
            CHECK(std::abs(estimate - dot_by_definition<float>(x, q).value) <= 5 * deviation);

            if (first_bits + second_bits > 8) continue;
            std::vector<std::uint8_t> both(d);
            auto const joint = quantize::lvq_encode_two_level(x, first_bits, second_bits, both);
            for (std::size_t i = 0; i < d; ++i) REQUIRE(both[i] == (codes[i] << second_bits | residual[i]));
            CHECK(std::abs(quantize::estimate_by_levels(both, first_bits + second_bits, joint, q) - estimate) <=
                  1e-6 * dot_by_definition<float>(x, q).magnitude);
        }
}

TEST_CASE("LVQ estimates are unbiased and as precise as a uniform code", "[quantize][lvq]") {
    std::size_t const d = 384, pairs = 2000;
    for (unsigned const bits : {4U, 8U}) {
        double sum = 0, squares = 0, expected = 0;
        std::vector<std::uint8_t> codes(d);
        for (std::size_t i = 0; i < pairs; ++i) {
            auto const x = unit_vector(d, i), q = unit_vector(d, 100'000 + i);
            auto const factors = quantize::lvq_encode(x, bits, codes);
            double const error = quantize::estimate_by_levels(codes, bits, factors, q) - dot_by_definition<float>(x, q).value;
            sum += error;
            squares += error * error;
            expected += double{factors.scale} * double{factors.scale} / 12;
        }
        double const rms = std::sqrt(squares / pairs);
        CAPTURE(bits, rms * std::sqrt(double(d)));
        CHECK(std::abs(sum / pairs) <= 4 * rms / std::sqrt(double(pairs)));
        CHECK(std::abs(squares / expected - 1) <= 0.15);
    }
}

TEST_CASE("the second LVQ level makes good for the rounding of the stored factors of the first", "[quantize][lvq]") {
    std::size_t const d = 96;
    for (auto const& [first_bits, bits] : {std::pair{4U, 4U}, {4U, 8U}, {3U, 5U}, {6U, 2U}, {1U, 1U}})
        for (std::uint64_t seed = 0; seed < 50; ++seed) {
            auto x = unit_vector(d, seed);
            for (float& v : x) v += 0.3F;
            std::vector<std::uint8_t> codes(d), rest(d);
            auto const first = quantize::lvq_encode(x, first_bits, codes);
            code_factors const stored{quantize::as_stored(first.scale, first_bits), quantize::as_stored(first.offset, first_bits)};
            auto const second = quantize::lvq_encode_second(x, first_bits, bits, rest);
            CHECK(second == code_factors{stored.scale / static_cast<float>(1U << bits), 0});
            std::vector<float> y(d), z(d);
            quantize::decode(codes, first_bits, stored, y);
            quantize::decode(rest, bits, second, z);
            double const part = double{second.scale};
            // At the ends of the first level's steps the residual of a stored code may leave its range by as much as the factors are rounded.
            double const half =
                first_bits > 4 ? 1e-6 : 0x1p-12 * (double{stored.scale} * (1U << first_bits) / 2 + std::abs(double{stored.offset}));
            for (std::size_t j = 0; j < d; ++j) {
                CAPTURE(first_bits, bits, seed, j);
                REQUIRE(std::abs(double{x[j]} - double{y[j]} - double{z[j]}) <= part / 2 * 1.001 + 1.01 * half + 1e-6);
            }
        }
}

TEST_CASE("a constant vector is exact in LVQ", "[quantize][lvq]") {
    std::vector<float> const x(9, -0.3F);
    std::vector<std::uint8_t> codes(9, 7), residual(9, 7);
    auto const factors = quantize::lvq_encode(x, 4, codes);
    CHECK(factors == code_factors{0, -0.3F});
    auto const second = quantize::lvq_encode_residual(x, 4, codes, factors, 4, residual);
    CHECK(second == code_factors{0, 0});
    CHECK(codes == std::vector<std::uint8_t>(9, std::uint8_t{0}));
    std::vector<float> y(9);
    quantize::decode(codes, 4, factors, y);
    CHECK(y == x);
}

TEST_CASE("two LVQ levels have 2 to 8 bits together", "[quantize][lvq]") {
    std::vector<float> const x(3, 1.0F);
    std::vector<std::uint8_t> codes(3), other(2);
    CHECK(outcome([&] { return quantize::lvq_encode_two_level(x, 4, 4, codes); }) == "ok");
    CHECK(outcome([&] { return quantize::lvq_encode_two_level(x, 5, 4, codes); }) == "invalid_argument");
    CHECK(outcome([&] { return quantize::lvq_encode_two_level(x, 0, 4, codes); }) == "invalid_argument");
    CHECK(outcome([&] { return quantize::lvq_encode_two_level(x, 4, 0, codes); }) == "invalid_argument");
    CHECK(outcome([&] { return quantize::lvq_encode_two_level(x, 4, 4, other); }) == "dimension_mismatch");
}
