// SPDX-License-Identifier: Apache-2.0
#include <simile/core/candidate_pool.hpp>

#include <simile/core/random.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

using namespace simile;

namespace {

using candidate = candidate_pool::candidate;

std::vector<row_t> rows_of(std::vector<candidate> const& candidates) {
    std::vector<row_t> rows;
    for (candidate const& c : candidates) rows.push_back(c.row);
    std::sort(rows.begin(), rows.end());
    return rows;
}

/// By definition: estimates that are at most their margin below the k-th best.
std::vector<row_t> expected(std::vector<candidate> const& all, std::size_t k, float least = -std::numeric_limits<float>::infinity()) {
    std::vector<float> estimates;
    for (candidate const& c : all) estimates.push_back(c.estimate);
    std::sort(estimates.rbegin(), estimates.rend());
    float const kth = std::max(least, estimates.size() > k ? estimates[k - 1] : -std::numeric_limits<float>::infinity());
    std::vector<row_t> rows;
    for (candidate const& c : all)
        if (c.estimate >= kth - c.margin) rows.push_back(c.row);
    std::sort(rows.begin(), rows.end());
    return rows;
}

/// In steps of 1/64, so that many are equal and differences are exact.
std::vector<candidate> stream(std::size_t count, std::uint64_t seed, bool own_margins) {
    xoshiro256 random(seed);
    std::vector<candidate> out;
    for (std::size_t i = 0; i < count; ++i) {
        float const estimate = static_cast<float>(random() % 4000) / 64,
                    margin = own_margins ? static_cast<float>(random() % 200) / 64 : 1.5F;
        out.push_back({static_cast<row_t>(i), estimate, margin});
    }
    return out;
}

}  // namespace

TEST_CASE("a pool keeps whoever is at most its margin below the k-th best, in any order of arrival", "[core][candidate_pool]") {
    for (std::uint64_t seed = 0; seed < 30; ++seed)
        for (std::size_t const k : {std::size_t{1}, std::size_t{10}, std::size_t{300}}) {
            auto all = stream(seed % 3 == 0 ? 40 : 5000, seed, seed % 2 == 0);
            auto const wanted = expected(all, k);
            // As they come, falling (the limit is known at once) and rising (it is known last, and most have to go again).
            for (int order = 0; order < 3; ++order) {
                if (order > 0)
                    std::sort(all.begin(), all.end(),
                              [&](auto const& a, auto const& b) { return order == 1 ? a.estimate > b.estimate : a.estimate < b.estimate; });
                candidate_pool pool(k);
                for (candidate const& c : all) pool.push(c.row, c.estimate, c.margin);
                CAPTURE(seed, k, order);
                CHECK(rows_of(pool.take()) == wanted);
            }
        }
}

TEST_CASE("what a pool keeps has its estimates and margins, in the order of arrival", "[core][candidate_pool]") {
    candidate_pool pool(2);
    for (row_t r = 0; r < 6; ++r) pool.push(r, static_cast<float>(r % 4), 0.5F + static_cast<float>(r));
    // The second best is 2, so row 1 stays (1 >= 2 - 1.5) and so does row 4 (0 >= 2 - 4.5), but not row 0.
    auto const kept = pool.take();
    REQUIRE(kept.size() == 5);
    for (std::size_t i = 0; i < kept.size(); ++i) {
        CHECK(kept[i].row == i + 1);
        CHECK(kept[i].estimate == static_cast<float>((i + 1) % 4));
        CHECK(kept[i].margin == 0.5F + static_cast<float>(i + 1));
    }
}

TEST_CASE("blocks go into a pool as rows one by one do", "[core][candidate_pool]") {
    auto const all = stream(3200, 4, false);
    candidate_pool by_rows(20), by_blocks(20);
    xoshiro256 random(1);
    std::vector<candidate> taken;
    for (std::size_t b = 0; b < 100; ++b) {
        std::array<float, block_rows> estimates;
        auto mask = static_cast<std::uint32_t>(random());
        for (std::size_t i = 0; i < block_rows; ++i) {
            estimates[i] = all[b * block_rows + i].estimate;
            if ((mask >> i & 1U) != 0)
                by_rows.push(static_cast<row_t>(b * block_rows + i), estimates[i], 1.5F), taken.push_back(all[b * block_rows + i]);
            if (!(estimates[i] >= by_blocks.threshold(1.5F))) mask &= ~(std::uint32_t{1} << i);
        }
        by_blocks.push_block(static_cast<row_t>(b * block_rows), estimates, mask, 1.5F);
    }
    auto const rows = rows_of(by_blocks.take());
    CHECK(rows == rows_of(by_rows.take()));
    CHECK(rows == expected(taken, 20));
}

TEST_CASE("pools of parts of a stream merge to the pool of the whole", "[core][candidate_pool]") {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        auto const all = stream(3000, seed, true);
        std::vector<candidate_pool> parts(4, candidate_pool(15));
        for (candidate const& c : all) parts[c.row * c.row % 7 % 4].push(c.row, c.estimate, c.margin);
        for (std::size_t p = 1; p < parts.size(); ++p) parts[0].merge(parts[p]);
        CHECK(rows_of(parts[0].take()) == expected(all, 15));
    }
}

TEST_CASE("a k-th best estimate that is known before keeps away what lies below it", "[core][candidate_pool]") {
    auto const all = stream(2000, 8, true);
    for (float const known : {-5.0F, 30.0F, 61.0F, 100.0F}) {
        candidate_pool pool(25);
        pool.raise(known);
        pool.raise(known - 1);  // never lowers it
        CHECK(pool.threshold(2.0F) == known - 2.0F);
        for (candidate const& c : all) pool.push(c.row, c.estimate, c.margin);
        CHECK(rows_of(pool.take()) == expected(all, 25, known));
    }
}

TEST_CASE("a pool keeps everything under an infinite margin or without k rows, and nothing that is no number", "[core][candidate_pool]") {
    auto const infinity = std::numeric_limits<float>::infinity();
    candidate_pool pool(3);
    for (row_t r = 0; r < 10'000; ++r) pool.push(r, -static_cast<float>(r), infinity);
    CHECK(pool.take().size() == 10'000);
    candidate_pool few(50);
    for (row_t r = 0; r < 49; ++r) few.push(r, -static_cast<float>(r) * 1e30F, 0);
    CHECK(few.take().size() == 49);
    candidate_pool one_more(2);
    for (row_t r = 0; r < 3; ++r) one_more.push(r, -static_cast<float>(r), 0.5F);
    CHECK(rows_of(one_more.take()) == std::vector<row_t>{0, 1});
    candidate_pool strange(1);
    strange.push(0, std::nanf(""), infinity);
    strange.push(1, -infinity, infinity);
    strange.push(2, 1, 0);
    CHECK(rows_of(strange.take()) == std::vector<row_t>{1, 2});
    CHECK(candidate_pool(5).take().empty());
}
