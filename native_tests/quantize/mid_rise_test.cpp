// SPDX-License-Identifier: Apache-2.0
#include <simile/quantize/mid_rise.hpp>

#include "support/reference.hpp"
#include "support/reference_planes.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace simile;
using namespace simile::test;

namespace {

std::vector<int> codes_of(std::span<float const> x, unsigned total) {
    quantize::mid_rise_scaler const scaler(x, total);
    std::vector<int> codes;
    for (float const v : x) codes.push_back(scaler(v));
    return codes;
}

float factor_of(std::span<float const> x, std::vector<int> const& codes, unsigned bits, unsigned total) {
    return quantize::mid_rise_factor(x, [&](std::size_t i) { return codes[i] >> (total - bits); });
}

}  // namespace

TEST_CASE("a mid-rise code is the step its value lies in", "[quantize][mid_rise]") {
    auto const scale = GENERATE(1e-30F, 0.05F, 1.0F, 1e30F);
    for (unsigned const total : {8U, 10U, 12U})
        for (std::size_t const d : {std::size_t{1}, std::size_t{2}, std::size_t{100}, std::size_t{384}, std::size_t{1027}})
            for (std::uint64_t seed = 0; seed < 20; ++seed) {
                auto const x = normal_vector(d, seed, scale);
                auto const codes = codes_of(x, total);
                double largest = 0, steps = std::ldexp(127.5, static_cast<int>(total) - 8);
                for (float const v : x) largest = std::max(largest, std::abs(double(v)));
                for (std::size_t i = 0; i < d; ++i) {
                    double const at = double(x[i]) * steps / largest;
                    CAPTURE(total, d, seed, i, at);
                    // Two float roundings move a value that lies on a step's edge.
                    REQUIRE(std::abs(codes[i] + 0.5 - at) <= 0.5 + steps * 0x1p-23);
                }
            }
}

TEST_CASE("both ends of the range have a mid-rise code and zero vectors have the middle one", "[quantize][mid_rise]") {
    std::vector<float> const x{1, -1, 0, 0.5F, -1e-9F}, zero(5, 0.0F);
    CHECK(codes_of(x, 8) == std::vector<int>{127, -128, 0, 63, -1});
    CHECK(codes_of(x, 12) == std::vector<int>{2040, -2040, 0, 1020, -1});
    CHECK(codes_of(zero, 8) == std::vector<int>(5, 0));
    CHECK(factor_of(zero, codes_of(zero, 8), 8, 8) == 0);
}

TEST_CASE("the upper 8 bits of a longer mid-rise code are the 8-bit code", "[quantize][mid_rise]") {
    for (unsigned const total : {9U, 10U, 12U})
        for (std::uint64_t seed = 0; seed < 50; ++seed) {
            auto const x = normal_vector(300, seed);
            auto const whole = codes_of(x, total), eight = codes_of(x, 8);
            for (std::size_t i = 0; i < x.size(); ++i) REQUIRE(whole[i] >> (total - 8) == eight[i]);
        }
}

TEST_CASE("the upper bits of a mid-rise code are the mid-rise code of fewer bits", "[quantize][mid_rise]") {
    // Powers of two keep every product exact.
    for (int c = -128; c <= 127; ++c)
        for (unsigned const bits : {1U, 2U, 4U, 8U}) {
            float const x = static_cast<float>(c + 0.5) / 128;
            CHECK((c >> (8 - bits)) == static_cast<int>(std::floor(x * std::ldexp(1.0F, static_cast<int>(bits) - 1))));
        }
}

TEST_CASE("a mid-rise factor is its definition and makes the estimate exact along the vector", "[quantize][mid_rise]") {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        auto const x = normal_vector(200, seed);
        auto const codes = codes_of(x, 12);
        for (unsigned const bits : {1U, 2U, 4U, 8U, 12U}) {
            double const expected = mid_rise_factor_by_definition(x, codes, bits, 12);
            float const factor = factor_of(x, codes, bits, 12);
            CHECK(std::abs(factor - expected) <= expected * 0x1.001p-24);
            double along = 0;
            for (std::size_t i = 0; i < x.size(); ++i) along += double(factor) * mid_rise_level(codes[i], bits, 12) * double(x[i]);
            double const square = dot_by_definition<float>(x, x).value;
            CHECK(std::abs(along - square) <= square * 0x1p-23);
        }
    }
}

TEST_CASE("a decoded mid-rise code is the vector within half a step, of whatever length", "[quantize][mid_rise]") {
    for (float const scale : {1e-3F, 1.0F, 50.0F}) {
        auto const x = normal_vector(384, 3, scale);
        auto const codes = codes_of(x, 8);
        auto const value = [&](std::size_t i) { return codes[i] + 0.5; };
        float const factor = quantize::mid_rise_factor(x, [&](std::size_t i) { return codes[i]; });
        std::vector<float> out(384);
        quantize::mid_rise_decode(value, factor, out);
        // Half a step is max|x| / 255; the factor is another one by less than 1 in 1000.
        double most = 0;
        for (float const v : x) most = std::max(most, std::abs(double(v)));
        for (std::size_t i = 0; i < 384; ++i) CHECK(std::abs(double(out[i]) - double(x[i])) <= 1.3 * most / 255);
        CHECK(std::abs(dot_by_definition<float>(out, x).value / dot_by_definition<float>(x, x).value - 1) <= 1e-6);
        quantize::mid_rise_decode(value, 0.0F, out);
        CHECK(out == std::vector<float>(384, 0.0F));
    }
}
