// SPDX-License-Identifier: Apache-2.0
#include <simile/index/corrected_index.hpp>
#include <simile/index/file.hpp>
#include <simile/index/gallery_scores.hpp>
#include <simile/index/ivf.hpp>
#include <simile/index/make_index.hpp>

#include "support/clustered.hpp"
#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

using namespace simile;
using namespace simile::test;

namespace {

constexpr std::size_t meaning_dims = 24;
std::span<float const> meaning_row(std::vector<float> const& values, std::size_t i) {
    return std::span(values).subspan(i * meaning_dims, meaning_dims);
}

/// Steep enough that real scores lie on both sides.
score::relevance_model const steep(score::platt_calibration{-20, 10});

/// Another map for each query.
score::cosine_adapter adapter_of_queries() {
    auto const w = normal_vector(6 * meaning_dims + 6 + 18 + 3, 8);
    auto const part = [&](std::size_t first, std::size_t n) {
        return std::vector<float>(w.begin() + std::ptrdiff_t(first), w.begin() + std::ptrdiff_t(first + n));
    };
    return {meaning_dims,
            6,
            part(0, 6 * meaning_dims),
            part(6 * meaning_dims, 6),
            part(6 * meaning_dims + 6, 18),
            part(6 * meaning_dims + 24, 3)};
}

std::unique_ptr<vector_index> meaning_index(std::string const& name, std::vector<float> const& values,
                                            similarity_kind similarity = similarity_kind::cosine) {
    auto index = make_index(name, meaning_dims, similarity);
    index->add(matrix_view<float const>(values, meaning_dims));
    return index;
}

}  // namespace

TEST_CASE("hits tell their relevance once an index knows what its scores mean", "[index][relevance]") {
    auto const values = clustered_vectors(300, meaning_dims, 10, 0.6F, 3, 0), queries = clustered_vectors(40, meaning_dims, 10, 0.6F, 3, 1);
    for (std::string const name : {"f32", "int8", "planes", "rabitq4", "lvq4x8"}) {
        CAPTURE(name);
        auto const index = meaning_index(name, values);
        auto const plain = index->search(meaning_row(queries, 0));
        CHECK(plain.relevance.empty());
        CHECK(index->relevance() == nullptr);
        index->set_relevance(steep);
        auto const found = index->search(meaning_row(queries, 0));
        CHECK(found.hits == plain.hits);
        REQUIRE(found.relevance.size() == 10);
        for (std::size_t i = 0; i < 10; ++i) CHECK(found.relevance[i] == steep.of({})(found.hits[i].score));
        // Another's word for it, for one search.
        score::relevance_model const shy(score::platt_calibration{-1, 3});
        CHECK(index->search(meaning_row(queries, 0), {.relevance = &shy}).relevance[0] == shy.of({})(plain.hits[0].score));
        index->set_relevance({});
        CHECK(index->search(meaning_row(queries, 0)).relevance.empty());
    }
}

TEST_CASE("a least relevance keeps exactly what is relevant enough, and nothing at all is an answer", "[index][relevance]") {
    auto const values = clustered_vectors(400, meaning_dims, 10, 0.6F, 4, 0), queries = clustered_vectors(20, meaning_dims, 10, 0.6F, 4, 1);
    auto const gallery = meaning_index("f32", values);
    std::vector<score::relevance_model> models{steep, score::relevance_model(score::surprise_relevance{gallery_moments_of(*gallery), 400}),
                                               score::relevance_model(adapter_of_queries())};
    for (std::string const name : {"f32", "int8", "planes"})
        for (auto const& model : models)
            for (double const least : {0.0, 0.3, 0.9, 1.0}) {
                auto const index = meaning_index(name, values);
                index->set_relevance(model);
                CAPTURE(name, model.parameters().index(), least);
                auto const many =
                    index->search_many(matrix_view<float const>(queries, meaning_dims), {.k = 50, .min_relevance = least, .recall = 1});
                for (std::size_t q = 0; q < 20; ++q) {
                    auto const all = index->search(meaning_row(queries, q), {.k = 50, .recall = 1});
                    std::vector<hit> expected;
                    for (std::size_t i = 0; i < all.hits.size(); ++i)
                        if (double{all.relevance[i]} >= least) expected.push_back(all.hits[i]);
                    auto const found = index->search(meaning_row(queries, q), {.k = 50, .min_relevance = least, .recall = 1});
                    CHECK(found.hits == expected);
                    CHECK(found.relevance.size() == expected.size());
                    CHECK(many[q].hits == expected);
                    CHECK(many[q].relevance == found.relevance);
                }
            }
    auto const index = meaning_index("int8", values);
    index->set_relevance(score::relevance_model(score::platt_calibration{-100, 500}));
    CHECK(index->search(meaning_row(queries, 0), {.min_relevance = 0.5}).hits.empty());
}

