// SPDX-License-Identifier: Apache-2.0
#include <simile/compose/set_query.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using compose::query_of_sets;

TEST_CASE("a query of sets scores by the mean cosines with their members", "[compose][set_query]") {
    std::size_t const d = 15;
    auto const b1 = normal_vector(3 * d, 1, 4), b2 = normal_vector(5 * d, 2), c1 = normal_vector(2 * d, 3);
    std::vector<matrix_view<float const>> const with{{b1, d}, {b2, d}}, without{{c1, d}};
    auto const query = query_of_sets(with, without);
    auto const similarity = [](std::vector<float> const& x, matrix_view<float const> set) {
        double sum = 0;
        for (std::size_t i = 0; i < set.rows(); ++i) sum += cosine_by_definition<float>(x, set[i]) / double(set.rows());
        return sum;
    };
    for (std::uint64_t seed = 10; seed < 25; ++seed) {
        auto const x = normal_vector(d, seed);
        double const expected = similarity(x, with[0]) + similarity(x, with[1]) - similarity(x, without[0]);
        CHECK(std::abs(query.length * cosine_by_definition<float>(x, query.direction) - expected) < 1e-6);
    }
    auto const only = query_of_sets({}, without);
    CHECK(cosine_by_definition<float>(only.direction, without[0][0]) < 0);
}

TEST_CASE("a set less itself is nothing", "[compose][set_query]") {
    auto const b = normal_vector(12, 1);
    std::vector<matrix_view<float const>> const sets{{b, 4}};
    auto const query = query_of_sets(sets, sets);
    CHECK(query.length == 0);
    CHECK(query.direction == std::vector<float>(4, 0.0F));
}

TEST_CASE("a query of sets refuses empty ones and those of other dimensions", "[compose][set_query]") {
    auto b = normal_vector(12, 1);
    std::vector<matrix_view<float const>> const good{{b, 4}}, narrow{{b, 3}}, empty{{b.data(), 0, 4}};
    CHECK(outcome([&] { return query_of_sets({}, {}); }) == "invalid_argument");
    CHECK(outcome([&] { return query_of_sets(empty); }) == "invalid_argument");
    CHECK(outcome([&] { return query_of_sets(good, empty); }) == "invalid_argument");
    CHECK(outcome([&] { return query_of_sets(good, narrow); }) == "dimension_mismatch");
    b[3] = NAN;
    CHECK(outcome([&] { return query_of_sets(good); }) == "not_finite");
}
