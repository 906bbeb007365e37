// SPDX-License-Identifier: Apache-2.0
#include <simile/score/activation_set.hpp>

#include "score/score_samples.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using score::activation_set;

namespace {
/// A few values only, so that most scores are equal to others.
float coarse_score(std::uint64_t seed, std::size_t b, std::size_t g) {
    xoshiro256 random(seed + 1000 * b + g);
    return static_cast<float>(random() % 4) / 4;
}

std::vector<std::size_t> best_by_definition(std::vector<float> const& scores, std::size_t k) {
    auto order = order_of_scores({scores.begin(), scores.end()});
    order.resize(std::min(k, order.size()));
    return order;
}

struct changing_items {
    std::uint64_t seed;
    std::vector<std::size_t> rows, items;
    std::vector<float> row(std::size_t b) const {
        std::vector<float> out;
        for (std::size_t const g : items) out.push_back(coarse_score(seed, b, g));
        return out;
    }
    std::vector<float> item(std::size_t g) const {
        std::vector<float> out;
        for (std::size_t const b : rows) out.push_back(coarse_score(seed, b, g));
        return out;
    }
};
void require_as_at_once(activation_set const& set, changing_items const& now) {
    std::vector<std::uint32_t> counts(now.items.size());
    for (std::size_t b = 0; b < now.rows.size(); ++b) {
        auto const expected = best_by_definition(now.row(now.rows[b]), set.k());
        auto const found = set.best(b);
        REQUIRE(found.size() == expected.size());
        for (std::size_t i = 0; i < expected.size(); ++i) {
            REQUIRE(found[i].row == expected[i]);
            ++counts[expected[i]];
        }
    }
    REQUIRE(set.items() == counts.size());
    REQUIRE(std::vector<std::uint32_t>(set.counts().begin(), set.counts().end()) == counts);
    for (std::size_t g = 0; g < counts.size(); ++g) REQUIRE(set.active(static_cast<row_t>(g)) == (counts[g] > 0));
}
}  // namespace

TEST_CASE("the activation set after any changes is that of the banks' best, ties by row", "[score][activation_set]") {
    for (std::size_t const k : {1U, 2U, 5U})
        for (std::uint64_t seed = 0; seed < 12; ++seed) {
            changing_items now{seed * 100000, {}, {}};
            activation_set set(0, k);
            xoshiro256 random(seed);
            std::size_t next = 0;
            for (std::size_t step = 0; step < 150; ++step) {
                auto const pick = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
                auto const action = pick(7);
                if (action < 2) {
                    now.rows.push_back(pick(50));
                    set.add_row_scores(now.row(now.rows.back()));
                } else if (action < 5) {
                    now.items.push_back(next++);
                    set.add_item(now.item(now.items.back()));
                } else if (action == 5 && !now.rows.empty()) {
                    std::size_t const at = pick(now.rows.size());
                    now.rows[at] = now.rows.back();
                    now.rows.pop_back();
                    set.remove_row(at);
                } else if (action == 6 && !now.items.empty()) {
                    std::size_t const at = pick(now.items.size());
                    auto const last = now.item(now.items.back());
                    now.items[at] = now.items.back();
                    now.items.pop_back();
                    for (std::size_t const b : set.remove_item(static_cast<row_t>(at), last)) {
                        auto const scores = now.row(now.rows[b]);
                        std::vector<hit> best;
                        for (std::size_t const g : best_by_definition(scores, k)) best.push_back({static_cast<row_t>(g), scores[g]});
                        set.set_row(b, best);
                    }
                }
                require_as_at_once(set, now);
            }
        }
}

TEST_CASE("only the bank vectors that listed a removed item are searched again", "[score][activation_set]") {
    activation_set set(4);
    set.add_row_scores(std::vector<float>{0.1F, 0.9F, 0.2F, 0.3F});
    set.add_row_scores(std::vector<float>{0.1F, 0.2F, 0.9F, 0.3F});
    CHECK(set.remove_item(0, std::vector<float>{0.3F, 0.3F}).empty());
    CHECK(set.remove_item(1, std::vector<float>{0.2F, 0.9F}) == std::vector<std::size_t>{0});
}

TEST_CASE("an empty bank activates nothing", "[score][activation_set]") {
    activation_set const set(3);
    CHECK_FALSE(set.active(0));
    CHECK_FALSE(set.active(7));
}

TEST_CASE("the activation set refuses what makes no sense and does not change", "[score][activation_set]") {
    activation_set set(3, 2);
    set.add_row_scores(std::vector<float>{0.1F, 0.2F, 0.3F});
    auto const row = [&](std::vector<hit> const& best) {
        return outcome([&] {
            set.add_row(best);
            return 0;
        });
    };
    CHECK(row({{0, 0.5F}}) == "invalid_argument");
    CHECK(row({{0, 0.5F}, {3, 0.4F}}) == "out_of_range");
    CHECK(row({{0, 0.4F}, {1, 0.5F}}) == "invalid_argument");
    CHECK(row({{1, 0.5F}, {0, 0.5F}}) == "invalid_argument");
    CHECK(row({{0, 0.5F}, {0, 0.5F}}) == "invalid_argument");
    CHECK(row({{0, std::nanf("")}, {1, 0.5F}}) == "not_finite");
    CHECK(outcome([&] {
              set.add_row_scores(std::vector<float>{1, 2});
              return 0;
          }) == "dimension_mismatch");
    CHECK(outcome([&] {
              set.add_item(std::vector<float>{1, 2});
              return 0;
          }) == "dimension_mismatch");
    CHECK(outcome([&] {
              set.add_item(std::vector<float>{std::nanf("")});
              return 0;
          }) == "not_finite");
    CHECK(outcome([&] { return set.remove_item(3, {}); }) == "out_of_range");
    CHECK(outcome([&] { return set.remove_item(0, {}); }) == "dimension_mismatch");
    CHECK(outcome([&] {
              set.remove_row(1);
              return 0;
          }) == "out_of_range");
    CHECK(outcome([] { return activation_set(3, 0).k(); }) == "invalid_argument");
    CHECK(std::vector<std::uint32_t>(set.counts().begin(), set.counts().end()) == std::vector<std::uint32_t>{0, 1, 1});
    CHECK(set.bank_rows() == 1);
}
