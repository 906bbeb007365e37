// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/max_sim.hpp>
#include <simile/similarity/merge_tokens.hpp>

#include "similarity/ranking.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <numeric>

using namespace simile;
using namespace simile::test;
using similarity::merge_tokens;
using similarity::merged_tokens;

namespace {
std::vector<double> mean_of(token_matrix const& x, std::size_t first, std::size_t count) {
    std::vector<double> out(x.dims, 0.0);
    for (std::size_t t = first; t < first + count; ++t)
        for (std::size_t i = 0; i < x.dims; ++i) out[i] += double(x[t][i]) / double(count);
    return out;
}
double cosine_of(std::vector<double> const& x, std::vector<double> const& y) {
    double const xy = std::inner_product(x.begin(), x.end(), y.begin(), 0.0), xx = std::inner_product(x.begin(), x.end(), x.begin(), 0.0);
    return xy / std::sqrt(xx * std::inner_product(y.begin(), y.end(), y.begin(), 0.0));
}
/// How many tokens each run has, by the definition, all means anew after each merge.
std::vector<std::uint32_t> runs_by_definition(token_matrix const& x, std::size_t max_tokens, double threshold) {
    std::vector<std::uint32_t> counts(x.rows, 1);
    while (counts.size() > max_tokens) {
        double best = -2;
        std::size_t at = 0, first = 0;
        for (std::size_t r = 0; r + 1 < counts.size(); first += counts[r++]) {
            double const cosine = cosine_of(mean_of(x, first, counts[r]), mean_of(x, first + counts[r], counts[r + 1]));
            if (cosine > best) best = cosine, at = r;
        }
        if (best < threshold) break;
        counts[at] += counts[at + 1];
        counts.erase(counts.begin() + std::ptrdiff_t(at) + 1);
    }
    return counts;
}
}  // namespace

TEST_CASE("merge_tokens merges the most similar neighbours first, into their mean", "[similarity][merge_tokens]") {
    for (std::size_t const n : {1U, 2U, 3U, 10U, 40U})
        for (std::size_t const most : {1U, 2U, 5U, 40U})
            for (float const threshold : {-1.0F, 0.0F, 0.4F, 0.9F})
                for (std::uint64_t seed = 0; seed < 4; ++seed) {
                    token_matrix const x(n, 5, seed + n);
                    auto const merged = merge_tokens(x, {.max_tokens = most, .threshold = threshold});
                    CAPTURE(n, most, threshold, seed);
                    REQUIRE(merged.counts == runs_by_definition(x, most, double(threshold)));
                    REQUIRE(merged.matrix().dims() == 5);
                    REQUIRE(merged.values.size() == 5 * merged.counts.size());
                    std::size_t first = 0;
                    for (std::size_t r = 0; r < merged.counts.size(); first += merged.counts[r++]) {
                        auto const mean = mean_of(x, first, merged.counts[r]);
                        for (std::size_t i = 0; i < 5; ++i) REQUIRE(std::abs(merged.matrix()[r][i] - mean[i]) < 1e-6);
                    }
                }
}

TEST_CASE("equal neighbours are merged without loss, in order; equal pairs further to the front first", "[similarity][merge_tokens]") {
    token_matrix const x(2, {1, 0, 1, 0, 0, 1, 1, 0, 1, 0});
    auto const merged = merge_tokens(x, {.threshold = 0.999F});
    CHECK(merged.values == std::vector<float>{1, 0, 0, 1, 1, 0});
    CHECK(merged.counts == std::vector<std::uint32_t>{2, 1, 2});
    CHECK(merge_tokens(x, {.max_tokens = 4}).counts == std::vector<std::uint32_t>{2, 1, 1, 1});
    CHECK(merge_tokens(x).counts == std::vector<std::uint32_t>{5});
}

TEST_CASE("max_sim hardly notices the merging of tokens that are much alike", "[similarity][merge_tokens]") {
    // Scenes of ten frames each, noise within.
    std::size_t const d = 32;
    std::vector<float> frames;
    for (std::uint64_t scene = 0; scene < 8; ++scene)
        for (std::uint64_t f = 0; f < 10; ++f) {
            auto frame = unit_vector(d, scene);
            auto const noise = normal_vector(d, 100 * scene + f + 1000, 0.02F);
            for (std::size_t i = 0; i < d; ++i) frame[i] += noise[i];
            frames.insert(frames.end(), frame.begin(), frame.end());
        }
    token_matrix const item(d, frames);
    auto const merged = merge_tokens(item, {.max_tokens = 8});
    CHECK(merged.counts == std::vector<std::uint32_t>(8, 10));
    std::vector<float> query;
    for (std::uint64_t scene : {1U, 4U, 6U}) {
        auto const q = unit_vector(d, scene);
        query.insert(query.end(), q.begin(), q.end());
    }
    token_matrix const q(d, query);
    CHECK(std::abs(similarity::max_sim(q, merged.matrix()) - similarity::max_sim(q, item)) < 0.05F * 3);
}

TEST_CASE("tokens of zeros have the cosine 0", "[similarity][merge_tokens]") {
    token_matrix const x(1, {0, 0, 5, -5});
    CHECK(merge_tokens(x, {.threshold = 0.5F}).counts == std::vector<std::uint32_t>{1, 1, 1, 1});
    CHECK(merge_tokens(x, {.threshold = 0}).counts == std::vector<std::uint32_t>{3, 1});
    CHECK(merge_tokens(x).counts == std::vector<std::uint32_t>{4});
}

TEST_CASE("merge_tokens refuses no tokens and bad options", "[similarity][merge_tokens]") {
    token_matrix const x(2, {1, 2, 3, 4}), nan(1, {std::nanf("")}), none(2, std::vector<float>());
    CHECK(outcome([&] { return merge_tokens(none); }) == "invalid_argument");
    CHECK(outcome([&] { return merge_tokens(nan); }) == "not_finite");
    CHECK(outcome([&] { return merge_tokens(x, {.max_tokens = 0}); }) == "invalid_argument");
    CHECK(outcome([&] { return merge_tokens(x, {.threshold = std::nanf("")}); }) == "not_finite");
}
