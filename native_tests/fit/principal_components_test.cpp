// SPDX-License-Identifier: Apache-2.0
#include <simile/fit/principal_components.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>

using namespace simile;
using namespace simile::test;
using fit::principal_components;

namespace {

/// n rows about (1, 2, 3 ..) whose spread along the j-th column of a rotation is 1 / (j + 1).
struct sample {
    sample(std::size_t rows, std::size_t d, std::uint64_t seed) : dims(d), values(rows * d) {
        xoshiro256 random(seed);
        quantize::rotation const rotation(d, seed);
        std::vector<float> row(d);
        for (std::size_t i = 0; i < rows; ++i) {
            for (std::size_t j = 0; j < d; ++j) row[j] = static_cast<float>(nearly_normal(random) / (1 + double(j)));
            rotation.apply(row, row);
            for (std::size_t j = 0; j < d; ++j) values[i * d + j] = row[j] + static_cast<float>(j + 1);
        }
    }
    [[nodiscard]] matrix_view<float const> view() const { return {values, dims}; }
    std::size_t dims;
    std::vector<float> values;
};

double row_dot(quantize::reduction const& r, std::size_t a, std::size_t b) {
    auto const row = [&](std::size_t i) { return std::span(r.matrix).subspan(i * r.dims, r.dims); };
    return dot_by_definition<float>(row(a), row(b)).value;
}

/// Variance of the mapped rows along each code dimension, and the largest covariance of two of them.
struct spread {
    std::vector<double> variance;
    double covariance = 0;
};
spread spread_of(quantize::transform const& t, matrix_view<float const> rows) {
    std::size_t const k = t.code_dims();
    std::vector<double> sums(k), products(k * k);
    std::vector<float> y(k);
    for (std::size_t i = 0; i < rows.rows(); ++i) {
        t.map_row(rows[i], y);
        for (std::size_t a = 0; a < k; ++a) {
            sums[a] += double{y[a]};
            for (std::size_t b = 0; b < k; ++b) products[a * k + b] += double{y[a]} * double{y[b]};
        }
    }
    spread out;
    double const n = double(rows.rows());
    for (std::size_t a = 0; a < k; ++a)
        for (std::size_t b = 0; b < k; ++b) {
            double const c = products[a * k + b] / n - sums[a] / n * (sums[b] / n);
            if (a == b)
                out.variance.push_back(c);
            else
                out.covariance = std::max(out.covariance, std::abs(c));
        }
    return out;
}

}  // namespace

TEST_CASE("principal components are orthonormal, uncorrelated and in order of their variance", "[fit][principal_components]") {
    sample const data(3000, 64, 1);
    auto const r = principal_components(data.view());
    REQUIRE(r.rank() == 64);
    for (std::size_t a = 0; a < 64; ++a)
        for (std::size_t b = 0; b < 64; ++b) REQUIRE(std::abs(row_dot(r, a, b) - (a == b ? 1 : 0)) <= 1e-6);
    auto const [variance, covariance] = spread_of(quantize::reduced(r, 64), data.view());
    CHECK(covariance <= 1e-5);
    double total = 0;
    for (std::size_t j = 0; j < 64; ++j) {
        CHECK(std::abs(variance[j] - r.variance[j]) <= 1e-5);
        if (j > 0) CHECK(r.variance[j] <= r.variance[j - 1]);
        total += variance[j];
    }
    CHECK(std::abs(total - r.total_variance) <= 1e-4);
    // What the data were made with: 1, 1/4, 1/9; a variance of n values is known to sqrt(2 / n).
    for (std::size_t j = 0; j < 3; ++j) CHECK(std::abs(r.variance[j] * double((j + 1) * (j + 1)) - 1) <= 4 * std::sqrt(2.0 / 3000));
    for (std::size_t j = 0; j < 64; ++j) {
        double mean = 0;
        for (std::size_t i = 0; i < 3000; ++i) mean += double{data.values[i * 64 + j]};
        CHECK(std::abs(double{r.mean[j]} - mean / 3000) <= 1e-5);
    }
}

