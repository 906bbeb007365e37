// SPDX-License-Identifier: Apache-2.0
#include <simile/eval/isotropy.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using eval::iso_score;
using eval::mean_pairwise_cosine;
using eval::partition_isotropy;

TEST_CASE("IsoScore is the share of the dimensions that are used", "[eval][isotropy]") {
    // +-1 along each of the first `used` axes: equal variances there, none elsewhere.
    std::size_t const d = 6;
    for (std::size_t used = 1; used <= d; ++used) {
        std::vector<float> points;
        for (std::size_t i = 0; i < used; ++i)
            for (float const sign : {1.0F, -1.0F}) {
                std::vector<float> x(d, 2.0F);
                x[i] += sign * 3;
                points.insert(points.end(), x.begin(), x.end());
            }
        CHECK(std::abs(iso_score(matrix_view<float const>(points, d)) - double(used - 1) / double(d - 1)) < 1e-12);
    }
}

TEST_CASE("IsoScore does not change with the place, size or direction of a cloud", "[eval][isotropy]") {
    std::size_t const n = 60, d = 5;
    auto points = normal_vector(n * d, 1);
    for (std::size_t i = 0; i < n; ++i) points[i * d] *= 3;
    double const score = iso_score(matrix_view<float const>(points, d));
    CHECK((score > 0.1 && score < 0.9));
    auto moved = points, turned = points;
    for (float& v : moved) v = v * 8 + 100;
    for (std::size_t i = 0; i < n; ++i) {
        float const a = points[i * d], b = points[i * d + 3];
        turned[i * d] = 0.6F * a - 0.8F * b;
        turned[i * d + 3] = 0.8F * a + 0.6F * b;
    }
    CHECK(std::abs(iso_score(matrix_view<float const>(moved, d)) - score) < 1e-5);
    CHECK(std::abs(iso_score(matrix_view<float const>(turned, d)) - score) < 1e-6);
}

TEST_CASE("a constant cloud has no IsoScore, also where its mean is rounded", "[eval][isotropy]") {
    std::vector<float> const same(7 * 3, 0.1F), one(5, 1.0F), line{1, 2, 5};
    CHECK(iso_score(matrix_view<float const>(same, 3)) == 0);
    CHECK(iso_score(matrix_view<float const>(one, 5)) == 0);
    CHECK(iso_score(matrix_view<float const>(line, 1)) == 1);
}

TEST_CASE("partition isotropy takes the extremes of both signs of each eigenvector", "[eval][isotropy]") {
    // X'X is diagonal: the eigenvectors are the axes.
    std::vector<float> const points{1, 0, -1, 0, 0, 2, 0, 3};
    double low = 1e9, high = 0;
    for (std::size_t axis = 0; axis < 2; ++axis)
        for (double const sign : {1.0, -1.0}) {
            double z = 0;
            for (std::size_t i = 0; i < 4; ++i) z += std::exp(sign * double{points[2 * i + axis]});
            low = std::min(low, z);
            high = std::max(high, z);
        }
    CHECK(std::abs(partition_isotropy(matrix_view<float const>(points, 2)) - low / high) < 1e-12);
    std::vector<float> const far{1000, 0, 0, 1};
    CHECK(partition_isotropy(matrix_view<float const>(far, 2)) == 0);  // exp(-1000) and no infinity over infinity
    std::vector<float> const origin(6, 0.0F);
    CHECK(partition_isotropy(matrix_view<float const>(origin, 2)) == 1);
}

TEST_CASE("the mean pairwise cosine is that of all pairs", "[eval][isotropy]") {
    std::size_t const n = 23, d = 9;
    auto points = normal_vector(n * d, 4);
    for (float& v : points) v += 0.5F;
    std::fill_n(points.begin() + 5 * d, d, 0.0F);
    matrix_view<float const> const view(points, d);
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j)
            if (i != j) sum += cosine_by_definition<float>(view[i], view[j]);
    CHECK(std::abs(mean_pairwise_cosine(view) - sum / double(n * (n - 1))) < 1e-14);
    CHECK(mean_pairwise_cosine({points.data(), 1, d}) == 0);
}

TEST_CASE("measures of a cloud refuse an empty one and what is not finite", "[eval][isotropy]") {
    std::vector<float> const bad{1, NAN};
    for (auto const& view : {matrix_view<float const>(bad.data(), 0, 2), matrix_view<float const>(bad.data(), 1, 2)}) {
        auto const wanted = view.rows() == 0 ? "invalid_argument" : "not_finite";
        CHECK(outcome([&] { return iso_score(view); }) == wanted);
        CHECK(outcome([&] { return partition_isotropy(view); }) == wanted);
        CHECK(outcome([&] { return mean_pairwise_cosine(view); }) == wanted);
    }
}
