// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>
#include <simile/core/top_k.hpp>
#include <simile/similarity/checks.hpp>
#include <simile/similarity/dot.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace simile::similarity {

/// Where a query runs along the stored frames, and how well.
struct aligned_segment {
    row_t start;  ///< the row beside the query's first frame
    float score;  ///< mean inner product along the diagonal; larger is closer

    friend bool operator==(aligned_segment const&, aligned_segment const&) = default;
};

struct sequence_match_options {
    std::size_t k = 20;                                           ///< candidates for each frame of the query
    std::size_t limit = std::numeric_limits<std::size_t>::max();  ///< at most so many segments
    std::span<row_t const>
        recordings{};  ///< rows at which a recording begins, rising; a segment never runs from one into the next. Empty: one recording
};

namespace detail {

/// Row of the first frame behind the recording that `row` is in.
[[nodiscard]] inline std::size_t end_of_recording(std::span<row_t const> recordings, row_t row, std::size_t rows) {
    auto const next = std::upper_bound(recordings.begin(), recordings.end(), row);
    return next == recordings.end() ? rows : *next;
}

}  // namespace detail

/// Finds a sequence among stored frames, one frame after the other: each frame of the query votes with its k nearest rows for a start, row - place; a
/// segment must lie inside of the rows (and of one recording). The score of each start is the mean of <query_t, row start + t>.
///
/// Shape     query [n][d], n >= 1. Frames of unit length make the score a mean cosine.
/// @param rows    how many frames are stored
/// @param search  search(frame, k) gives hits of rows, as `index.search(frame, {.k = k}).hits` does
/// @param frame   frame(row) gives the stored vector [d], or a decoded copy of it
/// @return        best first, equal scores by rising start
/// @throws error invalid_argument (an empty query, k = 0, recordings that do not rise), not_finite, dimension_mismatch, and what the callbacks throw
/// Source    Chang, Lee, Park, Lim, Lee, Ko, Han, "Neural Audio Fingerprint for High-Specific Audio Retrieval Based on Contrastive Learning", ICASSP
///           2021.
template <class Search, class Frame>
[[nodiscard]] std::vector<aligned_segment> sequence_match(matrix_view<float const> query, std::size_t rows, Search&& search, Frame&& frame,
                                                          sequence_match_options const& options = {}) {
    detail::require_rows(query, "the query");
    require(options.k > 0, error_code::invalid_argument, "k must be at least 1");
    require(std::is_sorted(options.recordings.begin(), options.recordings.end()), error_code::invalid_argument,
            "the starts of recordings do not rise");
    std::vector<row_t> starts;
    for (std::size_t t = 0; t < query.rows(); ++t)
        for (hit const& h : search(query[t], options.k)) {
            if (h.row < t) continue;
            auto const start = static_cast<row_t>(h.row - t);
            if (start + query.rows() <= detail::end_of_recording(options.recordings, start, rows)) starts.push_back(start);
        }
    std::sort(starts.begin(), starts.end());
    starts.erase(std::unique(starts.begin(), starts.end()), starts.end());

    std::vector<aligned_segment> out;
    for (row_t const start : starts) {
        double sum = 0;
        for (std::size_t t = 0; t < query.rows(); ++t) {
            auto const& stored = frame(static_cast<row_t>(start + t));
            detail::require_dims(std::size(stored), query.dims(), "a stored frame");
            sum += double{dot(reproducible, query[t], std::span<float const>(stored))};
        }
        out.push_back({start, static_cast<float>(sum / static_cast<double>(query.rows()))});
    }
    std::sort(out.begin(), out.end(),
              [](auto const& a, auto const& b) { return a.score > b.score || (a.score == b.score && a.start < b.start); });
    out.resize(std::min(out.size(), options.limit));
    return out;
}

/// The same in a matrix of frames, compared exactly by inner product.
/// @param frames  [rows][d]; fewer than the query has frames give no segment
/// @throws error as above, and invalid_argument (no frames)
[[nodiscard]] inline std::vector<aligned_segment> sequence_match(matrix_view<float const> query, matrix_view<float const> frames,
                                                                 sequence_match_options const& options = {}) {
    detail::require_rows(query, "the query", frames, "the matrix of frames");
    require(frames.rows() <= std::numeric_limits<row_t>::max(), error_code::limit_exceeded, frames.rows(), " frames");
    auto const search = [&](std::span<float const> q, std::size_t k) {
        top_k best(std::min(k, frames.rows()));
        for (std::size_t row = 0; row < frames.rows(); ++row) best.push(static_cast<row_t>(row), dot(reproducible, q, frames[row]));
        return best.take();
    };
    return sequence_match(query, frames.rows(), search, [&](row_t row) { return frames[row]; }, options);
}

}  // namespace simile::similarity
