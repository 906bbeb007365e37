// SPDX-License-Identifier: Apache-2.0
#include <simile/index/flat.hpp>

#include "support/embeddings.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <nlohmann/json.hpp>

#include <fstream>

using namespace simile;
using namespace simile::test;

namespace {

// Share of the definitions one of whose right rows is among the first k.
double hit_rate(std::span<search_result const> results, nlohmann::json const& gold, std::size_t k) {
    std::size_t found = 0;
    for (std::size_t q = 0; q < results.size(); ++q) {
        auto const rows = gold[q]["rows"].get<std::vector<row_t>>();
        auto const hits = std::span(results[q].hits).first(k);
        found +=
            std::any_of(hits.begin(), hits.end(), [&](hit const& h) { return std::find(rows.begin(), rows.end(), h.row) != rows.end(); })
                ? 1U
                : 0U;
    }
    return static_cast<double>(found) / static_cast<double>(results.size());
}

}  // namespace

TEST_CASE("flat indexes of a static type are what make_index makes", "[index][flat]") {
    flat_index<quantize::int8_codec> typed(12, similarity_kind::dot);
    auto const erased = make_index(codec_kind::int8, 12, similarity_kind::dot);
    auto const rows = normal_vector(12 * 50, 1);
    typed.add(matrix_view<float const>(rows, 12));
    erased->add(matrix_view<float const>(rows, 12));
    CHECK(typed.search(normal_vector(12, 5)).hits == erased->search(normal_vector(12, 5)).hits);
    flat_index<quantize::int8_codec> const copy = typed;
    typed.remove(3);
    CHECK(copy.size() == 50);
    CHECK(copy.search(normal_vector(12, 5)).hits == erased->search(normal_vector(12, 5)).hits);
}

TEST_CASE("a reverse dictionary of 20,000 glosses finds as many words as exact search is known to find", "[index][flat][shared]") {
    auto const corpus = shared_vectors("use512-wordnet20k.npy"), queries = shared_vectors("use512-revdict1000.npy");
    std::ifstream file(shared_file("data/revdict1000.json"));
    auto const gold = nlohmann::json::parse(file);
    for (codec_kind const codec : {codec_kind::f32, codec_kind::int8, codec_kind::planes}) {
        auto const results = search_all(*index_of(codec, corpus), queries.matrix(), {.k = 10});
        CAPTURE(to_string(codec));
        // The README of the data: R@1 0.1550, R@10 0.3240.
        double const tolerance = codec == codec_kind::f32 ? 1e-9 : 0.005;
        CHECK(std::abs(hit_rate(results, gold, 1) - 0.1550) <= tolerance);
        CHECK(std::abs(hit_rate(results, gold, 10) - 0.3240) <= tolerance);
    }
}

TEST_CASE("int8 keeps 99 % of the ten nearest of real embeddings, and half precision nearly all", "[index][flat][shared]") {
    for (char const* const name : {"use512-wordnet20k.npy", "glove100-words20k.npy", "minilm-real/minilm-pool4544.npy"}) {
        auto const corpus = shared_vectors(name), queries = spread_rows(corpus, 300);
        auto const exact = index_of(codec_kind::f32, corpus);
        CAPTURE(name);
        CHECK(recall(search_all(*index_of(codec_kind::int8, corpus), queries.matrix(), {.k = 10}), *exact, queries.matrix(), 10) >= 0.99);
        CHECK(recall(search_all(*index_of(codec_kind::f16, corpus), queries.matrix(), {.k = 10}), *exact, queries.matrix(), 10) >= 0.999);
    }
}
