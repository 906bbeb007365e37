// SPDX-License-Identifier: Apache-2.0
#include <simile/eval/symmetric_eigen.hpp>

#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace simile;
using namespace simile::test;
using eval::symmetric_eigen;

namespace {

std::vector<double> symmetric_sample(std::size_t n, std::uint64_t seed, double scale) {
    auto const x = normal_vector(n * n, seed);
    std::vector<double> s(n * n);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) s[i * n + j] = scale * (double{x[i * n + j]} + double{x[j * n + i]});
    return s;
}

/// The largest |S v - value v| and |V V' - I|, in parts of the largest |value|.
double eigen_defect(std::vector<double> const& s, std::size_t n, eval::eigen_system const& e) {
    double worst = 0;
    double const size = std::max({std::abs(e.values.front()), std::abs(e.values.back()), 1e-300});
    for (std::size_t v = 0; v < n; ++v) {
        for (std::size_t i = 0; i < n; ++i) {
            double sum = 0;
            for (std::size_t j = 0; j < n; ++j) sum += s[i * n + j] * e.vectors[v * n + j];
            worst = std::max(worst, std::abs(sum - e.values[v] * e.vectors[v * n + i]) / size);
        }
        for (std::size_t w = 0; w <= v; ++w) {
            double sum = 0;
            for (std::size_t i = 0; i < n; ++i) sum += e.vectors[v * n + i] * e.vectors[w * n + i];
            worst = std::max(worst, std::abs(sum - (v == w ? 1 : 0)));
        }
    }
    return worst;
}

}  // namespace

TEST_CASE("eigenvectors are orthonormal and only stretched by the matrix", "[eval][symmetric_eigen]") {
    auto const n = GENERATE(std::size_t{1}, 2, 3, 4, 7, 16, 33, 96);
    auto const scale = GENERATE(1e-100, 1.0, 1e100);
    auto const s = symmetric_sample(n, n, scale);
    auto const found = symmetric_eigen(s, n, true);
    CAPTURE(n, scale);
    CHECK(eigen_defect(s, n, found) < 4e-15 * double(n + 4));
    CHECK(std::is_sorted(found.values.rbegin(), found.values.rend()));
    auto const only = symmetric_eigen(s, n, false);
    CHECK(only.vectors.empty());
    CHECK(only.values == found.values);
}

TEST_CASE("eigenvalues of matrices with zeros and repeats are exact enough", "[eval][symmetric_eigen]") {
    std::size_t const n = 6;
    std::vector<double> zero(n * n), identity(n * n), ones(n * n, 1.0), blocks(n * n);
    for (std::size_t i = 0; i < n; ++i) identity[i * n + i] = 3;
    for (std::size_t i = 0; i < n; i += 2) blocks[i * n + i + 1] = blocks[(i + 1) * n + i] = 2;
    for (auto const& s : {zero, identity, ones, blocks}) CHECK(eigen_defect(s, n, symmetric_eigen(s, n, true)) < 1e-14);
    CHECK(symmetric_eigen(identity, n, false).values == std::vector<double>(n, 3.0));
    CHECK(std::abs(symmetric_eigen(ones, n, false).values[0] - 6) < 1e-14);
    auto const pairs = symmetric_eigen(blocks, n, false).values;
    for (std::size_t i = 0; i < n; ++i) CHECK(std::abs(pairs[i] - (i < 3 ? 2 : -2)) < 1e-14);
}
