// SPDX-License-Identifier: Apache-2.0
#include <simile/score/top_mean_block.hpp>

#include "score/score_samples.hpp"

#include <catch2/catch_test_macros.hpp>

#include <functional>
#include <limits>

using namespace simile;
using namespace simile::test;

namespace {
void require_top_means(score::top_mean_block& block, std::vector<float> const& scores, std::size_t k) {
    std::array<double, block_rows> out;
    block(scores, k, out);
    std::size_t const rows = scores.size() / block_rows;
    for (std::size_t i = 0; i < block_rows; ++i) {
        std::vector<double> column;
        for (std::size_t b = 0; b < rows; ++b) column.push_back(double{scores[b * block_rows + i]});
        std::sort(column.begin(), column.end(), std::greater<>());
        std::size_t const n = std::min(k, rows);
        double sum = 0, magnitude = 0;
        for (std::size_t b = 0; b < n; ++b) {
            sum += column[b];
            magnitude += std::abs(column[b]);
        }
        REQUIRE(std::abs(out[i] * double(n) - sum) <= 1e-12 * magnitude);
    }
}
}  // namespace

TEST_CASE("the top means of a block are those of its columns", "[score][top_mean_block]") {
    score::top_mean_block block;
    for (std::size_t const rows : {1U, 2U, 3U, 17U, 100U, 333U})
        for (std::size_t const k : {1U, 2U, 16U, 128U, 1000U}) {
            score_sample sample(rows, block_rows, 31 * rows + k);
            require_top_means(block, sample.values(), k);
            for (float& v : sample.values()) v = std::round(v * 3) / 3;  // many are equal, and there are both zeros
            require_top_means(block, sample.values(), k);
            for (float& v : sample.values()) v *= 1e30F;
            require_top_means(block, sample.values(), k);
            for (float& v : sample.values()) v = -std::abs(v) * 1e-30F * 1e-38F;
            require_top_means(block, sample.values(), k);
        }
}

TEST_CASE("the top means of a block hold the largest and smallest floats and equal ones", "[score][top_mean_block]") {
    score::top_mean_block block;
    constexpr float most = std::numeric_limits<float>::max(), tiny = std::numeric_limits<float>::denorm_min();
    std::vector<float> scores(4 * block_rows);
    float const kinds[]{most, -most, 0.0F, -0.0F, tiny, -tiny, 1, -1};
    for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = kinds[(i * 7 + i / block_rows) % 8];
    for (std::size_t k = 1; k <= 5; ++k) require_top_means(block, scores, k);
    std::fill(scores.begin(), scores.end(), 0.25F);
    for (std::size_t k = 1; k <= 5; ++k) require_top_means(block, scores, k);
}

TEST_CASE("the top means of no rows are 0", "[score][top_mean_block]") {
    std::array<double, block_rows> out;
    out.fill(7);
    score::top_mean_block()({}, 3, out);
    CHECK(std::all_of(out.begin(), out.end(), [](double v) { return v == 0; }));
}