TEST_CASE("the first principal components keep more than any other directions", "[fit][principal_components]") {
    sample const data(1000, 64, 2);
    auto const r = principal_components(data.view(), {.rank = 8});
    REQUIRE(r.rank() == 8);
    CHECK(std::abs(r.explained(8) - [&] {
              double kept = 0;
              for (double const v : r.variance) kept += v;
              return kept / r.total_variance;
          }()) <= 1e-12);
    double best = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        auto const features = quantize::random_features(64, 8, seed);
        double kept = 0;
        for (double const v : spread_of(quantize::transform(64).rotated(seed).subset(features), data.view()).variance) kept += v;
        best = std::max(best, kept / r.total_variance);
    }
    CHECK(r.explained(8) > 0.9);
    CHECK(r.explained(8) > best);
}

TEST_CASE("whitening gives every direction the same variance, and half of it the root", "[fit][principal_components]") {
    sample const data(2000, 64, 3);
    auto const whole = spread_of(quantize::reduced(principal_components(data.view(), {.power = 1}), 64), data.view());
    for (double const v : whole.variance) CHECK(std::abs(v - 1) <= 1e-3);
    auto const plain = principal_components(data.view());
    auto const half = spread_of(quantize::reduced(principal_components(data.view(), {.power = 0.5}), 64), data.view());
    for (std::size_t j = 0; j < 64; ++j) CHECK(std::abs(half.variance[j] / std::sqrt(plain.variance[j]) - 1) <= 1e-3);
    // A large epsilon leaves the small directions small.
    auto const held = spread_of(quantize::reduced(principal_components(data.view(), {.power = 1, .epsilon = 1}), 64), data.view());
    CHECK(held.variance[63] < 0.2);
    CHECK(held.variance[0] > 0.9);
}

TEST_CASE("a whitened vector is turned back by its transform", "[fit][principal_components]") {
    sample const data(500, 64, 4);
    auto const t = quantize::reduced(principal_components(data.view(), {.power = 1}), 64);
    std::vector<float> y(64), back(64);
    for (std::size_t i = 0; i < 20; ++i) {
        t.map_row(data.view()[i], y);
        t.unmap(y, back);
        for (std::size_t j = 0; j < 64; ++j) CHECK(std::abs(back[j] - data.view()[i][j]) <= 1e-4);
    }
}

TEST_CASE("directions without variance are left out", "[fit][principal_components]") {
    // Multiples of (1, 2, 2).
    std::vector<float> values;
    for (int i = -4; i <= 4; ++i)
        for (int const v : {1, 2, 2}) values.push_back(static_cast<float>(i * v));
    auto const r = principal_components({values, 3}, {.power = 1});
    REQUIRE(r.rank() == 1);
    CHECK(std::abs(r.variance[0] - 60) <= 1e-6);
    CHECK(r.matrix[1] > 0);
    CHECK(std::abs(r.matrix[0] / r.matrix[1] - 0.5F) <= 1e-6);
    // All the same: one row stays, worth nothing.
    std::vector<float> const same(12, 0.5F);
    auto const nothing = principal_components({same, 3}, {.power = 1});
    CHECK(nothing.rank() == 1);
    CHECK(nothing.explained(1) == 1);
    CHECK(all_finite(nothing.matrix));
}

TEST_CASE("principal components refuse what has none", "[fit][principal_components]") {
    std::vector<float> const values{1, 2, 3, 4}, bad{1, std::numeric_limits<float>::infinity()};
    CHECK(outcome([&] { return principal_components({values, 2}); }) == "ok");
    CHECK(outcome([&] { return principal_components({}); }) == "invalid_argument");
    CHECK(outcome([&] { return principal_components({values, 2}, {.rank = 3}); }) == "invalid_argument");
    CHECK(outcome([&] { return principal_components({values, 2}, {.power = -0.1}); }) == "invalid_argument");
    CHECK(outcome([&] { return principal_components({values, 2}, {.power = 1.5}); }) == "invalid_argument");
    CHECK(outcome([&] { return principal_components({values, 2}, {.epsilon = -1}); }) == "invalid_argument");
    CHECK(outcome([&] { return principal_components({bad, 2}); }) == "not_finite");
}
