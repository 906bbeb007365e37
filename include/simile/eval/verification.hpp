// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/labelled.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

/// Errors of "are these two the same?", decided by a threshold on the score.
namespace simile::eval {

/// What happens when all scores at or above a threshold are accepted.
struct operating_point {
    double threshold;
    double miss_rate;          ///< share of the positive pairs that are refused
    double false_accept_rate;  ///< share of the negative pairs that are accepted
};

/// One point a threshold, falling; the first, at infinity, accepts nothing and the last accepts all.
///
/// @param scores  [n], finite, larger means the same
/// @param labels  [n], 0 for different; both classes must occur
/// @throws error dimension_mismatch, invalid_argument (one class only), not_finite
[[nodiscard]] inline std::vector<operating_point> operating_points(std::span<float const> scores, std::span<std::uint8_t const> labels) {
    class_counts const counts = count_both_classes(scores, labels);
    auto const order = falling_order(scores);
    std::vector<operating_point> out{{std::numeric_limits<double>::infinity(), 1, 0}};
    std::size_t accepted = 0, wrong = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
        labels[order[i]] != 0 ? ++accepted : ++wrong;
        if (i + 1 < order.size() && scores[order[i + 1]] == scores[order[i]]) continue;
        out.push_back({double{scores[order[i]]}, 1 - static_cast<double>(accepted) / static_cast<double>(counts.positive),
                       static_cast<double>(wrong) / static_cast<double>(counts.negative)});
    }
    return out;
}

/// Equal error rate, in 0 .. 1, by the nearest point: the larger of the two rates where they differ least (as the code of VoxCeleb's baseline has it, there in
/// percent). On few pairs it exceeds the interpolated one by up to one pair's share.
[[nodiscard]] inline double equal_error_rate_nearest(std::span<operating_point const> points) {
    double least = std::numeric_limits<double>::infinity(), rate = 1;
    for (auto const& p : points)
        if (double const gap = std::abs(p.miss_rate - p.false_accept_rate); gap < least) {
            least = gap;
            rate = std::max(p.miss_rate, p.false_accept_rate);
        }
    return rate;
}

/// Equal error rate, in 0 .. 1, where the two rates cross on the straight line between the points on both sides (NIST).
[[nodiscard]] inline double equal_error_rate(std::span<operating_point const> points) {
    for (std::size_t i = 1; i < points.size(); ++i) {
        double const before = points[i - 1].miss_rate - points[i - 1].false_accept_rate,
                     after = points[i].miss_rate - points[i].false_accept_rate;
        if (after > 0) continue;
        double const part = before == after ? 0 : before / (before - after);
        return points[i - 1].miss_rate + part * (points[i].miss_rate - points[i - 1].miss_rate);
    }
    return 1;
}

struct detection_cost_options {
    double target_prior = 0.05;  ///< share of positive pairs in use, strictly between 0 and 1
    double miss_cost = 1;
    double false_accept_cost = 1;
};

struct detection_cost {
    double cost;       ///< in 0 .. 1: 1 is what accepting all or nothing costs
    double threshold;  ///< the highest one that reaches it
};

/// minDCF, the least normalised detection cost over all thresholds, both ends included: it never exceeds 1.
/// @throws error invalid_argument for a prior outside 0 .. 1 or a cost that is not positive and finite
/// Source  NIST speaker recognition evaluation plans.
[[nodiscard]] inline detection_cost min_detection_cost(std::span<operating_point const> points,
                                                       detection_cost_options const& options = {}) {
    double const prior = options.target_prior, miss = options.miss_cost, accept = options.false_accept_cost;
    require(prior > 0 && prior < 1, error_code::invalid_argument, "the prior is ", prior, ", not between 0 and 1");
    require(miss > 0 && accept > 0 && std::isfinite(miss) && std::isfinite(accept), error_code::invalid_argument,
            "costs must be positive, are ", miss, " and ", accept);
    double const trivial = std::min(miss * prior, accept * (1 - prior));
    detection_cost best{std::numeric_limits<double>::infinity(), 0};
    for (auto const& p : points)
        if (double const cost = (miss * p.miss_rate * prior + accept * p.false_accept_rate * (1 - prior)) / trivial; cost < best.cost)
            best = {cost, p.threshold};
    return best;
}

}  // namespace simile::eval
