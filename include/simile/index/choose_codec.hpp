// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/matrix_view.hpp>
#include <simile/core/progress.hpp>
#include <simile/index/make_index.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace simile {

/// What one coding did with a sample.
struct codec_trial {
    std::string codec;     ///< a name that coding_of knows
    double bytes = 0;      ///< a row, codes and factors
    double recall = 0;     ///< share of the exact k nearest that were found
    bool fits = false;     ///< at most max_bytes
    bool reaches = false;  ///< at least target_recall
};

/// The outcome of choose_codec.
struct codec_choice {
    std::string codec;
    bool reached =
        false;  ///< false: nothing that fits reaches the recall; `codec` is then the best that fits, or the smallest when none does
    std::string reason;  ///< a sentence with the numbers
    std::vector<codec_trial> trials;
};

struct choose_options {
    std::size_t k = 10;
    similarity_kind similarity = similarity_kind::cosine;
    /// Rows of the sample that become queries, spread evenly; 0: a tenth, at most 256.
    std::size_t queries = 0;
    executor* threads = nullptr;
    progress watch{};
};

namespace detail {

/// From few bytes to many; of two that need the same, the one that searches faster comes first.
inline constexpr std::array<std::string_view, 15> codecs_to_try = {
    "rabitq1", "rabitq2",      "int4",     "rabitq4",          "int5", "int6", "planes2", "planes", "planes+rotated",
    "int8",    "int8+rotated", "planes12", "planes12+rotated", "f16",  "f32"};
/// One bit a dim says too little about short vectors, and two cost time with long ones.
[[nodiscard]] inline bool suits(std::string_view codec, std::size_t dims) noexcept {
    bool const one_bit_first = codec.starts_with("planes") && !codec.starts_with("planes2");
    return dims < 200 ? !one_bit_first : codec != "planes2";
}

/// Every step-th row is a query, the others are the gallery.
struct sample_split {
    std::vector<float> queries, gallery;
};
[[nodiscard]] inline sample_split split(matrix_view<float const> sample, std::size_t queries) {
    sample_split out;
    std::size_t next = 0;
    for (std::size_t i = 0; i < sample.rows(); ++i) {
        bool const is_query = next < queries && i == next * sample.rows() / queries;
        if (is_query) ++next;
        auto& to = is_query ? out.queries : out.gallery;
        to.insert(to.end(), sample[i].begin(), sample[i].end());
    }
    return out;
}

/// The share of the exact k nearest that `found` has. A row counts when its exact score comes within 1e-6 of the k-th, because near-equal ones swap with any
/// order of summation.
[[nodiscard]] inline double recall_of(std::span<search_result const> found, std::span<search_result const> exact, vector_index const& judge,
                                      matrix_view<float const> queries) {
    std::size_t right = 0, wanted = 0;
    for (std::size_t q = 0; q < found.size(); ++q) {
        float const kth = exact[q].hits.back().score;
        row_filter answered(judge.size());
        for (hit const& h : found[q].hits) answered.allow(h.row);
        auto const judged = judge.search(queries[q], {.k = found[q].hits.size(), .filter = &answered}).hits;
        right += static_cast<std::size_t>(std::count_if(
            judged.begin(), judged.end(), [&](hit const& h) { return h.score >= kth - 1e-6F * std::max(1.0F, std::abs(kth)); }));
        wanted += exact[q].hits.size();
    }
    return static_cast<double>(right) / static_cast<double>(std::max<std::size_t>(1, wanted));
}

[[nodiscard]] inline std::string to_text(double value, int digits) {
    std::string text = std::to_string(std::round(value * std::pow(10.0, digits)) / std::pow(10.0, digits));
    return text.substr(0, text.find('.') + 1 + static_cast<std::size_t>(digits));
}

[[nodiscard]] inline codec_choice decide(std::vector<codec_trial> trials, double target_recall, double max_bytes) {
    auto const better = [&](codec_trial const& a, codec_trial const& b) {  // a before b
        if (a.fits != b.fits) return a.fits;
        if (!a.fits) return a.bytes < b.bytes;
        if (a.reaches != b.reaches) return a.reaches;
        // A few per cent of bytes are no reason against a cascade, which comes first in the list.
        if (a.reaches) return a.bytes < 0.97 * b.bytes;
        return a.recall > b.recall;
    };
    codec_trial const* best = &trials.front();
    for (codec_trial const& t : trials)
        if (better(t, *best)) best = &t;
    codec_choice out{best->codec, best->fits && best->reaches, {}, {}};
    std::string const numbers = best->codec + " finds " + to_text(100 * best->recall, 2) + " % of the exact neighbours with " +
                                to_text(best->bytes, 1) + " bytes a row";
    if (out.reached)
        out.reason = numbers + ": the fewest bytes of all that reach " + to_text(100 * target_recall, 2) + " %.";
    else if (best->fits)
        out.reason = numbers + ": the best of all with at most " + to_text(max_bytes, 1) + " bytes; none of them reaches " +
                     to_text(100 * target_recall, 2) + " %.";
    else
        out.reason = numbers + ": the smallest there is; nothing fits " + to_text(max_bytes, 1) + " bytes.";
    out.trials = std::move(trials);
    return out;
}

}  // namespace detail

