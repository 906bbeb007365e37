// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/dtw.hpp>

#include "similarity/ranking.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <limits>

using namespace simile;
using namespace simile::test;
using similarity::cosine_frames;
using similarity::dtw;
using similarity::dtw_result;

static_assert(dtw<>::order == ordering::smaller_is_closer);

namespace {
double euclid(std::span<float const> x, std::span<float const> y) { return std::sqrt(squared_l2_by_definition<float>(x, y).value); }

/// The cheapest of all paths inside the band, each tried from the start.
double cheapest_by_trial(token_matrix const& a, token_matrix const& b, std::size_t band, std::size_t i = 0, std::size_t j = 0) {
    if (i >= a.rows || j >= b.rows || (i > j ? i - j : j - i) > band) return std::numeric_limits<double>::infinity();
    double const here = euclid(a[i], b[j]);
    if (i + 1 == a.rows && j + 1 == b.rows) return here;
    return here + std::min({cheapest_by_trial(a, b, band, i + 1, j + 1), cheapest_by_trial(a, b, band, i + 1, j),
                            cheapest_by_trial(a, b, band, i, j + 1)});
}

std::size_t widened(std::size_t window, std::size_t n, std::size_t m) { return std::max(window, n > m ? n - m : m - n); }
}  // namespace

TEST_CASE("dtw is the cheapest of all paths in the band", "[similarity][dtw]") {
    for (std::size_t n = 1; n <= 6; ++n)
        for (std::size_t m = 1; m <= 6; ++m)
            for (std::size_t const window : {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{3}, dtw<>::unbounded}) {
                token_matrix const a(n, 3, 10 * n + m), b(m, 3, 10 * n + m + 500);
                double const exact = cheapest_by_trial(a, b, widened(window, n, m));
                CAPTURE(n, m, window);
                REQUIRE(std::abs(dtw(window)(a, b) - exact) <= 1e-6 * exact);
                REQUIRE(std::abs(dtw(window)(b, a) - exact) <= 1e-6 * exact);
            }
}

TEST_CASE("the path goes from end to end in single steps, inside the band, and costs what it should", "[similarity][dtw]") {
    for (auto const [n, m] : {std::array<std::size_t, 2>{1, 1}, {1, 9}, {9, 1}, {20, 20}, {40, 25}, {7, 50}})
        for (std::size_t const window : {std::size_t{0}, std::size_t{3}, std::size_t{12}, dtw<>::unbounded}) {
            token_matrix const a(n, 4, n), b(m, 4, m + 100);
            dtw const functor(window);
            auto const path = functor.path(a, b);
            auto const result = functor.measure(a, b);
            CAPTURE(n, m, window);
            REQUIRE(path.size() == result.frames);
            REQUIRE(path.front() == std::pair<std::size_t, std::size_t>(0, 0));
            REQUIRE(path.back() == std::pair(n - 1, m - 1));
            double cost = 0;
            for (std::size_t p = 0; p < path.size(); ++p) {
                auto const [i, j] = path[p];
                cost += euclid(a[i], b[j]);
                REQUIRE((i > j ? i - j : j - i) <= widened(window, n, m));
                if (p == 0) continue;
                auto const [before_i, before_j] = path[p - 1];
                REQUIRE((i - before_i) + (j - before_j) >= 1);
                REQUIRE(i - before_i <= 1);
                REQUIRE(j - before_j <= 1);
            }
            REQUIRE(std::abs(result.cost - cost) <= 1e-6 * cost);
        }
}

TEST_CASE("a slower copy costs nothing, and ties take the diagonal", "[similarity][dtw]") {
    token_matrix const a(1, {1, 2, 3}), slow(1, {1, 1, 2, 2, 2, 3});
    CHECK(dtw()(a, slow) == 0);
    CHECK(dtw().measure(a, slow).frames == 6);
    token_matrix const flat(1, {5, 5, 5, 5}), shorter(1, {5, 5});
    CHECK(dtw().measure(flat, flat).frames == 4);
    CHECK(dtw().measure(flat, shorter).frames == 4);
    CHECK(dtw().path(shorter, shorter) == std::vector<std::pair<std::size_t, std::size_t>>{{0, 0}, {1, 1}});
    // Of a step in a and one in b at the same cost, that in a.
    token_matrix const up(1, {0, 3, 0}), step(1, {0, 1, 0});
    auto const path = dtw().path(up, step);
    CHECK(path == std::vector<std::pair<std::size_t, std::size_t>>{{0, 0}, {1, 1}, {2, 2}});
    CHECK(dtw().measure(up, step).mean_cost() == 2.0F / 3);
}

TEST_CASE("dtw of a band of 0 compares frame by frame", "[similarity][dtw]") {
    token_matrix const a(30, 5, 1), b(30, 5, 2);
    double sum = 0;
    for (std::size_t i = 0; i < 30; ++i) sum += euclid(a[i], b[i]);
    CHECK(std::abs(dtw(0)(a, b) - sum) <= 1e-6 * sum);
    CHECK(dtw(3)(a, b) < dtw(0)(a, b));
    CHECK(dtw()(a, b) <= dtw(3)(a, b));
    CHECK(dtw(1000)(a, b) == dtw()(a, b));
}

TEST_CASE("dtw takes any frame cost", "[similarity][dtw]") {
    token_matrix const a(8, 5, 1);
    auto scaled = a;
    for (float& v : scaled.values) v *= 7;
    CHECK(std::abs(dtw(dtw<>::unbounded, cosine_frames{})(a, scaled)) < 1e-5);
    CHECK(dtw()(a, scaled) > 10);
    token_matrix const zero(5, std::vector<float>(5, 0.0F));
    CHECK(dtw<cosine_frames>()(zero, token_matrix(1, 5, 1)) == 1);
    auto const equal = [](auto x, auto y) { return x[0] == y[0] ? 0.0 : 1.0; };
    // Edit-like distance of "abcd" and "abd".
    CHECK(dtw(dtw<>::unbounded, equal)(token_matrix(1, {1, 2, 3, 4}), token_matrix(1, {1, 2, 4})) == 1);
}

TEST_CASE("dtw refuses empty sequences, other dimensions and NaN", "[similarity][dtw]") {
    token_matrix const x(2, 3, 1), wide(2, 4, 1), nan(3, {1, std::nanf(""), 1});
    matrix_view<float const> const none(x.values.data(), 0, 3);
    auto const both = [](auto const& a, auto const& b) {
        auto const first = outcome([&] { return dtw()(a, b); });
        CHECK(outcome([&] { return dtw(1).path(a, b); }) == first);
        return first;
    };
    CHECK(both(x, x) == "ok");
    CHECK(both(x, none) == "invalid_argument");
    CHECK(both(none, x) == "invalid_argument");
    CHECK(both(x, wide) == "dimension_mismatch");
    CHECK(both(nan, x) == "not_finite");
}
