// SPDX-License-Identifier: Apache-2.0
#include <simile/compose/weighted_sum.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using compose::composed_query;
using compose::project_out;
using compose::weighted_sum;

TEST_CASE("a weighted sum scores like the sum of its queries, whatever their lengths", "[compose][weighted_sum]") {
    std::size_t const n = 4, d = 33;
    auto vectors = normal_vector(n * d, 1);
    std::vector<float> const weights{1, 0.5F, -0.75F, 2};
    for (std::size_t i = 0; i < d; ++i) vectors[d + i] *= 1e-20F;
    for (std::size_t i = 0; i < d; ++i) vectors[2 * d + i] *= 1e15F;
    matrix_view<float const> const view(vectors, d);
    std::vector<float> out(d);
    double const length = weighted_sum(view, weights, out);
    CHECK(std::abs(norm(out) - 1) < 1e-6);
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        auto const x = normal_vector(d, 100 + seed);
        double sum = 0;
        for (std::size_t i = 0; i < n; ++i) sum += double{weights[i]} * cosine_by_definition<float>(view[i], x);
        CHECK(std::abs(length * cosine_by_definition<float>(out, x) - sum) < 1e-6);
    }
    CHECK(composed_query(view, weights) == out);
}

TEST_CASE("vectors that cancel out leave zeros, not noise, and no query", "[compose][weighted_sum]") {
    auto const x = normal_vector(20, 5);
    std::vector<float> both = x, out(20, 7.0F);
    for (float const v : x) both.push_back(v * 3);  // not a multiple in float, only nearly
    matrix_view<float const> const view(both, 20);
    std::vector<float> const weights{1, -1}, none{0, 0};
    CHECK(weighted_sum(view, weights, out) == 0);
    CHECK(out == std::vector<float>(20, 0.0F));
    CHECK(weighted_sum(view, none, out) == 0);
    CHECK(outcome([&] { return composed_query(view, weights); }) == "zero_norm");
    std::vector<float> const zeros(20, 0.0F), one{1};
    CHECK(outcome([&] { return composed_query({zeros.data(), 1, 20}, one); }) == "zero_norm");
    std::vector<float> const nearly{1, -0.999F};
    CHECK(weighted_sum(view, nearly, out) > 0);
    CHECK(cosine_by_definition<float>(out, x) > 0.999);
}

TEST_CASE("what is projected out has no part in the rest, and the rest is kept", "[compose][weighted_sum]") {
    std::size_t const d = 24, n = 5;
    auto const q = normal_vector(d, 1);
    auto negatives = normal_vector(n * d, 2);
    for (std::size_t i = 0; i < d; ++i) {
        negatives[3 * d + i] = 2 * negatives[i] - negatives[d + i];  // depends on two others
        negatives[4 * d + i] = 0;
    }
    matrix_view<float const> const view(negatives, d);
    std::vector<float> rest(d);
    double const length = project_out(q, view, rest);
    CHECK(std::abs(norm(rest) - length) < 1e-6 * length);
    for (std::size_t i = 0; i < 4; ++i) CHECK(std::abs(cosine_by_definition<float>(rest, view[i])) < 1e-6);
    // The rest is the foot of the perpendicular: nothing else is orthogonal to the negatives and as close to q.
    std::vector<float> gone(d);
    for (std::size_t i = 0; i < d; ++i) gone[i] = q[i] - rest[i];
    CHECK(std::abs(dot_by_definition<float>(gone, rest).value) < 1e-5);
    auto in_place = q;
    CHECK(project_out(in_place, view, in_place) == length);
    CHECK(in_place == rest);
    // One negative: q - (q . n) n.
    std::vector<float> const n1{0, 3, 0}, q1{1, 2, 3};
    std::vector<float> out1(3);
    CHECK(std::abs(project_out(q1, {n1.data(), 1, 3}, out1) - std::sqrt(10.0)) < 1e-12);
    CHECK(out1 == std::vector<float>{1, 0, 3});
}

TEST_CASE("a query within its negatives leaves nothing, and none leave it as it is", "[compose][weighted_sum]") {
    auto const q = normal_vector(9, 1);
    auto negative = q;
    for (float& v : negative) v *= -7;
    std::vector<float> out(9);
    CHECK(project_out(q, {negative.data(), 1, 9}, out) == 0);
    CHECK(out == std::vector<float>(9, 0.0F));
    CHECK(project_out(q, {}, out) > 0);
    CHECK(out == q);
}

TEST_CASE("composed queries refuse what does not fit", "[compose][weighted_sum]") {
    auto x = normal_vector(6, 1);
    std::vector<float> out(3), longer(4);
    std::vector<float> const weights{1, 1}, one{1}, nan{1, NAN};
    matrix_view<float const> const view(x, 3);
    CHECK(outcome([&] { return weighted_sum(view, weights, longer); }) == "dimension_mismatch");
    CHECK(outcome([&] { return weighted_sum(view, one, out); }) == "dimension_mismatch");
    CHECK(outcome([&] { return weighted_sum(view, nan, out); }) == "not_finite");
    CHECK(outcome([&] { return weighted_sum({x.data(), 0, 3}, {}, out); }) == "invalid_argument");
    CHECK(outcome([&] { return composed_query({}, {}); }) == "invalid_argument");
    CHECK(outcome([&] { return project_out(longer, view, longer); }) == "dimension_mismatch");
    CHECK(outcome([&] { return project_out(out, view, longer); }) == "dimension_mismatch");
    x[4] = INFINITY;
    CHECK(outcome([&] { return weighted_sum(view, weights, out); }) == "not_finite");
    CHECK(outcome([&] { return project_out(out, view, out); }) == "not_finite");
}
