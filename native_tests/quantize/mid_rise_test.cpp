// SPDX-License-Identifier: Apache-2.0
#include <simile/quantize/mid_rise.hpp>

#include "support/reference.hpp"
#include "support/reference_planes.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace simile;
using namespace simile::test;

TEST_CASE("a mid-rise code is the step its value lies in", "[quantize][mid_rise]") {
    auto const scale = GENERATE(1e-30F, 0.05F, 1.0F, 1e30F);
    for (std::size_t const d : {std::size_t{1}, std::size_t{2}, std::size_t{100}, std::size_t{384}, std::size_t{1027}})
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
            auto const x = normal_vector(d, seed, scale);
            std::vector<std::int8_t> codes(d);
            quantize::mid_rise_encode(x, codes.data());
            double largest = 0;
            for (float const v : x) largest = std::max(largest, std::abs(double(v)));
            for (std::size_t i = 0; i < d; ++i) {
                double const at = double(x[i]) * 127.5 / largest;
                CAPTURE(d, seed, i, at);
                // Two float roundings move a value that lies on a step's edge: 127.5 * 2^-23.
                REQUIRE(std::abs(codes[i] + 0.5 - at) <= 0.5 + 127.5 * 0x1p-23);
            }
        }
}

TEST_CASE("both ends of the range have a mid-rise code and zero vectors have the middle one", "[quantize][mid_rise]") {
    std::vector<float> const x{1, -1, 0, 0.5F, -1e-9F};
    std::vector<std::int8_t> codes(5);
    quantize::mid_rise_encode(x, codes.data());
    CHECK(codes == std::vector<std::int8_t>{127, -128, 0, 63, -1});
    std::vector<float> const zero(5, 0.0F);
    quantize::mid_rise_encode(zero, codes.data());
    CHECK(codes == std::vector<std::int8_t>(5, std::int8_t{0}));
    CHECK(quantize::mid_rise_factor(zero, codes.data(), 8) == 0);
}

TEST_CASE("the upper bits of a mid-rise code are the mid-rise code of fewer bits", "[quantize][mid_rise]") {
    // Powers of two keep every product exact.
    for (int c = -128; c <= 127; ++c)
        for (unsigned const bits : {1U, 4U, 8U}) {
            float const x = static_cast<float>(c + 0.5) / 128;
            CHECK((c >> (8 - bits)) == static_cast<int>(std::floor(x * std::ldexp(1.0F, static_cast<int>(bits) - 1))));
        }
}

TEST_CASE("a mid-rise factor is its definition and makes the estimate exact along the vector", "[quantize][mid_rise]") {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        auto const x = normal_vector(200, seed);
        std::vector<std::int8_t> codes(200);
        quantize::mid_rise_encode(x, codes.data());
        std::vector<int> const wide(codes.begin(), codes.end());
        for (unsigned const bits : {1U, 4U, 8U}) {
            double const expected = mid_rise_factor_by_definition(x, wide, bits);
            float const factor = quantize::mid_rise_factor(x, codes.data(), bits);
            CHECK(std::abs(factor - expected) <= expected * 0x1p-24);
            double along = 0;
            for (std::size_t i = 0; i < x.size(); ++i) along += double(factor) * mid_rise_level(wide[i], bits) * double(x[i]);
            double const square = dot_by_definition<float>(x, x).value;
            CHECK(std::abs(along - square) <= square * 0x1p-23);
        }
    }
}

TEST_CASE("the score of a mid-rise code is twice the level's dot, scaled", "[quantize][mid_rise]") {
    std::vector<std::int8_t> const codes{-128, 5, 127}, query{127, -3, 1};
    int dot = 0, sum = 0;
    double by_levels = 0;
    for (std::size_t i = 0; i < 3; ++i) {
        dot += codes[i] * query[i];
        sum += query[i];
        by_levels += (codes[i] + 0.5) * query[i];
    }
    CHECK(quantize::twice_level_dot(dot, sum) == 2 * by_levels);
    CHECK(quantize::mid_rise_score(quantize::twice_level_dot(dot, sum), 0.25F, 0.5F) == static_cast<float>(by_levels * 0.25));
}

TEST_CASE("a decoded mid-rise code is a unit vector within a step of the direction", "[quantize][mid_rise]") {
    auto x = normal_vector(384, 3);
    double const length = std::sqrt(dot_by_definition<float>(x, x).value);
    std::vector<std::int8_t> codes(384);
    quantize::mid_rise_encode(x, codes.data());
    std::vector<float> out(384);
    quantize::mid_rise_decode(codes.data(), 1.0F, out);
    CHECK(std::abs(dot_by_definition<float>(out, out).value - 1) <= 1e-6);
    // Half a step is max|x| / 255; the length changes by less than 1 in 1000.
    double const step = double(*std::max_element(x.begin(), x.end(), [](float a, float b) { return std::abs(a) < std::abs(b); })) / length / 255;
    for (std::size_t i = 0; i < 384; ++i) CHECK(std::abs(double(out[i]) - double(x[i]) / length) <= 1.3 * std::abs(step));
    quantize::mid_rise_decode(codes.data(), 0.0F, out);
    CHECK(out == std::vector<float>(384, 0.0F));
}
