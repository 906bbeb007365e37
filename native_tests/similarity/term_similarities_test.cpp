// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/term_similarities.hpp>

#include "similarity/ranking.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace simile;
using namespace simile::test;
using similarity::term_similarities;

TEST_CASE("term_similarities are squared positive cosines with ones on the diagonal", "[similarity][term_similarities]") {
    token_matrix const terms(30, 6, 1);
    auto const s = term_similarities(terms), cubed = term_similarities(terms, {.exponent = 3, .threshold = 0.25});
    for (std::size_t i = 0; i < 30; ++i)
        for (std::size_t j = 0; j < 30; ++j) {
            double const exact = cosine_by_definition<float>(terms[i], terms[j]);
            CAPTURE(i, j, exact);
            REQUIRE(std::abs(s[i * 30 + j] - (i == j ? 1 : exact > 0 ? exact * exact : 0)) <= 1e-7);
            REQUIRE(std::abs(cubed[i * 30 + j] - (i == j ? 1 : exact > 0.25 ? exact * exact * exact : 0)) <= 1e-7);
            REQUIRE(s[i * 30 + j] == s[j * 30 + i]);
        }
}

TEST_CASE("only mutual neighbours keep their similarity", "[similarity][term_similarities]") {
    std::size_t const t = 40, kept = 5;
    token_matrix const terms(t, 4, 2);
    auto const all = term_similarities(terms), few = term_similarities(terms, {.neighbours = kept});
    auto const is_neighbour = [&](std::size_t i, std::size_t j) {
        std::size_t closer = 0;
        for (std::size_t k = 0; k < t; ++k) closer += k != i && all[i * t + k] > all[i * t + j] ? 1U : 0U;
        return closer < kept;
    };
    std::size_t dropped = 0;
    for (std::size_t i = 0; i < t; ++i)
        for (std::size_t j = 0; j < t; ++j) {
            bool const stays = i == j || (is_neighbour(i, j) && is_neighbour(j, i));
            REQUIRE(few[i * t + j] == (stays ? all[i * t + j] : 0.0F));
            dropped += !stays && all[i * t + j] > 0 ? 1U : 0U;
        }
    CHECK(dropped > 100);
    auto const none = term_similarities(terms, {.neighbours = 0});
    CHECK(std::count(none.begin(), none.end(), 0.0F) == std::ptrdiff_t(t * t - t));
    CHECK(term_similarities(terms, {.neighbours = t - 1}) == all);
}

TEST_CASE("a term of zeros is similar to itself only", "[similarity][term_similarities]") {
    token_matrix const terms(2, {0, 0, 1, 1, 2, 2});
    CHECK(term_similarities(terms) == std::vector<float>{1, 0, 0, 0, 1, 1, 0, 1, 1});
}

TEST_CASE("term_similarities refuse bad parameters", "[similarity][term_similarities]") {
    token_matrix const terms(2, {1, 0, 1, 1}), nan(1, {1, std::nanf("")});
    CHECK(outcome([&] { return term_similarities(terms, {.exponent = 0}); }) == "invalid_argument");
    CHECK(outcome([&] { return term_similarities(terms, {.threshold = -0.5}); }) == "invalid_argument");
    CHECK(outcome([&] { return term_similarities(matrix_view<float const>(terms.values.data(), 0, 2)); }) == "invalid_argument");
    CHECK(outcome([&] { return term_similarities(nan); }) == "not_finite");
}
