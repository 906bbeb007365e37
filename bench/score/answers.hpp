// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "normalizers.hpp"

#include <simile/eval/hubness.hpp>
#include <simile/eval/precision_recall.hpp>
#include <simile/eval/statistics.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

/// What the queries of a set find under a normalizer.
namespace simile::bench {

inline constexpr std::size_t shown = 10;

/// One value a query that was asked, in the order of the folds.
struct answers {
    explicit answers(std::size_t items) : found(items, shown) {}

    std::vector<double> first, ten, reciprocal;  ///< a right answer comes first; is among the first ten; 1 / its rank
    std::vector<float> right_scores;             ///< of the best right answer
    eval::occurrence_counter found;
    std::vector<float> listed;         ///< scores of the ten best of all queries
    std::vector<std::uint8_t> labels;  ///< whether they are right
    double answers_in_all = 0;

    /// How well one threshold for all queries tells right from wrong: area under the precision-recall curve of all lists, with every right answer that no
    /// list has as a miss.
    [[nodiscard]] double one_threshold() const {
        double const hits = std::accumulate(labels.begin(), labels.end(), 0.0);
        return hits == 0 ? 0 : eval::precision_recall_area(eval::precision_recall_points(listed, labels)) * hits / answers_in_all;
    }
};

[[nodiscard]] inline bool comes_before(std::span<double const> scores, row_t a, row_t b) noexcept {
    return scores[a] > scores[b] || (scores[a] == scores[b] && a < b);
}

/// Best first.
[[nodiscard]] inline std::vector<row_t> best_rows(std::span<double const> scores, std::size_t k) {
    std::vector<row_t> rows(scores.size());
    std::iota(rows.begin(), rows.end(), row_t{0});
    auto const end = rows.begin() + static_cast<std::ptrdiff_t>(std::min(k, rows.size()));
    std::partial_sort(rows.begin(), end, rows.end(), [&](row_t a, row_t b) { return comes_before(scores, a, b); });
    return {rows.begin(), end};
}

inline void add_answer(answers& out, std::span<double const> scores, std::span<row_t const> right) {
    row_t const best = *std::min_element(right.begin(), right.end(), [&](row_t a, row_t b) { return comes_before(scores, a, b); });
    std::size_t before = 0;
    for (row_t g = 0; g < scores.size(); ++g) before += comes_before(scores, g, best) ? 1 : 0;
    out.first.push_back(before < 1 ? 1 : 0);
    out.ten.push_back(before < shown ? 1 : 0);
    out.reciprocal.push_back(1 / static_cast<double>(before + 1));
    out.right_scores.push_back(static_cast<float>(scores[best]));
    out.answers_in_all += static_cast<double>(right.size());
    std::vector<hit> list;
    for (row_t const row : best_rows(scores, shown)) {
        list.push_back({row, static_cast<float>(scores[row])});
        out.listed.push_back(list.back().score);
        out.labels.push_back(std::find(right.begin(), right.end(), row) != right.end() ? 1 : 0);
    }
    out.found.add(list);
}

/// Asks every query of a fold that has a right answer.
inline void ask(answers& out, real_set const& set, fold const& part, fold_scores const& f, scorer const& change) {
    std::vector<double> scores;
    for (std::size_t q = 0; q < part.asked.size(); ++q) {
        auto const& right = set.right[part.asked[q]];
        if (right.empty()) continue;
        scores.assign(f.raw[q].begin(), f.raw[q].end());
        change(q, scores);
        add_answer(out, scores, right);
    }
}

/// The same for every normalizer, with its own bank in each fold.
/// @param gallery_sample  how many items are a bank too; 1 where no normalizer asks for them
[[nodiscard]] inline std::vector<answers> ask_all(real_set const& set, std::vector<normalizer> const& methods,
                                                  std::size_t gallery_sample = 1000) {
    std::vector<answers> out(methods.size(), answers(set.gallery.matrix().rows()));
    auto const gallery_bank = sampled_gallery(set.gallery.matrix(), gallery_sample);
    for (auto const& part : set.folds) {
        auto const f = scores_of(set, part, gallery_bank);
        for (std::size_t m = 0; m < methods.size(); ++m) ask(out[m], set, part, f, methods[m].fit(f));
    }
    return out;
}

}  // namespace simile::bench
