// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/hit.hpp>
#include <simile/score/checks.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <span>
#include <unordered_map>
#include <vector>

/// One list of several. A list is the hits of one search, best first; what it does not have, it adds nothing for. Results: larger is better, ties by row.
/// Throws    dimension_mismatch (another number of weights than of lists), invalid_argument, not_finite.
namespace simile::score {

/// How the scores of one list become comparable with another's.
enum class list_norm {
    none,         ///< as they are
    relative,     ///< (s - min) / (max - min): 0 for the last of the list; 1 for all of a flat one
    distribution  ///< (s - (mean - 3 sd)) / (6 sd), cut to 0 .. 1, sd over n - 1; 0.5 for all of a flat list
};

namespace detail {

inline void require_lists(std::size_t lists, std::span<double const> weights) {
    require(weights.empty() || weights.size() == lists, error_code::dimension_mismatch, weights.size(), " weights for ", lists, " lists");
    require_finite(weights, "a weight");
}

/// Adds up by row.
class fused_list {
public:
    void add(row_t row, double score) {
        auto const [at, fresh] = place_.emplace(row, rows_.size());
        if (fresh) {
            rows_.push_back(row);
            sums_.push_back(0);
        }
        sums_[at->second] += score;
    }
    [[nodiscard]] std::vector<hit> ranked() const {
        std::vector<hit> out;
        for (std::size_t i = 0; i < rows_.size(); ++i) out.push_back({rows_[i], static_cast<float>(sums_[i])});
        std::sort(out.begin(), out.end(), ranks_before);
        return out;
    }

private:
    std::unordered_map<row_t, std::size_t> place_;
    std::vector<row_t> rows_;
    std::vector<double> sums_;
};

/// The first of several hits with one row, which is the best.
[[nodiscard]] inline std::vector<hit> without_repeats(std::span<hit const> list) {
    std::vector<hit> out(list.begin(), list.end());
    std::sort(out.begin(), out.end(), [](hit const& a, hit const& b) { return a.row < b.row || (a.row == b.row && a.score > b.score); });
    out.erase(std::unique(out.begin(), out.end(), [](hit const& a, hit const& b) { return a.row == b.row; }), out.end());
    return out;
}

struct mean_and_deviation {
    double mean = 0, deviation = 0;
};

/// With n - 1; a single value deviates by 0.
template <class Values, class Value>
[[nodiscard]] mean_and_deviation sample_moments(Values const& values, Value value_of) {
    mean_and_deviation out;
    double const n = static_cast<double>(values.size());
    for (auto const& v : values) out.mean += double{value_of(v)} / n;
    for (auto const& v : values) out.deviation += (double{value_of(v)} - out.mean) * (double{value_of(v)} - out.mean);
    out.deviation = values.size() < 2 ? 0 : std::sqrt(out.deviation / (n - 1));
    // What rounding the mean leaves of equal values is no deviation.
    if (out.deviation <= 1e-12 * std::abs(out.mean)) out.deviation = 0;
    return out;
}

[[nodiscard]] inline std::vector<double> normalized(std::span<hit const> list, list_norm norm) {
    std::vector<double> out;
    for (hit const& h : list) out.push_back(double{h.score});
    if (norm == list_norm::none || list.empty()) return out;
    if (norm == list_norm::relative) {
        auto const [low, high] = std::minmax_element(out.begin(), out.end());
        double const least = *low, range = *high - *low;
        for (double& s : out) s = range > 0 ? (s - least) / range : 1;
        return out;
    }
    auto const m = sample_moments(list, [](hit const& h) { return h.score; });
    for (double& s : out) s = m.deviation > 0 ? std::clamp((s - (m.mean - 3 * m.deviation)) / (6 * m.deviation), 0.0, 1.0) : 0.5;
    return out;
}

}  // namespace detail

/// sum w / (k + rank), rank from 1: needs no comparable scores, and takes no notice of them. A row that a list has twice counts with its better rank.
/// @param weights  one a list, or none for 1 each
/// @param k        > -1; 60 is the usual one. Qdrant's k = 2 with ranks from 0 is 1 here.
/// Source  Cormack, Clarke, Buettcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning Methods", SIGIR 2009.
[[nodiscard]] inline std::vector<hit> reciprocal_rank_fusion(std::span<std::span<hit const> const> lists,
                                                             std::span<double const> weights = {}, double k = 60) {
    detail::require_lists(lists.size(), weights);
    detail::require_finite(k, "k");
    require(k > -1, error_code::invalid_argument, "k is ", k, ", the first rank would not count");
    detail::fused_list out;
    for (std::size_t l = 0; l < lists.size(); ++l) {
        std::unordered_map<row_t, bool> seen;
        for (std::size_t i = 0; i < lists[l].size(); ++i)
            if (seen.emplace(lists[l][i].row, true).second)
                out.add(lists[l][i].row, (weights.empty() ? 1 : weights[l]) / (k + static_cast<double>(i + 1)));
    }
    return out.ranked();
}

/// sum w norm(s). Norms within a list depend on its length; z-scores against the whole gallery (below) do not.
/// @param weights  one a list, or none for 1 each
[[nodiscard]] inline std::vector<hit> score_fusion(std::span<std::span<hit const> const> lists, std::span<double const> weights = {},
                                                   list_norm norm = list_norm::relative) {
    detail::require_lists(lists.size(), weights);
    for (auto const& list : lists)
        for (hit const& h : list) require(std::isfinite(h.score), error_code::not_finite, "the score of row ", h.row, " is ", h.score);
    detail::fused_list out;
    for (std::size_t l = 0; l < lists.size(); ++l) {
        auto const list = detail::without_repeats(lists[l]);
        auto const scores = detail::normalized(list, norm);
        for (std::size_t i = 0; i < list.size(); ++i) out.add(list[i].row, (weights.empty() ? 1 : weights[l]) * scores[i]);
    }
    return out.ranked();
}

/// Standard score against known moments, such as the exact ones of a query over its gallery; 0 when nothing varies.
[[nodiscard]] inline double z_score(double score, double mean, double deviation) noexcept {
    return deviation > 0 ? (score - mean) / deviation : 0;
}

/// The share of a normal distribution below z.
[[nodiscard]] inline double normal_cdf(double z) noexcept { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

/// The share of the gallery that a normal distribution puts below each score, from the mean and deviation (over n - 1) of the row itself.
/// @param scores  of one query with the whole gallery, finite
[[nodiscard]] inline std::vector<double> gallery_cdf(std::span<float const> scores) {
    detail::require_finite(scores, "a score");
    auto const m = detail::sample_moments(scores, [](float s) { return s; });
    std::vector<double> out;
    for (float const s : scores) out.push_back(normal_cdf(z_score(double{s}, m.mean, m.deviation)));
    return out;
}

/// WeiCom: (1 - lambda) Phi(z of the image query) + lambda Phi(z of the text query), for queries of a picture and words that change it.
/// @param image, text  [gallery] scores of the two queries with the whole gallery, finite
/// @param lambda       0 .. 1, the weight of the text
/// Source  Psomas et al., "Composed Image Retrieval for Remote Sensing", 2024.
[[nodiscard]] inline std::vector<double> weighted_cdf_fusion(std::span<float const> image, std::span<float const> text,
                                                             double lambda = 0.5) {
    detail::require_size(text.size(), image.size(), "the row of the text query");
    require(lambda >= 0 && lambda <= 1, error_code::invalid_argument, "lambda is ", lambda, ", not in 0 .. 1");
    auto out = gallery_cdf(image);
    auto const other = gallery_cdf(text);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = (1 - lambda) * out[i] + lambda * other[i];
    return out;
}

struct hybrid_boosts {
    double bm25 = 0.3;
    double host = 0.1;
};

/// max cosine of the matched chunks + bm25 boost * BM25 + host boost * host: a document's score from its parts, its words and its source. BM25 has no
/// upper end (0 .. 30 is common): saturate it when the cosine shall keep its say.
/// @param chunk_cosines  of the document's chunks that were found; none counts as 0
/// @param host           1 for a match of the host or another field, 0 for none, or in between
/// Source  Sultania et al., "Domain-specific Question Answering with Hybrid Search", 2024.
[[nodiscard]] inline double hybrid_score(std::span<float const> chunk_cosines, double bm25, double host, hybrid_boosts const& boosts = {}) {
    detail::require_finite(chunk_cosines, "a cosine");
    for (double const v : {bm25, host, boosts.bm25, boosts.host}) detail::require_finite(v, "a part of the hybrid score");
    double const best = chunk_cosines.empty() ? 0 : double{*std::max_element(chunk_cosines.begin(), chunk_cosines.end())};
    return best + boosts.bm25 * bm25 + boosts.host * host;
}

/// x / (x + half): 0 .. 1 for x >= 0, 1/2 at `half`.
[[nodiscard]] inline double saturated(double x, double half) {
    detail::require_positive(half, "the half point");
    require(std::isfinite(x), error_code::not_finite, "x is ", x);
    require(x >= 0, error_code::invalid_argument, "x is ", x);
    return x / (x + half);
}

}  // namespace simile::score
