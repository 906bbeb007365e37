// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/interpolated_distance.hpp>

#include "similarity/ranking.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace simile;
using namespace simile::test;
using similarity::interpolated_distance;
using similarity::resample;

static_assert(similarity::interpolated_distance_fn::order == ordering::smaller_is_closer);

namespace {
std::vector<float> resampled(token_matrix const& x, std::size_t frames) {
    return written(frames * x.dims, [&](std::span<float> out) { resample(x, matrix_view<float>(out.data(), frames, x.dims)); });
}
/// By the definition of a piecewise linear curve: tents around the given frames.
std::vector<double> by_tents(token_matrix const& x, std::size_t frames) {
    std::vector<double> out(frames * x.dims, 0.0);
    for (std::size_t t = 0; t < frames; ++t) {
        double const place = frames == 1 ? 0 : double(t) * double(x.rows - 1) / double(frames - 1);
        for (std::size_t k = 0; k < x.rows; ++k) {
            double const share = std::max(0.0, 1 - std::abs(place - double(k)));
            for (std::size_t i = 0; i < x.dims; ++i) out[t * x.dims + i] += share * double(x[k][i]);
        }
    }
    return out;
}
}  // namespace

TEST_CASE("resample follows the straight lines between the frames", "[similarity][interpolated_distance]") {
    for (std::size_t n = 1; n <= 9; ++n)
        for (std::size_t frames = 1; frames <= 20; ++frames) {
            token_matrix const x(n, 3, n);
            auto const out = resampled(x, frames);
            auto const exact = by_tents(x, frames);
            CAPTURE(n, frames);
            for (std::size_t i = 0; i < out.size(); ++i) REQUIRE(std::abs(out[i] - exact[i]) <= 2e-7 * (1 + std::abs(exact[i])));
            if (frames == n) REQUIRE(out == x.values);
            if (frames > 1)
                for (std::size_t i = 0; i < 3; ++i) REQUIRE(out[(frames - 1) * 3 + i] == x[n - 1][i]);
        }
    CHECK(resampled({1, {0, 10}}, 5) == std::vector<float>{0, 2.5F, 5, 7.5F, 10});
    CHECK(resampled({2, {1, 2}}, 3) == std::vector<float>{1, 2, 1, 2, 1, 2});
}

TEST_CASE("interpolated_distance is the mean distance of the frames, symmetric to the bit", "[similarity][interpolated_distance]") {
    for (std::size_t n = 1; n <= 12; ++n)
        for (std::size_t m = 1; m <= 12; ++m) {
            token_matrix const a(n, 5, n), b(m, 5, m + 100);
            std::size_t const frames = std::max(n, m);
            auto const x = by_tents(a, frames), y = by_tents(b, frames);
            double sum = 0;
            for (std::size_t t = 0; t < frames; ++t) {
                double apart = 0;
                for (std::size_t i = 5 * t; i < 5 * t + 5; ++i) apart += (x[i] - y[i]) * (x[i] - y[i]);
                sum += std::sqrt(apart);
            }
            CAPTURE(n, m);
            REQUIRE(std::abs(interpolated_distance(a, b) - sum / double(frames)) <= 1e-6 * sum);
            REQUIRE(interpolated_distance(a, b) == interpolated_distance(b, a));
        }
}

TEST_CASE("a sequence at half the speed is at distance 0, a reversed one is not", "[similarity][interpolated_distance]") {
    token_matrix const a(1, {0, 2, 1}), slow(1, {0, 1, 2, 1.5F, 1}), reversed(1, {1, 2, 0});
    CHECK(interpolated_distance(a, slow) == 0);
    CHECK(interpolated_distance(a, reversed) == 2.0F / 3);
}

TEST_CASE("resample and interpolated_distance refuse bad sequences", "[similarity][interpolated_distance]") {
    token_matrix const x(2, 3, 1), wide(2, 4, 1), nan(3, {1, std::nanf(""), 1});
    matrix_view<float const> const none(x.values.data(), 0, 3);
    CHECK(outcome([&] { return interpolated_distance(x, none); }) == "invalid_argument");
    CHECK(outcome([&] { return interpolated_distance(none, x); }) == "invalid_argument");
    CHECK(outcome([&] { return interpolated_distance(x, wide); }) == "dimension_mismatch");
    CHECK(outcome([&] { return interpolated_distance(x, nan); }) == "not_finite");
    std::vector<float> out(6);
    CHECK(outcome([&] { return resample(x, matrix_view<float>(out.data(), 0, 3)), 0; }) == "invalid_argument");
    CHECK(outcome([&] { return resample(x, matrix_view<float>(out.data(), 3, 2)), 0; }) == "dimension_mismatch");
    CHECK(outcome([&] { return resample(none, matrix_view<float>(out.data(), 2, 3)), 0; }) == "invalid_argument");
}
