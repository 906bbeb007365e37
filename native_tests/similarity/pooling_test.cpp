// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/pooling.hpp>

#include "similarity/ranking.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace simile;
using namespace simile::test;
using similarity::generalised_mean_pooling;
using similarity::mean_pooling;
using similarity::query_weighted_pooling;

namespace {
template <class Weight>
std::vector<double> mean_by_definition(token_matrix const& x, Weight weight) {
    std::vector<double> out(x.dims, 0.0);
    double total = 0;
    for (std::size_t t = 0; t < x.rows; ++t) total += weight(t);
    for (std::size_t t = 0; t < x.rows; ++t)
        for (std::size_t i = 0; i < x.dims; ++i) out[i] += weight(t) * double(x[t][i]) / total;
    return out;
}
bool close(std::vector<float> const& computed, std::vector<double> const& exact, double bound) {
    for (std::size_t i = 0; i < exact.size(); ++i)
        if (!(std::abs(computed[i] - exact[i]) <= bound)) return false;
    return computed.size() == exact.size();
}
std::vector<float> mean_of(token_matrix const& x) {
    return written(x.dims, [&](auto out) { mean_pooling(x, out); });
}
std::vector<float> mean_of(token_matrix const& x, std::vector<float> const& weights) {
    return written(x.dims, [&](auto out) { mean_pooling(x, weights, out); });
}
std::vector<float> query_mean_of(token_matrix const& x, std::vector<float> const& query, double temperature) {
    return written(x.dims, [&](auto out) { query_weighted_pooling(x, query, out, temperature); });
}
std::vector<float> generalised_mean_of(token_matrix const& x, double p) {
    return written(x.dims, [&](auto out) { generalised_mean_pooling(x, out, p); });
}
}  // namespace

TEST_CASE("mean_pooling is the mean, weighted or not", "[similarity][pooling]") {
    for (std::size_t const n : {1U, 2U, 7U, 100U})
        for (std::size_t const d : {1U, 5U, 64U}) {
            token_matrix const x(n, d, n + d);
            auto weights = normal_vector(n, n);
            for (float& w : weights) w *= w;
            CAPTURE(n, d);
            REQUIRE(close(mean_of(x), mean_by_definition(x, [](std::size_t) { return 1.0; }), 3e-7));
            REQUIRE(close(mean_of(x, weights), mean_by_definition(x, [&](std::size_t t) { return double(weights[t]); }), 3e-7));
        }
    token_matrix const x(2, {1, 2, 3, 4, 100, 100});
    CHECK(mean_of(x, {1, 1, 0}) == std::vector<float>{2, 3});
}

TEST_CASE("the inner product with the mean is the mean of the inner products", "[similarity][pooling]") {
    token_matrix const x(9, 32, 1);
    auto const query = normal_vector(32, 2);
    double sum = 0;
    for (std::size_t t = 0; t < 9; ++t) sum += dot_by_definition<float>(query, x[t]).value;
    CHECK(std::abs(dot_by_definition<float>(query, mean_of(x)).value - sum / 9) < 1e-6);
}

TEST_CASE("query_weighted_pooling weighs by the softmax of likeness to the query", "[similarity][pooling]") {
    for (std::size_t const n : {1U, 2U, 20U})
        for (double const temperature : {0.5, 2.0, 10.0}) {
            token_matrix const x(n, 16, n);
            auto const query = normal_vector(16, 50);
            auto const weight = [&](std::size_t t) { return std::exp(dot_by_definition<float>(query, x[t]).value / temperature); };
            CAPTURE(n, temperature);
            REQUIRE(close(query_mean_of(x, query, temperature), mean_by_definition(x, weight), 2e-5));
        }
    // Cold: the best token. Hot: the mean. No exponential overflows on the way.
    token_matrix const x(2, {1, 0, 0, 1, -1, 0});
    CHECK(query_mean_of(x, {1000, 1}, 1e-3) == std::vector<float>{1, 0});
    CHECK(query_mean_of(x, {1, 1000}, 1e-3) == std::vector<float>{0, 1});
    CHECK(close(query_mean_of(x, {1, 2}, 1e9), {0, 1.0 / 3}, 1e-6));
}

TEST_CASE("generalised_mean_pooling goes from the mean to the maximum", "[similarity][pooling]") {
    for (double const p : {0.5, 1.0, 2.0, 3.0, 8.0}) {
        token_matrix const x(11, 16, 1);
        std::vector<double> exact(16, 0.0);
        for (std::size_t i = 0; i < 16; ++i) {
            for (std::size_t t = 0; t < 11; ++t) exact[i] += std::pow(std::max(double(x[t][i]), 1e-6), p) / 11;
            exact[i] = std::pow(exact[i], 1 / p);
        }
        CAPTURE(p);
        REQUIRE(close(generalised_mean_of(x, p), exact, 3e-7));
    }
    token_matrix const x(1, {1, 2, 6});
    CHECK(generalised_mean_of(x, 1) == std::vector<float>{3});
    CHECK(std::abs(generalised_mean_of(x, 1e4)[0] - 6) < 1e-3F);
    // Powers that float and double cannot hold.
    CHECK(rounds_to(generalised_mean_of({1, {1e30F, 1e30F}}, 300)[0], double(1e30F)));
    CHECK(rounds_to(generalised_mean_of({1, {-1, -2}}, 3)[0], 1e-6));
}

TEST_CASE("pooling refuses no tokens, bad weights and parameters", "[similarity][pooling]") {
    token_matrix const x(2, {1, 2, 3, 4}), nan(1, {std::nanf("")});
    token_matrix const none(2, std::vector<float>());
    CHECK(outcome([&] { return mean_of(none); }) == "invalid_argument");
    CHECK(outcome([&] { return mean_of(nan); }) == "not_finite");
    CHECK(outcome([&] { return mean_of(x, {1}); }) == "dimension_mismatch");
    CHECK(outcome([&] { return mean_of(x, {0, 0}); }) == "invalid_argument");
    CHECK(outcome([&] { return mean_of(x, {2, -1}); }) == "invalid_argument");
    CHECK(outcome([&] { return mean_of(x, {2, std::nanf("")}); }) == "not_finite");
    CHECK(outcome([&] { return query_mean_of(x, {1}, 1); }) == "dimension_mismatch");
    CHECK(outcome([&] { return query_mean_of(x, {1, 1}, 0); }) == "invalid_argument");
    CHECK(outcome([&] { return query_mean_of(x, {1, std::nanf("")}, 1); }) == "not_finite");
    CHECK(outcome([&] { return generalised_mean_of(x, 0); }) == "invalid_argument");
    CHECK(outcome([&] { return generalised_mean_of(none, 3); }) == "invalid_argument");
    std::vector<float> out(1);
    CHECK(outcome([&] { return mean_pooling(x, out), 0; }) == "dimension_mismatch");
    CHECK(outcome([&] { return generalised_mean_pooling(x, out, 3, 0), 0; }) == "dimension_mismatch");
    CHECK(outcome([&] { return generalised_mean_pooling(nan, out, 3, 0), 0; }) == "not_finite");
    CHECK(outcome([&] { return generalised_mean_pooling(token_matrix(1, {1.0F}), out, 3, 0), 0; }) == "invalid_argument");
}
