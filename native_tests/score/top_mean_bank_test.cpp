// SPDX-License-Identifier: Apache-2.0
#include <simile/score/top_mean_bank.hpp>

#include "score/changing_scores.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using score::top_mean_bank;

TEST_CASE("means of the k largest after any changes are those taken at once, bit for bit", "[score][top_mean_bank]") {
    for (std::size_t const k : {1U, 3U, 10U, 200U})
        for (std::uint64_t seed = 0; seed < 10; ++seed) {
            changing_scores now;
            top_mean_bank bank(0, k);
            for (std::size_t step = 0; step < 150; ++step) {
                now.change(bank, seed * 1000 + step, step, [&](std::vector<float> const& row) {
                    for (row_t const g : bank.remove_row(row)) bank.set_item(g, now.item(now.items[g]));
                });
                auto const expected = score::bank_top_means(now.matrix(), now.items.size(), k);
                REQUIRE(bank.bank_rows() == now.rows.size());
                REQUIRE(bank.items() == now.items.size());
                for (std::size_t g = 0; g < expected.size(); ++g) REQUIRE(bank.mean(static_cast<row_t>(g)) == expected[g]);
            }
        }
}

TEST_CASE("only items that listed a removed row are named", "[score][top_mean_bank]") {
    top_mean_bank bank(2, 1);
    bank.add_row(std::vector<float>{0.5F, 0.1F});
    bank.add_row(std::vector<float>{0.25F, 0.9F});
    CHECK(bank.biases(0.5) == std::vector<float>{0.25F, 0.45F});
    CHECK(bank.remove_row(std::vector<float>{0.25F, 0.9F}) == std::vector<row_t>{1});
}

TEST_CASE("a bank of top means refuses what makes no sense and does not change", "[score][top_mean_bank]") {
    top_mean_bank bank(2, 3);
    CHECK(bank.biases(0.75) == std::vector<float>{0, 0});
    CHECK(outcome([&] { return bank.remove_row(std::vector<float>{0, 0}); }) == "invalid_argument");
    bank.add_row(std::vector<float>{0.5F, 0.25F});
    CHECK(outcome([&] {
              bank.add_row(std::vector<float>{1});
              return 0;
          }) == "dimension_mismatch");
    CHECK(outcome([&] {
              bank.add_row(std::vector<float>{1, std::nanf("")});
              return 0;
          }) == "not_finite");
    CHECK(outcome([&] {
              bank.add_item(std::vector<float>{1, 1});
              return 0;
          }) == "dimension_mismatch");
    CHECK(outcome([&] {
              bank.set_item(2, std::vector<float>{1});
              return 0;
          }) == "out_of_range");
    CHECK(outcome([&] {
              bank.remove_item(2);
              return 0;
          }) == "out_of_range");
    CHECK(outcome([] { return top_mean_bank(2, 0).k(); }) == "invalid_argument");
    CHECK(bank.mean(0) == 0.5);
    CHECK(bank.mean(1) == 0.25);
}
