// SPDX-License-Identifier: Apache-2.0
#include <simile/score/sinkhorn.hpp>

#include "score/score_samples.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>

using namespace simile;
using namespace simile::test;

namespace {
using plain_matrix = std::vector<std::vector<double>>;

/// The published loop on plain exponentials.
std::pair<std::vector<double>, std::vector<double>> plain_sinkhorn(plain_matrix const& logits, std::size_t iterations) {
    std::size_t const n = logits.size(), m = logits[0].size();
    auto k = logits;
    for (auto& row : k)
        for (double& v : row) v = std::exp(v);
    std::vector<double> a(n), b(m);
    auto const columns = [&](bool first) {
        for (std::size_t j = 0; j < m; ++j) {
            double sum = 0;
            for (std::size_t i = 0; i < n; ++i) sum += (first ? 1 : a[i]) * k[i][j];
            b[j] = 1 / sum;
        }
    };
    columns(true);
    for (std::size_t t = 0; t < iterations; ++t) {
        for (std::size_t i = 0; i < n; ++i) {
            double sum = 0;
            for (std::size_t j = 0; j < m; ++j) sum += k[i][j] * b[j];
            a[i] = 1 / sum;
        }
        columns(false);
    }
    for (auto* x : {&a, &b}) {
        double sum = 0;
        for (double const v : *x) sum += v;
        for (double& v : *x) v = std::log(v / sum);
    }
    return {a, b};
}
plain_matrix rows_of(score_sample const& sample, double scale) {
    plain_matrix out;
    for (std::size_t i = 0; i < sample.matrix().rows(); ++i) {
        out.emplace_back();
        for (float const v : sample.row(i)) out.back().push_back(scale * double{v});
    }
    return out;
}
}  // namespace

TEST_CASE("sinkhorn in log space is the published loop", "[score][sinkhorn]") {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        std::size_t const n = 1 + seed % 7, m = 1 + seed % 5;
        score_sample sample(n, m, seed);
        for (float& v : sample.values()) v *= 8;
        auto const [a, b] = plain_sinkhorn(rows_of(sample, 1), 1 + seed % 6);
        auto const ours = score::sinkhorn(sample.matrix(), m, 1 + seed % 6);
        for (std::size_t i = 0; i < n; ++i) REQUIRE(nearly(ours.log_rows[i], a[i], 1e-9));
        for (std::size_t j = 0; j < m; ++j) REQUIRE(nearly(ours.log_columns[j], b[j], 1e-9));
    }
}

TEST_CASE("a row far below the others makes nothing infinite", "[score][sinkhorn]") {
    score_sample sample(5, 4, 3);
    for (std::size_t j = 0; j < 4; ++j) sample.values()[16 + j] -= 900;
    auto const found = score::sinkhorn(sample.matrix(), 4);
    for (double const v : found.log_rows) CHECK(std::isfinite(v));
    for (double const v : found.log_columns) CHECK(std::isfinite(v));
    for (double const v : score::sinkhorn_bias(sample.matrix(), 4)) CHECK(std::isfinite(v));
}

TEST_CASE("the sinkhorn bias gives every item the same share of the bank", "[score][sinkhorn]") {
    score_sample const bank(30, 6, 5);
    double const temperature = 0.2;
    auto const bias = score::sinkhorn_bias(bank.matrix(), 6, {.temperature = temperature, .iterations = 500});
    std::vector<double> share(6);
    for (std::size_t b = 0; b < 30; ++b) {
        double sum = 0;
        for (std::size_t g = 0; g < 6; ++g) sum += std::exp((double{bank.row(b)[g]} - bias[g]) / temperature);
        for (std::size_t g = 0; g < 6; ++g) share[g] += std::exp((double{bank.row(b)[g]} - bias[g]) / temperature) / sum;
    }
    double total = 0;
    for (std::size_t g = 0; g < 6; ++g) {
        CHECK(nearly(share[g], 5, 1e-9));
        total += bias[g];
    }
    CHECK(std::abs(total) < 1e-12);
}

