// SPDX-License-Identifier: Apache-2.0
#include <simile/fit/optimized_product.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cmath>
#include <limits>
#include <vector>

using namespace simile;
using namespace simile::test;
using fit::fit_optimized_product;
using fit::optimized_product;
using fit::product_options;

namespace {

/// Vectors whose variance lies in a few directions, none of them a coordinate.
std::vector<float> correlated(std::size_t n, std::size_t d, std::uint64_t seed) {
    std::size_t const inner = d / 3;
    auto const map = normal_vector(inner * d, seed), noise = normal_vector(n * d, seed + 1, 0.1F),
               source = normal_vector(n * inner, seed + 2);
    std::vector<float> out(noise);
    for (std::size_t r = 0; r < n; ++r)
        for (std::size_t j = 0; j < inner; ++j)
            for (std::size_t i = 0; i < d; ++i) out[r * d + i] += source[r * inner + j] * map[j * d + i] / static_cast<float>(1 + j);
    return out;
}

std::vector<float> times(std::vector<float> const& matrix, std::span<float const> x) {
    std::vector<float> out(x.size());
    for (std::size_t i = 0; i < x.size(); ++i)
        out[i] = static_cast<float>(dot_by_definition<float>(std::span(matrix).subspan(i * x.size(), x.size()), x).value);
    return out;
}

double error_of(quantize::product_quantizer const& p, std::vector<float> const* matrix, matrix_view<float const> rows) {
    double sum = 0;
    std::vector<std::uint8_t> codes(p.subspaces());
    std::vector<float> y(p.dims());
    for (std::size_t r = 0; r < rows.rows(); ++r) {
        std::vector<float> const x = matrix != nullptr ? times(*matrix, rows[r]) : std::vector<float>(rows[r].begin(), rows[r].end());
        p.encode(x, std::span(codes));
        p.decode(codes, y);
        sum += squared_l2_by_definition<float>(x, y).value;
    }
    return sum;
}

}  // namespace

TEST_CASE("an optimized product quantizer turns vectors without stretching them and has a smaller error", "[fit][optimized_product]") {
    std::size_t const n = 1500, d = 24, m = 6;
    auto const values = correlated(n + 300, d, 1);
    matrix_view<float const> const rows(values.data(), n, d), unseen(values.data() + n * d, 300, d);
    auto const learnt = fit_optimized_product(rows, m), start = fit_optimized_product(rows, m, {.product = {}, .rotations = 0});
    auto const& matrix = learnt.matrix;
    REQUIRE(matrix.size() == d * d);
    for (std::size_t i = 0; i < d; ++i)
        for (std::size_t j = 0; j < d; ++j)
            CHECK(std::abs(dot_by_definition<float>(std::span(matrix).subspan(i * d, d), std::span(matrix).subspan(j * d, d)).value -
                           (i == j ? 1 : 0)) < 1e-5);
    double const plain = error_of(fit::fit_product(rows, m), nullptr, unseen);
    double const principal = error_of(start.quantizer, &start.matrix, unseen), optimized = error_of(learnt.quantizer, &matrix, unseen);
    CAPTURE(plain, principal, optimized);
    CHECK(principal < 0.8 * plain);
    CHECK(optimized < 0.98 * principal);
}

TEST_CASE("the map between two sets of rows is the rotation between them", "[fit][optimized_product]") {
    std::size_t const n = 50, d = 5;
    auto const values = normal_vector(n * d, 3);
    fit::detail::row_matrix const x = Eigen::Map<fit::detail::row_matrix const>(values.data(), n, d);
    // Coordinates exchanged and one turned round: exactly orthogonal.
    Eigen::MatrixXd wanted = Eigen::MatrixXd::Zero(d, d);
    for (Eigen::Index i = 0; i < 5; ++i) wanted(i, (2 * i + 1) % 5) = i == 3 ? -1 : 1;
    fit::detail::row_matrix const y = x * wanted.transpose().cast<float>();
    CHECK((fit::detail::procrustes(x, y) - wanted).cwiseAbs().maxCoeff() < 1e-6);
}

TEST_CASE("the map between rows of few directions is a rotation too", "[fit][optimized_product]") {
    Eigen::Index const rows = 40, dims = 12, rank = GENERATE(0, 1, 4);
    auto const random = [](Eigen::Index height, Eigen::Index width, std::uint64_t seed) -> fit::detail::row_matrix {
        auto const values = normal_vector(static_cast<std::size_t>(height * width), seed);
        return Eigen::Map<fit::detail::row_matrix const>(values.data(), height, width);
    };
    fit::detail::row_matrix const x = random(rows, rank, 1) * random(rank, dims, 2);
    Eigen::MatrixXd const wanted = Eigen::HouseholderQR<Eigen::MatrixXd>(random(dims, dims, 3).cast<double>()).householderQ();
    fit::detail::row_matrix const y = x * wanted.transpose().cast<float>();
    Eigen::MatrixXd const map = fit::detail::procrustes(x, y);
    CHECK((map * map.transpose() - Eigen::MatrixXd::Identity(dims, dims)).cwiseAbs().maxCoeff() < 1e-12);
    if (rank > 0) CHECK((x.cast<double>() * map.transpose() - y.cast<double>()).cwiseAbs().maxCoeff() < 1e-4);
}

TEST_CASE("the largest variances are spread over the subspaces", "[fit][optimized_product]") {
    Eigen::VectorXd variances(7);  // rising, as Eigen gives them
    variances << 0, 1, 2, 3, 100, 1000, 10000;
    auto const places = fit::detail::balanced_places(variances, 3);  // subspaces of 2, 2 and 3
    auto const subspace = [](std::size_t place) { return place < 2 ? 0 : place < 4 ? 1 : 2; };
    std::vector<bool> used(7);
    for (std::size_t const p : places) {
        REQUIRE(p < 7);
        CHECK(!used[p]);
        used[p] = true;
    }
    CHECK(subspace(places[6]) != subspace(places[5]));
    CHECK(subspace(places[6]) != subspace(places[4]));
    CHECK(subspace(places[5]) != subspace(places[4]));
}

TEST_CASE("optimizing reports its progress, can be stopped, and refuses what fit_product refuses", "[fit][optimized_product]") {
    auto values = correlated(40, 6, 2);
    matrix_view<float const> const rows(values.data(), 40, 6);
    std::vector<std::size_t> seen;
    progress watch{[&](std::size_t done, std::size_t total) { seen.push_back(10 * done + total); }, {}};
    static_cast<void>(fit_optimized_product(rows, 2, {.product = {.watch = &watch}, .rotations = 3}));
    CHECK(seen == std::vector<std::size_t>{5, 15, 25, 45, 55});
    watch.stop = [] { return true; };
    CHECK(outcome([&] { return fit_optimized_product(rows, 2, {.product = {.watch = &watch}}); }) == "cancelled");
    CHECK(outcome([&] { return fit_optimized_product(rows, 7); }) == "out_of_range");
    CHECK(outcome([&] { return fit_optimized_product({values.data(), 15, 6}, 2); }) == "invalid_argument");
    std::vector<float> const zero(40 * 6, 0.0F);
    CHECK(outcome([&] { return fit_optimized_product({zero.data(), 40, 6}, 2); }) == "ok");
    values[7] = std::numeric_limits<float>::infinity();
    CHECK(outcome([&] { return fit_optimized_product(rows, 2); }) == "not_finite");
}
