// SPDX-License-Identifier: Apache-2.0
#include <simile/simd/nearest_centroid.hpp>

#include "support/architectures.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cmath>
#include <vector>

using namespace simile;
using namespace simile::test;
using simd::centroid_panels;
using simd::nearest_centroid;

namespace {

std::vector<float const*> pointers(std::vector<float> const& values, std::size_t dims) {
    std::vector<float const*> out;
    for (std::size_t at = 0; at + dims <= values.size(); at += dims) out.push_back(values.data() + at);
    return out;
}

}  // namespace

TEST_CASE("the nearest centroid has the largest inner product and offset, and the same bits on every architecture",
          "[simd][nearest_centroid]") {
    for (std::size_t const d : {1U, 2U, 3U, 4U, 15U, 16U, 17U, 100U, 384U})
        for (std::size_t const k : {1U, 2U, 15U, 16U, 17U, 33U, 70U}) {
            std::size_t const n = 1 + (d + k) % 23;
            auto const centroids = normal_vector(k * d, d + 1000 * k), points = normal_vector(n * d, d + k), offsets = normal_vector(k, k);
            centroid_panels const panels({centroids.data(), k, d}, offsets);
            auto const rows = pointers(points, d);
            std::vector<nearest_centroid> expected(n);
            panels.nearest(scalar_arch{}, rows, expected.data());
            for (std::size_t r = 0; r < n; ++r) {
                auto const [best, score] = expected[r];
                CAPTURE(d, k, r, best);
                double highest = -1e300, error = 0, chosen = 0;
                for (std::size_t c = 0; c < k; ++c) {
                    auto const dot = dot_by_definition<float>(std::span(points).subspan(r * d, d), std::span(centroids).subspan(c * d, d));
                    highest = std::max(highest, dot.value + double{offsets[c]});
                    error = std::max(
                        error, error_factor(static_cast<double>(d)) * dot.magnitude + 0x1p-23 * std::abs(dot.value + double{offsets[c]}));
                    if (c == best) chosen = dot.value + double{offsets[c]};
                }
                REQUIRE(std::abs(chosen - double{score}) <= error);
                REQUIRE(highest - chosen <= 2 * error);
            }
            for_each_architecture([&](auto arch, std::string_view name) {
                std::vector<nearest_centroid> found(n);
                panels.nearest(arch, rows, found.data());
                for (std::size_t r = 0; r < n; ++r) {
                    CAPTURE(d, k, r, name);
                    REQUIRE(found[r].cluster == expected[r].cluster);
                    REQUIRE(found[r].score == expected[r].score);
                }
            });
        }
}

TEST_CASE("of equally near centroids the first is taken, and a closed one never", "[simd][nearest_centroid]") {
    std::vector<float> const same(40, 1.0F), offsets(40, 0.5F), point = {2.0F};
    centroid_panels panels({same.data(), 40, 1}, offsets);
    auto const rows = pointers(point, 1);
    nearest_centroid found;
    for (std::size_t c = 0; c < 40; ++c) {
        panels.nearest(rows, &found);
        CHECK(found.cluster == c);
        CHECK(found.score == 2.5F);
        panels.close(c);
    }
}

TEST_CASE("more rows than stay in the cache are all looked at", "[simd][nearest_centroid]") {
    std::size_t const d = 5000, n = 40;  // 65536 / 5000: thirteen rows at a time, no multiple of a tile
    auto const points = normal_vector(n * d, 3);
    std::vector<float> offsets(n);
    for (std::size_t r = 0; r < n; ++r)
        offsets[r] = static_cast<float>(
            -0.5 * dot_by_definition<float>(std::span(points).subspan(r * d, d), std::span(points).subspan(r * d, d)).value);
    centroid_panels const panels({points.data(), n, d}, offsets);
    std::vector<nearest_centroid> found(n);
    panels.nearest(pointers(points, d), found.data());
    for (std::size_t r = 0; r < n; ++r) CHECK(found[r].cluster == r);
}
