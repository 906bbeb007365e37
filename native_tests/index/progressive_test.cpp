// SPDX-License-Identifier: Apache-2.0
#include <simile/index/progressive.hpp>

#include <simile/index/file.hpp>

#include "support/clustered.hpp"
#include "support/embeddings.hpp"
#include "support/file_surgery.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <cmath>

using namespace simile;
using namespace simile::test;

namespace {

// An index that has loaded `level` of its planes.
std::shared_ptr<vector_index> at_level(std::span<std::byte const> file, unsigned level) {
    index_loader loader;
    std::size_t at = 0;
    while (loader.level() < level) {
        std::size_t const n = std::min<std::size_t>(4096, file.size() - at);
        loader.feed(file.subspan(at, n));
        at += n;
    }
    return loader.index();
}

}  // namespace

TEST_CASE("a progressive search that keeps every candidate has the hits of flat int8, to the bit", "[index][progressive]") {
    for (similarity_kind const similarity : {similarity_kind::cosine, similarity_kind::dot, similarity_kind::squared_l2})
        for (std::size_t const dims : {std::size_t{1}, std::size_t{7}, std::size_t{64}, std::size_t{130}}) {
            planes_index progressive(dims, similarity);
            progressive_index<quantize::planes_2_2_4> by_two(dims, similarity);
            flat_index<quantize::int8_codec> flat(dims, similarity);
            auto const rows = normal_vector(500 * dims, dims);
            progressive.add(matrix_view<float const>(rows, dims));
            by_two.add(matrix_view<float const>(rows, dims));
            flat.add(matrix_view<float const>(rows, dims));
            for (std::uint64_t seed = 0; seed < 20; ++seed) {
                auto const query = normal_vector(dims, 1000 + seed);
                CAPTURE(to_string(similarity), dims, seed);
                auto const expected = flat.search(query, {.k = 20}).hits;
                CHECK(progressive.search(query, {.k = 20, .recall = 1}).hits == expected);
                CHECK(by_two.search(query, {.k = 20, .recall = 1}).hits == expected);
            }
        }
}

TEST_CASE("refining never loses a candidate that it kept and scores it as int8 does", "[index][progressive]") {
    planes_index progressive(40);
    flat_index<quantize::int8_codec> flat(40);
    auto const rows = normal_vector(2000 * 40, 3);
    progressive.add(matrix_view<float const>(rows, 40));
    flat.add(matrix_view<float const>(rows, 40));
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        auto const query = normal_vector(40, seed);
        auto const all = flat.search(query, {.k = 2000}).hits;
        auto const hits = progressive.search(query, {.k = 5, .recall = 0.5}).hits;
        REQUIRE(hits.size() == 5);
        for (hit const& h : hits) CHECK(std::find(all.begin(), all.end(), h) != all.end());
        CHECK(std::is_sorted(hits.begin(), hits.end(), ranks_before));
    }
}

TEST_CASE("the surer a cascade has to be the farther it looks below the k-th best", "[index][progressive]") {
    float before = -1;
    for (double const recall : {1e-300, 0.1, 0.5, 0.7, 0.9, 0.95, 0.97, 0.99, 0.999, 0.9999, 0.99999, std::nextafter(1.0, 0.0)}) {
        float const spread = simile::detail::spread_for(recall);
        CAPTURE(recall, spread);
        CHECK(spread >= before);
        CHECK(spread <= 6);
        before = spread;
    }
    CHECK(simile::detail::spread_for(0.5) == 1.0F);
    CHECK(simile::detail::spread_for(0.99) == 3.0F);
    CHECK(std::isinf(simile::detail::spread_for(1.0)));
    CHECK(simile::detail::margin_of(2.0F, 0.25F) == 0.5F);
    CHECK(std::isinf(simile::detail::margin_of(simile::detail::spread_for(1.0), 0.0F)));
}

