// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/semidefinite_root.hpp>

#include "similarity/ranking.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace simile;
using namespace simile::test;
using similarity::semidefinite_root;

namespace {
/// E E' of t vectors of e dims, in float and symmetric to the bit.
token_matrix gram(std::size_t t, std::size_t e, std::uint64_t seed) {
    token_matrix const vectors(t, e, seed);
    std::vector<float> out(t * t);
    for (std::size_t i = 0; i < t; ++i)
        for (std::size_t j = 0; j < t; ++j) out[i * t + j] = static_cast<float>(dot_by_definition<float>(vectors[i], vectors[j]).value);
    return {t, out};
}
double largest_difference(matrix_view<float const> s, std::vector<double> const& root) {
    std::size_t const t = s.rows(), r = root.size() / t;
    double out = 0;
    for (std::size_t i = 0; i < t; ++i)
        for (std::size_t j = 0; j < t; ++j) {
            double sum = 0;
            for (std::size_t k = 0; k < r; ++k) sum += root[i * r + k] * root[j * r + k];
            out = std::max(out, std::abs(sum - double(s[i][j])));
        }
    return out;
}
}  // namespace

TEST_CASE("the root times its transpose is the matrix, at any rank", "[similarity][semidefinite_root]") {
    for (std::size_t const t : {1U, 2U, 5U, 20U, 60U})
        for (std::size_t const e : {1U, 3U, 20U, 90U})
            for (std::uint64_t seed = 0; seed < 4; ++seed) {
                auto const s = gram(t, e, seed);
                auto const root = semidefinite_root(s);
                CAPTURE(t, e, seed);
                REQUIRE(root.size() == t * std::min(t, e));
                REQUIRE(largest_difference(s, root) <= 2e-6 * double(t) * double(e));
            }
}

TEST_CASE("a matrix of zeros has rank 0, one with a zero row less than full rank", "[similarity][semidefinite_root]") {
    CHECK(semidefinite_root(token_matrix(3, std::vector<float>(9, 0.0F))).empty());
    CHECK(semidefinite_root(token_matrix(3, {4, 0, 0, 0, 0, 0, 0, 0, 9})) == std::vector<double>{0, 2, 0, 0, 3, 0});
    CHECK(semidefinite_root(token_matrix(2, {1, 1, 1, 1})).size() == 2);
}

TEST_CASE("what is not positive semidefinite is refused with its pivot", "[similarity][semidefinite_root]") {
    auto const refusal = [](token_matrix const& s) { return message([&] { return semidefinite_root(s); }); };
    CHECK(refusal({2, {1, 0, 0, -2}}) == "the matrix is not positive semidefinite: pivot -2.000000 at row 1");
    // Eigenvalues 3 and -1, all entries positive.
    CHECK(refusal({2, {1, 2, 2, 1}}) == "the matrix is not positive semidefinite: pivot -3.000000 at row 1");
    CHECK(refusal({2, {0, 0.5F, 0.5F, 0}}) == "the matrix is not positive semidefinite: pivot -0.500000 at row 1");
    // Thresholded cosines of three terms: 1 is like 0 and 2, which are not like each other.
    CHECK(refusal({3, {1, 0.8F, 0, 0.8F, 1, 0.8F, 0, 0.8F, 1}}) == "the matrix is not positive semidefinite: pivot -0.280000 at row 1");
    CHECK(refusal({3, {1, 0.7F, 0, 0.7F, 1, 0.7F, 0, 0.7F, 1}}).empty());  // 2 * 0.7^2 < 1
    CHECK(refusal({2, {1, 0.5F, 0.25F, 1}}) == "element 1, 0 is 0.250000, but 0, 1 is 0.500000");
    CHECK(outcome([] { return semidefinite_root(token_matrix(2, {1, 2, 2, 1})); }) == "invalid_argument");
}

TEST_CASE("one negative eigenvalue is found among many", "[similarity][semidefinite_root]") {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        auto s = gram(20, 30, seed);
        auto const u = unit_vector(20, seed + 300);
        // s - 200 u u': eigenvalues of s are below 200.
        for (std::size_t i = 0; i < 20; ++i)
            for (std::size_t j = 0; j < 20; ++j) s.values[i * 20 + j] -= static_cast<float>(200 * double(u[i]) * double(u[j]));
        REQUIRE(outcome([&] { return semidefinite_root(s); }) == "invalid_argument");
    }
}
