// SPDX-License-Identifier: Apache-2.0
#include <simile/index/search.hpp>

#include <simile/core/thread_pool.hpp>
#include <simile/index/make_index.hpp>

#include "support/errors.hpp"
#include "support/exact_search.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include <array>
#include <atomic>
#include <limits>
#include <thread>

using namespace simile;
using namespace simile::test;

namespace {

struct filled_index {
    std::unique_ptr<vector_index> index;
    std::vector<std::vector<float>> rows;
};

filled_index make_filled(codec_kind codec, similarity_kind similarity, std::size_t dims, std::size_t count) {
    filled_index out{make_index(codec, dims, similarity), {}};
    std::vector<float> values;
    for (std::size_t i = 0; i < count; ++i) {
        // Different lengths matter under dot and squared_l2; some rows stand twice, so that ties occur.
        auto const row = i % 10 == 9 ? out.rows[i / 2] : normal_vector(dims, i, 0.5F + static_cast<float>(i % 7));
        out.rows.push_back(row);
        values.insert(values.end(), row.begin(), row.end());
    }
    out.index->add(matrix_view<float const>(values, dims));
    return out;
}

}  // namespace

TEST_CASE("every index finds what comparing all rows in double finds", "[index][search]") {
    for (codec_kind const codec : all_codecs)
        for (similarity_kind const similarity : all_similarities)
            for (std::size_t const dims : {std::size_t{1}, std::size_t{3}, std::size_t{20}, std::size_t{100}})
                for (std::size_t const count : {std::size_t{1}, std::size_t{31}, std::size_t{32}, std::size_t{33}, std::size_t{300}}) {
                    auto const [index, rows] = make_filled(codec, similarity, dims, count);
                    for (std::size_t const k : {std::size_t{1}, std::size_t{10}, std::size_t{1000}}) {
                        auto const query = normal_vector(dims, 99 + k, 2);
                        // Planes look at all rows with all bits here; the cascade has its own tests.
                        auto const result = index->search(query, {.k = k, .recall = 1});
                        CAPTURE(to_string(codec), to_string(similarity), dims, count, k);
                        CHECK(wrong_with(result.hits, rows, query, k, codec, similarity) == "");
                        CHECK(result.level == index->levels());
                    }
                }
}

TEST_CASE("a filter gives what searching the allowed rows alone gives", "[index][search]") {
    auto const codec = GENERATE(from_range(std::vector(std::begin(all_codecs), std::end(all_codecs))));
    auto const [index, rows] = make_filled(codec, similarity_kind::squared_l2, 20, 200);
    auto const query = normal_vector(20, 5);
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        xoshiro256 random(seed);
        row_filter filter(200);
        // From none to nearly all; whole blocks without a row too.
        for (row_t row = 0; row < 200; ++row)
            if (random() % 30 < seed && (row / 32) % 2 == seed % 2) filter.allow(row);
        auto const result = index->search(query, {.k = 10, .filter = &filter, .recall = 1});
        CAPTURE(to_string(codec), seed);
        CHECK(wrong_with(result.hits, rows, query, 10, codec, similarity_kind::squared_l2, &filter) == "");
    }
}

