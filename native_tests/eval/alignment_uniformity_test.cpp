// SPDX-License-Identifier: Apache-2.0
#include <simile/eval/alignment_uniformity.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using eval::alignment;
using eval::sampled_uniformity;
using eval::uniformity;

TEST_CASE("alignment is the mean power of the distances", "[eval][alignment_uniformity]") {
    std::size_t const n = 9, d = 5;
    auto const x = normal_vector(n * d, 1), y = normal_vector(n * d, 2);
    matrix_view<float const> const a(x, d), b(y, d);
    for (double const alpha : {0.5, 1.0, 2.0, 3.0}) {
        double sum = 0;
        for (std::size_t i = 0; i < n; ++i) sum += std::pow(std::sqrt(squared_l2_by_definition<float>(a[i], b[i]).value), alpha);
        CHECK(std::abs(alignment(a, b, alpha) - sum / double(n)) < 1e-12 * sum);
    }
    CHECK(alignment(a, a) == 0);
}

TEST_CASE("uniformity is the logarithm of the mean Gaussian of all pairs", "[eval][alignment_uniformity]") {
    std::size_t const n = 25, d = 4;
    auto const x = normal_vector(n * d, 3);
    matrix_view<float const> const points(x, d);
    for (double const t : {0.1, 2.0, 5.0}) {
        double sum = 0;
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = i + 1; j < n; ++j) sum += std::exp(-t * squared_l2_by_definition<float>(points[i], points[j]).value);
        CHECK(std::abs(uniformity(points, t) - std::log(sum / (n * (n - 1) / 2.0))) < 1e-12);
    }
}

TEST_CASE("uniformity survives points that are far apart, equal or alone", "[eval][alignment_uniformity]") {
    std::vector<float> const far{0, 100, 201}, same(8, 0.3F);
    // exp(-20000) is 0 in double; the nearest pair decides.
    CHECK(std::abs(uniformity(matrix_view<float const>(far, 1)) - (-20000 - std::log(3))) < 1e-9);
    CHECK(uniformity(matrix_view<float const>(same, 2)) == 0);
    CHECK(std::isnan(uniformity(matrix_view<float const>(same, 8))));
}

TEST_CASE("a sample of the pairs comes near all of them, never pairs a point with itself and is repeatable",
          "[eval][alignment_uniformity]") {
    std::size_t const n = 50, d = 6;
    auto const x = normal_vector(n * d, 3, 0.3F);
    matrix_view<float const> const points(x, d);
    double const all = uniformity(points), some = sampled_uniformity(points, 20000);
    CHECK(std::abs(all - some) < 0.02);
    CHECK(some == sampled_uniformity(points, 20000));
    CHECK(some != sampled_uniformity(points, 20000, 2, 5));
    std::vector<float> const two{0, 3};
    CHECK(std::abs(sampled_uniformity(matrix_view<float const>(two, 1), 100) - -18) < 1e-12);
}

TEST_CASE("alignment and uniformity refuse what makes no sense", "[eval][alignment_uniformity]") {
    auto x = normal_vector(12, 1);
    matrix_view<float const> const points(x, 3), fewer(x.data(), 3, 3), narrow(x.data(), 4, 2), none(x.data(), 0, 3);
    CHECK(outcome([&] { return alignment(points, fewer); }) == "dimension_mismatch");
    CHECK(outcome([&] { return alignment(points, narrow); }) == "dimension_mismatch");
    CHECK(outcome([&] { return alignment(points, points, 0); }) == "invalid_argument");
    CHECK(outcome([&] { return uniformity(points, -1); }) == "invalid_argument");
    CHECK(outcome([&] { return uniformity(points, NAN); }) == "not_finite");
    CHECK(outcome([&] { return uniformity(none); }) == "invalid_argument");
    CHECK(outcome([&] { return sampled_uniformity(points, 0); }) == "invalid_argument");
    CHECK(outcome([&] { return sampled_uniformity({x.data(), 1, 3}, 5); }) == "invalid_argument");
    x[4] = INFINITY;
    CHECK(outcome([&] { return uniformity(points); }) == "not_finite");
    CHECK(outcome([&] { return alignment(points, points); }) == "not_finite");
}
