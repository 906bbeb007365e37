// SPDX-License-Identifier: Apache-2.0
#include <simile/explain/attribution.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using explain::dimension_shares;
using explain::max_part_shares;
using explain::pair_shares;
using explain::part_shares;

namespace {
std::vector<float> pooled_mean(matrix_view<float const> parts) {
    std::vector<float> out(parts.dims());
    for (std::size_t i = 0; i < out.size(); ++i) {
        double sum = 0;
        for (std::size_t r = 0; r < parts.rows(); ++r) sum += double{parts[r][i]};
        out[i] = static_cast<float>(sum / double(parts.rows()));
    }
    return out;
}
}  // namespace

TEST_CASE("the shares of pairs add up to the cosine of the means, and their rows to the shares of parts", "[explain][attribution]") {
    std::size_t const d = 13, n = 4, m = 6;
    auto const x = normal_vector(n * d, 1), y = normal_vector(m * d, 2);
    matrix_view<float const> const a(x, d), b(y, d);
    auto const mean_a = pooled_mean(a), mean_b = pooled_mean(b);
    double const cosine = cosine_by_definition<float>(mean_a, mean_b);
    auto const pairs = pair_shares(a, b);
    CHECK(std::abs(pairs.sum - cosine) < 1e-6);
    auto const rows = part_shares(a, mean_b);
    CHECK(std::abs(rows.sum - cosine) < 1e-6);
    for (std::size_t i = 0; i < n; ++i) {
        double row = 0;
        for (std::size_t j = 0; j < m; ++j) row += pairs.shares[i * m + j];
        CHECK(std::abs(row - rows.shares[i]) < 1e-6);
    }
    double const one = dot_by_definition<float>(a[1], b[2]).value / (n * m * norm(mean_a) * norm(mean_b));
    CHECK(std::abs(pairs.shares[1 * m + 2] - one) < 1e-7);
}

TEST_CASE("leaving a part out of the sum changes it by that part's share", "[explain][attribution]") {
    std::size_t const d = 8;
    auto const x = normal_vector(3 * d, 1), v = normal_vector(d, 2);
    matrix_view<float const> const parts(x, d);
    auto const found = part_shares(parts, v);
    auto const mean = pooled_mean(parts);
    auto zeroed = x;
    std::fill_n(zeroed.begin(), d, 0.0F);
    double const without = dot_by_definition<float>(pooled_mean(matrix_view<float const>(zeroed, d)), v).value / (norm(mean) * norm(v));
    CHECK(std::abs(found.sum - without - found.shares[0]) < 1e-6);
}

TEST_CASE("max pooling gives each dimension to the part that holds its maximum, and shares ties", "[explain][attribution]") {
    // Maxima 3 (part 0), 5 (parts 1 and 2), 1 (part 2).
    std::vector<float> const x{3, 1, 0, 2, 5, 0, 1, 5, 1}, v{1, 2, -4};
    auto const found = max_part_shares(matrix_view<float const>(x, 3), v);
    double const scale = 1 / (std::sqrt(9.0 + 25 + 1) * std::sqrt(1.0 + 4 + 16));
    CHECK(std::abs(found.shares[0] - 3 * scale) < 1e-12);
    CHECK(std::abs(found.shares[1] - 5 * scale) < 1e-12);
    CHECK(std::abs(found.shares[2] - (5 - 4) * scale) < 1e-12);
    CHECK(std::abs(found.sum - cosine_by_definition<float>(std::vector<float>{3, 5, 1}, v)) < 1e-12);
}

TEST_CASE("dimensions share a cosine by their products", "[explain][attribution]") {
    auto const q = normal_vector(40, 1), x = normal_vector(40, 2);
    auto const found = dimension_shares(q, x);
    CHECK(std::abs(found.sum - cosine_by_definition<float>(q, x)) < 1e-12);
    CHECK(std::abs(found.shares[7] - double{q[7]} * double{x[7]} / (norm(q) * norm(x))) < 1e-12);
}

TEST_CASE("what lies between the parts and the score shows as the residual", "[explain][attribution]") {
    auto const q = normal_vector(10, 1), x = normal_vector(10, 2);
    auto const found = dimension_shares(q, x);
    CHECK(found.residual(found.sum) == 0);
    CHECK(std::abs(found.residual(0.75) - (0.75 - cosine_by_definition<float>(q, x))) < 1e-12);
}

TEST_CASE("a pooled vector of zero has shares of zero", "[explain][attribution]") {
    std::vector<float> const opposite{1, 2, -1, -2}, v{1, 1}, zero{0, 0};
    matrix_view<float const> const parts(opposite, 2);
    CHECK(part_shares(parts, v).shares == std::vector<double>{0, 0});
    CHECK(pair_shares(parts, parts).shares == std::vector<double>(4, 0.0));
    CHECK(max_part_shares(parts, zero).sum == 0);
    CHECK(dimension_shares(v, zero).shares == std::vector<double>{0, 0});
}

TEST_CASE("attribution refuses what does not fit", "[explain][attribution]") {
    std::vector<float> const x{1, 2, 3, 4}, three{1, 2, 3}, nan{1, NAN};
    matrix_view<float const> const parts(x, 2), none(x.data(), 0, 2);
    CHECK(outcome([&] { return part_shares(parts, three); }) == "dimension_mismatch");
    CHECK(outcome([&] { return max_part_shares(parts, three); }) == "dimension_mismatch");
    CHECK(outcome([&] { return pair_shares(parts, {three.data(), 1, 3}); }) == "dimension_mismatch");
    CHECK(outcome([&] { return dimension_shares(x, three); }) == "dimension_mismatch");
    CHECK(outcome([&] { return part_shares(none, nan); }) == "invalid_argument");
    CHECK(outcome([&] { return pair_shares(parts, none); }) == "invalid_argument");
    CHECK(outcome([&] { return dimension_shares({}, {}); }) == "invalid_argument");
    CHECK(outcome([&] { return part_shares(parts, nan); }) == "not_finite");
    CHECK(outcome([&] { return max_part_shares(parts, nan); }) == "not_finite");
    CHECK(outcome([&] { return dimension_shares(nan, nan); }) == "not_finite");
}
