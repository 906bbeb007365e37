// SPDX-License-Identifier: Apache-2.0
#include <simile/compose/analogy.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using compose::analogy_query;
using compose::three_cos_add;
using compose::three_cos_mul;

TEST_CASE("an analogy's one vector scores like its three cosines", "[compose][analogy]") {
    std::size_t const d = 21;
    auto const a = normal_vector(d, 1, 3), b = normal_vector(d, 2), c = normal_vector(d, 3, 0.1F);
    std::vector<float> query(d);
    double const length = analogy_query(a, b, c, query);
    for (std::uint64_t seed = 10; seed < 30; ++seed) {
        auto const x = normal_vector(d, seed);
        auto const cosine = [&](std::vector<float> const& y) { return cosine_by_definition<float>(x, y); };
        CHECK(std::abs(length * cosine(query) - three_cos_add(cosine(a), cosine(b), cosine(c))) < 1e-6);
    }
}

TEST_CASE("king less man and woman is queen on a map of two meanings", "[compose][analogy]") {
    // Axes: royal, female; and what all words share.
    std::vector<float> const man{0, 0, 1}, woman{0, 1, 1}, king{1, 0, 1}, queen{1, 1, 1};
    std::vector<float> query(3);
    analogy_query(man, king, woman, query);
    for (auto const& other : {man, woman, king})
        CHECK(cosine_by_definition<float>(query, queen) > cosine_by_definition<float>(query, other));
}

TEST_CASE("3CosMul weighs its cosines as a product and stays finite", "[compose][analogy]") {
    CHECK(std::abs(three_cos_mul(0.2, 0.4, -0.5) - 0.7 * 0.25 / 0.601) < 1e-15);
    CHECK(std::abs(three_cos_mul(-1, 1, 1) - 1000) < 1e-9);
    CHECK(three_cos_mul(-1.0000001, 1.0000001, 1) == three_cos_mul(-1, 1, 1));
    CHECK(three_cos_mul(0.5, -1, 1) == 0);
}

TEST_CASE("an analogy of vectors that cancel out is zero, and one of other lengths is refused", "[compose][analogy]") {
    // Three directions at 120 degrees: b + c = -(-a) ..
    std::vector<float> const a{1, 0}, b{0.5F, 0.8660254F}, c{0.5F, -0.8660254F}, longer{1, 0, 0}, nan{NAN, 0};
    std::vector<float> out(2, 9.0F);
    CHECK(analogy_query(a, b, c, out) == 0);
    CHECK(out == std::vector<float>{0, 0});
    CHECK(outcome([&] { return analogy_query(a, longer, c, out); }) == "dimension_mismatch");
    CHECK(outcome([&] { return analogy_query(a, b, nan, out); }) == "not_finite");
    CHECK(outcome([&] { return analogy_query({}, {}, {}, {}); }) == "invalid_argument");
}