TEST_CASE("the cascade finds the share of the best that is asked for among clustered vectors, and more when asked for more",
          "[index][progressive]") {
    std::size_t const dims = 64, count = 3000;
    auto rows = clustered_vectors(count, dims, 40, 0.6F, 1, 0);
    // Lengths differ by a factor of 4.
    for (std::size_t i = 0; i < count; ++i)
        for (std::size_t j = 0; j < dims; ++j) rows[i * dims + j] *= 0.5F + static_cast<float>(i % 16) / 10;
    auto const queries = clustered_vectors(60, dims, 40, 0.6F, 1, 1);
    std::vector<float> mean(dims);
    for (std::size_t j = 0; j < dims; ++j) mean[j] = 0.02F * static_cast<float>(j % 5);
    for (char const* const name : {"planes", "planes2", "planes12", "planes+rotated", "centred"})
        for (similarity_kind const similarity : {similarity_kind::cosine, similarity_kind::dot, similarity_kind::squared_l2}) {
            auto const index = name == std::string("centred")
                                   ? make_index({codec_kind::planes, quantize::transform(dims).centred(mean), {}, {}}, dims, similarity)
                                   : make_index(name, dims, similarity);
            index->add(matrix_view<float const>(rows, dims));
            matrix_view<float const> const asked(queries, dims);
            auto const all = index->search_many(asked, {.k = 10, .recall = 1});
            double before = 0;
            for (double const recall : {0.3, 0.5, 0.9, 0.99, 0.9999, 1.0}) {
                auto const some = index->search_many(asked, {.k = 10, .recall = recall});
                std::size_t found = 0;
                for (std::size_t q = 0; q < some.size(); ++q) {
                    REQUIRE(some[q].hits.size() == 10);
                    for (hit const& h : some[q].hits)
                        found += std::find(all[q].hits.begin(), all[q].hits.end(), h) != all[q].hits.end() ? 1U : 0U;
                }
                double const share = static_cast<double>(found) / 600;
                CAPTURE(name, to_string(similarity), recall, share);
                CHECK(share >= recall - 0.015);
                CHECK(share >= before);
                before = share;
            }
            CHECK(before == 1);
        }
}

TEST_CASE("how many candidates a cascade keeps follows from the number of rows: it is as sure among 40,000 as among 2,000",
          "[index][progressive]") {
    std::size_t const dims = 96;
    auto const queries = clustered_vectors(60, dims, 50, 0.7F, 5, 1);
    matrix_view<float const> const asked(queries, dims);
    for (std::size_t const count : {std::size_t{2000}, std::size_t{40'000}}) {
        auto const rows = clustered_vectors(count, dims, 50, 0.7F, 5, 0);
        flat_index<quantize::int8_codec> int8(dims);
        planes_index planes(dims);
        int8.add(matrix_view<float const>(rows, dims));
        planes.add(matrix_view<float const>(rows, dims));
        auto const exact = int8.search_many(asked), found = planes.search_many(asked);
        auto const by_signs = at_level(to_bytes(planes), 1)->search_many(asked, {.k = 100});
        std::size_t right = 0, among_fixed = 0;
        for (std::size_t q = 0; q < 60; ++q)
            for (hit const& h : exact[q].hits) {
                right += std::find(found[q].hits.begin(), found[q].hits.end(), h) != found[q].hits.end() ? 1U : 0U;
                among_fixed +=
                    std::any_of(by_signs[q].hits.begin(), by_signs[q].hits.end(), [&](hit const& s) { return s.row == h.row; }) ? 1U : 0U;
            }
        CAPTURE(count, right, among_fixed);
        CHECK(right >= 594);
        // A hundred candidates would do for the few rows alone.
        CHECK((count == 2000 ? among_fixed >= 594 : among_fixed < 560));
    }
}

TEST_CASE("the cascade of planes keeps 99 % of what int8 finds in real sentence embeddings", "[index][progressive][shared]") {
    auto const check = [](io::npy_array<float> const& corpus, io::npy_array<float> const& queries) {
        auto const int8 = index_of(codec_kind::int8, corpus), planes = index_of(codec_kind::planes, corpus);
        return recall(search_all(*planes, queries.matrix(), {.k = 10}), *int8, queries.matrix(), 10);
    };
    auto const glosses = shared_vectors("use512-wordnet20k.npy"), texts = shared_vectors("minilm-real/minilm-pool4544.npy");
    CHECK(check(glosses, shared_vectors("use512-revdict1000.npy")) >= 0.99);
    CHECK(check(glosses, spread_rows(glosses, 300)) >= 0.99);
    CHECK(check(texts, spread_rows(texts, 1000)) >= 0.99);
}

TEST_CASE("each plane that arrives makes answers better, as far as is known for real embeddings", "[index][progressive][shared]") {
    auto const corpus = shared_vectors("use512-wordnet20k.npy"), queries = spread_rows(corpus, 200);
    auto const exact = index_of(codec_kind::f32, corpus);
    auto const file = to_bytes(*index_of(codec_kind::planes, corpus));
    // Measured over 1,000 glosses: 0.766, 0.967 and 0.998 of the ten nearest, and by signs alone 0.993 of them among 40.
    std::array<double, 3> const known{0.74, 0.955, 0.995};
    for (unsigned level = 1; level <= 3; ++level) {
        auto const index = at_level(file, level);
        auto const results = search_all(*index, queries.matrix(), {.k = 10});
        CAPTURE(level);
        CHECK(results[0].level == level);
        CHECK(recall(results, *exact, queries.matrix(), 10) >= known[level - 1]);
    }
    CHECK(recall(search_all(*at_level(file, 1), queries.matrix(), {.k = 40}), *exact, queries.matrix(), 10) >= 0.985);
}
