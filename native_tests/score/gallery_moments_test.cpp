// SPDX-License-Identifier: Apache-2.0
#include <simile/score/gallery_moments.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <limits>

using namespace simile;
using namespace simile::test;
using score::gallery_moments;

namespace {
using vectors = std::vector<std::vector<float>>;

/// From the scores themselves, in long double.
gallery_moments::moments scanned_moments(vectors const& gallery, std::vector<float> const& query) {
    long double sum = 0, squares = 0;
    std::vector<long double> scores;
    for (auto const& x : gallery) {
        long double score = 0;
        for (std::size_t i = 0; i < x.size(); ++i) score += static_cast<long double>(x[i]) * static_cast<long double>(query[i]);
        scores.push_back(score);
        sum += score;
    }
    auto const n = static_cast<long double>(scores.size());
    for (long double const s : scores) squares += (s - sum / n) * (s - sum / n);
    return {static_cast<double>(sum / n), static_cast<double>(std::sqrt(squares / n))};
}
bool same_moments(gallery_moments::moments const& a, gallery_moments::moments const& b, double within) {
    return std::abs(a.mean - b.mean) <= within && std::abs(a.deviation - b.deviation) <= within;
}
vectors unit_gallery(std::size_t n, std::size_t d, std::uint64_t seed) {
    vectors out;
    for (std::size_t i = 0; i < n; ++i) out.push_back(unit_vector(d, seed + i));
    return out;
}
}  // namespace

TEST_CASE("mean and deviation of a query's scores are those of a scan", "[score][gallery_moments]") {
    for (std::size_t const d : {1U, 2U, 7U, 33U, 64U})
        for (std::size_t const n : {1U, 2U, 50U, 300U}) {
            auto const gallery = unit_gallery(n, d, 100 * d);
            gallery_moments one_by_one(d), at_once(d);
            std::vector<float> flat;
            for (auto const& x : gallery) {
                one_by_one.add(x);
                flat.insert(flat.end(), x.begin(), x.end());
            }
            at_once.add(matrix_view<float const>(flat.data(), n, d));
            REQUIRE(at_once.size() == n);
            for (std::uint64_t seed = 0; seed < 5; ++seed) {
                auto const query = normal_vector(d, seed);
                auto const exact = scanned_moments(gallery, query);
                CAPTURE(d, n, seed);
                REQUIRE(same_moments(one_by_one.of_scores(query), exact, 1e-7));
                auto const found = at_once.of_scores(query), other = one_by_one.of_scores(query);
                REQUIRE(same_moments(found, other, 1e-12));
            }
        }
}

TEST_CASE("moments after any additions and removals are those of what remains", "[score][gallery_moments]") {
    std::size_t const d = 12;
    auto const all = unit_gallery(80, d, 7);
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        xoshiro256 random(seed);
        gallery_moments moments(d);
        vectors now;
        for (std::size_t step = 0; step < 200; ++step) {
            if (now.empty() || random() % 2 == 0) {
                now.push_back(all[random() % all.size()]);
                moments.add(now.back());
            } else {
                auto const at = static_cast<std::size_t>(random() % now.size());
                moments.remove(now[at]);
                now[at] = now.back();
                now.pop_back();
            }
            REQUIRE(moments.size() == now.size());
            if (now.empty()) continue;
            auto const query = normal_vector(d, step);
            REQUIRE(same_moments(moments.of_scores(query), scanned_moments(now, query), 1e-6));
        }
    }
}

TEST_CASE("an emptied gallery is as new", "[score][gallery_moments]") {
    gallery_moments moments(9);
    auto const all = unit_gallery(30, 9, 70);
    for (auto const& x : all) moments.add(x);
    for (auto const& x : all) moments.remove(x);
    CHECK(moments.size() == 0);
    CHECK(std::all_of(moments.sum().begin(), moments.sum().end(), [](double v) { return v == 0; }));
    CHECK(std::all_of(moments.products().begin(), moments.products().end(), [](double v) { return v == 0; }));
}

