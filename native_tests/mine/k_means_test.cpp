// SPDX-License-Identifier: Apache-2.0
#include <simile/mine/k_means.hpp>

#include <simile/core/thread_pool.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <set>
#include <vector>

using namespace simile;
using namespace simile::test;
using mine::clustering;
using mine::k_means;
using mine::k_means_options;
using mine::seeding;

namespace {

/// `count` points around `centers` centres, in turn.
std::vector<float> clouds(std::size_t count, std::size_t d, std::size_t centers, float spread, std::uint64_t seed) {
    auto const middle = normal_vector(centers * d, seed);
    auto out = normal_vector(count * d, seed + 1, spread);
    for (std::size_t i = 0; i < count; ++i)
        for (std::size_t j = 0; j < d; ++j) out[i * d + j] += middle[i % centers * d + j];
    return out;
}

double distortion(matrix_view<float const> points, clustering const& c) {
    double sum = 0;
    for (std::size_t i = 0; i < points.rows(); ++i) {
        double least = std::numeric_limits<double>::infinity();
        for (std::size_t k = 0; k < c.clusters(); ++k) least = std::min(least, squared_l2_by_definition(points[i], c.centroids()[k]).value);
        sum += least;
    }
    return sum;
}

std::vector<std::size_t> sizes(std::vector<std::uint32_t> const& clusters, std::size_t k) {
    std::vector<std::size_t> out(k);
    for (auto const c : clusters) ++out[c];
    return out;
}

/// FNV-1a of the bits.
std::uint64_t fingerprint(clustering const& c) {
    std::uint64_t hash = 0xCBF29CE484222325U;
    for (float const v : c.centroids().values())
        for (int shift = 0; shift < 32; shift += 8) hash = (hash ^ (std::bit_cast<std::uint32_t>(v) >> shift & 255U)) * 0x100000001B3U;
    return hash;
}

}  // namespace

TEST_CASE("k-means ends where every centroid is the mean of the points nearest to it", "[mine][k_means]") {
    std::size_t const n = 600, d = 7, k = 9;
    auto const values = clouds(n, d, 20, 0.3F, 1);
    matrix_view<float const> const points(values.data(), n, d);
    auto const start = GENERATE_COPY(seeding::random_rows, seeding::k_means_plus_plus);
    auto const found = k_means(points, {.clusters = k, .iterations = 200, .points_per_cluster = 0, .start = start});
    auto const belongs = found.assign(points);
    std::vector<double> sum(k * d);
    for (std::size_t i = 0; i < n; ++i) {
        double const own = squared_l2_by_definition(points[i], found.centroids()[belongs[i]]).value;
        for (std::size_t c = 0; c < k; ++c) REQUIRE(own <= squared_l2_by_definition(points[i], found.centroids()[c]).value + 1e-5);
        for (std::size_t j = 0; j < d; ++j) sum[belongs[i] * d + j] += double{points[i][j]};
    }
    auto const count = sizes(belongs, k);
    for (std::size_t c = 0; c < k; ++c)
        for (std::size_t j = 0; j < d; ++j)
            REQUIRE(std::abs(found.centroids()[c][j] - sum[c * d + j] / static_cast<double>(count[c])) <= 1e-6);
}

TEST_CASE("k-means finds clouds that lie apart", "[mine][k_means]") {
    std::size_t const n = 640, d = 24, k = 16;
    auto const values = clouds(n, d, k, 0.05F, 5);
    matrix_view<float const> const points(values.data(), n, d);
    auto const found = k_means(points, {.clusters = k, .start = seeding::k_means_plus_plus});
    CHECK(distortion(points, found) < 1.01 * static_cast<double>(n * d) * 0.05 * 0.05);
    // Two points belong together exactly when they were made from the same centre.
    auto const belongs = found.assign(points);
    for (std::size_t i = k; i < n; ++i) REQUIRE(belongs[i] == belongs[i % k]);
    CHECK(std::set(belongs.begin(), belongs.end()).size() == k);
}

TEST_CASE("every pass of k-means lowers the distortion until nothing changes", "[mine][k_means]") {
    std::size_t const n = 900, d = 5;
    auto const values = normal_vector(n * d, 8);
    matrix_view<float const> const points(values.data(), n, d);
    double before = std::numeric_limits<double>::infinity();
    for (std::size_t passes = 0; passes < 8; ++passes) {
        double const now = distortion(points, k_means(points, {.clusters = 12, .iterations = passes, .points_per_cluster = 0}));
        CHECK(now < before);
        before = now;
    }
}

