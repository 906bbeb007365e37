// SPDX-License-Identifier: Apache-2.0
#include <simile/index/mine_pairs.hpp>

#include <simile/core/thread_pool.hpp>
#include <simile/index/make_index.hpp>

#include "support/clustered.hpp"
#include "support/embeddings.hpp"
#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace simile;
using namespace simile::test;

namespace {

std::unique_ptr<vector_index> pairs_index(std::string const& name, std::vector<float> const& values, std::size_t dims) {
    auto index = make_index(name, dims);
    index->add(matrix_view<float const>(values, dims));
    return index;
}
/// Each row of the second is a noisy copy of a row of the first, in reverse order.
std::pair<std::vector<float>, std::vector<float>> noisy_copies(std::size_t n, std::size_t dims, float noise) {
    auto const x = normal_vector(n * dims, 3);
    std::vector<float> y(x.size());
    auto const other = normal_vector(n * dims, 4, noise);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < dims; ++j) y[(n - 1 - i) * dims + j] = x[i * dims + j] + other[i * dims + j];
    return {x, y};
}

}  // namespace

TEST_CASE("margins mined from indexes are those of all scores", "[index][mine_pairs]") {
    std::size_t const d = 16, n = 150, m = 130;
    auto const x = clustered_vectors(n, d, 12, 0.7F, 3, 0), y = clustered_vectors(m, d, 12, 0.7F, 3, 1);
    auto const left = pairs_index("f32", x, d), right = pairs_index("f32", y, d);
    // get gives directions, and so do the scores.
    std::vector<float> across(n * m), back(m * n);
    for (std::size_t i = 0; i < n; ++i)
        for (hit const& h : right->search(left->get(std::uint64_t{i}), {.k = m}).hits) across[i * m + h.row] = h.score;
    for (std::size_t j = 0; j < m; ++j)
        for (hit const& h : left->search(right->get(std::uint64_t{j}), {.k = n}).hits) back[j * n + h.row] = h.score;
    thread_pool pool(2);
    for (mine::margin const kind : {mine::margin::absolute, mine::margin::distance, mine::margin::ratio})
        for (std::size_t const k : {std::size_t{1}, std::size_t{4}, std::size_t{1000}}) {
            mine::margin_miner const dense(mine::nearest_columns({across.data(), n, m}, k), mine::nearest_columns({back.data(), m, n}, k),
                                           kind);
            auto const mined = mine_margins(*left, *right, kind, {.k = k, .threads = &pool});
            CHECK(mined.forward() == dense.forward());
            CHECK(mined.backward() == dense.backward());
            CHECK(mined.intersection() == dense.intersection());
            CHECK(mined.max() == dense.max());
        }
}

TEST_CASE("pairs of noisy copies are found again by any code", "[index][mine_pairs]") {
    std::size_t const d = 64, n = 1500;
    auto const [x, y] = noisy_copies(n, d, 0.6F);
    for (std::string const name : {"f32", "int8", "planes", "rabitq4"}) {
        auto const mined = mine_margins(*pairs_index(name, x, d), *pairs_index(name, y, d)).max();
        std::size_t const right =
            static_cast<std::size_t>(std::count_if(mined.begin(), mined.end(), [&](auto const& p) { return p.y == n - 1 - p.x; }));
        CAPTURE(name, right);
        CHECK(right >= n - 5);
    }
}