TEST_CASE("the least relevance goes along with a least score, filters, lists and other similarities", "[index][relevance]") {
    auto const values = clustered_vectors(300, meaning_dims, 10, 0.6F, 5, 0), queries = clustered_vectors(5, meaning_dims, 10, 0.6F, 5, 1);
    auto const index = meaning_index("int8", values);
    index->set_relevance(steep);
    row_filter even(300);
    for (row_t r = 0; r < 300; r += 2) even.allow(r);
    for (hit const& h : index->search(meaning_row(queries, 0), {.k = 300, .filter = &even, .min_score = 0.55F, .min_relevance = 0.5}).hits)
        CHECK((h.row % 2 == 0 && h.score >= 0.55F));
    auto const by_score = index->search(meaning_row(queries, 0), {.k = 300, .min_score = 0.55F});
    CHECK(index->search(meaning_row(queries, 0), {.k = 300, .min_score = 0.55F, .min_relevance = 0.1}).hits == by_score.hits);
    auto const far = meaning_index("f32", values, similarity_kind::squared_l2);
    far->set_relevance(score::relevance_model(score::platt_calibration{-0.5, -20}));
    auto const near = far->search(meaning_row(queries, 0), {.k = 300, .min_relevance = 0.5});
    CHECK((!near.hits.empty() && near.hits.size() < 300));
    for (hit const& h : near.hits) CHECK(h.score >= -40.0001F);
    auto lists = ivf_index::build(coding_of("int8", meaning_dims), {}, matrix_view<float const>(values, meaning_dims),
                                  similarity_kind::cosine, {.lists = 6});
    auto const found = lists.search(meaning_row(queries, 0), {.min_relevance = 0.5, .relevance = &steep}, 6);
    CHECK(found.relevance.size() == found.hits.size());
    CHECK(std::all_of(found.relevance.begin(), found.relevance.end(), [](float r) { return r >= 0.5F; }));
}

TEST_CASE("with a correction, relevance is of the similarity and ranks are the correction's", "[index][relevance][corrected_index]") {
    auto const values = clustered_vectors(300, meaning_dims, 10, 0.6F, 6, 0), queries = clustered_vectors(30, meaning_dims, 10, 0.6F, 6, 1);
    std::shared_ptr<vector_index> const rows = meaning_index("int8", values);
    rows->set_relevance(steep);
    for (bool const dynamic : {false, true}) {
        corrected_index const index(rows, matrix_view<float const>(queries, meaning_dims), {.k = 5, .dynamic = dynamic});
        for (std::size_t q = 0; q < 10; ++q) {
            auto const plain = rows->search(meaning_row(queries, q), {.k = 300});
            auto const ranked = index.search(meaning_row(queries, q), {.k = 20}),
                       kept = index.search(meaning_row(queries, q), {.k = 20, .min_relevance = 0.6});
            CHECK(ranked.corrected);
            std::vector<hit> expected;
            for (std::size_t i = 0; i < ranked.hits.size(); ++i) {
                auto const same =
                    std::find_if(plain.hits.begin(), plain.hits.end(), [&](hit const& h) { return h.row == ranked.hits[i].row; });
                CHECK(std::abs(ranked.relevance[i] - plain.relevance[std::size_t(same - plain.hits.begin())]) < 1e-5F);
                if (ranked.relevance[i] >= 0.6F) expected.push_back(ranked.hits[i]);
            }
            CHECK(kept.hits == expected);
        }
    }
}