TEST_CASE("mean and covariance are those of their definition", "[score][gallery_moments]") {
    vectors const gallery{{1, 2}, {3, 6}, {5, 1}};
    gallery_moments moments(2);
    CHECK(moments.mean(0) == 0);
    CHECK(moments.covariance(0, 1) == 0);
    for (auto const& x : gallery) moments.add(x);
    CHECK(moments.mean(0) == 3);
    CHECK(moments.mean(1) == 3);
    CHECK(std::abs(moments.covariance(0, 0) - 8.0 / 3) < 1e-12);
    CHECK(std::abs(moments.covariance(1, 1) - 14.0 / 3) < 1e-12);
    CHECK(std::abs(moments.covariance(0, 1) - -2.0 / 3) < 1e-12);
    CHECK(moments.covariance(1, 0) == moments.covariance(0, 1));
}

TEST_CASE("merged and restored galleries go on as the whole", "[score][gallery_moments]") {
    auto const all = unit_gallery(40, 9, 3);
    gallery_moments first(9), second(9), whole(9);
    for (std::size_t i = 0; i < all.size(); ++i) {
        (i < 13 ? first : second).add(all[i]);
        whole.add(all[i]);
    }
    first.merge(second);
    auto restored = gallery_moments::of_sums(first.size(), first.centre(), first.sum(), first.products());
    restored.remove(all[5]);
    restored.add(all[5]);
    auto const query = normal_vector(9, 1);
    CHECK(same_moments(first.of_scores(query), whole.of_scores(query), 1e-12));
    CHECK(same_moments(restored.of_scores(query), whole.of_scores(query), 1e-12));
}

TEST_CASE("a centre keeps the variance of vectors far from 0", "[score][gallery_moments]") {
    std::vector<float> const far{4096, -4096, 2048};
    vectors gallery;
    for (std::uint64_t i = 0; i < 60; ++i) {
        auto x = normal_vector(3, i, 0.25F);
        for (std::size_t j = 0; j < 3; ++j) x[j] += far[j];
        gallery.push_back(x);
    }
    gallery_moments moments(3, far);
    for (auto const& x : gallery) moments.add(x);
    std::vector<float> const query{0.5F, 0.25F, -1};
    auto const exact = scanned_moments(gallery, query), found = moments.of_scores(query);
    CHECK(std::abs(found.mean - exact.mean) < 1e-6);
    CHECK(std::abs(found.deviation - exact.deviation) < 1e-9);
}

TEST_CASE("scores that are all the same have z-score 0", "[score][gallery_moments]") {
    gallery_moments moments(3);
    auto const x = unit_vector(3, 5);
    for (int i = 0; i < 7; ++i) moments.add(x);
    auto const found = moments.of_scores(unit_vector(3, 8));
    CHECK(found.deviation == 0);
    CHECK(found.z_score(0.7) == 0);
    CHECK(gallery_moments::moments{0.25, 0.5}.z_score(1) == 1.5);
}

TEST_CASE("gallery moments refuse what makes no sense and do not change", "[score][gallery_moments]") {
    gallery_moments moments(2);
    std::vector<float> const x{0.5F, 0.25F}, three(3), bad{1, std::numeric_limits<float>::infinity()};
    CHECK(outcome([&] { return moments.of_scores(x).mean; }) == "invalid_argument");
    CHECK(outcome([&] {
              moments.remove(x);
              return 0;
          }) == "invalid_argument");
    moments.add(x);
    CHECK(outcome([&] {
              moments.add(three);
              return 0;
          }) == "dimension_mismatch");
    CHECK(outcome([&] {
              moments.add(bad);
              return 0;
          }) == "not_finite");
    CHECK(outcome([&] {
              moments.add(matrix_view<float const>(three, 3));
              return 0;
          }) == "dimension_mismatch");
    CHECK(outcome([&] {
              moments.remove(three);
              return 0;
          }) == "dimension_mismatch");
    CHECK(outcome([&] { return moments.of_scores(three).mean; }) == "dimension_mismatch");
    CHECK(outcome([&] { return moments.of_scores(bad).mean; }) == "not_finite");
    CHECK(outcome([&] {
              moments.merge(gallery_moments(3));
              return 0;
          }) == "dimension_mismatch");
    CHECK(outcome([&] {
              moments.merge(gallery_moments(2, x));
              return 0;
          }) == "invalid_argument");
    CHECK(outcome([] { return gallery_moments(0).dims(); }) == "invalid_argument");
    CHECK(outcome([&] { return gallery_moments(2, three).dims(); }) == "dimension_mismatch");
    CHECK(moments.of_scores(x).mean == 0.3125);
}
