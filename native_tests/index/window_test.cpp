// SPDX-License-Identifier: Apache-2.0
#include <simile/index/sparse.hpp>
#include <simile/index/window.hpp>

#include "support/errors.hpp"
#include "support/random_draws.hpp"

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

using namespace simile;
using namespace simile::test;

namespace {

template <class Label>
[[nodiscard]] std::vector<Label> few_labels(random_draws& random, std::size_t n, bool sorted) {
    std::vector<Label> out;
    for (std::size_t i = 0; i < n; ++i) out.push_back(static_cast<Label>(random.below(30)) / static_cast<Label>(2));
    if (sorted) std::sort(out.begin(), out.end());
    return out;
}

template <class Label>
[[nodiscard]] label_window<Label> some_window(random_draws& random) {
    label_window<Label> out;
    if (random.below(5) != 0) out.least = static_cast<Label>(random.below(18)) - 1;
    if (random.below(5) != 0) out.most = static_cast<Label>(random.below(18)) - 1;
    out.with_least = random.below(2) == 0, out.with_most = random.below(2) == 0;
    return out;
}

}  // namespace

TEMPLATE_TEST_CASE("a window allows exactly the rows whose label is within", "[index][window]", double, float, std::int64_t, std::int32_t) {
    random_draws random(1);
    for (unsigned i = 0; i < 400; ++i) {
        bool const sorted = random.below(2) == 0;
        auto const labels = few_labels<TestType>(random, random.below(90), sorted);
        window_index<TestType> const index(labels);
        REQUIRE(index.size() == labels.size());
        if (sorted) REQUIRE(index.in_order());
        auto const window = some_window<TestType>(random);
        auto const filter = index.filter(window);
        REQUIRE(filter.rows() == labels.size());
        std::size_t count = 0;
        for (row_t row = 0; row < labels.size(); ++row) {
            bool const within = (window.with_least ? labels[row] >= window.least : labels[row] > window.least) &&
                                (window.with_most ? labels[row] <= window.most : labels[row] < window.most);
            REQUIRE(filter.allows(row) == within);
            REQUIRE(window.holds(labels[row]) == within);
            count += within ? 1U : 0U;
        }
        REQUIRE(index.count(window) == count);
        if (index.in_order()) {
            row_filter ranged(labels.size());
            for (row_range const& r : index.ranges(window))
                for (row_t row = r.first; row < r.last; ++row) ranged.allow(row);
            for (row_t row = 0; row < labels.size(); ++row) REQUIRE(ranged.allows(row) == filter.allows(row));
        } else {
            REQUIRE(outcome([&] { return index.ranges(window); }) == "invalid_argument");
        }
    }
}

TEMPLATE_TEST_CASE("a set of labels allows exactly their rows", "[index][window]", double, std::int32_t) {
    random_draws random(2);
    for (unsigned i = 0; i < 200; ++i) {
        auto const labels = few_labels<TestType>(random, random.below(70), random.below(2) == 0),
                   wanted = few_labels<TestType>(random, random.below(4), false);
        auto const filter = window_index<TestType>(labels).filter(std::span<TestType const>(wanted));
        for (row_t row = 0; row < labels.size(); ++row)
            REQUIRE(filter.allows(row) == (std::find(wanted.begin(), wanted.end(), labels[row]) != wanted.end()));
    }
    std::vector<double> const labels = {1, 2}, nan = {std::nan("")};
    auto const none = window_index<double>(labels).filter(std::span<double const>(nan));
    CHECK((!none.allows(0) && !none.allows(1)));
}

TEST_CASE("rows put in the order of their labels have windows that are ranges", "[index][window]") {
    std::vector<float> const labels = {3, 1, 2, 1, -0.0F, 0.0F};
    window_index<float> const index(labels);
    CHECK(index.order() == std::vector<row_t>{4, 5, 1, 3, 2, 0});
    std::vector<float> sorted;
    for (row_t const row : index.order()) sorted.push_back(labels[row]);
    window_index<float> const again(sorted);
    CHECK(again.in_order());
    CHECK(again.ranges({.least = 1, .most = 2}) == std::vector<row_range>{{2, 5}});
    CHECK(again.ranges({.least = 1, .most = 2, .with_least = false}) == std::vector<row_range>{{4, 5}});
    CHECK(again.ranges({.least = 4}).empty());
    CHECK(again.ranges({.least = 2, .most = 1}).empty());
    CHECK(again.ranges({}) == std::vector<row_range>{{0, 6}});
    CHECK(again.order() == std::vector<row_t>{0, 1, 2, 3, 4, 5});
    CHECK(window_index<float>({}).count({}) == 0);
}

TEST_CASE("a search within a window finds what a search of its rows alone does", "[index][window]") {
    random_draws random(3);
    auto const labels = few_labels<double>(random, 500, true);
    sparse_index index(sparse_form::counts);
    for (std::size_t row = 0; row < labels.size(); ++row)
        index.add(std::vector<sparse_weight>{{random.below(5), static_cast<float>(1 + random.below(9))}});
    window_index<double> const dates(labels);
    label_window<double> const window{.least = 3, .most = 7.5, .with_most = false};
    std::vector<sparse_weight> const query = {{1, 1}, {3, 1}};
    auto const filter = dates.filter(window);
    auto const ranges = dates.ranges(window);
    auto const hits = index.search(query, {.k = 20, .ranges = ranges});
    CHECK(hits == index.search(query, {.k = 20, .filter = &filter}));
    REQUIRE(hits.size() == 20);
    for (hit const& h : hits) CHECK((labels[h.row] >= 3 && labels[h.row] < 7.5));
}

TEST_CASE("labels and ends that are not numbers are refused", "[index][window]") {
    std::vector<float> const nan = {1, std::nanf("")}, infinite = {HUGE_VALF, 1}, good = {1, 2};
    CHECK(outcome([&] { return window_index<float>(nan); }) == "not_finite");
    CHECK(message([&] { return window_index<float>(nan); }) == "the label of row 1 is not finite");
    CHECK(outcome([&] { return window_index<float>(infinite); }) == "not_finite");
    window_index<float> const index(good);
    CHECK(outcome([&] { return index.filter({.least = std::nanf("")}); }) == "not_finite");
    CHECK(outcome([&] { return index.ranges({.most = std::nanf("")}); }) == "not_finite");
    CHECK(outcome([&] { return index.count({.most = std::nanf("")}); }) == "not_finite");
    CHECK(index.count({.least = -HUGE_VALF, .most = HUGE_VALF}) == 2);
    std::vector<std::int64_t> const extremes = {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()};
    CHECK(window_index<std::int64_t>(extremes).count({}) == 2);
}
