// SPDX-License-Identifier: Apache-2.0
#include <simile/score/dual_softmax.hpp>

#include "score/score_samples.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>

using namespace simile;
using namespace simile::test;

TEST_CASE("dual softmax is the score times its softmax over the queries times their number", "[score][dual_softmax]") {
    for (double const temperature : {0.05, 1.0, 1000.0}) {
        score_sample const scores(6, 4, 2);
        auto const dual = score::dual_softmax(scores.matrix(), temperature);
        for (std::size_t g = 0; g < 4; ++g) {
            double sum = 0;
            for (float const v : scores.column(g)) sum += std::exp(double{v} / temperature);
            for (std::size_t q = 0; q < 6; ++q) {
                double const s = double{scores.row(q)[g]};
                REQUIRE(nearly(dual[4 * q + g], s * std::exp(s / temperature) / sum * 6, 1e-12));
            }
        }
    }
}

TEST_CASE("one query alone, and one without a bank, keeps its scores", "[score][dual_softmax]") {
    score_sample const scores(1, 5, 3);
    auto const dual = score::dual_softmax(scores.matrix(), 0.01);
    for (std::size_t g = 0; g < 5; ++g) CHECK(nearly(dual[g], double{scores.row(0)[g]}, 1e-12));
    CHECK(nearly(score::online_dual_softmax(0.7, -std::numeric_limits<double>::infinity(), 0, 0.01), 0.7, 1e-12));
}

TEST_CASE("the online form is the batch of the bank and the query", "[score][dual_softmax]") {
    score_sample const bank(7, 3, 4), query(1, 3, 5);
    auto const banked = bank.matrix().values();
    std::vector<float> both(banked.begin(), banked.end());
    both.insert(both.end(), query.row(0).begin(), query.row(0).end());
    auto const batch = score::dual_softmax(matrix_view<float const>(both.data(), 8, 3), 0.1);
    auto const lse = score::bank_log_sum_exp(bank.matrix(), 3, 10);
    for (std::size_t g = 0; g < 3; ++g)
        CHECK(nearly(score::online_dual_softmax(double{query.row(0)[g]}, lse[g], 7, 0.1), batch[21 + g], 1e-9));
}

TEST_CASE("dual softmax of large logits stays finite, and refuses bad temperatures", "[score][dual_softmax]") {
    std::vector<float> const logits{1e5F, -1e5F, 9e4F, 1e5F};
    for (double const v : score::dual_softmax(matrix_view<float const>(logits, 2), 1.0)) CHECK(std::isfinite(v));
    CHECK(std::isfinite(score::online_dual_softmax(1e5, 1e6, 10, 1)));
    auto const with = [&](double temperature) {
        return outcome([&] { return score::dual_softmax(matrix_view<float const>(logits, 2), temperature); });
    };
    CHECK(with(0) == "invalid_argument");
    CHECK(with(-1) == "invalid_argument");
    CHECK(with(std::numeric_limits<double>::infinity()) == "not_finite");
    CHECK(with(std::nan("")) == "not_finite");
}
