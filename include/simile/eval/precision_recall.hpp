// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/labelled.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// How well one threshold for all queries separates relevant candidates from the others: scores of all queries in one list.
namespace simile::eval {

/// What is kept when all scores at or above a threshold are.
struct precision_recall_point {
    double threshold;
    double precision;
    double recall;
    double kept;  ///< share of the candidates; 1 - kept is filtered away
};

/// One point a threshold, falling.
///
/// @param scores  [n], finite, larger means more relevant
/// @param labels  [n], 0 for what is not relevant; something has to be
/// @throws error dimension_mismatch, invalid_argument (nothing is relevant), not_finite
[[nodiscard]] inline std::vector<precision_recall_point> precision_recall_points(std::span<float const> scores,
                                                                                 std::span<std::uint8_t const> labels) {
    class_counts const counts = count_classes(scores, labels);
    require(counts.positive > 0, error_code::invalid_argument, "none of ", scores.size(), " candidates is relevant");
    auto const order = falling_order(scores);
    std::vector<precision_recall_point> out;
    std::size_t relevant = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
        relevant += labels[order[i]] != 0;
        if (i + 1 < order.size() && scores[order[i + 1]] == scores[order[i]]) continue;
        double const kept = static_cast<double>(i + 1), found = static_cast<double>(relevant);
        out.push_back({double{scores[order[i]]}, found / kept, found / static_cast<double>(counts.positive),
                       kept / static_cast<double>(scores.size())});
    }
    return out;
}

/// Area under the precision-recall curve by its steps, sum (R_i - R_(i-1)) P_i, in 0 .. 1. Straight lines between the points would be too kind (Davis,
/// Goadrich 2006).
[[nodiscard]] inline double precision_recall_area(std::span<precision_recall_point const> points) {
    double area = 0, before = 0;
    for (auto const& p : points) {
        area += (p.recall - before) * p.precision;
        before = p.recall;
    }
    return area;
}

/// The point of the highest threshold that keeps at least this recall: P@R95 is its precision for 0.95, and 1 - kept the share filtered.
/// @param recall  0 .. 1
/// @throws error invalid_argument, also for no points
[[nodiscard]] inline precision_recall_point point_at_recall(std::span<precision_recall_point const> points, double recall = 0.95) {
    require(recall >= 0 && recall <= 1, error_code::invalid_argument, "the recall is ", recall, ", not in 0 .. 1");
    require(!points.empty(), error_code::invalid_argument, "no points");
    // Recall is a quotient of counts: a last bit must not cost a candidate.
    for (auto const& p : points)
        if (p.recall >= recall - 1e-12) return p;
    return points.back();
}

}  // namespace simile::eval
