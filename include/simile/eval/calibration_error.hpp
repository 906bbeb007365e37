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

/// Whether what is called 0.8 is right in 8 of 10 cases.
namespace simile::eval {

/// One bar of a reliability diagram: the probabilities in (low, high].
struct reliability_bin {
    double low, high;
    std::size_t count = 0;
    double confidence = 0;  ///< mean of the probabilities; 0 for an empty bin
    double accuracy = 0;    ///< share that was right; 0 for an empty bin
};

/// @param probabilities  [n], in 0 .. 1; 0 belongs to the first bin
/// @param labels         [n]
/// @param bins           of equal width, at least 1
/// @throws error dimension_mismatch, invalid_argument (also for no values), not_finite
[[nodiscard]] inline std::vector<reliability_bin> reliability_diagram(std::span<float const> probabilities,
                                                                      std::span<std::uint8_t const> labels, std::size_t bins = 15) {
    count_classes(probabilities, labels);
    require(bins > 0 && !probabilities.empty(), error_code::invalid_argument, probabilities.size(), " values in ", bins, " bins");
    std::vector<reliability_bin> out(bins);
    double const width = static_cast<double>(bins);
    for (std::size_t b = 0; b < bins; ++b) out[b] = {.low = static_cast<double>(b) / width, .high = static_cast<double>(b + 1) / width};
    for (std::size_t i = 0; i < probabilities.size(); ++i) {
        double const p = double{probabilities[i]};
        require(p >= 0 && p <= 1, error_code::invalid_argument, "probability ", i, " is ", p);
        double const up = std::ceil(p * static_cast<double>(bins));
        auto& bin = out[up < 1 ? 0 : std::min(static_cast<std::size_t>(up) - 1, bins - 1)];
        ++bin.count;
        bin.confidence += p;
        bin.accuracy += labels[i] != 0;
    }
    for (auto& bin : out)
        if (bin.count > 0) {
            bin.confidence /= static_cast<double>(bin.count);
            bin.accuracy /= static_cast<double>(bin.count);
        }
    return out;
}

/// ECE: the mean of |accuracy - confidence| over the bins, weighted by what is in them; in 0 .. 1.
/// Source  Naeini, Cooper, Hauskrecht 2015; Guo, Pleiss, Sun, Weinberger, ICML 2017 (15 bins).
[[nodiscard]] inline double expected_calibration_error(std::span<reliability_bin const> diagram) {
    double sum = 0, count = 0;
    for (auto const& bin : diagram) {
        sum += static_cast<double>(bin.count) * std::abs(bin.accuracy - bin.confidence);
        count += static_cast<double>(bin.count);
    }
    return count == 0 ? 0 : sum / count;
}

/// Brier's score, the mean of (p - label)^2; 0 is best.
/// @throws error as reliability_diagram
[[nodiscard]] inline double brier_score(std::span<float const> probabilities, std::span<std::uint8_t const> labels) {
    count_classes(probabilities, labels);
    require(!probabilities.empty(), error_code::invalid_argument, "no probabilities");
    double sum = 0;
    for (std::size_t i = 0; i < probabilities.size(); ++i) {
        double const off = double{probabilities[i]} - (labels[i] != 0 ? 1 : 0);
        sum += off * off;
    }
    return sum / static_cast<double>(probabilities.size());
}

}  // namespace simile::eval
