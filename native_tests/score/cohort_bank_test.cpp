// SPDX-License-Identifier: Apache-2.0
#include <simile/score/cohort_bank.hpp>

#include "score/changing_scores.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using score::cohort_bank;

TEST_CASE("a cohort after any additions and removals is that taken at once", "[score][cohort_bank]") {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        changing_scores now;
        cohort_bank bank;
        for (std::size_t step = 0; step < 200; ++step) {
            now.change(bank, seed * 1000 + step, step, [&](std::vector<float> const& row) { bank.remove_row(row); });
            auto const expected = score::bank_cohort_moments(now.matrix(), now.items.size());
            REQUIRE(bank.items() == now.items.size());
            REQUIRE(bank.cohort_size() == now.rows.size());
            for (std::size_t g = 0; g < expected.size(); ++g) {
                auto const found = bank.moments(static_cast<row_t>(g));
                REQUIRE(std::abs(found.mean - expected[g].mean) <= 1e-6);
                REQUIRE(std::abs(found.deviation - expected[g].deviation) <= 1e-6);
            }
        }
    }
}

TEST_CASE("a bank of cohorts refuses what makes no sense and does not change", "[score][cohort_bank]") {
    cohort_bank bank(2);
    CHECK(bank.moments(1).normalized(0.5) == 0.5);
    CHECK(outcome([&] {
              bank.remove_row(std::vector<float>{0, 0});
              return 0;
          }) == "invalid_argument");
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
              bank.add_item(std::vector<float>{});
              return 0;
          }) == "dimension_mismatch");
    CHECK(outcome([&] {
              bank.remove_item(2);
              return 0;
          }) == "out_of_range");
    CHECK(outcome([&] { return bank.moments(2); }) == "out_of_range");
    CHECK(outcome([&] { return bank.moments(0, 0); }) == "invalid_argument");
    CHECK(bank.moments(0) == score::cohort_moments{0.5, 1e-6});
}
