// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/weighted_cosine.hpp>

#include "similarity/ranking.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>

using namespace simile;
using namespace simile::test;
using similarity::weighted_cosine;

static_assert(weighted_cosine::order == ordering::larger_is_closer);

namespace {
std::vector<float> positive_weights(std::size_t n, std::uint64_t seed) {
    auto out = normal_vector(n, seed);
    for (float& v : out) v *= v;
    return out;
}
double weighted_by_definition(std::vector<float> const& x, std::vector<float> const& y, std::vector<float> const& w) {
    long double xy = 0, xx = 0, yy = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        xy += static_cast<long double>(w[i]) * x[i] * y[i];
        xx += static_cast<long double>(w[i]) * x[i] * x[i];
        yy += static_cast<long double>(w[i]) * y[i] * y[i];
    }
    return static_cast<double>(xy / std::sqrt(xx * yy));
}
}  // namespace

TEST_CASE("weighted_cosine is its definition, in range and symmetric to the bit", "[similarity][weighted_cosine]") {
    for (std::size_t const d : {1U, 2U, 16U, 33U, 512U})
        for (std::uint64_t seed = 0; seed < 6; ++seed) {
            auto const x = normal_vector(d, seed), y = normal_vector(d, seed + 40), w = positive_weights(d, seed + 80);
            weighted_cosine const functor(w);
            REQUIRE(std::abs(functor(x, y) - weighted_by_definition(x, y, w)) <= 1e-7);
            REQUIRE(functor(x, y) == functor(y, x));
            REQUIRE(std::abs(functor(x, x) - 1) <= 1e-7F);
            REQUIRE(functor(x, x) <= 1);
        }
}

TEST_CASE("equal weights are none, and a common factor cancels", "[similarity][weighted_cosine]") {
    auto const x = normal_vector(64, 1), y = normal_vector(64, 2);
    auto w = positive_weights(64, 3);
    float const before = weighted_cosine(w)(x, y);
    for (float& v : w) v *= 1024;
    CHECK(weighted_cosine(w)(x, y) == before);
    CHECK(std::abs(weighted_cosine(std::vector<float>(64, 3.0F))(x, y) - cosine_by_definition<float>(x, y)) < 1e-7);
}

TEST_CASE("an index of weighted_cosine's items ranks as it does", "[similarity][weighted_cosine]") {
    std::size_t const d = 24;
    auto const w = positive_weights(d, 7), query = normal_vector(d, 1);
    weighted_cosine const functor(w);
    std::vector<std::vector<float>> items;
    std::vector<double> values, plain;
    for (std::uint64_t i = 0; i < 150; ++i) {
        auto const x = normal_vector(d, 100 + i);
        items.push_back(written(functor.mapped_dims(), [&](auto out) { functor.item(x, out); }));
        values.push_back(weighted_by_definition(x, query, w));
        plain.push_back(cosine_by_definition<float>(x, query));
    }
    auto const q = written(d, [&](auto out) { functor.query(query, out); });
    auto const hits = all_hits(similarity_kind::cosine, items, q);
    CHECK(out_of_order(hits, values, ordering::larger_is_closer, 1e-6) == "");
    CHECK(out_of_order(hits, plain, ordering::larger_is_closer, 1e-6) != "");
    CHECK(std::abs(hits[0].score - values[hits[0].row]) < 1e-6);
}

TEST_CASE("weighted_cosine of nothing left is 0; bad weights and lengths are refused", "[similarity][weighted_cosine]") {
    std::vector<float> const x{0, 2}, y{1, 1};
    CHECK(weighted_cosine(std::vector{1.0F, 0.0F})(x, y) == 0);
    CHECK(std::isnan(weighted_cosine(std::vector{1.0F, 1.0F})(x, std::vector{1.0F, std::nanf("")})));
    CHECK(outcome([] { return weighted_cosine(std::vector{1.0F, -1.0F}); }) == "invalid_argument");
    CHECK(outcome([] { return weighted_cosine(std::vector{0.0F, 0.0F}); }) == "invalid_argument");
    CHECK(outcome([] { return weighted_cosine(std::vector<float>()); }) == "invalid_argument");
    CHECK(outcome([] { return weighted_cosine(std::vector{1.0F, std::numeric_limits<float>::infinity()}); }) == "not_finite");
    std::vector<float> out(1);
    CHECK(outcome([&] { return weighted_cosine(y).item(x, out), 0; }) == "dimension_mismatch");
    CHECK(outcome([&] { return weighted_cosine(y).item(out, out), 0; }) == "dimension_mismatch");
}
