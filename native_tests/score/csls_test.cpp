// SPDX-License-Identifier: Apache-2.0
#include <simile/score/csls.hpp>

#include "score/score_samples.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;

TEST_CASE("the bias of CSLS ranks a query's items as the published score", "[score][csls]") {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        score_sample const bank(15, 8, seed), query(1, 8, seed + 100);
        auto const bias = score::csls(bank.matrix(), 8, 3);
        auto const item = score::bank_top_means(bank.matrix(), 8, 3);
        double const r_query = score::top_mean(query.row(0), 3);
        std::vector<double> ours, published;
        for (std::size_t g = 0; g < 8; ++g) {
            double const s = double{query.row(0)[g]};
            ours.push_back(s - bias[g]);
            published.push_back(score::csls_score(s, r_query, item[g]));
            REQUIRE(nearly(published[g], 2 * ours[g] - r_query, 1e-12));
        }
        REQUIRE(order_of_scores(ours) == order_of_scores(published));
    }
}

TEST_CASE("CSLS of an empty bank leaves scores as they are, and k = 0 is refused", "[score][csls]") {
    CHECK(score::csls(matrix_view<float const>(), 2) == std::vector<double>{0, 0});
    CHECK(outcome([] { return score::csls(matrix_view<float const>(), 2, 0); }) == "invalid_argument");
}
