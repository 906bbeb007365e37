// SPDX-License-Identifier: Apache-2.0
#include <simile/score/cohort.hpp>

#include "score/score_samples.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using score::cohort_moments;

namespace {
cohort_moments cohort_moments_by_definition(std::vector<double> const& scores, double floor) {
    double mean = 0, squares = 0;
    for (double const v : scores) mean += v / double(scores.size());
    for (double const v : scores) squares += (v - mean) * (v - mean) / double(scores.size());
    return {mean, std::max(floor, std::sqrt(squares))};
}
std::vector<double> picked_scores(std::span<float const> scores, std::vector<std::size_t> who, std::size_t n) {
    who.resize(std::min(n, who.size()));
    std::vector<double> out;
    for (std::size_t const i : who) out.push_back(double{scores[i]});
    return out;
}
std::vector<std::size_t> order_of_cohort(std::span<float const> scores) { return order_of_scores({scores.begin(), scores.end()}); }
}  // namespace

TEST_CASE("the norms of a cohort are those of their definitions", "[score][cohort]") {
    for (std::uint64_t seed = 0; seed < 20; ++seed)
        for (std::size_t const n : {1U, 5U, 20U, 300U}) {
            score_sample const sides(2, 20, seed);
            auto const item = sides.row(0), query = sides.row(1);
            double const s = 0.3, floor = 1e-6;
            auto const z = cohort_moments_by_definition(picked_scores(item, order_of_cohort(item), n), floor);
            auto const t = cohort_moments_by_definition(picked_scores(query, order_of_cohort(query), n), floor);
            REQUIRE(nearly(score::cohort_moments_of(item, n).normalized(s), (s - z.mean) / z.deviation));
            REQUIRE(nearly(score::cohort_moments_of(query, n).deviation, t.deviation, 1e-12));
            REQUIRE(nearly(score::symmetric_norm(s, z, t), ((s - z.mean) / z.deviation + (s - t.mean) / t.deviation) / 2));
            auto const z2 = cohort_moments_by_definition(picked_scores(item, order_of_cohort(query), n), floor);
            auto const t2 = cohort_moments_by_definition(picked_scores(query, order_of_cohort(item), n), floor);
            REQUIRE(nearly(score::adaptive_symmetric_norm_2(s, item, query, n),
                           ((s - z2.mean) / z2.deviation + (s - t2.mean) / t2.deviation) / 2));
        }
}

TEST_CASE("the nearest of a cohort are the largest scores, equal ones by position", "[score][cohort]") {
    std::vector<float> const scores{0.5F, 0.75F, 0.5F, 0.75F, 0.25F};
    CHECK(score::nearest_of_cohort(std::span<float const>(scores), 3) == std::vector<std::size_t>{1, 3, 0});
    CHECK(score::nearest_of_cohort(std::span<float const>(scores), 99) == std::vector<std::size_t>{1, 3, 0, 2, 4});
}

TEST_CASE("equal cohort scores have the smallest deviation, and an empty cohort changes nothing", "[score][cohort]") {
    std::vector<float> const same(7, 0.25F), none;
    auto const moments = score::cohort_moments_of(std::span<float const>(same), 5, 0.001);
    CHECK(moments == cohort_moments{0.25, 0.001});
    CHECK(moments.normalized(0.25) == 0);
    CHECK(score::cohort_moments_of(std::span<float const>(none)).normalized(0.375) == 0.375);
    CHECK(score::adaptive_symmetric_norm_2(0.375, std::span<float const>(none), std::span<float const>(none), 5) == 0.375);
}

TEST_CASE("the item side of a whole cohort is that of each column", "[score][cohort]") {
    score_sample const cohort(12, 5, 3);
    for (std::size_t const n : {4U, 100U}) {
        auto const all = score::bank_cohort_moments(cohort.matrix(), 5, n);
        for (std::size_t g = 0; g < 5; ++g) {
            auto const column = cohort.column(g);
            CHECK(all[g] == score::cohort_moments_of(std::span<float const>(column), n));
        }
    }
    CHECK(score::bank_cohort_moments(matrix_view<float const>(), 2) == std::vector<cohort_moments>(2));
}

TEST_CASE("the cohort refuses what makes no sense", "[score][cohort]") {
    std::vector<float> const two{0.5F, 0.25F}, three(3), bad{0.5F, std::nanf("")};
    std::span<float const> const x(two), y(three), z(bad);
    CHECK(outcome([&] { return score::cohort_moments_of(x, 0); }) == "invalid_argument");
    CHECK(outcome([&] { return score::cohort_moments_of(x, 1, 0); }) == "invalid_argument");
    CHECK(outcome([&] { return score::cohort_moments_of(z); }) == "not_finite");
    CHECK(outcome([&] { return score::adaptive_symmetric_norm_2(0, x, y, 1); }) == "dimension_mismatch");
    CHECK(outcome([&] { return score::moments_with(x, std::vector<std::size_t>{2}); }) == "out_of_range");
    CHECK(outcome([&] { return score::bank_cohort_moments(matrix_view<float const>(two.data(), 1, 2), 3); }) == "dimension_mismatch");
    CHECK(outcome([&] { return score::bank_cohort_moments(matrix_view<float const>(two.data(), 1, 2), 2, 0); }) == "invalid_argument");
}
