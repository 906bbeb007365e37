// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/sequence_match.hpp>

#include "similarity/ranking.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <set>

using namespace simile;
using namespace simile::test;
using similarity::aligned_segment;
using similarity::sequence_match;

namespace {
token_matrix unit_frames(std::size_t n, std::size_t d, std::uint64_t seed) {
    std::vector<float> values;
    for (std::size_t i = 0; i < n; ++i) {
        auto const frame = unit_vector(d, seed + i);
        values.insert(values.end(), frame.begin(), frame.end());
    }
    return {d, values};
}
/// Rows first .. first + n - 1 with some noise.
token_matrix excerpt(token_matrix const& frames, std::size_t first, std::size_t n, float noise) {
    auto const added = normal_vector(n * frames.dims, 9, noise);
    std::vector<float> values(frames.values.begin() + std::ptrdiff_t(first * frames.dims),
                              frames.values.begin() + std::ptrdiff_t((first + n) * frames.dims));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] += added[i];
    return {frames.dims, values};
}
std::vector<std::pair<double, std::size_t>> by_definition(token_matrix const& query, token_matrix const& frames, std::size_t k) {
    std::set<std::size_t> starts;
    for (std::size_t t = 0; t < query.rows; ++t) {
        std::vector<std::pair<double, std::size_t>> nearest;
        for (std::size_t row = 0; row < frames.rows; ++row)
            nearest.emplace_back(-dot_by_definition<float>(query[t], frames[row]).value, row);
        std::sort(nearest.begin(), nearest.end());
        for (std::size_t i = 0; i < std::min(k, nearest.size()); ++i) {
            auto const start = std::ptrdiff_t(nearest[i].second) - std::ptrdiff_t(t);
            if (start >= 0 && std::size_t(start) + query.rows <= frames.rows) starts.insert(std::size_t(start));
        }
    }
    std::vector<std::pair<double, std::size_t>> out;
    for (std::size_t const start : starts) {
        double sum = 0;
        for (std::size_t t = 0; t < query.rows; ++t) sum += dot_by_definition<float>(query[t], frames[start + t]).value;
        out.emplace_back(-sum / double(query.rows), start);
    }
    std::sort(out.begin(), out.end());
    return out;
}
}  // namespace

TEST_CASE("sequence_match is its definition", "[similarity][sequence_match]") {
    auto const frames = unit_frames(80, 12, 1);
    for (std::size_t const length : {1U, 2U, 5U, 11U, 80U})
        for (std::size_t const k : {1U, 3U, 20U, 200U}) {
            auto const query = unit_frames(length, 12, 1000 + length);
            auto const exact = by_definition(query, frames, k);
            auto const found = sequence_match(query, frames, {.k = k});
            CAPTURE(length, k);
            REQUIRE(found.size() == exact.size());
            for (std::size_t i = 0; i < found.size(); ++i) {
                REQUIRE(found[i].start == exact[i].second);
                REQUIRE(std::abs(found[i].score + exact[i].first) < 1e-6);
            }
        }
}

TEST_CASE("a noisy excerpt is found where it was taken from", "[similarity][sequence_match]") {
    auto const frames = unit_frames(300, 16, 1);
    for (std::size_t const start : {0U, 1U, 150U, 290U}) {
        auto const found = sequence_match(excerpt(frames, start, 10, 0.1F), frames, {.k = 5, .limit = 3});
        REQUIRE(found.size() == 3);
        CHECK(found[0].start == start);
        CHECK(found[0].score > found[1].score + 0.3F);
    }
}

TEST_CASE("an index and its decoded vectors serve sequence_match", "[similarity][sequence_match]") {
    auto const frames = unit_frames(120, 16, 1);
    auto const query = excerpt(frames, 70, 6, 0.1F);
    flat_index<quantize::int8_codec> index(16, similarity_kind::dot);
    index.add(frames);
    auto const search = [&](std::span<float const> q, std::size_t k) { return index.search(q, {.k = k}).hits; };
    auto const found = sequence_match(query, index.size(), search, [&](row_t row) { return index.get(index.id(row)); }, {.k = 4});
    auto const exact = sequence_match(query, frames, {.k = 4});
    REQUIRE(!found.empty());
    CHECK(found[0].start == 70);
    CHECK(std::abs(found[0].score - exact[0].score) < 0.01F);
    auto const wrong = [&](row_t) { return std::vector<float>(3); };
    CHECK(outcome([&] { return sequence_match(query, index.size(), search, wrong); }) == "dimension_mismatch");
}

TEST_CASE("no segment runs from one recording into the next", "[similarity][sequence_match]") {
    auto const frames = unit_frames(40, 8, 1);
    auto const query = excerpt(frames, 8, 5, 0.0F);
    std::vector<row_t> const whole{0}, cut{0, 10, 30}, beside{0, 8, 13};
    CHECK(sequence_match(query, frames, {.k = 3})[0].start == 8);
    CHECK(sequence_match(query, frames, {.k = 3, .recordings = whole}) == sequence_match(query, frames, {.k = 3}));
    CHECK(sequence_match(query, frames, {.k = 3, .recordings = beside})[0].start == 8);
    for (aligned_segment const& s : sequence_match(query, frames, {.k = 40, .recordings = cut})) {
        CAPTURE(s.start);
        CHECK((s.start + 5 <= 10 || (s.start >= 10 && s.start + 5 <= 30) || s.start >= 30));
    }
    CHECK(sequence_match(query, frames, {.k = 40, .recordings = cut}).size() == 6 + 16 + 6);
    std::vector<row_t> const falling{10, 0};
    CHECK(outcome([&] { return sequence_match(query, frames, {.recordings = falling}); }) == "invalid_argument");
}

TEST_CASE("sequence_match of too long a query is empty, of bad input refused", "[similarity][sequence_match]") {
    auto const frames = unit_frames(4, 8, 1), longer = unit_frames(5, 8, 1);
    CHECK(sequence_match(longer, frames).empty());
    CHECK(sequence_match(frames, frames, {.limit = 0}).empty());
    token_matrix const wide(2, 9, 1);
    matrix_view<float const> const none(frames.values.data(), 0, 8);
    CHECK(outcome([&] { return sequence_match(none, frames); }) == "invalid_argument");
    CHECK(outcome([&] { return sequence_match(frames, none); }) == "invalid_argument");
    CHECK(outcome([&] { return sequence_match(frames, frames, {.k = 0}); }) == "invalid_argument");
    CHECK(outcome([&] { return sequence_match(wide, frames); }) == "dimension_mismatch");
    CHECK(outcome([&] { return sequence_match(token_matrix(8, std::vector<float>(8, std::nanf(""))), frames); }) == "not_finite");
}
