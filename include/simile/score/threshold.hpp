// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/resampling.hpp>
#include <simile/score/checks.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

/// Where to cut a list of scores: what is kept, with which guarantee.
/// Shapes    relevant, irrelevant: [n] finite scores of pairs that belong together and of pairs that do not, in any order.
/// Throws    invalid_argument, not_finite.
/// The guarantees hold on average over samples and queries like those given; for one sample of n the share varies by about sqrt(alpha / n).
namespace simile::score {

namespace detail {

inline void require_share(double alpha) {
    require(alpha >= 0 && alpha <= 1, error_code::invalid_argument, "alpha is ", alpha, ", not in 0 .. 1");
}

/// The rank-th smallest, from 1: -infinity at 0, +infinity beyond n.
[[nodiscard]] inline double order_statistic(std::span<float const> scores, double rank) {
    if (rank < 1) return -std::numeric_limits<double>::infinity();
    if (rank > static_cast<double>(scores.size())) return std::numeric_limits<double>::infinity();
    std::vector<float> sorted(scores.begin(), scores.end());
    auto const at = sorted.begin() + static_cast<std::ptrdiff_t>(rank) - 1;
    std::nth_element(sorted.begin(), at, sorted.end());
    return double{*at};
}

}  // namespace detail

/// The cut of a recall: of new relevant pairs at least 1 - alpha have s >= the result. It is the floor(alpha (n + 1))-th smallest score; -infinity (keep
/// all) when n < 1 / alpha - 1.
/// Source  Vovk, Gammerman, Shafer, Algorithmic Learning in a Random World, 2005 (split conformal prediction).
[[nodiscard]] inline double recall_threshold(std::span<float const> relevant, double alpha) {
    detail::require_share(alpha);
    detail::require_finite(relevant, "a score");
    return detail::order_statistic(relevant, std::floor(alpha * static_cast<double>(relevant.size() + 1)));
}

/// The cut of false accepts: of new irrelevant pairs at most alpha have s > the result. It is the ceil((1 - alpha)(n + 1))-th smallest score; +infinity
/// (keep nothing) when n is too small for the promise.
[[nodiscard]] inline double false_accept_threshold(std::span<float const> irrelevant, double alpha) {
    detail::require_share(alpha);
    detail::require_finite(irrelevant, "a score");
    return detail::order_statistic(irrelevant, std::ceil((1 - alpha) * static_cast<double>(irrelevant.size() + 1)));
}

/// How surprising a score is among irrelevant ones: keeping what has p <= alpha accepts at most that share of them.
class conformal_reference {
public:
    /// @param irrelevant  may be empty: then everything has p = 1
    explicit conformal_reference(std::span<float const> irrelevant = {}) : rising_(irrelevant.begin(), irrelevant.end()) {
        detail::require_finite(irrelevant, "a score");
        std::sort(rising_.begin(), rising_.end());
    }
    /// One more, in O(n).
    void add(float score) {
        require(std::isfinite(score), error_code::not_finite, "a score is ", score);
        rising_.insert(std::upper_bound(rising_.begin(), rising_.end(), score), score);
    }
    /// (1 + #{t >= score}) / (n + 1), in O(log n). NaN counts as below all.
    [[nodiscard]] double p_value(double score) const noexcept {
        auto const below_it = std::partition_point(rising_.begin(), rising_.end(), [score](float t) { return double{t} < score; });
        return static_cast<double>(1 + (rising_.end() - below_it)) / static_cast<double>(rising_.size() + 1);
    }
    [[nodiscard]] std::span<float const> rising() const noexcept { return rising_; }

private:
    std::vector<float> rising_;
};

struct youden_result {
    double threshold;  ///< keep s >= this; the highest of several
    double j;          ///< recall less false accept rate, -1 .. 1
};

/// Youden's J: the cut with the largest difference of recall and false accept rate. Both samples must have a score.
/// Source  Youden, "Index for rating diagnostic tests", 1950.
[[nodiscard]] inline youden_result youden(std::span<float const> relevant, std::span<float const> irrelevant) {
    require(!relevant.empty() && !irrelevant.empty(), error_code::invalid_argument, relevant.size(), " relevant and ", irrelevant.size(),
            " irrelevant scores");
    detail::require_finite(relevant, "a relevant score");
    detail::require_finite(irrelevant, "an irrelevant score");
    std::vector<std::pair<float, bool>> all;
    for (float const s : relevant) all.emplace_back(s, true);
    for (float const s : irrelevant) all.emplace_back(s, false);
    std::sort(all.begin(), all.end(), [](auto const& a, auto const& b) { return a.first > b.first; });
    youden_result best{0, -2};
    std::size_t found = 0, wrong = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i].second ? ++found : ++wrong;
        if (i + 1 < all.size() && all[i + 1].first == all[i].first) continue;
        double const recall = static_cast<double>(found) / static_cast<double>(relevant.size());
        double const j = recall - static_cast<double>(wrong) / static_cast<double>(irrelevant.size());
        if (j > best.j) best = {double{all[i].first}, j};
    }
    return best;
}

/// The alpha-quantile of the relevant scores with its bootstrap interval: its low end keeps 1 - alpha of the relevant pairs with some certainty.
/// @param relevant  at least one
/// Source  after Roychowdhury et al. 2024 (Telecom embeddings), whose own rule is not published.
[[nodiscard]] inline bootstrap_result quantile_threshold(std::span<float const> relevant, double alpha,
                                                         bootstrap_options const& options = {}) {
    detail::require_share(alpha);
    detail::require_finite(relevant, "a score");
    std::vector<double> rising(relevant.begin(), relevant.end()), drawn(relevant.size());
    std::sort(rising.begin(), rising.end());
    return bootstrap(
        rising.size(),
        [&](std::span<std::uint32_t const> positions) {
            std::transform(positions.begin(), positions.end(), drawn.begin(), [&](std::uint32_t i) { return rising[i]; });
            std::sort(drawn.begin(), drawn.end());
            return sorted_quantile(drawn, alpha);
        },
        options);
}

/// The common area of two histograms: 0 for samples that a cut separates, 1 for equal ones.
/// @param bins  of equal width over the range of both, at least 1
[[nodiscard]] inline double distribution_overlap(std::span<float const> a, std::span<float const> b, std::size_t bins = 50) {
    require(!a.empty() && !b.empty(), error_code::invalid_argument, "samples of ", a.size(), " and ", b.size(), " scores");
    detail::require_some(bins, "the number of bins");
    detail::require_finite(a, "a score");
    detail::require_finite(b, "a score");
    double const low = double{std::min(*std::min_element(a.begin(), a.end()), *std::min_element(b.begin(), b.end()))};
    double const high = double{std::max(*std::max_element(a.begin(), a.end()), *std::max_element(b.begin(), b.end()))};
    auto const shares = [&](std::span<float const> sample) {
        std::vector<double> share(bins);
        for (float const s : sample) {
            double const at = high > low ? (double{s} - low) / (high - low) * static_cast<double>(bins) : 0;
            share[std::min(static_cast<std::size_t>(at), bins - 1)] += 1 / static_cast<double>(sample.size());
        }
        return share;
    };
    auto const x = shares(a), y = shares(b);
    double common = 0;
    for (std::size_t i = 0; i < bins; ++i) common += std::min(x[i], y[i]);
    return common;
}

}  // namespace simile::score
