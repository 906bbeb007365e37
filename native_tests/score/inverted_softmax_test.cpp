// SPDX-License-Identifier: Apache-2.0
#include <simile/score/inverted_softmax.hpp>

#include "score/score_samples.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>

using namespace simile;
using namespace simile::test;

TEST_CASE("inverted softmax ranks as the published ratio", "[score][inverted_softmax]") {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        score_sample const bank(9, 12, seed), queries(5, 12, seed + 50);
        auto const bias = score::inverted_softmax(bank.matrix(), 12);
        for (std::size_t q = 0; q < 5; ++q) {
            std::vector<double> ours(12), published(12);
            for (std::size_t g = 0; g < 12; ++g) {
                double sum = 0;
                for (std::size_t b = 0; b < 9; ++b) sum += std::exp(20 * double{bank.matrix()[b][g]});
                published[g] = std::exp(20 * double{queries.matrix()[q][g]}) / sum;
                ours[g] = double{queries.matrix()[q][g]} - bias[g];
                // The ratio is e^(beta (s - bias)) / NB.
                REQUIRE(std::abs(published[g] * 9 / std::exp(20 * ours[g]) - 1) < 1e-9);
            }
            REQUIRE(order_of_scores(ours) == order_of_scores(published));
        }
    }
}

TEST_CASE("the bias is between the mean and the largest score with the bank", "[score][inverted_softmax]") {
    score_sample const bank(40, 6, 3);
    auto const warm = score::inverted_softmax(bank.matrix(), 6, {1e-4}), cold = score::inverted_softmax(bank.matrix(), 6, {1e6});
    for (std::size_t g = 0; g < 6; ++g) {
        double mean = 0, largest = -1;
        for (std::size_t b = 0; b < 40; ++b) {
            mean += double{bank.matrix()[b][g]} / 40;
            largest = std::max(largest, double{bank.matrix()[b][g]});
        }
        CHECK(std::abs(warm[g] - mean) < 1e-4);
        CHECK(std::abs(cold[g] - largest) < 1e-5);
    }
}

TEST_CASE("an empty bank leaves scores as they are", "[score][inverted_softmax]") {
    CHECK(score::inverted_softmax(matrix_view<float const>(), 4) == std::vector<double>(4, 0.0));
    constexpr double nothing = -std::numeric_limits<double>::infinity();
    CHECK(score::inverted_softmax_bias(nothing, 0, 20) == 0);
    CHECK(score::inverted_softmax_log(0.5, nothing, 20) == 10);
}

TEST_CASE("inverted softmax does not overflow where the plain one does", "[score][inverted_softmax]") {
    std::vector<float> const logits{100, -100, 1e4F, 1e30F, 90, -100, -1e4F, -1e30F};
    auto const bias = score::inverted_softmax(matrix_view<float const>(logits, 4), 4, {20});
    CHECK(std::abs(bias[0] - (100 - std::log(2.0) / 20)) < 1e-9);
    CHECK(std::abs(bias[1] - -100) < 1e-9);
    CHECK(std::abs(bias[2] - (1e4 - std::log(2.0) / 20)) < 1e-9);
    CHECK(std::isfinite(bias[3]));
}

TEST_CASE("inverted softmax refuses a beta of nothing or of infinity", "[score][inverted_softmax]") {
    score_sample const bank(2, 3, 1);
    auto const with = [&](double beta) { return outcome([&] { return score::inverted_softmax(bank.matrix(), 3, {beta}); }); };
    CHECK(with(0) == "invalid_argument");
    CHECK(with(-20) == "invalid_argument");
    CHECK(with(std::numeric_limits<double>::infinity()) == "not_finite");
    CHECK(with(1e-3) == "ok");
}
