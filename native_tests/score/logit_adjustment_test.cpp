// SPDX-License-Identifier: Apache-2.0
#include <simile/score/logit_adjustment.hpp>

#include "score/score_samples.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstdint>
#include <limits>

using namespace simile;
using namespace simile::test;

TEST_CASE("the logit adjustment ranks as scale s - tau ln prior", "[score][logit_adjustment]") {
    score_sample const query(1, 9, 1);
    std::vector<double> const prior{0.5, 0.2, 0.1, 0.05, 0.05, 0.04, 0.03, 0.02, 0.01};
    auto const bias = score::logit_adjustment(prior, {.tau = 0.7, .scale = 10});
    std::vector<double> ours, published;
    for (std::size_t g = 0; g < 9; ++g) {
        ours.push_back(double{query.row(0)[g]} - bias[g]);
        published.push_back(10 * double{query.row(0)[g]} - 0.7 * std::log(prior[g]));
        CHECK(nearly(10 * ours[g], published[g], 1e-12));
    }
    CHECK(order_of_scores(ours) == order_of_scores(published));
}

TEST_CASE("a prior of 0 is not adjusted, nor is any by tau 0", "[score][logit_adjustment]") {
    CHECK(score::logit_adjustment(std::vector<double>{0, 1}) == std::vector<double>{0, 0});
    CHECK(score::logit_adjustment(std::vector<double>{0.25, 0.5}, {.tau = 0}) == std::vector<double>{0, 0});
}

TEST_CASE("smoothed priors sum to 1 and are never 0", "[score][logit_adjustment]") {
    std::vector<std::uint32_t> const counts{0, 3, 1};
    CHECK(score::smoothed_priors(std::span<std::uint32_t const>(counts)) == std::vector<double>{1.0 / 7, 4.0 / 7, 2.0 / 7});
}

TEST_CASE("the logit adjustment refuses what makes no sense", "[score][logit_adjustment]") {
    auto const with = [](std::vector<double> const& priors, score::logit_adjustment_options const& options = {}) {
        return outcome([&] { return score::logit_adjustment(priors, options); });
    };
    CHECK(with({-0.1}) == "invalid_argument");
    CHECK(with({std::nan("")}) == "not_finite");
    CHECK(with({0.5}, {.tau = 1, .scale = 0}) == "invalid_argument");
    CHECK(with({0.5}, {.tau = std::numeric_limits<double>::infinity()}) == "not_finite");
}
