// SPDX-License-Identifier: Apache-2.0
#include <simile/index/search.hpp>

#include <simile/core/thread_pool.hpp>
#include <simile/index/make_index.hpp>

#include "support/errors.hpp"
#include "support/exact_search.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <string>
#include <vector>

using namespace simile;
using namespace simile::test;

namespace {

constexpr std::size_t range_dims = 20;
constexpr char const* ranged_names[] = {"f32",      "f16",  "bf16", "int8",    "planes",      "planes2",
                                        "planes12", "int4", "lvq8", "rabitq1", "int8+rotated"};

std::unique_ptr<vector_index> filled(std::string_view name, similarity_kind similarity, std::size_t count) {
    auto index = make_index(name, range_dims, similarity);
    std::vector<float> values;
    for (std::size_t i = 0; i < count; ++i) {
        // Some rows stand twice, so that scores are equal.
        auto const row = normal_vector(range_dims, i % 10 == 9 ? i / 2 : i, 0.5F + static_cast<float>(i % 5));
        values.insert(values.end(), row.begin(), row.end());
    }
    index->add(matrix_view<float const>(values, range_dims));
    return index;
}

/// The first k of all hits whose row is meant.
template <class Meant>
std::vector<hit> those(std::vector<hit> const& all, std::size_t k, Meant meant) {
    std::vector<hit> out;
    for (hit const& h : all)
        if (out.size() < k && meant(h)) out.push_back(h);
    return out;
}
bool inside(std::span<row_range const> ranges, row_t row) {
    return std::any_of(ranges.begin(), ranges.end(), [&](row_range const& r) { return r.first <= row && row < r.last; });
}
/// Rising ranges without overlap, some of them empty, some that touch.
std::vector<row_range> random_ranges(std::size_t rows, xoshiro256& random) {
    std::vector<row_t> ends;
    for (std::size_t i = 0, n = 2 * (random() % 5); i < n; ++i) ends.push_back(static_cast<row_t>(random() % (rows + 1)));
    std::sort(ends.begin(), ends.end());
    std::vector<row_range> out;
    for (std::size_t i = 0; i + 1 < ends.size(); i += 2) out.push_back({ends[i], ends[i + 1]});
    if (!out.empty() && random() % 2 == 0)
        out.push_back({out.back().last, static_cast<row_t>(out.back().last + random() % (rows - out.back().last + 1))});
    return out;
}

}  // namespace

TEST_CASE("a search of ranges has the hits of these rows and no others, to the bit", "[index][ranges]") {
    for (char const* const name : ranged_names)
        for (similarity_kind const similarity : all_similarities) {
            std::size_t const count = 230;
            auto const index = filled(name, similarity, count);
            xoshiro256 random(3);
            for (int trial = 0; trial < 40; ++trial) {
                auto const query = normal_vector(range_dims, 400 + static_cast<std::uint64_t>(trial));
                auto const all = index->search(query, {.k = count, .recall = 1}).hits;
                REQUIRE(all.size() == count);
                auto ranges = random_ranges(count, random);
                // At the edges of blocks too.
                if (trial == 0) ranges = {{0, 32}};
                if (trial == 1) ranges = {{31, 33}, {33, 64}, {64, 65}};
                if (trial == 2) ranges = {{0, 1}, {1, 2}, {2, 2}, {3, 4}, {224, 230}};
                if (trial == 3) ranges = {{0, 230}};
                row_filter third(count);
                for (row_t r = 0; r < count; ++r)
                    if (random() % 3 == 0 && r / 32 != 2) third.allow(r);
                std::size_t const k = trial % 4 == 0 ? count : 1 + random() % 20;
                auto const meant = [&](hit const& h) { return ranges.empty() || inside(ranges, h.row); };
                CAPTURE(name, to_string(similarity), trial, k);
                CHECK(index->search(query, {.k = k, .ranges = ranges, .recall = 1}).hits == those(all, k, meant));
                CHECK(index->search(query, {.k = k, .filter = &third, .ranges = ranges, .recall = 1}).hits ==
                      those(all, k, [&](hit const& h) { return meant(h) && third.allows(h.row); }));
                CHECK(
                    index->search_many({query.data(), 1, range_dims}, {.k = k, .filter = &third, .ranges = ranges, .recall = 1})[0].hits ==
                    index->search(query, {.k = k, .filter = &third, .ranges = ranges, .recall = 1}).hits);
            }
        }
}

