// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/labelled.hpp>
#include <simile/core/matrix_view.hpp>
#include <simile/score/checks.hpp>
#include <simile/score/logistic_regression.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

/// From a score to the probability of being relevant. Each calibration is a few numbers with an operator() that is noexcept, gives 0 .. 1 and does not
/// reorder scores as long as larger ones were the more relevant in the sample. Sums and results are double.
namespace simile::score {

/// sigmoid(scale cos + offset). The defaults are those a SigLIP model learned, for which a cosine of 0.107 is an even chance; training starts at 10, -10.
/// Source  Zhai, Mustafa, Kolesnikov, Beyer, "Sigmoid Loss for Language Image Pre-Training", ICCV 2023.
struct sigmoid_calibration {
    double scale = 118.2;
    double offset = -12.7;
    [[nodiscard]] double operator()(double score) const noexcept { return logistic(scale * score + offset); }
};

/// P = 1 / (1 + exp(a s + b)); a is negative where larger scores are the more relevant.
struct platt_calibration {
    double a = 0;
    double b = 0;
    [[nodiscard]] double operator()(double score) const noexcept { return logistic(-(a * score + b)); }
};

/// Platt's sigmoid, fitted to smoothed targets (n1 + 1) / (n1 + 2) and 1 / (n0 + 2): defined and finite even for one class, whose scores then say nothing
/// (a = 0).
/// @param scores  [n], n >= 1
/// @param labels  [n], 0 for not relevant
/// @throws error dimension_mismatch, invalid_argument (no scores), not_finite
/// Source  Platt 1999; Lin, Lin, Weng, "A Note on Platt's Probabilistic Outputs for Support Vector Machines", 2007.
[[nodiscard]] inline platt_calibration fit_platt(std::span<float const> scores, std::span<std::uint8_t const> labels) {
    class_counts const counts = count_classes(scores, labels);
    require(!scores.empty(), error_code::invalid_argument, "no scores to calibrate");
    double const n1 = static_cast<double>(counts.positive), n0 = static_cast<double>(counts.negative);
    double const high = (n1 + 1) / (n1 + 2), low = 1 / (n0 + 2);
    // In units of the sample's own spread, so that the scale of the scores does not matter.
    double mean = 0, spread = 0;
    for (float const s : scores) mean += double{s} / static_cast<double>(scores.size());
    for (float const s : scores) spread = std::max(spread, std::abs(double{s} - mean));
    bool const tells = counts.positive > 0 && counts.negative > 0 && spread > 0;
    auto const theta = detail::fit_logistic<2>(
        scores.size(), [&](std::size_t i) { return std::array{tells ? (double{scores[i]} - mean) / spread : 0, 1.0}; },
        [&](std::size_t i) { return labels[i] != 0 ? high : low; }, {0.0, std::log((n1 + 1) / (n0 + 1))}, 0, {tells, true});
    double const slope = tells ? theta[0] / spread : 0;
    return {-slope, slope * mean - theta[1]};
}

/// sigmoid(a ln p - b ln(1 - p) + c): maps probabilities that are too bold or too shy, each end by itself. a, b >= 0.
struct beta_calibration {
    double a = 1, b = 1, c = 0;  ///< the identity
    [[nodiscard]] double operator()(double p) const noexcept {
        double const q = std::clamp(p, 1e-12, 1 - 1e-12);
        return logistic(a * std::log(q) - b * std::log1p(-q) + c);
    }
    /// (1 + cos) / 2, which makes a probability of a cosine.
    [[nodiscard]] static double of_cosine(double cosine) noexcept { return (1 + cosine) / 2; }
};

/// @param probabilities  [n], in 0 .. 1, such as beta_calibration::of_cosine
/// @param labels         [n], both classes
/// @param ridge          >= 0, of ridge / 2 (a^2 + b^2 + c^2) added to the loss: keeps separable samples finite
/// @throws error dimension_mismatch, invalid_argument, not_finite
/// Source  Kull, Silva Filho, Flach, "Beta calibration", AISTATS 2017: where a or b would be negative it becomes 0 and the rest is fitted again.
[[nodiscard]] inline beta_calibration fit_beta(std::span<double const> probabilities, std::span<std::uint8_t const> labels,
                                               double ridge = 1e-3) {
    require(std::isfinite(ridge), error_code::not_finite, "the ridge is ", ridge);
    require(ridge >= 0, error_code::invalid_argument, "the ridge is ", ridge);
    count_both_classes(std::vector<float>(probabilities.begin(), probabilities.end()), labels);
    for (double const p : probabilities) require(p >= 0 && p <= 1, error_code::invalid_argument, "a probability is ", p);
    auto const features = [&](std::size_t i) {
        double const p = std::clamp(probabilities[i], 1e-12, 1 - 1e-12);
        return std::array{std::log(p), -std::log1p(-p), 1.0};
    };
    auto const target = [&](std::size_t i) { return labels[i] != 0 ? 1.0 : 0.0; };
    std::array<bool, 3> used{true, true, true};
    std::array<double, 3> theta{};
    for (int round = 0; round < 3; ++round) {
        theta = detail::fit_logistic<3>(probabilities.size(), features, target, {}, ridge, used);
        if (theta[0] >= 0 && theta[1] >= 0) break;
        used[theta[0] < theta[1] ? 0 : 1] = false;
    }
    return {theta[0], theta[1], theta[2]};
}

/// Probabilities of a list, one of which is right: exp(s / t) over their sum, without overflow.
/// @param temperature  > 0: 0.01 for cosines of models of CLIP's kind
/// @param unseen       results below the last one that the list does not show. They can have at most its probability each: with their number the result is
///                     a lower bound, without it an upper bound.
/// @throws error invalid_argument, not_finite
[[nodiscard]] inline std::vector<double> softmax(std::span<float const> scores, double temperature, std::size_t unseen = 0) {
    detail::require_positive(temperature, "the temperature");
    detail::require_finite(scores, "a score");
    if (scores.empty()) return {};
    double const largest = double{*std::max_element(scores.begin(), scores.end())},
                 least = double{*std::min_element(scores.begin(), scores.end())};
    std::vector<double> out;
    double total = static_cast<double>(unseen) * std::exp((least - largest) / temperature);
    for (float const s : scores) total += out.emplace_back(std::exp((double{s} - largest) / temperature));
    for (double& p : out) p /= total;
    return out;
}

/// The temperature of the greatest likelihood for lists whose right answer is known (Guo et al., ICML 2017). The loss is convex in 1 / t.
/// @param lists  [n, k], k >= 2; finite
/// @param right  [n], the position of the right answer in its list
/// @return       in [1e-6, 1e6] of the mean spread of a list: at the ends when the right answers are all first, or of no account
/// @throws error dimension_mismatch, invalid_argument (also for lists whose scores are all equal), not_finite, out_of_range
[[nodiscard]] inline double fit_temperature(matrix_view<float const> lists, std::span<std::size_t const> right) {
    require(lists.rows() == right.size(), error_code::dimension_mismatch, lists.rows(), " lists, ", right.size(), " right answers");
    require(lists.rows() > 0 && lists.dims() > 1, error_code::invalid_argument, lists.rows(), " lists of ", lists.dims(), " scores");
    detail::require_finite(lists.values(), "a score");
    double spread = 0;
    for (std::size_t i = 0; i < lists.rows(); ++i) {
        require(right[i] < lists.dims(), error_code::out_of_range, "the right answer ", right[i], " of ", lists.dims());
        auto const [low, high] = std::minmax_element(lists[i].begin(), lists[i].end());
        spread += (double{*high} - double{*low}) / static_cast<double>(lists.rows());
    }
    require(spread > 0, error_code::invalid_argument, "all scores of each list are equal");
    // d loss / d(1 / t) = sum (E[s] - s_right) falls through 0 once.
    auto const too_warm = [&](double t) {
        double slope = 0;
        for (std::size_t i = 0; i < lists.rows(); ++i) {
            auto const p = softmax(lists[i], t);
            slope -= double{lists[i][right[i]]};
            for (std::size_t j = 0; j < p.size(); ++j) slope += p[j] * double{lists[i][j]};
        }
        return slope < 0;
    };
    double low = std::log(1e-6 * spread), high = std::log(1e6 * spread);
    for (int step = 0; step < 60; ++step) (too_warm(std::exp((low + high) / 2)) ? high : low) = (low + high) / 2;
    return std::exp((low + high) / 2);
}

/// A rising step function with straight lines between the steps. Inside a step the order of scores is lost: keep the score as tie-breaker.
struct isotonic_calibration {
    struct step {
        double low, high;  ///< the scores of the step
        double value;      ///< what they map to
    };
    std::vector<step> steps;  ///< rising in both; empty maps everything to 0

