// SPDX-License-Identifier: Apache-2.0
#include <simile/eval/calibration_error.hpp>

#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using eval::brier_score;
using eval::expected_calibration_error;
using eval::reliability_diagram;

TEST_CASE("a probability belongs to the bin that ends with it, and 0 to the first", "[eval][calibration_error]") {
    auto const bins = reliability_diagram(std::vector<float>{0, 0.25F, 0.26F, 0.5F, 1, 0.75F}, std::vector<std::uint8_t>{0, 1, 1, 0, 1, 1}, 4);
    REQUIRE(bins.size() == 4);
    CHECK((bins[0].count == 2 && bins[1].count == 2 && bins[2].count == 1 && bins[3].count == 1));
    CHECK(bins[0].accuracy == 0.5);
    CHECK(bins[0].confidence == 0.125);
    CHECK((bins[2].low == 0.5 && bins[2].high == 0.75));
    double const expected = (2 * 0.375 + 2 * std::abs(0.5 - (double{0.26F} + 0.5) / 2) + 0.25 + 0) / 6;
    CHECK(std::abs(expected_calibration_error(bins) - expected) < 1e-12);
}

TEST_CASE("the error is 0 for honest probabilities and 1 for certain wrong ones", "[eval][calibration_error]") {
    std::vector<float> honest(100, 0.25F);
    std::vector<std::uint8_t> labels(100);
    for (std::size_t i = 0; i < 100; i += 4) labels[i] = 1;
    CHECK(expected_calibration_error(reliability_diagram(honest, labels)) == 0);
    CHECK(std::abs(brier_score(honest, labels) - 0.1875) < 1e-12);
    std::vector<float> const sure{1, 0};
    std::vector<std::uint8_t> const wrong{0, 1};
    CHECK(expected_calibration_error(reliability_diagram(sure, wrong)) == 1);
    CHECK(brier_score(sure, wrong) == 1);
    CHECK(expected_calibration_error({}) == 0);
}

TEST_CASE("a reliability diagram refuses what is no probability", "[eval][calibration_error]") {
    std::vector<std::uint8_t> const labels{0, 1};
    CHECK(outcome([&] { return reliability_diagram(std::vector<float>{0.5F, 1.5F}, labels); }) == "invalid_argument");
    CHECK(outcome([&] { return reliability_diagram(std::vector<float>{0.5F, -0.5F}, labels); }) == "invalid_argument");
    CHECK(outcome([&] { return reliability_diagram(std::vector<float>{0.5F, NAN}, labels); }) == "not_finite");
    CHECK(outcome([&] { return reliability_diagram(std::vector<float>{0.5F}, labels); }) == "dimension_mismatch");
    CHECK(outcome([&] { return reliability_diagram({}, {}); }) == "invalid_argument");
    CHECK(outcome([&] { return reliability_diagram(std::vector<float>{0.5F, 0}, labels, 0); }) == "invalid_argument");
    CHECK(outcome([&] { return brier_score({}, {}); }) == "invalid_argument");
}