TEST_CASE("ranges that hold no row give no hits", "[index][ranges]") {
    for (char const* const name : ranged_names) {
        auto const index = filled(name, similarity_kind::dot, 100);
        auto const query = normal_vector(range_dims, 1);
        std::array<row_range, 3> const none{{{0, 0}, {50, 50}, {100, 100}}};
        CAPTURE(name);
        CHECK(index->search(query, {.ranges = none}).hits.empty());
        CHECK(index->search_many({query.data(), 1, range_dims}, {.ranges = none})[0].hits.empty());
        row_filter first(100);
        first.allow(0);
        std::array<row_range, 1> const others{{{1, 100}}};
        CHECK(index->search(query, {.filter = &first, .ranges = others}).hits.empty());
        std::array<row_range, 1> const nothing{{{0, 0}}};
        CHECK(make_index(name, range_dims)->search(query, {.ranges = nothing}).hits.empty());
    }
}

TEST_CASE("ranges that are reversed, overlap, fall back or go beyond the rows are refused", "[index][ranges]") {
    for (char const* const name : ranged_names) {
        auto const index = filled(name, similarity_kind::cosine, 100);
        auto const query = normal_vector(range_dims, 1);
        auto const refused = [&](std::vector<row_range> const& ranges) {
            auto const one = outcome([&] { return index->search(query, {.ranges = ranges}); });
            CHECK(outcome([&] { return index->search_many({query.data(), 1, range_dims}, {.ranges = ranges}); }) == one);
            return one;
        };
        CAPTURE(name);
        CHECK(refused({{0, 100}}) == "ok");
        CHECK(refused({{0, 10}, {10, 20}}) == "ok");
        CHECK(refused({{5, 4}}) == "invalid_argument");
        CHECK(refused({{0, 10}, {9, 20}}) == "invalid_argument");
        CHECK(refused({{0, 10}, {0, 10}}) == "invalid_argument");
        CHECK(refused({{50, 60}, {10, 20}}) == "invalid_argument");
        CHECK(refused({{0, 101}}) == "out_of_range");
        CHECK(refused({{0, ~row_t{0}}}) == "out_of_range");
        CHECK(refused({{101, 101}}) == "out_of_range");
        CHECK(refused({{~row_t{0}, ~row_t{0}}}) == "out_of_range");
    }
    std::array<row_range, 1> const beyond{{{3, 101}}};
    CHECK(message([&] { return filled("f32", similarity_kind::dot, 100)->search(normal_vector(range_dims, 1), {.ranges = beyond}); }) ==
          "the range 3 .. 101 goes beyond 100 rows");
}

TEST_CASE("the cascade of planes is as sure in windows of rows as over all", "[index][ranges]") {
    for (char const* const name : {"planes", "planes2", "planes12"}) {
        auto const index = filled(name, similarity_kind::cosine, 6000);
        std::array<row_range, 2> const windows{{{100, 1700}, {3001, 4444}}};
        std::size_t found = 0;
        for (std::uint64_t q = 0; q < 40; ++q) {
            auto const query = normal_vector(range_dims, 9000 + q);
            auto const exact = index->search(query, {.k = 10, .ranges = windows, .recall = 1}).hits;
            for (hit const& h : index->search(query, {.k = 10, .ranges = windows}).hits)
                found += std::find(exact.begin(), exact.end(), h) != exact.end() ? 1U : 0U;
        }
        CAPTURE(name, found);
        CHECK(found >= 390);
    }
}

