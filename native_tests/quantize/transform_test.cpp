// SPDX-License-Identifier: Apache-2.0
#include <simile/quantize/transform.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>

using namespace simile;
using namespace simile::test;
using quantize::transform;

namespace {

std::vector<float> row_of(transform const& t, std::span<float const> x) {
    std::vector<float> out(t.code_dims());
    t.map_row(x, out);
    return out;
}

struct mapped_query {
    std::vector<float> q;
    double constant;
};

mapped_query query_of(transform const& t, std::span<float const> q) {
    mapped_query out{std::vector<float>(t.code_dims()), 0};
    out.constant = t.map_query(q, out.q);
    return out;
}

double product_of(std::span<float const> x, std::span<float const> y) { return dot_by_definition<float>(x, y).value; }

/// Rows of a random orthonormal matrix: unit vectors made orthogonal one after the other.
std::vector<float> orthonormal_rows(std::size_t k, std::size_t d, std::uint64_t seed) {
    std::vector<std::vector<double>> rows;
    for (std::size_t i = 0; i < k; ++i) {
        auto const start = normal_vector(d, seed + i);
        std::vector<double> row(start.begin(), start.end());
        for (int twice = 0; twice < 2; ++twice)
            for (auto const& other : rows) {
                double along = 0;
                for (std::size_t j = 0; j < d; ++j) along += row[j] * other[j];
                for (std::size_t j = 0; j < d; ++j) row[j] -= along * other[j];
            }
        double square = 0;
        for (double const v : row) square += v * v;
        for (double& v : row) v /= std::sqrt(square);
        rows.push_back(row);
    }
    std::vector<float> out;
    for (auto const& row : rows)
        for (double const v : row) out.push_back(static_cast<float>(v));
    return out;
}

}  // namespace

TEST_CASE("a transform of orthogonal steps keeps inner products", "[quantize][transform]") {
    for (std::size_t const d : {1U, 3U, 64U, 100U, 384U}) {
        auto const mean = normal_vector(d, 9, 0.3F);
        std::vector<std::uint32_t> backwards;
        for (std::size_t j = d; j-- > 0;) backwards.push_back(static_cast<std::uint32_t>(j));
        transform const identity(d);
        std::vector<transform> const all{
            identity,
            identity.centred(mean),
            identity.rotated(),
            identity.centred(mean).rotated(3),
            identity.subset(backwards).centred(mean).rotated(),
            identity.prefix(d, false).rotated().rotated(4),
            identity.centred(mean).projected(orthonormal_rows(d, d, 50)).rotated(),
            identity.rotated().projected(orthonormal_rows(identity.rotated().code_dims(), identity.rotated().code_dims(), 7))};
        for (std::size_t i = 0; i < all.size(); ++i) {
            auto const x = normal_vector(d, 1), q = normal_vector(d, 2);
            auto const row = row_of(all[i], x);
            auto const query = query_of(all[i], q);
            double const size = std::sqrt(product_of(x, x) * product_of(q, q)) + std::sqrt(product_of(mean, mean) * product_of(q, q));
            CAPTURE(d, i);
            CHECK(all[i].input_dims() == d);
            CHECK(std::abs(query.constant + product_of(query.q, row) - product_of(x, q)) <= 3e-6 * size);

            std::vector<float> back(d);
            all[i].unmap(row, back);
            for (std::size_t j = 0; j < d; ++j)
                CHECK(std::abs(back[j] - x[j]) <= 3e-6 * (std::sqrt(product_of(x, x)) + std::sqrt(product_of(mean, mean))));
        }
    }
}

TEST_CASE("centring takes the mean from rows and its inner product from queries", "[quantize][transform]") {
    std::vector<float> const mean{1, -2, 3}, x{2, 2, 2}, q{1, 10, 100};
    auto const t = transform(3).centred(mean);
    CHECK(row_of(t, x) == std::vector<float>{1, 4, -1});
    auto const query = query_of(t, q);
    CHECK(query.q == q);
    CHECK(query.constant == 281);
}

TEST_CASE("a projection after centring keeps the inner product with the mean whole", "[quantize][transform]") {
    std::size_t const d = 20, k = 5;
    auto const mean = normal_vector(d, 1), matrix = orthonormal_rows(k, d, 2), x = normal_vector(d, 30), q = normal_vector(d, 31);
    auto const t = transform(d).centred(mean).projected(matrix);
    CHECK(t.code_dims() == k);
    auto const query = query_of(t, q);
    CHECK(std::abs(query.constant - product_of(q, mean)) <= 1e-6 * std::sqrt(product_of(q, q) * product_of(mean, mean)));
    double expected = 0;
    for (std::size_t i = 0; i < k; ++i) {
        double xi = 0, qi = 0;
        for (std::size_t j = 0; j < d; ++j) {
            xi += double{matrix[i * d + j]} * (double{x[j]} - double{mean[j]});
            qi += double{matrix[i * d + j]} * double{q[j]};
        }
        expected += xi * qi;
    }
    CHECK(std::abs(product_of(query.q, row_of(t, x)) - expected) <= 1e-5);
}

