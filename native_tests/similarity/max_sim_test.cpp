// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/max_sim.hpp>
#include <simile/similarity/symmetric_max_sim.hpp>

#include "similarity/ranking.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace simile;
using namespace simile::test;
using similarity::max_sim;
using similarity::symmetric_max_sim;

static_assert(similarity::max_sim_fn::order == ordering::larger_is_closer);
static_assert(similarity::symmetric_max_sim_fn::order == ordering::larger_is_closer);

namespace {
double by_definition(token_matrix const& query, token_matrix const& item) {
    double sum = 0;
    for (std::size_t i = 0; i < query.rows; ++i) {
        double best = dot_by_definition<float>(query[i], item[0]).value;
        for (std::size_t j = 1; j < item.rows; ++j) best = std::max(best, dot_by_definition<float>(query[i], item[j]).value);
        sum += best;
    }
    return sum;
}
}  // namespace

TEST_CASE("max_sim is the sum of each query token's best inner product", "[similarity][max_sim]") {
    for (std::size_t const m : {1U, 2U, 7U, 32U})
        for (std::size_t const n : {1U, 2U, 3U, 4U, 5U, 8U, 30U})
            for (std::size_t const d : {1U, 3U, 16U, 33U, 128U}) {
                token_matrix const query(m, d, m + n), item(n, d, m + n + 500);
                double const bound = 1e-6 * double(m * d);
                CAPTURE(m, n, d);
                REQUIRE(std::abs(max_sim(query, item) - by_definition(query, item)) <= bound);
                double const both = (by_definition(query, item) / double(m) + by_definition(item, query) / double(n)) / 2;
                REQUIRE(std::abs(symmetric_max_sim(query, item) - both) <= 1e-6 * double(d));
                REQUIRE(symmetric_max_sim(query, item) == symmetric_max_sim(item, query));
            }
}

TEST_CASE("max_sim is not symmetric, and does not see what only the item has", "[similarity][max_sim]") {
    token_matrix const query(2, {1, 0}), item(2, {1, 0, 0, 1});
    CHECK(max_sim(query, item) == 1);
    CHECK(max_sim(query, query) == 1);
    CHECK(max_sim(item, query) == 1);
    CHECK(max_sim(item, item) == 2);
    CHECK(symmetric_max_sim(query, item) == 0.75F);
    CHECK(symmetric_max_sim(query, query) == 1);
    token_matrix const x(5, 16, 1), y(3, 16, 2);
    CHECK(max_sim(x, y) != max_sim(y, x));
}

TEST_CASE("the best of negative products is negative", "[similarity][max_sim]") {
    token_matrix const query(1, {1, 2}), item(1, {-3, -2, -5});
    CHECK(max_sim(query, item) == -6);
    CHECK(rounds_to(symmetric_max_sim(query, item), (-3 - 10.0 / 3) / 2));
}

TEST_CASE("max_sim refuses no tokens, other dimensions and NaN", "[similarity][max_sim]") {
    token_matrix const x(2, 3, 1), wide(2, 4, 1), nan(3, {1, std::nanf(""), 1});
    matrix_view<float const> const none(x.values.data(), 0, 3);
    auto const both = [](auto const& a, auto const& b) {
        auto const first = outcome([&] { return max_sim(a, b); });
        CHECK(outcome([&] { return symmetric_max_sim(a, b); }) == first);
        return first;
    };
    CHECK(both(x, x) == "ok");
    CHECK(both(x, wide) == "dimension_mismatch");
    CHECK(both(x, none) == "invalid_argument");
    CHECK(both(none, x) == "invalid_argument");
    CHECK(both(x, nan) == "not_finite");
    CHECK(both(nan, x) == "not_finite");
    CHECK(message([&] { return max_sim(x, none); }) == "the item is empty: 0 rows of 3 dimensions");
}