TEST_CASE("threads find in ranges what one thread finds", "[index][ranges][threads]") {
    thread_pool pool(3);
    for (char const* const name : ranged_names)
        for (similarity_kind const similarity : all_similarities) {
            auto const index = filled(name, similarity, 6500);
            xoshiro256 random(9);
            for (std::uint64_t q = 0; q < 4; ++q) {
                auto const ranges = random_ranges(6500, random);
                auto const query = normal_vector(range_dims, q + 77);
                CAPTURE(name, to_string(similarity), q);
                CHECK(index->search(query, {.k = 40, .ranges = ranges, .threads = &pool}).hits ==
                      index->search(query, {.k = 40, .ranges = ranges}).hits);
            }
        }
}

TEST_CASE("with a least score all rows that reach it are found, and only those", "[index][min_score]") {
    for (char const* const name : ranged_names)
        for (similarity_kind const similarity : all_similarities) {
            std::size_t const count = 200;
            auto const index = filled(name, similarity, count);
            row_filter odd(count);
            for (row_t r = 1; r < count; r += 2) odd.allow(r);
            for (std::uint64_t seed = 0; seed < 3; ++seed) {
                auto const query = normal_vector(range_dims, 600 + seed, seed == 2 ? 40.0F : 1.0F);
                auto const all = index->search(query, {.k = count, .recall = 1}).hits;
                // The score of a row itself is reached by that row.
                std::vector<float> wanted{-std::numeric_limits<float>::infinity(), std::numeric_limits<float>::infinity(),
                                          std::numeric_limits<float>::max(), -std::numeric_limits<float>::max(), 0};
                for (std::size_t i = 0; i < count; i += 7) {
                    wanted.push_back(all[i].score);
                    wanted.push_back(std::nextafter(all[i].score, 1e30F));
                }
                for (float const least : wanted)
                    for (std::size_t const k : {std::size_t{3}, count}) {
                        CAPTURE(name, to_string(similarity), seed, least, k);
                        auto const reaches = [&](hit const& h) { return h.score >= least; };
                        CHECK(index->search(query, {.k = k, .min_score = least, .recall = 1}).hits == those(all, k, reaches));
                        CHECK(index->search_many({query.data(), 1, range_dims}, {.k = k, .min_score = least, .recall = 1})[0].hits ==
                              those(all, k, reaches));
                        CHECK(index->search(query, {.k = k, .filter = &odd, .min_score = least, .recall = 1}).hits ==
                              those(all, k, [&](hit const& h) { return reaches(h) && odd.allows(h.row); }));
                    }
            }
        }
}

TEST_CASE("a least score bounds the cascade too: what it finds reaches the score, and little is lost", "[index][min_score]") {
    for (char const* const name : {"planes", "planes2", "planes12", "planes+rotated"})
        for (similarity_kind const similarity : all_similarities) {
            auto const index = filled(name, similarity, 4000);
            std::size_t found = 0, wanted = 0;
            for (std::uint64_t seed = 0; seed < 20; ++seed) {
                auto const query = normal_vector(range_dims, 70 + seed);
                auto const all = index->search(query, {.k = 4000, .recall = 1}).hits;
                float const least = all[60].score;
                for (hit const& h : index->search(query, {.k = 4000, .min_score = least}).hits) {
                    REQUIRE(h.score >= least);
                    found += std::find(all.begin(), all.end(), h) != all.end() ? 1U : 0U;
                }
                wanted += static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](hit const& h) { return h.score >= least; }));
            }
            CAPTURE(name, to_string(similarity), found, wanted);
            CHECK(static_cast<double>(found) >= 0.97 * static_cast<double>(wanted));
        }
}

TEST_CASE("a least score that is no number is refused", "[index][min_score]") {
    for (char const* const name : ranged_names)
        CHECK(outcome([&] {
                  return filled(name, similarity_kind::dot, 40)
                      ->search(normal_vector(range_dims, 1), {.min_score = std::numeric_limits<float>::quiet_NaN()});
              }) == "not_finite");
}
