// SPDX-License-Identifier: Apache-2.0
#include <simile/index/gallery_scores.hpp>

#include <simile/index/make_index.hpp>
#include <simile/score/surprise.hpp>

#include "support/clustered.hpp"
#include "support/embeddings.hpp"
#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cmath>
#include <string>
#include <vector>

using namespace simile;
using namespace simile::test;

TEST_CASE("moments of an index are those of a query's scores over all rows", "[index][gallery_scores]") {
    std::size_t const d = 32, n = 1500;
    auto const values = clustered_vectors(n, d, 30, 0.7F, 3, 0);
    for (similarity_kind const similarity : {similarity_kind::cosine, similarity_kind::dot})
        for (std::string const name : {"f32", "int8", "planes"}) {
            auto const index = make_index(name, d, similarity);
            index->add(matrix_view<float const>(values, d));
            auto const moments = gallery_moments_of(*index);
            CHECK(moments.size() == n);
            for (std::uint64_t seed = 0; seed < 5; ++seed) {
                auto const query = unit_vector(d, 50 + seed);
                double sum = 0, squares = 0;
                for (hit const& h : index->search(query, {.k = n, .recall = 1}).hits) {
                    sum += double{h.score};
                    squares += double{h.score} * double{h.score};
                }
                double const mean = sum / double(n), deviation = std::sqrt(squares / double(n) - mean * mean);
                auto const of = moments.of_scores(query);
                CAPTURE(to_string(similarity), name, mean, deviation);
                // Searches of codes round the query to 8 bits.
                CHECK(std::abs(of.mean - mean) <= (name == "f32" ? 1e-5 : 5e-3) * (similarity == similarity_kind::dot ? 6 : 1));
                CHECK(std::abs(of.deviation / deviation - 1) <= (name == "f32" ? 1e-4 : 5e-3));
            }
        }
    auto const far = make_index("int8", d, similarity_kind::squared_l2);
    CHECK(outcome([&] { return gallery_moments_of(*far).size(); }) == "invalid_argument");
    progress stopped;
    stopped.stop = [] { return true; };
    auto const index = make_index("int8", d);
    index->add(matrix_view<float const>(values, d));
    CHECK(outcome([&] { return gallery_moments_of(*index, stopped).size(); }) == "cancelled");
    CHECK(gallery_moments_of(*make_index("int8", d)).size() == 0);
}

TEST_CASE("real queries stand out of the gallery, noise does not", "[index][gallery_scores][shared]") {
    auto const glosses = shared_vectors("use512-wordnet20k.npy"), queries = shared_vectors("use512-revdict1000.npy");
    auto const index = make_index("int8", 512);
    index->add(glosses.matrix());
    auto const moments = gallery_moments_of(*index);
    std::size_t real = 0, noise = 0;
    for (std::size_t q = 0; q < 200; ++q) {
        auto const relevance = [&](std::span<float const> query) {
            std::vector<float> unit(512);
            to_unit(query, unit);
            return score::surprise(moments.of_scores(unit).z_score(double{index->search(unit, {.k = 1}).hits[0].score}), index->size());
        };
        real += relevance(queries.matrix()[q]) > 0.5 ? 1 : 0;
        noise += relevance(unit_vector(512, 900 + q)) > 0.5 ? 1 : 0;
    }
    CAPTURE(real, noise);
    CHECK(real >= 130);
    CHECK(noise <= 130);
    CHECK(real > noise);
}