TEST_CASE("the sinkhorn bias does not change when the scores of a bank row all rise, and starts from a warm one", "[score][sinkhorn]") {
    score_sample bank(12, 6, 7);
    score::sinkhorn_options const options{.temperature = 0.1, .iterations = 300};
    auto const bias = score::sinkhorn_bias(bank.matrix(), 6, options);
    auto const warm = score::sinkhorn_bias(bank.matrix(), 6, {.temperature = 0.1, .iterations = 1}, bias);
    for (std::size_t g = 0; g < 6; ++g) CHECK(nearly(warm[g], bias[g], 1e-9));
    for (std::size_t g = 0; g < 6; ++g) bank.values()[g] += 0.5F;
    auto const shifted = score::sinkhorn_bias(bank.matrix(), 6, options);
    for (std::size_t g = 0; g < 6; ++g) CHECK(nearly(shifted[g], bias[g], 1e-6));
}

TEST_CASE("the sinkhorn bias takes as many iterations as it is told", "[score][sinkhorn]") {
    score_sample const bank(7, 4, 8);
    for (std::size_t const iterations : {1U, 2U, 5U}) {
        auto k = rows_of(bank, 2);
        std::vector<double> u(7, 1.0 / 7), v(4);
        for (std::size_t t = 0; t < iterations; ++t) {
            for (std::size_t j = 0; j < 4; ++j) {
                double sum = 0;
                for (std::size_t i = 0; i < 7; ++i) sum += std::exp(k[i][j]) * u[i];
                v[j] = 1 / sum;
            }
            for (std::size_t i = 0; i < 7; ++i) {
                double sum = 0;
                for (std::size_t j = 0; j < 4; ++j) sum += std::exp(k[i][j]) * v[j];
                u[i] = 1 / sum;
            }
        }
        double mean = 0;
        for (double const x : v) mean += std::log(x) / 4;
        auto const bias = score::sinkhorn_bias(bank.matrix(), 4, {.temperature = 0.5, .iterations = iterations});
        for (std::size_t j = 0; j < 4; ++j) CHECK(nearly(bias[j], -0.5 * (std::log(v[j]) - mean), 1e-9));
    }
}

TEST_CASE("sinkhorn of an empty bank leaves scores as they are", "[score][sinkhorn]") {
    CHECK(score::sinkhorn_bias(matrix_view<float const>(), 3) == std::vector<double>(3, 0.0));
    CHECK(score::sinkhorn(matrix_view<float const>(), 3).log_columns == std::vector<double>(3, 0.0));
}

TEST_CASE("sinkhorn refuses what makes no sense", "[score][sinkhorn]") {
    score_sample bank(3, 4, 1);
    auto const with = [&](score::sinkhorn_options const& options) {
        return outcome([&] { return score::sinkhorn_bias(bank.matrix(), 4, options); });
    };
    CHECK(with({.temperature = 0, .iterations = 10}) == "invalid_argument");
    CHECK(with({.temperature = -1, .iterations = 10}) == "invalid_argument");
    CHECK(with({.temperature = std::numeric_limits<double>::infinity(), .iterations = 10}) == "not_finite");
    CHECK(with({.temperature = 0.01, .iterations = 0}) == "invalid_argument");
    CHECK(outcome([&] { return score::sinkhorn_bias(bank.matrix(), 5); }) == "dimension_mismatch");
    CHECK(outcome([&] { return score::sinkhorn_bias(bank.matrix(), 4, {}, std::vector<double>(3)); }) == "dimension_mismatch");
    CHECK(outcome([&] { return score::sinkhorn(bank.matrix(), 4, 0).log_rows; }) == "invalid_argument");
    bank.values()[3] = std::nanf("");
    CHECK(outcome([&] { return score::sinkhorn(bank.matrix(), 4).log_rows; }) == "not_finite");
}
