// SPDX-License-Identifier: Apache-2.0
#include <simile/score/globally_corrected.hpp>

#include "score/changing_scores.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using score::globally_corrected_bank;

TEST_CASE("ranks after any changes are the counts of larger scores", "[score][globally_corrected]") {
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
        changing_scores now;
        for (float& v : now.scores.values()) v = std::round(v * 8) / 8;  // many are equal
        globally_corrected_bank bank;
        for (std::size_t step = 0; step < 150; ++step) {
            now.change(bank, seed * 1000 + step, step, [&](std::vector<float> const& row) { bank.remove_row(row); });
            auto const at_once = score::falling_bank_scores(now.matrix(), now.items.size());
            REQUIRE(bank.items() == now.items.size());
            REQUIRE(bank.bank_rows() == now.rows.size());
            for (std::size_t g = 0; g < now.items.size(); ++g) {
                auto const scores = now.item(now.items[g]);
                auto const kept = bank.scores(static_cast<row_t>(g));
                REQUIRE(std::vector<float>(kept.begin(), kept.end()) == at_once[g]);
                for (float const s : {-2.0F, -0.5F, 0.1F, 0.375F, 1.0F}) {
                    auto const larger = std::count_if(scores.begin(), scores.end(), [s](float v) { return v > s; });
                    REQUIRE(bank.rank(static_cast<row_t>(g), s) == static_cast<std::size_t>(larger));
                }
            }
        }
    }
}

TEST_CASE("an empty bank leaves the raw score", "[score][globally_corrected]") {
    globally_corrected_bank const bank(2);
    CHECK(score::corrected_score(0.25, bank.rank(1, 0.25F)) == 0.25);
}

TEST_CASE("the rank decides before the score", "[score][globally_corrected]") {
    CHECK(score::corrected_score(0.9, 1) < score::corrected_score(0.1, 0));
    CHECK(score::corrected_score(0.9, 1) > score::corrected_score(-0.9, 0));  // as published
    CHECK_FALSE(score::corrected_before(1, 0.9, 0, -0.9));
    CHECK(score::corrected_before(0, -0.9, 1, 0.9));
    CHECK(score::corrected_before(2, 0.5, 2, 0.4));
    CHECK_FALSE(score::corrected_before(2, 0.5, 2, 0.5));
}

TEST_CASE("a globally corrected bank refuses what makes no sense and does not change", "[score][globally_corrected]") {
    globally_corrected_bank bank(2);
    bank.add_row(std::vector<float>{0.5F, 0.25F});
    CHECK(outcome([&] {
              bank.remove_row(std::vector<float>{0.5F, 0.5F});
              return 0;
          }) == "invalid_argument");
    CHECK(bank.rank(0, 0) == 1);
    CHECK(outcome([&] {
              bank.add_row(std::vector<float>{0.5F});
              return 0;
          }) == "dimension_mismatch");
    CHECK(outcome([&] {
              bank.add_row(std::vector<float>{0.5F, std::nanf("")});
              return 0;
          }) == "not_finite");
    CHECK(outcome([&] {
              bank.add_item(std::vector<float>{});
              return 0;
          }) == "dimension_mismatch");
    CHECK(outcome([&] {
              bank.remove_item(2);
              return 0;
          }) == "out_of_range");
    CHECK(outcome([&] { return bank.rank(2, 0); }) == "out_of_range");
    bank.remove_row(std::vector<float>{0.5F, 0.25F});
    CHECK(outcome([&] {
              bank.remove_row(std::vector<float>{0.5F, 0.25F});
              return 0;
          }) == "invalid_argument");
    CHECK(outcome([] { return score::falling_bank_scores(matrix_view<float const>(nullptr, 1, 2), 3); }) == "dimension_mismatch");
}
