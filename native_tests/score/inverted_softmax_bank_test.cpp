// SPDX-License-Identifier: Apache-2.0
#include <simile/score/inverted_softmax_bank.hpp>

#include "score/changing_scores.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>

using namespace simile;
using namespace simile::test;
using score::inverted_softmax_bank;
using score::score_range;

namespace {
/// Random additions and removals of rows and items: the largest difference to fitting at once.
double worst_after_changes(double beta, score_range range, std::uint64_t seed) {
    changing_scores now;
    inverted_softmax_bank bank(0, beta, range);
    double worst = 0;
    for (std::size_t step = 0; step < 120; ++step) {
        now.change(bank, 1000 * seed + step, step, [&](std::vector<float> const& row) {
            for (row_t const g : bank.remove_row(row)) bank.set_item(g, now.item(now.items[g]));
        });
        REQUIRE(bank.items() == now.items.size());
        REQUIRE(bank.weight() == double(now.rows.size()));
        auto const expected = score::inverted_softmax(now.matrix(), now.items.size(), {beta});
        for (std::size_t g = 0; g < expected.size(); ++g) worst = std::max(worst, std::abs(bank.bias(static_cast<row_t>(g)) - expected[g]));
    }
    return worst;
}
}  // namespace

TEST_CASE("a bank after any additions and removals is that fitted at once", "[score][inverted_softmax_bank]") {
    for (double const beta : {0.1, 5.0, 20.0, 100.0, 300.0})
        for (std::uint64_t seed = 0; seed < 4; ++seed) {
            CAPTURE(beta, seed);
            CHECK(worst_after_changes(beta, score_range::cosine, seed) <= 1e-6);
            CHECK(worst_after_changes(beta, score_range::any, seed) <= 1e-6);
        }
    CHECK(worst_after_changes(1000, score_range::cosine, 1) <= 1e-6);
}

TEST_CASE("two halves of a bank merge into the whole, and its values make it anew", "[score][inverted_softmax_bank]") {
    score_sample const all(30, 45, 2);
    for (auto const range : {score_range::cosine, score_range::any}) {
        inverted_softmax_bank first(45, 20, range), second(45, 20, range);
        for (std::size_t b = 0; b < 30; ++b) (b < 11 ? first : second).add_row(all.row(b));
        first.merge(second);
        auto const expected = score::inverted_softmax(all.matrix(), 45);
        std::vector<double> values;
        for (row_t g = 0; g < 45; ++g) {
            REQUIRE(nearly(first.bias(g), expected[g]));
            REQUIRE(first.biases()[g] == static_cast<float>(first.bias(g)));
            values.push_back(first.lse(g));
        }
        auto restored = inverted_softmax_bank::of_values(values, first.weight(), 20, range);
        for (auto* one : {&first, &restored}) {
            one->add_row(all.row(0));
            REQUIRE(one->remove_row(all.row(3)).empty());
        }
        for (row_t g = 0; g < 45; ++g) REQUIRE(nearly(restored.bias(g), first.bias(g)));
    }
}

TEST_CASE("a scan may fill the sums by blocks", "[score][inverted_softmax_bank]") {
    score_sample const all(7, 64, 5);
    inverted_softmax_bank by_rows(64), by_blocks(64);
    for (std::size_t b = 0; b < 7; ++b) {
        by_rows.add_row(all.row(b));
        for (std::size_t first = 0; first < 64; first += block_rows)
            score::add_exponentials(all.row(b).subspan(first).first<block_rows>(), 20, by_blocks.sums().subspan(first).first<block_rows>());
    }
    by_blocks.rows_added(7);
    REQUIRE(by_blocks.has_sums());
    CHECK(by_rows.biases() == by_blocks.biases());
    CHECK_FALSE(inverted_softmax_bank(64, 20, score_range::any).has_sums());
}

TEST_CASE("an empty bank has no bias and a decayed one forgets", "[score][inverted_softmax_bank]") {
    for (auto const range : {score_range::cosine, score_range::any}) {
        inverted_softmax_bank bank(2, 20, range);
        CHECK(bank.biases() == std::vector<float>(2, 0.0F));
        bank.add_row(std::vector<float>{0.9F, -0.9F});
        CHECK(nearly(bank.bias(0), double{0.9F}));
        for (int i = 0; i < 60; ++i) {
            bank.decay(0.5);
            bank.add_row(std::vector<float>{0.1F, 0.2F});
        }
        CHECK(nearly(bank.weight(), 2));
        CHECK(nearly(bank.bias(0), 0.1, 1e-3));
        CHECK(nearly(bank.bias(1), 0.2));
        CHECK(outcome([&] {
                  bank.add_item(std::vector<float>{0.1F, 0.2F});
                  return 0;
              }) == "invalid_argument");
    }
}

TEST_CASE("a bank of logits needs no range", "[score][inverted_softmax_bank]") {
    inverted_softmax_bank bank(2, 20, score_range::any);
    bank.add_row(std::vector<float>{100, -1e5F});
    bank.add_row(std::vector<float>{90, -1e5F});
    CHECK(nearly(bank.bias(0), 100 - std::log(2.0) / 20));
    CHECK(nearly(bank.bias(1), -1e5));
}

TEST_CASE("a bank refuses what makes no sense and does not change", "[score][inverted_softmax_bank]") {
    inverted_softmax_bank bank(2);
    bank.add_row(std::vector<float>{0.5F, 0.25F});
    auto const before = bank.biases();
    auto const row = [&](std::vector<float> const& scores) {
        return outcome([&] {
            bank.add_row(scores);
            return 0;
        });
    };
    CHECK(row({0.5F}) == "dimension_mismatch");
    CHECK(row({0.5F, std::nanf("")}) == "not_finite");
    CHECK(row({0.5F, 1.5F}) == "invalid_argument");
    CHECK(outcome([&] {
              bank.add_item(std::vector<float>{0.5F, 1.0F});
              return 0;
          }) == "dimension_mismatch");
    CHECK(outcome([&] {
              bank.remove_item(2);
              return 0;
          }) == "out_of_range");
    CHECK(outcome([&] {
              bank.decay(0);
              return 0;
          }) == "invalid_argument");
    CHECK(outcome([&] {
              bank.decay(1.5);
              return 0;
          }) == "invalid_argument");
    CHECK(outcome([&] {
              bank.merge(inverted_softmax_bank(2, 5));
              return 0;
          }) == "invalid_argument");
    CHECK(outcome([&] {
              bank.merge(inverted_softmax_bank(3));
              return 0;
          }) == "dimension_mismatch");
    CHECK(outcome([] { return inverted_softmax_bank(2, 0).items(); }) == "invalid_argument");
    CHECK(outcome([] { return inverted_softmax_bank(2, std::numeric_limits<double>::infinity()).items(); }) == "not_finite");
    CHECK(bank.biases() == before);
    CHECK(outcome([] { return inverted_softmax_bank(2).remove_row(std::vector<float>{0, 0}); }) == "invalid_argument");
}
