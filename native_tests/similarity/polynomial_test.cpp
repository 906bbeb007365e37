// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/polynomial.hpp>

#include "similarity/ranking.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>

using namespace simile;
using namespace simile::test;
using similarity::polynomial;

static_assert(polynomial::order == ordering::larger_is_closer);

TEST_CASE("polynomial is (gamma <x, y> + c)^degree, symmetric to the bit", "[similarity][polynomial]") {
    for (std::size_t const d : {1U, 3U, 16U, 33U, 512U})
        for (unsigned degree = 1; degree <= 9; ++degree) {
            auto const x = normal_vector(d, degree), y = normal_vector(d, degree + 40);
            double exact = 1;
            for (unsigned i = 0; i < degree; ++i) exact *= dot_by_definition<float>(x, y).value / double(d) + 0.5;
            CAPTURE(d, degree);
            REQUIRE(std::abs(polynomial(degree, 1.0 / double(d), 0.5)(x, y) - exact) <= 1e-7 * std::abs(exact));
            REQUIRE(polynomial(degree)(x, y) == polynomial(degree)(y, x));
        }
}

TEST_CASE("the features of degree 2 make the kernel an inner product that an index can rank by", "[similarity][polynomial]") {
    std::size_t const d = 9;
    polynomial const kernel(2, 0.25, 1.5);
    auto const query = normal_vector(d, 1);
    std::vector<std::vector<float>> items;
    std::vector<double> values, inner;
    for (std::uint64_t i = 0; i < 100; ++i) {
        auto const x = normal_vector(d, 100 + i);
        items.push_back(written(polynomial::mapped_dims(d), [&](auto out) { kernel.item(x, out); }));
        inner.push_back(dot_by_definition<float>(x, query).value);
        values.push_back((0.25 * inner.back() + 1.5) * (0.25 * inner.back() + 1.5));
    }
    auto const q = written(polynomial::mapped_dims(d), [&](auto out) { kernel.query(query, out); });
    REQUIRE(q.size() == 55);
    auto const hits = all_hits(similarity_kind::dot, items, q);
    CHECK(out_of_order(hits, values, ordering::larger_is_closer, 1e-5) == "");
    CHECK(out_of_order(hits, inner, ordering::larger_is_closer, 1e-5) != "");
    for (hit const& h : hits) REQUIRE(std::abs(h.score - values[h.row]) < 1e-5);
}

TEST_CASE("polynomial overflows to infinity and refuses what is no kernel", "[similarity][polynomial]") {
    std::vector<float> const x{1e20F};
    CHECK(std::isinf(polynomial(1)(x, x)));
    CHECK(std::isnan(polynomial(3)(x, std::vector{std::nanf("")})));
    CHECK(outcome([] { return polynomial(0); }) == "invalid_argument");
    CHECK(outcome([] { return polynomial(2, 0); }) == "invalid_argument");
    CHECK(outcome([] { return polynomial(2, 1, -0.1); }) == "invalid_argument");
    CHECK(outcome([] { return polynomial(2, 1, std::numeric_limits<double>::infinity()); }) == "not_finite");
    std::vector<float> out(3);
    CHECK(outcome([&] { return polynomial(3).item(x, out), 0; }) == "invalid_argument");
    CHECK(outcome([&] { return polynomial(2).item(x, std::span<float>(out).first(2)), 0; }) == "dimension_mismatch");
}