TEST_CASE("the most similar pairs of an index are those of all pairs", "[index][mine_pairs]") {
    std::size_t const d = 24, n = 400;
    auto const values = clustered_vectors(n, d, 40, 0.7F, 5, 0);
    auto const index = pairs_index("f32", values, d);
    std::vector<similar_pair> all;
    for (row_t i = 0; i < n; ++i)
        for (hit const& h : index->search(index->get(std::uint64_t{i}), {.k = n}).hits)
            if (i < h.row) all.push_back({i, h.row, h.score});
    std::sort(all.begin(), all.end(), [](auto const& a, auto const& b) {
        return a.score > b.score || (a.score == b.score && std::pair(a.first, a.second) < std::pair(b.first, b.second));
    });
    // With all neighbours: exactly those. Scores of f32 are symmetric.
    auto const best = most_similar_pairs(*index, {.pairs = 60, .k = n});
    CHECK(best == std::vector<similar_pair>(all.begin(), all.begin() + 60));
    // The first pairs need few neighbours.
    auto const few = most_similar_pairs(*index, {.pairs = 20, .k = 8});
    CHECK(few == std::vector<similar_pair>(all.begin(), all.begin() + 20));
    CHECK(most_similar_pairs(*index, {.pairs = 1, .k = 1}) == std::vector<similar_pair>(all.begin(), all.begin() + 1));
    // Near-duplicates: all above a threshold.
    float const least = all[9].score;
    CHECK(most_similar_pairs(*index, {.pairs = 1000, .min_score = least, .k = n}) ==
          std::vector<similar_pair>(all.begin(), all.begin() + 10));
    thread_pool pool(2);
    CHECK(most_similar_pairs(*index, {.pairs = 60, .k = n, .threads = &pool}) == best);
    CHECK(most_similar_pairs(*make_index("f32", 4)).empty());
    auto const one = pairs_index("int8", normal_vector(4, 1), 4);
    CHECK(most_similar_pairs(*one).empty());
}

TEST_CASE("many pairs take no more memory than is wanted, and nothing is lost for it", "[index][mine_pairs]") {
    std::size_t const d = 8, n = 1200;
    auto const values = normal_vector(n * d, 9);
    auto const index = pairs_index("f32", values, d);
    // 1,200 rows of 200 neighbours overflow what is held several times.
    auto const some = most_similar_pairs(*index, {.pairs = 500, .k = 200}), more = most_similar_pairs(*index, {.pairs = 100'000, .k = 200});
    REQUIRE(more.size() > 50'000);
    CHECK(some == std::vector<similar_pair>(more.begin(), more.begin() + 500));
}

TEST_CASE("mining refuses what does not fit, tells of its progress and can be stopped", "[index][mine_pairs]") {
    auto const values = normal_vector(3000 * 4, 1);
    auto const index = pairs_index("int8", values, 4), other = pairs_index("int8", values, 8);
    CHECK(outcome([&] { return mine_margins(*index, *other).max(); }) == "dimension_mismatch");
    CHECK(outcome([&] { return nearest_neighbours(*index, *index, {.k = 0}).size(); }) == "invalid_argument");
    CHECK(outcome([&] { return most_similar_pairs(*index, {.pairs = 0}); }) == "invalid_argument");
    CHECK(outcome([&] { return most_similar_pairs(*index, {.k = 0}); }) == "invalid_argument");
    std::vector<std::size_t> told;
    progress watch;
    watch.report = [&](std::size_t done, std::size_t total) {
        CHECK(total == 6000);
        told.push_back(done);
    };
    static_cast<void>(mine_margins(*index, *index, mine::margin::ratio, {.watch = &watch}));
    CHECK(told == std::vector<std::size_t>{1024, 2048, 3000, 4024, 5048, 6000});
    watch.report = nullptr;
    watch.stop = [] { return true; };
    CHECK(outcome([&] { return mine_margins(*index, *index, mine::margin::ratio, {.watch = &watch}).max(); }) == "cancelled");
}

TEST_CASE("the most similar pair of 10,000 sentences is the same by int8 as exactly", "[index][mine_pairs][shared]") {
    auto const all = shared_vectors("use512-wordnet20k.npy");
    auto const rows = all.matrix();
    matrix_view<float const> const half(rows[0].data(), 10'000, rows.dims());
    auto const quick = make_index("int8", rows.dims()), exact = make_index("f32", rows.dims());
    quick->add(half);
    exact->add(half);
    auto const found = most_similar_pairs(*quick, {.pairs = 50, .k = 4}), wanted = most_similar_pairs(*exact, {.pairs = 200, .k = 4});
    for (auto const& pair : found)
        CHECK(std::any_of(wanted.begin(), wanted.end(), [&](auto const& w) {
            return w.first == pair.first && w.second == pair.second && std::abs(w.score - pair.score) < 0.01F;
        }));
}