TEST_CASE("a projection is turned back by its pseudo-inverse, whatever the length of its rows", "[quantize][transform]") {
    std::size_t const d = 20, k = 5;
    auto matrix = orthonormal_rows(k, d, 2);
    for (std::size_t i = 0; i < k; ++i)
        for (std::size_t j = 0; j < d; ++j) matrix[i * d + j] *= static_cast<float>(i + 1);
    auto const t = transform(d).projected(matrix);
    auto const y = normal_vector(k, 5);
    std::vector<float> x(d);
    t.unmap(y, x);
    auto const again = row_of(t, x);
    for (std::size_t i = 0; i < k; ++i) CHECK(std::abs(again[i] - y[i]) <= 1e-5);
}

TEST_CASE("a prefix is the first dimensions, of unit length if wished", "[quantize][transform]") {
    std::vector<float> const x{3, 4, 12};
    CHECK(row_of(transform(3).prefix(2, false), x) == std::vector<float>{3, 4});
    CHECK(row_of(transform(3).prefix(2, true), x) == std::vector<float>{3.0F / 5, 4.0F / 5});
    CHECK(row_of(transform(3).prefix(2, true), std::vector<float>{0, 0, 7}) == std::vector<float>{0, 0});
    auto const query = query_of(transform(3).prefix(2, true), x);
    CHECK(query.q == std::vector<float>{3.0F / 5, 4.0F / 5});
    CHECK(query.constant == 0);
    std::vector<float> back(3, 9.0F);
    transform(3).prefix(2, false).unmap(std::vector<float>{5, 6}, back);
    CHECK(back == std::vector<float>{5, 6, 0});
}

TEST_CASE("a subset is its dimensions in its order", "[quantize][transform]") {
    std::vector<std::uint32_t> const indices{2, 0};
    auto const t = transform(4).subset(indices);
    CHECK(row_of(t, std::vector<float>{10, 11, 12, 13}) == std::vector<float>{12, 10});
    std::vector<float> back(4, 9.0F);
    t.unmap(std::vector<float>{5, 6}, back);
    CHECK(back == std::vector<float>{6, 0, 5, 0});
}

TEST_CASE("a transform maps the same with its own memory and with the caller's", "[quantize][transform]") {
    auto const t = transform(100).prefix(90, false).centred(normal_vector(90, 1)).projected(normal_vector(90 * 70, 2)).rotated();
    CHECK(t.code_dims() == 128);
    CHECK(t.scratch_floats() == 2 * 128);
    CHECK(transform(100).rotated().scratch_floats() == 0);
    std::vector<float> scratch(t.scratch_floats()), out(t.code_dims());
    auto const x = normal_vector(100, 3);
    t.map_row(x, out, scratch);
    CHECK(out == row_of(t, x));
    double const constant = t.map_query(x, out, scratch);
    CHECK(out == query_of(t, x).q);
    CHECK(constant == query_of(t, x).constant);
    CHECK(!t.is_identity());
    CHECK(transform(100).is_identity());
}

TEST_CASE("a transform refuses steps that do not fit", "[quantize][transform]") {
    transform const t(3);
    std::vector<float> const two(2), three(3), bad{0, std::numeric_limits<float>::infinity(), 0};
    std::vector<std::uint32_t> const none, outside{1, 3}, twice{1, 2, 1};
    CHECK(outcome([] { return transform(0); }) == "invalid_argument");
    CHECK(outcome([&] { return t.centred(two); }) == "dimension_mismatch");
    CHECK(outcome([&] { return t.centred(bad); }) == "not_finite");
    CHECK(outcome([&] { return t.prefix(0, false); }) == "invalid_argument");
    CHECK(outcome([&] { return t.prefix(4, false); }) == "invalid_argument");
    CHECK(outcome([&] { return t.centred(three).prefix(2, true); }) == "invalid_argument");
    CHECK(outcome([&] { return t.centred(three).prefix(2, false); }) == "ok");
    CHECK(outcome([&] { return t.subset(none); }) == "invalid_argument");
    CHECK(outcome([&] { return t.subset(outside); }) == "out_of_range");
    CHECK(outcome([&] { return t.subset(twice); }) == "invalid_argument");
    CHECK(message([&] { return t.subset(twice); }) == "dimension 1 comes twice in the subset");
    CHECK(outcome([&] { return t.projected(two); }) == "invalid_argument");
    CHECK(outcome([&] { return t.projected({}); }) == "invalid_argument");
    CHECK(outcome([&] { return t.projected(bad); }) == "not_finite");
    CHECK(outcome([&] { return t.rotated(quantize::rotation(4)); }) == "dimension_mismatch");
}
