// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/soft_cosine.hpp>

#include <simile/similarity/term_similarities.hpp>

#include "similarity/ranking.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using similarity::soft_cosine;

static_assert(soft_cosine::order == ordering::larger_is_closer);

namespace {
double form(matrix_view<float const> s, std::vector<float> const& a, std::vector<float> const& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        for (std::size_t j = 0; j < b.size(); ++j) sum += double(a[i]) * double(s[i][j]) * double(b[j]);
    return sum;
}
double by_definition(matrix_view<float const> s, std::vector<float> const& a, std::vector<float> const& b) {
    return form(s, a, b) / std::sqrt(form(s, a, a) * form(s, b, b));
}
/// A bag in which a third of the words occur.
std::vector<float> bag(std::size_t t, std::uint64_t seed) {
    xoshiro256 random(seed);
    std::vector<float> out(t, 0.0F);
    for (float& v : out)
        if (uniform01(random) < 0.3) v = static_cast<float>(0.1 + uniform01(random));
    out[seed % t] = 1;
    return out;
}
/// S of t terms, blended with the identity until it is positive definite.
std::vector<float> similarities(std::size_t t, std::uint64_t seed) {
    auto s = similarity::term_similarities(token_matrix(t, 12, seed));
    for (std::size_t i = 0; i < t * t; ++i)
        if (i % (t + 1) != 0) s[i] *= 0.5F;
    return s;
}
}  // namespace

TEST_CASE("soft_cosine is a' S b / sqrt(a' S a  b' S b), symmetric to the bit", "[similarity][soft_cosine]") {
    for (std::size_t const t : {1U, 2U, 10U, 50U}) {
        auto const s = similarities(t, t);
        matrix_view<float const> const matrix(s.data(), t, t);
        soft_cosine const soft(matrix);
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
            auto const a = bag(t, seed), b = bag(t, seed + 100);
            CAPTURE(t, seed);
            REQUIRE(std::abs(soft(a, b) - by_definition(matrix, a, b)) <= 1e-6);
            REQUIRE(soft(a, b) == soft(b, a));
            REQUIRE(std::abs(soft(a, a) - 1) <= 1e-7F);
        }
    }
}

TEST_CASE("soft_cosine sees words that are merely similar", "[similarity][soft_cosine]") {
    token_matrix const s(2, {1, 0.5F, 0.5F, 1});
    std::vector<float> const a{1, 0}, b{0, 1};
    CHECK(soft_cosine(s)(a, b) == 0.5F);
    CHECK(soft_cosine(token_matrix(2, {1, 0, 0, 1}))(a, b) == 0);
}

TEST_CASE("an index of soft_cosine's items ranks as it does", "[similarity][soft_cosine]") {
    std::size_t const t = 50;
    auto const s = similarities(t, 3), query = bag(t, 1);
    matrix_view<float const> const matrix(s.data(), t, t);
    soft_cosine const soft(matrix);
    std::vector<std::vector<float>> items;
    std::vector<double> values, plain;
    for (std::uint64_t i = 0; i < 150; ++i) {
        auto const x = bag(t, 100 + i);
        items.push_back(written(soft.mapped_dims(), [&](auto out) { soft.item(x, out); }));
        values.push_back(by_definition(matrix, x, query));
        plain.push_back(cosine_by_definition<float>(x, query));
    }
    auto const q = written(soft.mapped_dims(), [&](auto out) { soft.query(query, out); });
    auto const hits = all_hits(similarity_kind::cosine, items, q);
    CHECK(out_of_order(hits, values, ordering::larger_is_closer, 1e-6) == "");
    CHECK(out_of_order(hits, plain, ordering::larger_is_closer, 1e-6) != "");
    CHECK(std::abs(hits[0].score - values[hits[0].row]) < 1e-6);
}

TEST_CASE("soft_cosine of term vectors is that of their cosines, in as many dimensions as they have", "[similarity][soft_cosine]") {
    std::size_t const t = 40, e = 6;
    token_matrix const terms(t, e, 5);
    std::vector<float> s(t * t);
    for (std::size_t i = 0; i < t; ++i)
        for (std::size_t j = 0; j < t; ++j) s[i * t + j] = static_cast<float>(cosine_by_definition<float>(terms[i], terms[j]));
    auto const soft = soft_cosine::of_vectors(terms);
    CHECK(soft.dims() == t);
    CHECK(soft.mapped_dims() == e);
    soft_cosine const factored(matrix_view<float const>(s.data(), t, t));
    CHECK(factored.mapped_dims() == e);
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        auto const a = bag(t, seed), b = bag(t, seed + 100);
        REQUIRE(std::abs(soft(a, b) - by_definition(matrix_view<float const>(s.data(), t, t), a, b)) <= 1e-6);
        REQUIRE(std::abs(soft(a, b) - factored(a, b)) <= 2e-5F);
    }
}

TEST_CASE("soft_cosine of nothing is 0", "[similarity][soft_cosine]") {
    soft_cosine const soft(token_matrix(2, {1, 0, 0, 0}));
    std::vector<float> const a{1, 1}, zero{0, 0}, unknown{0, 1};
    CHECK(soft(a, zero) == 0);
    CHECK(soft(zero, zero) == 0);
    CHECK(soft(a, unknown) == 0);  // a' S a = 0 without a = 0
    CHECK(soft(a, a) == 1);
    CHECK(soft_cosine(token_matrix(1, {0}))(std::vector{1.0F}, std::vector{1.0F}) == 0);
}

TEST_CASE("soft_cosine refuses what would have imaginary lengths, and wrong sizes", "[similarity][soft_cosine]") {
    CHECK(message([] { return soft_cosine(token_matrix(2, {1, 2, 2, 1})); }) ==
          "the matrix is not positive semidefinite: pivot -3.000000 at row 1");
    CHECK(outcome([] { return soft_cosine(token_matrix(2, {1, 2, 2, 1})); }) == "invalid_argument");
    CHECK(outcome([] { return soft_cosine(token_matrix(2, {1, 0})); }) == "invalid_argument");
    CHECK(outcome([] { return soft_cosine(matrix_view<float const>()); }) == "invalid_argument");
    CHECK(outcome([] { return soft_cosine(token_matrix(1, {std::nanf("")})); }) == "not_finite");
    CHECK(outcome([] { return soft_cosine::of_vectors(matrix_view<float const>()); }) == "invalid_argument");
    soft_cosine const soft(token_matrix(2, {1, 0, 0, 1}));
    std::vector<float> const a{1, 1}, longer{1, 1, 1};
    std::vector<float> out(1);
    CHECK(outcome([&] { return soft(a, longer); }) == "dimension_mismatch");
    CHECK(outcome([&] { return soft.item(a, out), 0; }) == "dimension_mismatch");
}
