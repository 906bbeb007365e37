// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/pcme_match.hpp>

#include "similarity/ranking.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <limits>

using namespace simile;
using namespace simile::test;
using similarity::pcme_match;

static_assert(pcme_match::order == ordering::larger_is_closer);

namespace {
double by_definition(token_matrix const& x, token_matrix const& y, double a, double b) {
    double sum = 0;
    for (std::size_t i = 0; i < x.rows; ++i)
        for (std::size_t j = 0; j < y.rows; ++j) {
            double const s = b - a * std::sqrt(squared_l2_by_definition<float>(x[i], y[j]).value);
            sum += std::exp(s) / (std::exp(s) + std::exp(-s));
        }
    return sum / double(x.rows * y.rows);
}
}  // namespace

TEST_CASE("pcme_match is the mean of e^s / (e^s + e^-s)", "[similarity][pcme_match]") {
    for (auto const [m, n, d] : {std::array<std::size_t, 3>{1, 1, 1}, {8, 8, 16}, {7, 3, 33}, {1, 9, 128}})
        for (std::uint64_t seed = 0; seed < 4; ++seed) {
            token_matrix const x(m, d, seed), y(n, d, seed + 40);
            double const scale = std::sqrt(2.0 * double(d)), exact = by_definition(x, y, 2 / scale, 2);
            CAPTURE(m, n, d, seed);
            REQUIRE(std::abs(pcme_match(2 / scale, 2)(x, y) - exact) <= 4e-6 * exact);
            REQUIRE(std::abs(pcme_match(2 / scale, 2)(x, y) - pcme_match(2 / scale, 2)(y, x)) <= 0x1p-23 * exact);
        }
}

TEST_CASE("pcme_match is the logistic of 2 s, not of s", "[similarity][pcme_match]") {
    token_matrix const x(1, {0}), y(1, {0.5F});
    CHECK(rounds_to(pcme_match(2, 2)(x, y), 1 / (1 + std::exp(-2.0))));  // s = 1
    CHECK(rounds_to(pcme_match()(x, x), 1 / (1 + std::exp(-10.0))));     // s = 5 by default
}

TEST_CASE("pcme_match does not overflow", "[similarity][pcme_match]") {
    token_matrix const x(1, {0}), far(1, {1e18F});
    CHECK(pcme_match(1e3, 0)(x, far) == 0);
    CHECK(pcme_match(1, 1e5)(x, x) == 1);
}

TEST_CASE("pcme_match refuses bad samples and parameters", "[similarity][pcme_match]") {
    token_matrix const x(2, 3, 1), wide(2, 4, 1), nan(3, {1, std::nanf(""), 1});
    matrix_view<float const> const none(x.values.data(), 0, 3);
    CHECK(outcome([&] { return pcme_match()(x, wide); }) == "dimension_mismatch");
    CHECK(outcome([&] { return pcme_match()(x, none); }) == "invalid_argument");
    CHECK(outcome([&] { return pcme_match()(none, x); }) == "invalid_argument");
    CHECK(outcome([&] { return pcme_match()(x, nan); }) == "not_finite");
    CHECK(outcome([] { return pcme_match(0); }) == "invalid_argument");
    CHECK(outcome([] { return pcme_match(std::numeric_limits<double>::infinity()); }) == "not_finite");
    CHECK(outcome([] { return pcme_match(1, std::nan("")); }) == "not_finite");
}