TEST_CASE("threads do not change any bit of an answer", "[index][search][threads]") {
    thread_pool pool(3);
    for (codec_kind const codec : all_codecs)
        for (similarity_kind const similarity : all_similarities) {
            auto const [index, rows] = make_filled(codec, similarity, 16, 9000);
            std::vector<float> queries;
            for (std::uint64_t q = 0; q < 20; ++q) {
                auto const query = normal_vector(16, 10'000 + q);
                queries.insert(queries.end(), query.begin(), query.end());
            }
            matrix_view<float const> const view(queries, 16);
            search_options const alone{.k = 50}, together{.k = 50, .threads = &pool};
            auto const many = index->search_many(view, together), many_alone = index->search_many(view, alone);
            for (std::size_t q = 0; q < view.rows(); ++q) {
                CAPTURE(to_string(codec), to_string(similarity), q);
                auto const expected = index->search(view[q], alone).hits;
                CHECK(index->search(view[q], together).hits == expected);
                CHECK(many[q].hits == expected);
                CHECK(many_alone[q].hits == expected);
            }
        }
}

TEST_CASE("searches and look-ups of several threads at once are right", "[index][search][threads]") {
    for (codec_kind const codec : all_codecs) {
        auto const index = make_index(codec, 8);
        std::vector<std::string> const names{"a", "b", "c", "d", "e", "f"};
        std::uint64_t seed = 0;
        for (auto const& name : names) index->add(name, normal_vector(8, ++seed));
        auto const query = normal_vector(8, 77);
        auto const expected = index->search(query, {.k = 3}).hits;
        std::atomic<int> wrong = 0;
        {
            std::vector<std::jthread> threads;
            for (int t = 0; t < 4; ++t)
                threads.emplace_back([&] {
                    for (int i = 0; i < 200; ++i) {
                        if (index->search(query, {.k = 3}).hits != expected) ++wrong;
                        if (index->find("d") != row_t{3} || index->contains("x") || index->get("e").size() != 8) ++wrong;
                    }
                });
        }
        CHECK(wrong == 0);
    }
}

TEST_CASE("search_many reports each part of 1,024 queries and can be stopped", "[index][search]") {
    auto const [index, rows] = make_filled(codec_kind::f32, similarity_kind::cosine, 4, 50);
    auto const queries = normal_vector(4 * 2500, 1);
    std::vector<std::size_t> seen;
    progress watch{[&](std::size_t done, std::size_t total) { seen.push_back(done * 100 + total); }, {}};
    CHECK(index->search_many({queries, 4}, {.k = 2, .watch = &watch}).size() == 2500);
    CHECK(seen == std::vector<std::size_t>{1024 * 100 + 2500, 2048 * 100 + 2500, 2500 * 100 + 2500});
    watch.stop = [&] { return seen.size() >= 5; };
    CHECK_THROWS_AS(index->search_many({queries, 4}, {.k = 2, .watch = &watch}), error);
    CHECK(seen.size() == 5);
    CHECK(index->search_many({queries.data(), 0, 4}).empty());
}

TEST_CASE("the cascade of planes keeps the share of the best that was asked for, of rows without any order", "[index][search]") {
    for (codec_kind const codec : {codec_kind::planes, codec_kind::planes2, codec_kind::planes12}) {
        auto const [index, rows] = make_filled(codec, similarity_kind::cosine, 64, 3000);
        std::array<double, 4> const asked{0.5, 0.9, 0.99, 1};
        std::array<std::size_t, 4> found{};
        for (std::uint64_t q = 0; q < 50; ++q) {
            auto const query = normal_vector(64, 4242 + q);
            auto const all = index->search(query, {.k = 10, .recall = 1}).hits;
            REQUIRE(wrong_with(all, rows, query, 10, codec, similarity_kind::cosine) == "");
            for (std::size_t i = 0; i < asked.size(); ++i)
                for (hit const& h : index->search(query, {.k = 10, .recall = asked[i]}).hits)
                    found[i] += std::find(all.begin(), all.end(), h) != all.end() ? 1U : 0U;
            CHECK(index->search(query, {.k = 10}).hits == index->search(query, {.k = 10, .recall = 0.99}).hits);
        }
        CAPTURE(to_string(codec), found);
        CHECK((found[0] <= found[1] && found[1] <= found[2] && found[2] <= found[3]));
        CHECK(found[3] == 500);
        for (std::size_t i = 0; i < asked.size(); ++i) CHECK(static_cast<double>(found[i]) >= (asked[i] - 0.02) * 500);
    }
}

TEST_CASE("every index refuses a recall that is not above 0 and at most 1", "[index][search]") {
    for (codec_kind const codec : all_codecs) {
        auto const [index, rows] = make_filled(codec, similarity_kind::cosine, 4, 40);
        for (double const recall :
             {0.0, -0.5, 1.0000001, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()})
            CHECK(outcome([&] { return index->search(rows[0], {.recall = recall}); }) == "invalid_argument");
        CHECK(index->search(rows[0], {.recall = 1e-300}).hits.size() == 10);
    }
}

TEST_CASE("with recall 1 no row is lost, not even where estimates cannot err or all scores are 0", "[index][search]") {
    for (codec_kind const codec : all_codecs)
        for (similarity_kind const similarity : all_similarities)
            for (std::size_t const dims : {std::size_t{1}, std::size_t{4}}) {
                auto const index = make_index(codec, dims, similarity, zero_vectors::allow);
                for (std::uint64_t i = 0; i < 100; ++i)
                    index->add(i, std::vector<float>(dims, i % 3 == 0 ? 0.0F : i % 3 == 1 ? 1.0F : -1.0F));
                CAPTURE(to_string(codec), to_string(similarity), dims);
                CHECK(index->search(std::vector<float>(dims, 1.0F), {.k = 100, .recall = 1}).hits.size() == 100);
                auto const hits = index->search(std::vector<float>(dims, 1.0F), {.k = 40, .recall = 1}).hits;
                REQUIRE(hits.size() == 40);
                for (std::size_t i = 0; i < 33; ++i) CHECK(hits[i].row == 3 * i + 1);
                for (std::size_t i = 33; i < 40; ++i) CHECK(hits[i].row == 3 * (i - 33));
            }
}
