// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/executor.hpp>
#include <simile/core/hit.hpp>
#include <simile/core/matrix_view.hpp>
#include <simile/core/progress.hpp>
#include <simile/core/top_k.hpp>
#include <simile/index/row_vectors.hpp>
#include <simile/index/vector_index.hpp>
#include <simile/mine/margin.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

/// Pairs of rows that belong together, found by searches of indexes in batches: no matrix of scores is ever held, only the k nearest of each row.
namespace simile {

struct neighbour_options {
    /// Nearest rows of each row: 4 are published for margins.
    std::size_t k = 4;
    /// As search_options::recall, for cascades.
    double recall = 0.99;
    executor* threads = nullptr;
    progress const* watch = nullptr;
};

namespace detail {

/// Calls use(row, its hits in `in`) for every row of `of`, in order.
template <class Use>
void for_each_neighbours(vector_index const& of, vector_index const& in, search_options options, progress const* watch,
                         std::size_t done_before, std::size_t total, Use use) {
    require(of.dims() == in.dims(), error_code::dimension_mismatch, "rows of ", of.dims(), " dims, an index of ", in.dims());
    constexpr std::size_t part = 1024;
    for (std::size_t first = 0; first < of.size(); first += part) {
        std::size_t const count = std::min(part, of.size() - first);
        auto const asked = row_vectors(of, first, count);
        auto const found = in.search_many({asked.data(), count, of.dims()}, options);
        for (std::size_t i = 0; i < count; ++i) use(static_cast<row_t>(first + i), std::span<hit const>(found[i].hits));
        if (watch != nullptr) watch->step(done_before + first + count, total);
    }
}

}  // namespace detail

/// For each row of `of` its nearest rows in `in`, by the vectors that get() gives.
/// @throws error as vector_index::search_many; dimension_mismatch, cancelled
[[nodiscard]] inline mine::nearest_lists nearest_neighbours(vector_index const& of, vector_index const& in,
                                                            neighbour_options const& options = {}) {
    mine::nearest_lists out;
    detail::for_each_neighbours(of, in, {.k = options.k, .threads = options.threads, .recall = options.recall}, options.watch, 0, of.size(),
                                [&](row_t, std::span<hit const> hits) { out.add(hits); });
    return out;
}

/// Both directions of two sets, ready for mine::margin_miner's forward(), backward(), intersection() and max().
/// Memory   16 (x.size() + y.size()) k bytes
/// @throws error as nearest_neighbours
[[nodiscard]] inline mine::margin_miner mine_margins(vector_index const& x, vector_index const& y, mine::margin kind = mine::margin::ratio,
                                                     neighbour_options const& options = {}) {
    std::size_t const total = x.size() + y.size();
    search_options const search{.k = options.k, .threads = options.threads, .recall = options.recall};
    mine::nearest_lists forward, backward;
    detail::for_each_neighbours(x, y, search, options.watch, 0, total, [&](row_t, std::span<hit const> hits) { forward.add(hits); });
    detail::for_each_neighbours(y, x, search, options.watch, x.size(), total,
                                [&](row_t, std::span<hit const> hits) { backward.add(hits); });
    return {std::move(forward), std::move(backward), kind};
}

/// Two rows of one set, first < second.
struct similar_pair {
    row_t first, second;
    float score;
    friend bool operator==(similar_pair const&, similar_pair const&) = default;
};

struct paraphrase_options {
    /// How many pairs at the most, best first.
    std::size_t pairs = 100;
    /// Pairs that score less are left out: near-duplicates are pairs above a threshold.
    float min_score = -std::numeric_limits<float>::infinity();
    /// Nearest rows that are looked at for each row: a row is in at most so many pairs of its own, and more in those of others.
    std::size_t k = 8;
    double recall = 0.99;
    executor* threads = nullptr;
    progress const* watch = nullptr;
};

/// The most similar pairs of an index, each once, by falling score, ties by the rows. Of a pair whose directions score differently (codes are compared with what they stand for) the better
/// counts. The very best pairs are among the first neighbours of both rows, so k only limits how many pairs one row may be in.
/// @throws error as vector_index::search_many; invalid_argument (pairs or k = 0), cancelled
[[nodiscard]] inline std::vector<similar_pair> most_similar_pairs(vector_index const& index, paraphrase_options const& options = {}) {
    require(options.pairs > 0 && options.k > 0, error_code::invalid_argument, options.pairs, " pairs of the ", options.k, " nearest");
    auto const better = [](similar_pair const& a, similar_pair const& b) {
        return a.score > b.score || (a.score == b.score && (a.first < b.first || (a.first == b.first && a.second < b.second)));
    };
    auto const same = [](similar_pair const& a, similar_pair const& b) { return a.first == b.first && a.second == b.second; };
    std::vector<similar_pair> found;
    auto const tidy = [&] {
        std::sort(found.begin(), found.end(), [&](similar_pair const& a, similar_pair const& b) {
            return same(a, b) ? a.score > b.score : std::pair(a.first, a.second) < std::pair(b.first, b.second);
        });
        found.erase(std::unique(found.begin(), found.end(), same), found.end());
        std::sort(found.begin(), found.end(), better);
        if (found.size() > options.pairs) found.resize(options.pairs);
    };
    // Never more than some times what is wanted is held.
    std::size_t const most = 4 * options.pairs + 65536;
    search_options const search{.k = options.k < index.size() ? options.k + 1 : options.k,
                                .min_score = options.min_score,
                                .threads = options.threads,
                                .recall = options.recall};
    detail::for_each_neighbours(index, index, search, options.watch, 0, index.size(), [&](row_t row, std::span<hit const> hits) {
        for (hit const& h : hits)
            if (h.row != row) found.push_back({std::min(row, h.row), std::max(row, h.row), h.score});
        if (found.size() > most) tidy();
    });
    tidy();
    return found;
}

}  // namespace simile
