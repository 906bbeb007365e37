// SPDX-License-Identifier: Apache-2.0
#include <simile/score/top_mean.hpp>

#include "score/score_samples.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>

using namespace simile;
using namespace simile::test;

TEST_CASE("top means are the means of the k largest of a column, k cut to the bank", "[score][top_mean]") {
    score_sample const bank(13, 9, 4);
    for (std::size_t const k : {1U, 3U, 13U, 100U}) {
        auto const means = score::bank_top_means(bank.matrix(), 9, k);
        for (std::size_t g = 0; g < 9; ++g) {
            auto column = bank.column(g);
            std::sort(column.begin(), column.end(), std::greater<>());
            column.resize(std::min<std::size_t>(k, 13));
            double sum = 0;
            for (float const v : column) sum += double{v};
            REQUIRE(nearly(means[g], sum / double(column.size()), 1e-12));
            auto const whole = bank.column(g);
            REQUIRE(score::top_mean(std::span<float const>(whole), k) == means[g]);
        }
    }
    CHECK(score::bank_top_means(matrix_view<float const>(), 2, 5) == std::vector<double>{0, 0});
}

TEST_CASE("top means refuse k = 0 and what is not finite", "[score][top_mean]") {
    score_sample bank(2, 3, 1);
    auto const with = [&](std::size_t items, std::size_t k) {
        return outcome([&] { return score::bank_top_means(bank.matrix(), items, k); });
    };
    CHECK(with(3, 2) == "ok");
    CHECK(with(3, 0) == "invalid_argument");
    CHECK(with(2, 2) == "dimension_mismatch");
    bank.values()[5] = -std::numeric_limits<float>::infinity();
    CHECK(with(3, 2) == "not_finite");
    CHECK(outcome([&] { return score::top_mean(bank.row(0), 0); }) == "invalid_argument");
    CHECK(outcome([&] { return score::top_mean(bank.row(1), 1); }) == "not_finite");
}
