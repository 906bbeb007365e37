// SPDX-License-Identifier: Apache-2.0
#include <simile/score/fusion.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <map>

using namespace simile;
using namespace simile::test;
using score::list_norm;
using score::reciprocal_rank_fusion;
using score::score_fusion;

namespace {
using hit_list = std::vector<hit>;
using fused_views = std::vector<std::span<hit const>>;
hit_list const by_words{{3, 0.9F}, {1, 0.7F}, {7, 0.4F}, {2, 0.1F}}, by_meaning{{1, 12.0F}, {9, 7.5F}, {3, 3.0F}};
}  // namespace

TEST_CASE("reciprocal ranks add up, ties by row", "[score][fusion]") {
    fused_views const lists{by_words, by_meaning};
    auto const found = reciprocal_rank_fusion(lists);
    REQUIRE(found.size() == 5);
    CHECK(found[0] == hit{1, static_cast<float>(1.0 / 62 + 1.0 / 61)});
    CHECK(found[1] == hit{3, static_cast<float>(1.0 / 61 + 1.0 / 63)});
    CHECK(found[2] == hit{9, static_cast<float>(1.0 / 62)});
    std::vector<double> const weights{1, 0};
    auto const first = reciprocal_rank_fusion(lists, weights, 0);
    CHECK(first[0] == hit{3, 1});
    CHECK(first.back() == hit{9, 0});
    hit_list const a{{8, 1}}, b{{5, 1}};
    fused_views const even{a, b};
    CHECK(reciprocal_rank_fusion(even)[0].row == 5);
}

TEST_CASE("a row that a list repeats keeps its best place and moves nobody else", "[score][fusion]") {
    hit_list const repeated{{5, 3}, {5, 2}, {6, 1}}, other{{6, 1}};
    fused_views const lists{repeated, other};
    auto const ranks = reciprocal_rank_fusion(lists);
    CHECK(ranks[0] == hit{6, static_cast<float>(1.0 / 63 + 1.0 / 61)});
    CHECK(ranks[1] == hit{5, static_cast<float>(1.0 / 61)});
    fused_views const alone{repeated};
    CHECK(score_fusion(alone, {}, list_norm::none) == hit_list{{5, 3}, {6, 1}});
}

TEST_CASE("norms of lists are those of their definitions", "[score][fusion]") {
    fused_views const lists{by_words, by_meaning};
    std::vector<double> const weights{0.75, 0.25};
    std::map<row_t, double> relative, distribution;
    for (std::size_t l = 0; l < 2; ++l) {
        auto const& list = l == 0 ? by_words : by_meaning;
        double mean = 0, squares = 0;
        for (auto const& h : list) mean += double{h.score} / double(list.size());
        for (auto const& h : list) squares += (double{h.score} - mean) * (double{h.score} - mean);
        double const sd = std::sqrt(squares / double(list.size() - 1)), low = double{list.back().score}, high = double{list.front().score};
        for (auto const& h : list) {
            relative[h.row] += weights[l] * (double{h.score} - low) / (high - low);
            distribution[h.row] += weights[l] * (double{h.score} - mean + 3 * sd) / (6 * sd);
        }
    }
    for (auto const& [norm, expected] : {std::pair(list_norm::relative, &relative), std::pair(list_norm::distribution, &distribution)}) {
        auto const found = score_fusion(lists, weights, norm);
        CHECK(found.size() == expected->size());
        for (hit const& h : found) CHECK(std::abs(double{h.score} - expected->at(h.row)) < 1e-6);
        CHECK(std::is_sorted(found.begin(), found.end(), ranks_before));
    }
}

TEST_CASE("flat and empty lists have their fixed norms", "[score][fusion]") {
    hit_list const flat{{4, 0.1F}, {5, 0.1F}, {6, 0.1F}}, one{{4, 2.0F}}, none;
    fused_views const lists{flat, one, none};
    CHECK(score_fusion(lists, {}, list_norm::relative) == hit_list{{4, 2}, {5, 1}, {6, 1}});
    CHECK(score_fusion(lists, {}, list_norm::distribution) == hit_list{{4, 1}, {5, 0.5F}, {6, 0.5F}});
    CHECK(score_fusion({}).empty());
    CHECK(reciprocal_rank_fusion({}).empty());
}