TEST_CASE("k-means gives the same bits on every platform and with any number of threads", "[mine][k_means]") {
    std::size_t const n = 3000, d = 33;
    auto const values = clouds(n, d, 40, 0.5F, 3);
    matrix_view<float const> const points(values.data(), n, d);
    thread_pool three(3);
    struct expected {
        k_means_options options;
        std::uint64_t bits;
    };
    std::vector<expected> const runs = {
        {{.clusters = 50}, 0x3E8BD76115F5D2DCU},
        {{.clusters = 50, .seed = 2}, 0xAA894028C101C986U},
        {{.clusters = 50, .points_per_cluster = 20, .spherical = true}, 0xF981FDD3C23076A9U},
        {{.clusters = 50, .mini_batch = 500, .start = seeding::k_means_plus_plus}, 0x2E19E284B07E5979U},
        {{.clusters = 50, .mini_batch = 500, .spherical = true, .balance = 1.25}, 0x83E9A20F80D41248U},
    };
    for (auto const& run : runs) {
        auto threaded = run.options;
        threaded.threads = &three;
        auto const found = k_means(points, run.options);
        CAPTURE(&run - runs.data());
        CHECK(fingerprint(found) == run.bits);
        CHECK(fingerprint(k_means(points, threaded)) == run.bits);
        CHECK(found.assign(points, 1.5) == found.assign(points, 1.5, &three));
    }
}

TEST_CASE("balanced clusters stay below their limit, and only full ones give points away", "[mine][k_means]") {
    std::size_t const n = 1000, d = 6, k = 20;
    auto values = clouds(n, d, 5, 0.2F, 11);
    for (std::size_t i = 0; i < n / 2; ++i)
        std::copy_n(values.begin(), d, values.begin() + static_cast<std::ptrdiff_t>(i * d));  // half are copies of one
    matrix_view<float const> const points(values.data(), n, d);
    bool const spherical = GENERATE(false, true);
    auto const found = k_means(points, {.clusters = k, .points_per_cluster = 0, .spherical = spherical, .balance = 1.5});
    auto const freely = found.assign(points);
    for (double const balance : {1.0, 1.5, 4.0}) {
        auto const belongs = found.assign(points, balance);
        auto const limit = static_cast<std::size_t>(std::ceil(balance * 50));
        auto const count = sizes(belongs, k), wanted = sizes(freely, k);
        for (std::size_t c = 0; c < k; ++c) CHECK(count[c] <= limit);
        for (std::size_t i = 0; i < n; ++i)
            if (belongs[i] != freely[i]) CHECK(count[freely[i]] == limit);
        CHECK(*std::max_element(wanted.begin(), wanted.end()) > limit);
    }
    CHECK(found.assign(points, 20) == freely);
}

TEST_CASE("spherical centroids have unit length and take points by inner product", "[mine][k_means]") {
    std::size_t const n = 500, d = 10, k = 13;
    auto const values = clouds(n, d, k, 0.4F, 2);
    matrix_view<float const> const points(values.data(), n, d);
    auto const found = k_means(points, {.clusters = k, .spherical = true});
    auto const belongs = found.assign(points);
    for (std::size_t c = 0; c < k; ++c) CHECK(std::abs(norm(found.centroids()[c]) - 1) < 1e-6);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t c = 0; c < k; ++c)
            REQUIRE(dot_by_definition(points[i], found.centroids()[belongs[i]]).value >=
                    dot_by_definition(points[i], found.centroids()[c]).value - 1e-4);
}

TEST_CASE("mini-batches come near the distortion of whole passes", "[mine][k_means]") {
    std::size_t const n = 4000, d = 8, k = 30;
    auto const values = clouds(n, d, k, 0.5F, 6);
    matrix_view<float const> const points(values.data(), n, d);
    double const whole = distortion(points, k_means(points, {.clusters = k, .iterations = 25}));
    double const none = distortion(points, k_means(points, {.clusters = k, .iterations = 0}));
    double const batches = distortion(points, k_means(points, {.clusters = k, .iterations = 25, .mini_batch = 600}));
    CHECK(whole < 0.75 * none);
    CHECK(batches < 1.1 * whole);
}

