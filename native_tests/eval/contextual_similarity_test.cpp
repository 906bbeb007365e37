// SPDX-License-Identifier: Apache-2.0
#include <simile/eval/contextual_similarity.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using eval::contextual_similarity;

TEST_CASE("two far groups are similar within and not across", "[eval][contextual_similarity]") {
    // Four and four points around opposite directions.
    std::vector<float> scores(64);
    for (std::size_t i = 0; i < 8; ++i)
        for (std::size_t j = 0; j < 8; ++j) scores[i * 8 + j] = (i < 4) == (j < 4) ? 1.0F : -1.0F;
    auto const found = contextual_similarity({scores.data(), 8, 8});
    for (std::size_t i = 0; i < 8; ++i)
        for (std::size_t j = 0; j < 8; ++j) CHECK(found[i * 8 + j] == ((i < 4) == (j < 4) ? 1.0F : 0.0F));
}

TEST_CASE("contextual similarity is symmetric, within 0 and 1, and follows the neighbourhoods counted by hand",
          "[eval][contextual_similarity]") {
    // Points on a line at 0, 1, 3: with k = 2 each has itself and its nearest.
    std::vector<float> const scores{1, 0.9F, 0.1F, 0.9F, 1, 0.4F, 0.1F, 0.4F, 1};
    auto const found = contextual_similarity({scores.data(), 3, 3}, 2, 0);
    // Near sets {0,1} {0,1} {1,2}; far sets {2} {2} {0}. W: w01 = w10 = 1, w21 = (1/2 + 0) / 2, diagonal 1. k / 2 = 1: each is its own only mutual
    // neighbour, so the result is (W + W') / 2.
    std::vector<float> const expected{1, 1, 0, 1, 1, 0.125F, 0, 0.125F, 1};
    CHECK(found == expected);
    auto random = normal_vector(100, 7);
    for (std::size_t i = 0; i < 10; ++i)
        for (std::size_t j = 0; j <= i; ++j) random[i * 10 + j] = random[j * 10 + i] = i == j ? 1.0F : std::tanh(random[i * 10 + j]);
    auto const any = contextual_similarity({random.data(), 10, 10});
    for (std::size_t i = 0; i < 10; ++i)
        for (std::size_t j = 0; j < 10; ++j) {
            CHECK((any[i * 10 + j] >= 0 && any[i * 10 + j] <= 1));
            CHECK(any[i * 10 + j] == any[j * 10 + i]);
        }
}

TEST_CASE("contextual similarity is that of its definition by sets", "[eval][contextual_similarity]") {
    std::size_t const n = 14, d = 3;
    double const eps = 0.05;
    auto const points = normal_vector(n * d, 3);
    matrix_view<float const> const view(points, d);
    std::vector<float> scores;
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) scores.push_back(static_cast<float>(cosine_by_definition<float>(view[i], view[j])));
    auto const distance = [&](std::size_t i, std::size_t j) { return std::max(2 - 2 * double{scores[i * n + j]}, 0.0); };
    auto const near_set = [&](std::size_t i, std::size_t k) {
        std::vector<double> row;
        for (std::size_t j = 0; j < n; ++j) row.push_back(distance(i, j));
        std::sort(row.begin(), row.end());
        std::vector<bool> in;
        for (std::size_t j = 0; j < n; ++j) in.push_back(distance(i, j) - eps <= row[k - 1]);
        return in;
    };
    for (std::size_t const k : {2U, 4U, 6U}) {
        auto const overlap = [&](std::size_t i, std::size_t j) {
            auto const a = near_set(i, k), b = near_set(j, k);
            if (!a[j]) return 0.0;
            double both = 0, of_a = 0, neither = 0, not_a = 0;
            for (std::size_t l = 0; l < n; ++l) {
                both += a[l] && b[l];
                of_a += a[l];
                neither += !a[l] && !b[l];
                not_a += !a[l];
            }
            return 0.5 * (both / of_a + (not_a > 0 ? neither / not_a : 0));
        };
        auto const spread = [&](std::size_t i, std::size_t j) {
            double sum = 0, count = 0;
            for (std::size_t l = 0; l < n; ++l)
                if (near_set(i, k / 2)[l] && near_set(l, k / 2)[i]) {
                    sum += overlap(l, j);
                    ++count;
                }
            return sum / count;
        };
        auto const found = contextual_similarity({scores.data(), n, n}, k, eps);
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j) CHECK(std::abs(double{found[i * n + j]} - 0.5 * (spread(i, j) + spread(j, i))) < 1e-6);
    }
}

TEST_CASE("where everything is near, the outside half counts as nothing", "[eval][contextual_similarity]") {
    std::vector<float> const scores(9, 1.0F);
    CHECK(contextual_similarity({scores.data(), 3, 3}, 99) == std::vector<float>(9, 0.5F));
}

TEST_CASE("contextual similarity refuses what makes no sense", "[eval][contextual_similarity]") {
    auto scores = normal_vector(9, 1);
    matrix_view<float const> const square(scores.data(), 3, 3);
    CHECK(outcome([&] { return contextual_similarity({scores.data(), 2, 3}); }) == "dimension_mismatch");
    CHECK(outcome([&] { return contextual_similarity({}); }) == "invalid_argument");
    CHECK(outcome([&] { return contextual_similarity(square, 0); }) == "invalid_argument");
    CHECK(outcome([&] { return contextual_similarity(square, 2, -0.1); }) == "invalid_argument");
    CHECK(outcome([&] { return contextual_similarity(square, 2, NAN); }) == "not_finite");
    scores[3] = NAN;
    CHECK(outcome([&] { return contextual_similarity(square); }) == "not_finite");
}
