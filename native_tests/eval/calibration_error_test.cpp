// SPDX-License-Identifier: Apache-2.0
#include <simile/eval/calibration_error.hpp>

#include <simile/io/npy.hpp>
#include <simile/score/calibration.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"
#include "support/shared_data.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <fstream>

using namespace simile;
using namespace simile::test;
using eval::brier_score;
using eval::expected_calibration_error;
using eval::reliability_diagram;

TEST_CASE("a probability belongs to the bin that ends with it, and 0 to the first", "[eval][calibration_error]") {
    auto const bins =
        reliability_diagram(std::vector<float>{0, 0.25F, 0.26F, 0.5F, 1, 0.75F}, std::vector<std::uint8_t>{0, 1, 1, 0, 1, 1}, 4);
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

TEST_CASE("calibrations fitted to half of the definitions have an error below 0.05 on the other half",
          "[eval][calibration_error][shared]") {
    auto const glosses = io::read_npy<float>(shared_file("data/use512-wordnet20k.npy")),
               queries = io::read_npy<float>(shared_file("data/use512-revdict1000.npy"));
    std::ifstream file(shared_file("data/revdict1000.json"));
    auto const cases = nlohmann::json::parse(file);
    // The right glosses of each definition, and four of any.
    std::vector<float> scores, truth;
    std::vector<std::uint8_t> labels;
    std::size_t half = 0;
    xoshiro256 random(1);
    for (std::size_t q = 0; q < cases.size(); ++q) {
        if (q == cases.size() / 2) half = scores.size();
        auto rows = cases[q].at("rows").get<std::vector<std::size_t>>();
        std::size_t const right = rows.size();
        for (int i = 0; i < 4; ++i) rows.push_back(random() % glosses.rows());
        for (std::size_t i = 0; i < rows.size(); ++i) {
            scores.push_back(static_cast<float>(cosine_by_definition<float>(queries.matrix()[q], glosses.matrix()[rows[i]])));
            labels.push_back(i < right);
            truth.push_back(i < right ? 1.0F : 0.0F);
        }
    }
    auto const fit_scores = std::span(scores).first(half);
    auto const fit_labels = std::span(labels).first(half);
    std::vector<double> chances;
    for (float const s : fit_scores) chances.push_back(score::beta_calibration::of_cosine(double{s}));
    auto const error_of = [&](auto const& calibration) {
        std::vector<float> p;
        for (float const s : std::span(scores).subspan(half)) p.push_back(static_cast<float>(calibration(double{s})));
        return expected_calibration_error(reliability_diagram(p, std::span(labels).subspan(half)));
    };
    auto const beta = score::fit_beta(chances, fit_labels);
    CHECK(error_of(score::fit_platt(fit_scores, fit_labels)) <= 0.05);
    CHECK(error_of(score::fit_isotonic(fit_scores, std::span(truth).first(half))) <= 0.05);
    CHECK(error_of([&](double s) { return beta(score::beta_calibration::of_cosine(s)); }) <= 0.05);
    CHECK(error_of([](double s) { return std::clamp(s, 0.0, 1.0); }) > 0.05);  // what it would be without
}
