// SPDX-License-Identifier: Apache-2.0
#include <simile/quantize/affine.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>
#include <numeric>

using namespace simile;
using namespace simile::test;
using quantize::affine_ranges;

namespace {

/// Rows whose dimensions differ in place and width.
std::vector<float> uneven_rows(std::size_t rows, std::size_t d, std::uint64_t seed) {
    auto values = normal_vector(rows * d, seed);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = values[i] * static_cast<float>(1 + i % d) + static_cast<float>(i % d);
    return values;
}

}  // namespace

TEST_CASE("affine ranges are the quantiles of the sample", "[quantize][affine]") {
    // 0, 1 .. 1000 in dimension 0, in a stirred order; a constant in dimension 1.
    std::vector<float> values;
    for (int i = 0; i <= 1000; ++i) {
        values.push_back(static_cast<float>(i * 8 % 1001));
        values.push_back(-2.5F);
    }
    auto const ranges = affine_ranges::fitted({values, 2}, 8, 0.01);
    CHECK(ranges.low()[0] == 10);
    CHECK(ranges.step()[0] == static_cast<float>(980 / 255.0));
    CHECK(ranges.low()[1] == -2.5F);
    CHECK(ranges.step()[1] == 0);
    auto const all = affine_ranges::fitted({values, 2}, 4, 0);
    CHECK(all.low()[0] == 0);
    CHECK(all.step()[0] == static_cast<float>(1000 / 15.0));
}

TEST_CASE("an affine code is the nearest level of its range", "[quantize][affine]") {
    std::size_t const d = 37;
    auto const values = uneven_rows(500, d, 1);
    matrix_view<float const> const rows(values, d);
    for (unsigned bits = 1; bits <= 8; ++bits) {
        auto const ranges = affine_ranges::fitted(rows, bits);
        std::vector<std::uint8_t> codes(d);
        std::vector<float> y(d);
        for (std::size_t i = 0; i < rows.rows(); ++i) {
            CHECK(ranges.encode(rows[i], codes) == quantize::code_factors{1, 0});
            ranges.decode(codes, y);
            for (std::size_t j = 0; j < d; ++j) {
                double const low = ranges.low()[j], high = low + double{ranges.step()[j]} * (std::ldexp(1.0, int(bits)) - 1);
                double const cut = std::clamp(double{rows[i][j]}, low, high);
                CAPTURE(bits, i, j);
                REQUIRE(std::abs(y[j] - cut) <= double{ranges.step()[j]} / 2 * (1 + 1e-4) + 1e-6);
            }
        }
    }
}

TEST_CASE("a folded query estimates the inner product with the decoded row", "[quantize][affine]") {
    std::size_t const d = 100;
    auto const values = uneven_rows(300, d, 2);
    matrix_view<float const> const rows(values, d);
    for (unsigned const bits : {1U, 4U, 8U}) {
        auto const ranges = affine_ranges::fitted(rows, bits);
        auto const q = normal_vector(d, 3);
        std::vector<float> folded(d), y(d);
        double const constant = ranges.fold(q, folded);
        std::vector<std::uint8_t> codes(d);
        for (std::size_t i = 0; i < rows.rows(); ++i) {
            auto const factors = ranges.encode(rows[i], codes);
            ranges.decode(codes, y);
            auto const expected = dot_by_definition<float>(y, q);
            CHECK(std::abs(constant + quantize::estimate_by_levels(codes, bits, factors, folded) - expected.value) <=
                  1e-6 * expected.magnitude);
        }
    }
}

TEST_CASE("affine codes of 8 bits keep inner products to a 256th of the range", "[quantize][affine]") {
    std::size_t const d = 384;
    auto values = normal_vector(400 * d, 5);
    matrix_view<float const> const rows(values, d);
    auto const ranges = affine_ranges::fitted(rows, 8);
    double sum = 0, squares = 0, exact = 0;
    std::vector<std::uint8_t> codes(d);
    std::vector<float> folded(d);
    for (std::size_t i = 0; i < rows.rows(); ++i) {
        auto const q = unit_vector(d, 100'000 + i);
        double const constant = ranges.fold(q, folded);
        auto const factors = ranges.encode(rows[i], codes);
        double const error =
            constant + quantize::estimate_by_levels(codes, 8, factors, folded) - dot_by_definition<float>(rows[i], q).value;
        sum += error;
        squares += error * error;
        exact += dot_by_definition<float>(rows[i], q).value * dot_by_definition<float>(rows[i], q).value;
    }
    // Steps of 6 deviations / 255: 0.0068 of a deviation by rounding, and the cut ends.
    double const relative = std::sqrt(squares / exact);
    CAPTURE(relative);
    CHECK(relative <= 0.03);
    CHECK(relative >= 0.004);
    CHECK(std::abs(sum) <= 4 * std::sqrt(squares));
}

TEST_CASE("affine ranges refuse what is none", "[quantize][affine]") {
    std::vector<float> const two{1, 2}, bad{1, std::numeric_limits<float>::quiet_NaN()};
    CHECK(outcome([&] { return affine_ranges(8, two, two); }) == "ok");
    CHECK(outcome([&] { return affine_ranges(0, two, two); }) == "invalid_argument");
    CHECK(outcome([&] { return affine_ranges(9, two, two); }) == "invalid_argument");
    CHECK(outcome([&] { return affine_ranges(8, {}, {}); }) == "invalid_argument");
    CHECK(outcome([&] { return affine_ranges(8, two, {1}); }) == "dimension_mismatch");
    CHECK(outcome([&] { return affine_ranges(8, two, bad); }) == "not_finite");
    CHECK(outcome([&] { return affine_ranges(8, two, {1, -1}); }) == "invalid_argument");
    CHECK(outcome([&] { return affine_ranges::fitted({}, 8); }) == "invalid_argument");
    CHECK(outcome([&] { return affine_ranges::fitted({two, 2}, 8, 0.5); }) == "invalid_argument");
    CHECK(outcome([&] { return affine_ranges::fitted({bad, 2}, 8); }) == "not_finite");
    CHECK(outcome([&] { return affine_ranges::fitted({two, 1}, 9); }) == "invalid_argument");
}
