// SPDX-License-Identifier: Apache-2.0
#include <simile/score/nnn.hpp>

#include "score/score_samples.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <limits>

using namespace simile;
using namespace simile::test;

namespace {
/// Inner products of all rows of one with all of the other.
std::vector<float> products_of(std::vector<std::vector<float>> const& queries, std::vector<std::vector<float>> const& gallery) {
    std::vector<float> out;
    for (auto const& q : queries)
        for (auto const& g : gallery) {
            double sum = 0;
            for (std::size_t i = 0; i < q.size(); ++i) sum += double{q[i]} * double{g[i]};
            out.push_back(static_cast<float>(sum));
        }
    return out;
}
}  // namespace

TEST_CASE("NNN finds what the published package finds in its own test", "[score][nnn]") {
    std::vector<std::vector<float>> const gallery{{0, 1, 0, 0}, {1, 0, 0, 0}, {0, -1, 0, 0}, {-1, 0, 0, 0}, {0, 0, 1, 0}};
    std::vector<std::vector<float>> const queries{
        {0, 0.6F, 0.8F, 0}, {0.6F, 0, 0.8F, 0}, {0, -0.6F, 0.8F, 0}, {-0.6F, 0, 0.8F, 0}, {0, 0, 1, 0}};
    std::vector<std::vector<float>> bank;
    for (auto const [x, y] : std::vector<std::array<float, 2>>{{0, 1}, {0, -1}, {1, 0}, {-1, 0}})
        for (auto q : queries) {
            q[0] += 0.01F * x;
            q[1] += 0.01F * y;
            bank.push_back(q);
        }
    auto const scores = products_of(queries, gallery), banked = products_of(bank, gallery);
    auto const bias = score::nnn(matrix_view<float const>(banked, 5), 5, {.k = 2, .alpha = 0.75});
    for (std::size_t q = 0; q < 5; ++q) {
        std::vector<double> raw, normalized;
        for (std::size_t g = 0; g < 5; ++g) {
            raw.push_back(double{scores[5 * q + g]});
            normalized.push_back(raw.back() - bias[g]);
        }
        CHECK(order_of_scores(raw).front() == 4);
        CHECK(order_of_scores(normalized).front() == q);
        CHECK(nearly(normalized[q], q < 4 ? 0.14625 : 0.25, 1e-6));
    }
}

TEST_CASE("an alpha of 0 and an empty bank leave scores as they are", "[score][nnn]") {
    score_sample const bank(5, 4, 1);
    CHECK(score::nnn(bank.matrix(), 4, {.k = 2, .alpha = 0}) == std::vector<double>(4, 0.0));
    CHECK(score::nnn(matrix_view<float const>(), 4) == std::vector<double>(4, 0.0));
    // k larger than the bank is all of it.
    CHECK(score::nnn(bank.matrix(), 4) == score::nnn(bank.matrix(), 4, {.k = 5}));
}

TEST_CASE("NNN refuses parameters that make no sense", "[score][nnn]") {
    score_sample const bank(5, 4, 1);
    auto const with = [&](score::nnn_options const& options) { return outcome([&] { return score::nnn(bank.matrix(), 4, options); }); };
    CHECK(with({.k = 0}) == "invalid_argument");
    CHECK(with({.alpha = -0.5}) == "invalid_argument");
    CHECK(with({.alpha = std::nan("")}) == "not_finite");
    CHECK(with({.alpha = std::numeric_limits<double>::infinity()}) == "not_finite");
    CHECK(outcome([&] { return score::nnn(bank.matrix(), 5); }) == "dimension_mismatch");
}
