// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "answers.hpp"

#include <simile/core/random.hpp>
#include <simile/core/resampling.hpp>
#include <simile/eval/calibration_error.hpp>
#include <simile/score/calibration.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

/// Calibrations fitted on some queries of a set and judged on the others.
namespace simile::bench {

/// Fisher and Yates, with the same order in every language.
template <class T>
void shuffle(std::span<T> values, std::uint64_t seed) {
    splitmix64 random(seed);
    for (std::size_t left = values.size(); left > 1; --left) std::swap(values[left - 1], values[below(random, left)]);
}

struct calibration_line {
    std::string scores, method;
    double error = 0, worst = 0, brier = 0;  ///< means over the splits, and the worst one
};

/// The best items of each query, best first.
struct lists {
    std::size_t length = 0;
    std::vector<float> scores;             ///< [queries][length]
    std::vector<std::uint8_t> labels;      ///< likewise
    std::vector<std::size_t> first_right;  ///< place of the best right one; `length` when there is none in the list
    std::size_t items = 0;

    [[nodiscard]] std::size_t queries() const { return first_right.size(); }
};

[[nodiscard]] inline lists collect(real_set const& set, normalizer const& method, std::size_t length) {
    lists out{std::min(length, set.gallery.matrix().rows()), {}, {}, {}, set.gallery.matrix().rows()};
    auto const gallery_bank = sampled_gallery(set.gallery.matrix(), 1);
    std::vector<double> scores;
    for (auto const& part : set.folds) {
        auto const f = scores_of(set, part, gallery_bank);
        auto const change = method.fit(f);
        for (std::size_t q = 0; q < part.asked.size(); ++q) {
            auto const& right = set.right[part.asked[q]];
            if (right.empty()) continue;
            scores.assign(f.raw[q].begin(), f.raw[q].end());
            change(q, scores);
            std::size_t place = 0, first = out.length;
            for (row_t const row : best_rows(scores, out.length)) {
                bool const is_right = std::find(right.begin(), right.end(), row) != right.end();
                out.scores.push_back(static_cast<float>(scores[row]));
                out.labels.push_back(is_right ? 1 : 0);
                if (is_right) first = std::min(first, place);
                ++place;
            }
            out.first_right.push_back(first);
        }
    }
    return out;
}

/// Scores of the first ten of some queries, and whether they are right.
struct sample {
    std::vector<float> scores;
    std::vector<std::uint8_t> labels;
};

[[nodiscard]] inline sample first_ten(lists const& all, std::span<std::size_t const> queries) {
    sample out;
    for (std::size_t const q : queries)
        for (std::size_t i = 0; i < std::min(shown, all.length); ++i) {
            out.scores.push_back(all.scores[q * all.length + i]);
            out.labels.push_back(all.labels[q * all.length + i]);
        }
    return out;
}

/// Probabilities of the first ten of the queries that are held out.
using held_out = std::function<std::vector<float>(lists const&, std::span<std::size_t const> fitted, std::span<std::size_t const> rest)>;

/// Of a calibration that is fitted to a sample and maps each score by itself.
template <class Fit>
[[nodiscard]] held_out score_by_score(Fit fit) {
    return [fit](lists const& all, std::span<std::size_t const> fitted, std::span<std::size_t const> rest) {
        auto const map = fit(first_ten(all, fitted));
        std::vector<float> out;
        for (float const s : first_ten(all, rest).scores) out.push_back(static_cast<float>(map(double{s})));
        return out;
    };
}

/// (1 + s) / 2; corrected scores can leave -1 .. 1.
[[nodiscard]] inline double as_probability(double s) { return std::clamp(score::beta_calibration::of_cosine(s), 0.0, 1.0); }

[[nodiscard]] inline auto fit_beta_to(sample const& s) {
    std::vector<double> p;
    for (float const v : s.scores) p.push_back(as_probability(double{v}));
    return [map = score::fit_beta(p, s.labels)](double v) { return map(as_probability(v)); };
}

[[nodiscard]] inline auto fit_isotonic_to(sample const& s) {
    return score::fit_isotonic(s.scores, std::vector<float>(s.labels.begin(), s.labels.end()));
}

[[nodiscard]] inline auto share_of(sample const& s) {
    double const share = static_cast<double>(std::count(s.labels.begin(), s.labels.end(), 1)) / static_cast<double>(s.labels.size());
    return [share](double) { return share; };
}

/// Softmax over the list at the temperature that suits the lists with a right answer.
[[nodiscard]] inline std::vector<float> by_temperature(lists const& all, std::span<std::size_t const> fitted,
                                                       std::span<std::size_t const> rest) {
    std::vector<float> scores;
    std::vector<std::size_t> right;
    for (std::size_t const q : fitted) {
        if (all.first_right[q] == all.length) continue;
        auto const list = std::span(all.scores).subspan(q * all.length, all.length);
        scores.insert(scores.end(), list.begin(), list.end());
        right.push_back(all.first_right[q]);
    }
    double const temperature = score::fit_temperature(matrix_view<float const>(scores.data(), right.size(), all.length), right);
    std::vector<float> out;
    for (std::size_t const q : rest) {
        auto const p = score::softmax(std::span(all.scores).subspan(q * all.length, all.length), temperature, all.items - all.length);
        for (std::size_t i = 0; i < std::min(shown, all.length); ++i) out.push_back(static_cast<float>(p[i]));
    }
    return out;
}

[[nodiscard]] inline calibration_line judge(lists const& all, held_out const& probabilities) {
    constexpr std::uint64_t splits = 10;
    calibration_line out;
    for (std::uint64_t seed = 1; seed <= splits; ++seed) {
        std::vector<std::size_t> order(all.queries());
        std::iota(order.begin(), order.end(), std::size_t{0});
        shuffle(std::span(order), seed);
        auto const fitted = std::span<std::size_t const>(order).first(order.size() / 2),
                   rest = std::span<std::size_t const>(order).subspan(order.size() / 2);
        auto const p = probabilities(all, fitted, rest);
        auto const labels = first_ten(all, rest).labels;
        double const error = eval::expected_calibration_error(eval::reliability_diagram(p, labels));
        out.error += error / static_cast<double>(splits);
        out.worst = std::max(out.worst, error);
        out.brier += eval::brier_score(p, labels) / static_cast<double>(splits);
    }
    return out;
}

[[nodiscard]] inline std::vector<calibration_line> calibrate(real_set const& set) {
    std::pair<char const*, held_out> const methods[] = {
        {"as it is", score_by_score([](sample const&) { return as_probability; })},
        {"always the same", score_by_score([](sample const& s) { return share_of(s); })},
        {"Platt", score_by_score([](sample const& s) { return score::fit_platt(s.scores, s.labels); })},
        {"beta", score_by_score([](sample const& s) { return fit_beta_to(s); })},
        {"isotonic", score_by_score([](sample const& s) { return fit_isotonic_to(s); })},
        {"temperature", by_temperature},
    };
    std::vector<calibration_line> out;
    for (auto const& method : normalizers()) {
        if (method.name != "raw" && method.name != "inverted softmax") continue;
        auto const all = collect(set, method, 200);
        for (auto const& [name, probabilities] : methods) {
            out.push_back(judge(all, probabilities));
            out.back().scores = method.name;
            out.back().method = name;
        }
    }
    return out;
}

}  // namespace simile::bench
