// SPDX-License-Identifier: Apache-2.0
#include <simile/score/dynamic_inverted_softmax.hpp>

#include "score/score_samples.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;

TEST_CASE("dynamic inverted softmax ranks each row as the published one, with either gate", "[score][dynamic_inverted_softmax]") {
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        score_sample const bank(8, 10, seed), query(1, 10, seed + 100);
        auto const bias = score::inverted_softmax(bank.matrix(), 10);
        auto const lse = score::bank_log_sum_exp(bank.matrix(), 10, 20);
        for (bool const open : {false, true}) {
            std::vector<double> ours, published;
            for (std::size_t g = 0; g < 10; ++g) {
                double const s = double{query.row(0)[g]};
                ours.push_back(score::dynamic_score(s, bias[g], open));
                published.push_back(score::published_dynamic_score(s, lse[g], 20, open));
                if (!open) REQUIRE(published.back() == s);
            }
            REQUIRE(order_of_scores(ours) == order_of_scores(published));
        }
    }
}

TEST_CASE("with a shut gate the bias does nothing", "[score][dynamic_inverted_softmax]") {
    CHECK(score::dynamic_score(0.5, 0.25, false) == 0.5);
    CHECK(score::dynamic_score(0.5, 0.25, true) == 0.25);
}
