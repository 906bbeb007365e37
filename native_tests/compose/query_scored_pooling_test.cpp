// SPDX-License-Identifier: Apache-2.0
#include <simile/compose/query_scored_pooling.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using compose::query_scored_pooling;

TEST_CASE("parts are weighted by the softmax of their cosines", "[compose][query_scored_pooling]") {
    std::size_t const d = 11, n = 6;
    auto const q = normal_vector(d, 1, 5), parts = normal_vector(n * d, 2);
    matrix_view<float const> const view(parts, d);
    for (double const temperature : {0.05, 0.1, 1.0}) {
        auto const found = query_scored_pooling(q, view, temperature);
        double total = 0;
        for (std::size_t i = 0; i < n; ++i) total += std::exp(cosine_by_definition<float>(q, view[i]) / temperature);
        std::vector<double> pooled(d);
        for (std::size_t i = 0; i < n; ++i) {
            double const weight = std::exp(cosine_by_definition<float>(q, view[i]) / temperature) / total;
            CHECK(std::abs(found.weights[i] - weight) < 1e-12);
            for (std::size_t j = 0; j < d; ++j) pooled[j] += weight * double{view[i][j]} / norm(view[i]);
        }
        for (std::size_t j = 0; j < d; ++j) CHECK(std::abs(double{found.pooled[j]} - pooled[j]) < 1e-7);
        CHECK(std::abs(found.cosine - cosine_by_definition<float>(q, found.pooled)) < 1e-6);
    }
}

TEST_CASE("a low temperature takes the best part and a high one the mean", "[compose][query_scored_pooling]") {
    std::vector<float> const q{1, 0}, parts{0.6F, 0.8F, 0, 2, 3, 0};
    matrix_view<float const> const view(parts, 2);
    CHECK(query_scored_pooling(q, view, 1e-5).weights == std::vector<double>{0, 0, 1});
    for (double const w : query_scored_pooling(q, view, 1e9).weights) CHECK(std::abs(w - 1.0 / 3) < 1e-9);
    CHECK(query_scored_pooling(q, view, 1e-300).cosine == 1);
}

TEST_CASE("zero vectors have no say and no cosine", "[compose][query_scored_pooling]") {
    std::vector<float> const zero{0, 0}, x{1, 0}, parts{0, 0, 0, 0};
    CHECK(query_scored_pooling(zero, {x.data(), 1, 2}).cosine == 0);
    CHECK(query_scored_pooling(x, matrix_view<float const>(parts, 2)).cosine == 0);
}

TEST_CASE("query-scored pooling refuses what does not fit", "[compose][query_scored_pooling]") {
    std::vector<float> const q{1, 0}, longer{1, 0, 0}, nan{NAN, 1};
    matrix_view<float const> const one(q.data(), 1, 2);
    CHECK(outcome([&] { return query_scored_pooling(longer, one); }) == "dimension_mismatch");
    CHECK(outcome([&] { return query_scored_pooling(nan, one); }) == "not_finite");
    CHECK(outcome([&] { return query_scored_pooling(q, {nan.data(), 1, 2}); }) == "not_finite");
    CHECK(outcome([&] { return query_scored_pooling(q, {q.data(), 0, 2}); }) == "invalid_argument");
    CHECK(outcome([&] { return query_scored_pooling(q, one, 0); }) == "invalid_argument");
    CHECK(outcome([&] { return query_scored_pooling(q, one, NAN); }) == "not_finite");
}