/// Tries codings on the user's own vectors and says which suits: the one with the fewest bytes that finds enough of the exact neighbours. A sample is less
/// crowded than the whole collection, so take some thousand rows, and a target a little above what is needed.
///
/// @param sample         [n][dims], n >= 20, finite; a tenth of it is searched for in the rest
/// @param target_recall  in (0, 1]
/// @param max_bytes      a row
/// @throws error invalid_argument, and those of vector_index::add; cancelled
[[nodiscard]] inline codec_choice choose_codec(matrix_view<float const> sample, double target_recall,
                                               double max_bytes = std::numeric_limits<double>::infinity(),
                                               choose_options const& options = {}) {
    require(sample.rows() >= 20, error_code::invalid_argument, "a choice needs a sample of at least 20 rows, got ", sample.rows());
    require(target_recall > 0 && target_recall <= 1, error_code::invalid_argument, "target_recall must be in (0, 1], got ", target_recall);
    require(max_bytes > 0, error_code::invalid_argument, "max_bytes must be positive, got ", max_bytes);
    require(options.k >= 1, error_code::invalid_argument, "k must be at least 1");
    std::size_t const count =
        options.queries != 0 ? std::min(options.queries, sample.rows() / 2) : std::clamp<std::size_t>(sample.rows() / 10, 1, 256);
    auto const parts = detail::split(sample, count);
    matrix_view<float const> const queries(parts.queries.data(), count, sample.dims()),
        gallery(parts.gallery.data(), sample.rows() - count, sample.dims());
    auto const index_with = [&](std::string_view codec) {
        auto index = make_index(codec, sample.dims(), options.similarity);
        index->reserve(gallery.rows());
        index->add(gallery);
        return index;
    };
    search_options const how{.k = options.k, .threads = options.threads};
    auto const judge = index_with("f32");
    auto const exact = judge->search_many(queries, how);
    std::vector<codec_trial> trials;
    auto const total = static_cast<std::size_t>(std::count_if(detail::codecs_to_try.begin(), detail::codecs_to_try.end(),
                                                              [&](std::string_view c) { return detail::suits(c, sample.dims()); }));
    for (std::string_view const codec : detail::codecs_to_try) {
        if (!detail::suits(codec, sample.dims())) continue;
        options.watch.step(trials.size(), total);
        auto const index = index_with(codec);
        auto const found = index->search_many(queries, how);
        codec_trial t{std::string(codec), index->bytes_per_row(), detail::recall_of(found, exact, *judge, queries), false, false};
        t.fits = t.bytes <= max_bytes;
        t.reaches = t.recall >= target_recall;
        trials.push_back(std::move(t));
    }
    if (options.watch.report) options.watch.report(total, total);
    return detail::decide(std::move(trials), target_recall, max_bytes);
}

}  // namespace simile