TEST_CASE("what scores mean is saved with the index, before its codes, and a reader may skip it", "[index][relevance][file]") {
    auto const values = clustered_vectors(70, meaning_dims, 10, 0.6F, 7, 0), asked = clustered_vectors(10, meaning_dims, 10, 0.6F, 7, 1);
    for (std::string const name : {"int8", "planes"})
        for (bool const outliers : {false, true}) {
            auto const index = meaning_index(name, values);
            auto const without = to_bytes(*index);
            index->set_relevance(outliers ? score::relevance_model(score::surprise_relevance{gallery_moments_of(*index), 70}) : steep);
            auto const file = to_bytes(*index);
            CHECK(file.size() > without.size());
            auto const loaded = from_bytes(file, verify_level::full);
            REQUIRE(loaded->relevance() != nullptr);
            CHECK(to_bytes(*loaded) == file);
            CHECK(loaded->search(meaning_row(asked, 0)).relevance == index->search(meaning_row(asked, 0)).relevance);
            loaded->set_relevance({});
            CHECK(to_bytes(*loaded) == without);
            // Known as soon as the first plane is there.
            index_loader loader;
            std::size_t fed = 0;
            while (loader.level() == 0) loader.feed(std::span(file).subspan(fed++, 1));
            CHECK(loader.index()->relevance() != nullptr);
        }
    // Together with lists and a correction, and without rows.
    auto lists = ivf_index::build(coding_of("int8", meaning_dims), {}, matrix_view<float const>(values, meaning_dims),
                                  similarity_kind::cosine, {.lists = 3});
    CHECK(ivf_index::from_bytes(lists.to_bytes()).rows().relevance() == nullptr);
    std::shared_ptr<vector_index> const rows = meaning_index("planes", values);
    rows->set_relevance(steep);
    corrected_index const corrected(rows, matrix_view<float const>(asked, meaning_dims));
    auto const back = corrected_index::from_bytes(corrected.to_bytes(), verify_level::full);
    CHECK(back.rows().relevance() != nullptr);
    CHECK(back.to_bytes() == corrected.to_bytes());
    auto const empty = make_index("planes", meaning_dims);
    empty->set_relevance(steep);
    CHECK(from_bytes(to_bytes(*empty), verify_level::full)->relevance() != nullptr);
}

TEST_CASE("every single-bit flip and truncation of a file with a relevance model is refused", "[index][relevance][damage]") {
    auto const values = normal_vector(3 * meaning_dims, 3);
    auto const index = meaning_index("int8", values);
    index->set_relevance(score::relevance_model(score::isotonic_calibration{{{0.1, 0.2, 0.25}, {0.5, 0.5, 1}}}));
    auto const file = to_bytes(*index);
    for (std::size_t bit = 0; bit < 8 * file.size(); ++bit) {
        auto damaged = file;
        damaged[bit / 8] ^= std::byte{1} << (bit % 8);
        auto const result = outcome([&] { return from_bytes(damaged); });
        if (result != "corrupt_file") FAIL("bit " << bit % 8 << " of byte " << bit / 8 << ": " << result);
        auto const unchecked =
            outcome([&] { return from_bytes(damaged, verify_level::structure)->search(meaning_row(values, 0), {.min_relevance = 0.0}); });
        if (unchecked != "ok" && unchecked != "corrupt_file" && unchecked != "unsupported_version")
            FAIL("unchecked, bit " << bit % 8 << " of byte " << bit / 8 << ": " << unchecked);
    }
    for (std::size_t length = 0; length < file.size(); ++length)
        if (auto const result = outcome([&] { return from_bytes(std::span(file).first(length)); }); result != "truncated_file")
            FAIL("first " << length << " bytes: " << result);
}

TEST_CASE("bad relevance is refused and changes nothing", "[index][relevance]") {
    auto const values = clustered_vectors(40, meaning_dims, 10, 0.6F, 8, 0);
    auto const index = meaning_index("int8", values), by_dot = meaning_index("int8", values, similarity_kind::dot);
    CHECK(outcome([&] { return index->search(meaning_row(values, 0), {.min_relevance = 0.5}); }) == "invalid_argument");
    index->set_relevance(steep);
    for (double const least : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()}) {
        CHECK(outcome([&] { return index->search(meaning_row(values, 0), {.min_relevance = least}); }) == "invalid_argument");
        CHECK(outcome([&] { return index->search_many(matrix_view<float const>(values, meaning_dims), {.min_relevance = least}); }) ==
              "invalid_argument");
    }
    score::gallery_moments narrow(3);
    narrow.add(normal_vector(3, 1));
    score::relevance_model const misfit(score::surprise_relevance{narrow, 5});
    CHECK(outcome([&] {
              index->set_relevance(misfit);
              return 0;
          }) == "dimension_mismatch");
    CHECK(outcome([&] { return index->search(meaning_row(values, 0), {.relevance = &misfit}); }) == "dimension_mismatch");
    CHECK(index->relevance() != nullptr);
    CHECK(outcome([&] {
              by_dot->set_relevance(score::relevance_model(score::beta_calibration{}));
              return 0;
          }) == "invalid_argument");
    CHECK(by_dot->relevance() == nullptr);
}
