// SPDX-License-Identifier: Apache-2.0
#include <simile/score/background.hpp>

#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cmath>
#include <limits>

using namespace simile;
using namespace simile::test;

namespace {
double background_bias_of(std::vector<float> const& scores, score::background_options const& options = {}) {
    return score::background_bias(std::span<float const>(scores), options);
}
}  // namespace

TEST_CASE("the background bias is the mean of some ranks", "[score][background]") {
    std::vector<float> const scores{0.25F, 0.5F, -1, 0.75F, 0.5F};
    CHECK(background_bias_of(scores) == 0.75);
    CHECK(background_bias_of(scores, {.beta = 2}) == 1.5);
    CHECK(background_bias_of(scores, {.beta = 1, .k = 3}) == 1.75 / 3);
    CHECK(background_bias_of(scores, {.beta = 1, .k = 2, .first = 2}) == 0.375);
    CHECK(background_bias_of(scores, {.beta = 1, .k = 100}) == 0.2);
    CHECK(background_bias_of(scores, {.beta = 1, .k = 100, .first = 4}) == -1);
    CHECK(background_bias_of(scores, {.beta = 1, .k = std::numeric_limits<std::size_t>::max(), .first = 3}) == -0.375);
}

TEST_CASE("without a background there is no bias", "[score][background]") {
    CHECK(background_bias_of({}) == 0);
    CHECK(background_bias_of({0.5F}, {.beta = 1, .k = 1, .first = 1}) == 0);
    CHECK(background_bias_of({0.5F}, {.beta = 0}) == 0);
}

TEST_CASE("the background refuses what makes no sense", "[score][background]") {
    CHECK(outcome([] { return background_bias_of({0.5F}, {.beta = 1, .k = 0}); }) == "invalid_argument");
    CHECK(outcome([] { return background_bias_of({0.5F}, {.beta = -1}); }) == "invalid_argument");
    CHECK(outcome([] { return background_bias_of({0.5F}, {.beta = std::nan("")}); }) == "not_finite");
    CHECK(outcome([] { return background_bias_of({0.5F, std::nanf("")}); }) == "not_finite");
}
