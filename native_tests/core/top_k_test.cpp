// SPDX-License-Identifier: Apache-2.0
#include <simile/core/top_k.hpp>

#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include <algorithm>
#include <array>
#include <limits>

using namespace simile;
using namespace simile::test;

namespace {

// A few different scores many times over, so that ties decide; with infinities and both zeros.
std::vector<float> scores_with_ties(std::size_t n, std::uint64_t seed) {
    float const some[] = {-std::numeric_limits<float>::infinity(), -1, -0.0F, 0, 0.5F, 0.5000001F, 2,
                          std::numeric_limits<float>::infinity()};
    xoshiro256 random(seed);
    std::vector<float> scores(n);
    for (float& s : scores) s = some[random() % 8];
    return scores;
}

std::vector<hit> best_by_sorting(std::vector<float> const& scores, std::size_t k) {
    std::vector<hit> all;
    for (std::size_t i = 0; i < scores.size(); ++i) all.push_back({static_cast<row_t>(i), scores[i]});
    std::sort(all.begin(), all.end(), [](hit const& a, hit const& b) { return a.score == b.score ? a.row < b.row : a.score > b.score; });
    all.resize(std::min(k, all.size()));
    return all;
}

}  // namespace

TEST_CASE("top_k keeps what sorting everything keeps, ties by smaller row", "[core][top_k]") {
    auto const k = GENERATE(std::size_t{1}, 2, 10, 63, 64, 65, 200);
    auto const n = GENERATE(std::size_t{0}, 1, 9, 64, 129, 1000);
    auto const seed = GENERATE(range(0U, 5U));
    bool const ties = GENERATE(true, false);
    CAPTURE(k, n, seed, ties);
    auto const scores = ties ? scores_with_ties(n, seed) : normal_vector(n, seed);
    auto const expected = best_by_sorting(scores, k);

    top_k forwards(k), backwards(k);
    for (std::size_t i = 0; i < n; ++i) forwards.push(static_cast<row_t>(i), scores[i]);
    for (std::size_t i = n; i-- > 0;) backwards.push(static_cast<row_t>(i), scores[i]);
    CHECK(forwards.take() == expected);
    CHECK(backwards.take() == expected);
}

TEST_CASE("top_k takes blocks of scores under a mask", "[core][top_k]") {
    auto const k = GENERATE(std::size_t{1}, 7, 100);
    auto const seed = GENERATE(range(0U, 10U));
    auto const scores = normal_vector(40 * block_rows, seed);
    xoshiro256 random(seed);
    top_k blocks(k), single(k);
    for (std::size_t b = 0; b < 40; ++b) {
        auto const mask = b == 0 ? ~std::uint32_t{0} : static_cast<std::uint32_t>(random() & random());
        blocks.push_block(static_cast<row_t>(b * block_rows), std::span(scores).subspan(b * block_rows).first<block_rows>(), mask);
        for (std::size_t i = 0; i < block_rows; ++i)
            if ((mask >> i & 1U) != 0) single.push(static_cast<row_t>(b * block_rows + i), scores[b * block_rows + i]);
    }
    CHECK(blocks.take() == single.take());
}

TEST_CASE("merged top_k parts keep what one of all the rows keeps", "[core][top_k]") {
    auto const k = GENERATE(std::size_t{1}, 10, 300);
    auto const scores = scores_with_ties(1000, k);
    top_k first(k), second(k);
    for (std::size_t i = 0; i < 1000; ++i) (i % 3 == 0 ? first : second).push(static_cast<row_t>(i), scores[i]);
    first.merge(second);
    CHECK(first.take() == best_by_sorting(scores, k));
}

TEST_CASE("top_k never keeps NaN and starts anew after take", "[core][top_k]") {
    top_k best(3);
    best.push(0, std::numeric_limits<float>::quiet_NaN());
    std::array<float, block_rows> scores;
    scores.fill(std::numeric_limits<float>::quiet_NaN());
    scores[5] = 1;
    best.push_block(32, scores, ~std::uint32_t{0});
    CHECK(best.take() == std::vector<hit>{{37, 1}});
    for (row_t i = 0; i < 500; ++i) best.push(i, -1.0F - static_cast<float>(i));
    CHECK(best.take() == std::vector<hit>{{0, -1}, {1, -2}, {2, -3}});
}

TEST_CASE("the threshold of top_k rises with what it keeps and never above the k-th best", "[core][top_k]") {
    top_k best(10);
    CHECK(best.threshold() == -std::numeric_limits<float>::infinity());
    for (row_t i = 0; i < 1000; ++i) {
        best.push(i, static_cast<float>(i));
        REQUIRE(best.threshold() <= (i < 10 ? 0 : static_cast<float>(i - 9)));
    }
    CHECK(best.threshold() >= 900);  // the buffer holds less than 100 hits
}
