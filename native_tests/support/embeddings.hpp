// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/thread_pool.hpp>
#include <simile/index/make_index.hpp>
#include <simile/io/npy.hpp>

#include "support/shared_data.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace simile::test {

[[nodiscard]] inline io::npy_array<float> shared_vectors(std::string const& name) {
    return io::read_npy<float>(shared_file("data/" + name));
}

[[nodiscard]] inline std::unique_ptr<vector_index> index_of(codec_kind codec, io::npy_array<float> const& corpus) {
    auto index = make_index(codec, corpus.dims());
    index->add(corpus.matrix());
    return index;
}

/// `count` rows spread evenly over an array.
[[nodiscard]] inline io::npy_array<float> spread_rows(io::npy_array<float> const& array, std::size_t count) {
    io::npy_array<float> out{{count, array.dims()}, {}};
    for (std::size_t i = 0; i < count; ++i) {
        auto const row = array.matrix()[i * array.rows() / count];
        out.values.insert(out.values.end(), row.begin(), row.end());
    }
    return out;
}

[[nodiscard]] inline std::vector<search_result> search_all(vector_index const& index, matrix_view<float const> queries,
                                                           search_options options) {
    static thread_pool pool(2);
    options.threads = &pool;
    return index.search_many(queries, options);
}

/// How many of the exact k nearest are found, of all. Exact duplicates occur, so a row counts when its exact score reaches the exact k-th.
[[nodiscard]] inline double recall(std::span<search_result const> found, vector_index const& exact, matrix_view<float const> queries,
                                   std::size_t k) {
    auto const truth = search_all(exact, queries, {.k = k});
    std::size_t right = 0;
    for (std::size_t q = 0; q < truth.size(); ++q) {
        row_filter answered(exact.size());
        for (hit const& h : found[q].hits) answered.allow(h.row);
        float const kth = truth[q].hits.back().score;
        for (hit const& h : exact.search(queries[q], {.k = k, .filter = &answered}).hits) right += h.score >= kth ? 1U : 0U;
    }
    return static_cast<double>(right) / static_cast<double>(k * truth.size());
}

}  // namespace simile::test