TEST_CASE("the distribution norm of a far outlier is cut", "[score][fusion]") {
    hit_list list{{0, 100.0F}};
    for (row_t r = 1; r < 40; ++r) list.push_back({r, 1.0F});
    fused_views const lists{list};
    CHECK(score_fusion(lists, {}, list_norm::distribution)[0] == hit{0, 1});
}

TEST_CASE("cumulated shares are fused as WeiCom does", "[score][fusion]") {
    auto const image = normal_vector(50, 1), text = normal_vector(50, 2);
    auto const share = [](std::vector<float> const& s, std::size_t i) {
        double mean = 0, squares = 0;
        for (float const v : s) mean += double{v} / 50;
        for (float const v : s) squares += (double{v} - mean) * (double{v} - mean);
        return 0.5 * (1 + std::erf((double{s[i]} - mean) / std::sqrt(squares / 49) / std::sqrt(2.0)));
    };
    auto const found = score::weighted_cdf_fusion(image, text, 0.3);
    for (std::size_t i = 0; i < 50; ++i) CHECK(std::abs(found[i] - (0.7 * share(image, i) + 0.3 * share(text, i))) < 1e-12);
    std::vector<float> const flat(50, 0.1F), one{3};
    CHECK(score::gallery_cdf(flat) == std::vector<double>(50, 0.5));
    CHECK(score::gallery_cdf(one) == std::vector<double>{0.5});
    CHECK(score::z_score(3, 1, 4) == 0.5);
    CHECK(score::z_score(3, 1, 0) == 0);
    CHECK(score::normal_cdf(0) == 0.5);
}

TEST_CASE("a hybrid score is the best chunk and its boosts", "[score][fusion]") {
    std::vector<float> const cosines{0.5F, 0.75F, 0.25F};
    CHECK(std::abs(score::hybrid_score(cosines, 4, 1) - (0.75 + 1.2 + 0.1)) < 1e-12);
    CHECK(std::abs(score::hybrid_score({}, 4, 0.5, {.bm25 = 0.5, .host = 2}) - 3) < 1e-12);
    CHECK(score::saturated(5, 5) == 0.5);
    CHECK(score::saturated(0, 5) == 0);
}

TEST_CASE("fusion refuses what makes no sense", "[score][fusion]") {
    fused_views const lists{by_words, by_meaning};
    hit_list const bad{{1, NAN}};
    fused_views const bad_lists{bad};
    std::vector<double> const one{1}, nan{1, NAN};
    std::vector<float> const row{1, 2}, other{1, 2, 3}, infinite{1, INFINITY};
    CHECK(outcome([&] { return reciprocal_rank_fusion(lists, one); }) == "dimension_mismatch");
    CHECK(outcome([&] { return reciprocal_rank_fusion(lists, nan); }) == "not_finite");
    CHECK(outcome([&] { return reciprocal_rank_fusion(lists, {}, -1); }) == "invalid_argument");
    CHECK(outcome([&] { return reciprocal_rank_fusion(lists, {}, NAN); }) == "not_finite");
    CHECK(outcome([&] { return score_fusion(lists, one); }) == "dimension_mismatch");
    CHECK(outcome([&] { return score_fusion(bad_lists); }) == "not_finite");
    CHECK(outcome([&] { return score::weighted_cdf_fusion(row, other); }) == "dimension_mismatch");
    CHECK(outcome([&] { return score::weighted_cdf_fusion(row, row, 1.5); }) == "invalid_argument");
    CHECK(outcome([&] { return score::weighted_cdf_fusion(row, infinite); }) == "not_finite");
    CHECK(outcome([&] { return score::hybrid_score(infinite, 1, 1); }) == "not_finite");
    CHECK(outcome([&] { return score::hybrid_score(row, NAN, 1); }) == "not_finite");
    CHECK(outcome([&] { return score::saturated(-1, 5); }) == "invalid_argument");
    CHECK(outcome([&] { return score::saturated(1, 0); }) == "invalid_argument");
    CHECK(outcome([&] { return score::saturated(NAN, 1); }) == "not_finite");
}