    [[nodiscard]] double operator()(double score) const noexcept {
        if (steps.empty()) return 0;
        auto const after = std::partition_point(steps.begin(), steps.end(), [score](step const& s) { return s.low <= score; });
        if (after == steps.begin()) return after->value;
        step const& before = after[-1];
        if (score <= before.high || after == steps.end()) return before.value;
        double const part = (score - before.high) / (after->low - before.high);
        return before.value + part * (after->value - before.value);
    }
};

/// The rising function of least squared error, by pooling adjacent violators; equal scores are pooled first. Overfits below about a thousand labels.
/// @param scores   [n], n >= 1
/// @param targets  [n]: labels of 0 and 1, or graded relevance
/// @param join     whether neighbouring steps of one value become one: the same function in less room
/// @throws error dimension_mismatch, invalid_argument (no scores), not_finite
/// Source  Zadrozny, Elkan, KDD 2002.
[[nodiscard]] inline isotonic_calibration fit_isotonic(std::span<float const> scores, std::span<float const> targets, bool join = true) {
    detail::require_size(targets.size(), scores.size(), "the list of targets");
    require(!scores.empty(), error_code::invalid_argument, "no scores to calibrate");
    detail::require_finite(scores, "a score");
    detail::require_finite(targets, "a target");
    auto order = falling_order(scores);
    std::reverse(order.begin(), order.end());
    struct block {
        double low, high, sum, count;
        [[nodiscard]] double mean() const { return sum / count; }
    };
    std::vector<block> blocks;
    for (std::size_t first = 0, end = 0; first < order.size(); first = end) {
        double const score = double{scores[order[first]]};
        block next{score, score, 0, 0};
        for (; end < order.size() && scores[order[end]] == scores[order[first]]; ++end) {
            next.sum += double{targets[order[end]]};
            ++next.count;
        }
        while (!blocks.empty() && (blocks.back().mean() > next.mean() || (join && blocks.back().mean() == next.mean()))) {
            block const& last = blocks.back();
            next = {last.low, next.high, last.sum + next.sum, last.count + next.count};
            blocks.pop_back();
        }
        blocks.push_back(next);
    }
    isotonic_calibration out;
    for (block const& b : blocks) out.steps.push_back({b.low, b.high, b.mean()});
    return out;
}

}  // namespace simile::score