TEST_CASE("a cluster that lost its points takes half of the one with the largest distortion", "[mine][k_means]") {
    // Fifty copies of one point and fifty others: random rows begin with several copies, of which all but the first are left without points.
    std::size_t const n = 100, d = 4, k = 25;
    auto values = normal_vector(n * d, 9);
    for (std::size_t i = 1; i < n / 2; ++i) std::copy_n(values.begin(), d, values.begin() + static_cast<std::ptrdiff_t>(i * d));
    matrix_view<float const> const points(values.data(), n, d);
    auto const count = sizes(k_means(points, {.clusters = k, .iterations = 40, .seed = 4}).assign(points), k);
    CHECK(std::count(count.begin(), count.end(), std::size_t{0}) <= 1);
    // Nothing but copies: one cluster gets all of them.
    std::vector<float> const same(20, 3.0F);
    for (auto const start : {seeding::random_rows, seeding::k_means_plus_plus}) {
        auto const one = k_means({same.data(), 10, 2}, {.clusters = 4, .start = start}).assign({same.data(), 10, 2});
        CHECK(std::set(one.begin(), one.end()).size() == 1);
    }
}

TEST_CASE("k-means reports its progress and can be stopped", "[mine][k_means]") {
    std::size_t const n = 9000, d = 3;
    auto const values = normal_vector(n * d, 4);
    matrix_view<float const> const points(values.data(), n, d);
    std::vector<std::size_t> seen;
    std::size_t last_total = 0;
    progress watch{[&](std::size_t done, std::size_t total) { seen.push_back(done), last_total = total; }, {}};
    static_cast<void>(k_means(points, {.clusters = 8, .iterations = 4, .points_per_cluster = 0, .watch = &watch}));
    CHECK(seen.size() == 12);
    CHECK(std::is_sorted(seen.begin(), seen.end()));
    CHECK(last_total == 4 * n);
    CHECK(seen.back() == last_total);

    std::size_t asked = 0;
    watch.stop = [&] { return ++asked == 3; };
    CHECK(outcome([&] { return k_means(points, {.clusters = 8, .points_per_cluster = 0, .watch = &watch}); }) == "cancelled");
    CHECK(asked == 3);
    auto const found = k_means(points, {.clusters = 8});
    asked = 2;
    CHECK(outcome([&] { return found.assign(points, 0, nullptr, watch); }) == "cancelled");
}

TEST_CASE("k-means refuses what it cannot cluster", "[mine][k_means]") {
    auto values = normal_vector(30, 1);
    matrix_view<float const> const points(values.data(), 10, 3);
    CHECK(outcome([&] { return k_means(points, {.clusters = 10}); }) == "ok");
    CHECK(message([&] { return k_means(points, {.clusters = 11}); }) == "10 points are too few for 11 clusters");
    CHECK(outcome([&] { return k_means(points, {.clusters = 0}); }) == "invalid_argument");
    CHECK(outcome([&] { return k_means({}, {.clusters = 1}); }) == "invalid_argument");
    CHECK(outcome([&] { return k_means(points, {.clusters = 2, .balance = 0.5}); }) == "invalid_argument");
    CHECK(outcome([&] { return k_means(points, {.clusters = 2, .balance = std::nan("")}); }) == "invalid_argument");
    auto const found = k_means(points, {.clusters = 2});
    CHECK(outcome([&] { return found.assign({values.data(), 15, 2}); }) == "dimension_mismatch");
    CHECK(outcome([&] { return found.assign(points, -1); }) == "invalid_argument");
    CHECK(outcome([&] { return clustering(values, 7, false); }) == "invalid_argument");
    values[17] = std::numeric_limits<float>::infinity();
    CHECK(outcome([&] { return k_means(points, {.clusters = 2}); }) == "not_finite");
    CHECK(outcome([&] { return found.assign(points); }) == "not_finite");
    CHECK(outcome([&] { return clustering(values, 3, false); }) == "not_finite");
    values[17] = 0x1p61F;
    CHECK(outcome([&] { return k_means(points, {.clusters = 2}); }) == "out_of_range");
}
