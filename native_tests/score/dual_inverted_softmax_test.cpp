// SPDX-License-Identifier: Apache-2.0
#include <simile/score/dual_inverted_softmax.hpp>

#include "score/score_samples.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>

using namespace simile;
using namespace simile::test;

namespace {
score::dual_inverse_temperatures const temperatures{20, 5};

/// exp(beta s) / sum over the bank, by definition.
double plain_ratio(double s, std::vector<float> const& column, double beta) {
    double sum = 0;
    for (float const v : column) sum += std::exp(beta * double{v});
    return std::exp(beta * s) / sum;
}
}  // namespace

TEST_CASE("the dual bias ranks as the published product of two ratios", "[score][dual_inverted_softmax]") {
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        score_sample const queries(8, 10, seed), gallery(6, 10, seed + 100), query(1, 10, seed + 200);
        auto const bias = score::dual_inverted_softmax(queries.matrix(), gallery.matrix(), 10, temperatures);
        auto const one = score::inverted_softmax(queries.matrix(), 10, {20}), two = score::inverted_softmax(gallery.matrix(), 10, {5});
        std::vector<double> merged, dynamic, published;
        for (std::size_t g = 0; g < 10; ++g) {
            double const s = double{query.row(0)[g]};
            merged.push_back(s - bias[g]);
            dynamic.push_back(s - score::dual_bias(one[g], two[g], temperatures));
            published.push_back(plain_ratio(s, queries.column(g), 20) * plain_ratio(s, gallery.column(g), 5));
            auto const lse_one = score::bank_log_sum_exp(queries.matrix(), 10, 20),
                       lse_two = score::bank_log_sum_exp(gallery.matrix(), 10, 5);
            REQUIRE(nearly(score::dual_inverted_softmax_log(s, lse_one[g], lse_two[g], temperatures), std::log(published.back()), 1e-9));
            REQUIRE(dynamic.back() == merged.back());
        }
        REQUIRE(order_of_scores(merged) == order_of_scores(published));
    }
}

TEST_CASE("a bank whose gate is shut has no say", "[score][dual_inverted_softmax]") {
    CHECK(score::dual_bias(0.3, 0.7, temperatures, false, false) == 0);
    CHECK(score::dual_bias(0.3, 0.7, temperatures, true, false) == 0.3);
    CHECK(score::dual_bias(0.3, 0.7, temperatures, false, true) == 0.7);
    CHECK(nearly(score::dual_bias(0.3, 0.7, temperatures), (20 * 0.3 + 5 * 0.7) / 25, 1e-12));
}

TEST_CASE("empty banks leave scores as they are", "[score][dual_inverted_softmax]") {
    constexpr double nothing = -std::numeric_limits<double>::infinity();
    CHECK(score::dual_inverted_softmax(matrix_view<float const>(), matrix_view<float const>(), 3) == std::vector<double>(3, 0.0));
    CHECK(score::dual_inverted_softmax_log(0.5, nothing, nothing, temperatures) == 12.5);
}

TEST_CASE("dual inverted softmax refuses bad banks and betas", "[score][dual_inverted_softmax]") {
    score_sample const bank(2, 3, 1);
    auto const with = [&](score::dual_inverse_temperatures const& beta, std::size_t items = 3) {
        return outcome([&] { return score::dual_inverted_softmax(bank.matrix(), bank.matrix(), items, beta); });
    };
    CHECK(with(temperatures) == "ok");
    CHECK(with({0, 5}) == "invalid_argument");
    CHECK(with({20, 0}) == "invalid_argument");
    CHECK(with({20, std::numeric_limits<double>::infinity()}) == "not_finite");
    CHECK(with(temperatures, 4) == "dimension_mismatch");
}
