// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/random.hpp>
#include <simile/quantize/transform.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

/// Fewer dimensions: what a transform takes to leave some out.
namespace simile::quantize {

/// A linear map fitted to data: x -> M (x - mean), M: [k, dims] with orthogonal rows, the most important first. fit/principal_components.hpp makes them.
struct reduction {
    std::size_t dims = 0;
    std::vector<float> mean;       ///< [dims]
    std::vector<float> matrix;     ///< [k * dims], row after row
    std::vector<double> variance;  ///< [k] of the data along each row's direction, falling
    double total_variance = 0;     ///< over all dimensions

    [[nodiscard]] std::size_t rank() const noexcept { return dims == 0 ? 0 : matrix.size() / dims; }

    /// The part of the variance that the first k rows keep, 0 .. 1.
    [[nodiscard]] double explained(std::size_t k) const noexcept {
        double kept = 0;
        for (std::size_t i = 0; i < std::min(k, variance.size()); ++i) kept += variance[i];
        return total_variance > 0 ? kept / total_variance : 1.0;
    }
};

/// The transform of the first k rows of a reduction.
/// @param centre  false maps M x and leaves the mean in
/// @throws error invalid_argument unless 1 <= k <= rank
[[nodiscard]] inline transform reduced(reduction const& fitted, std::size_t k, bool centre = true) {
    require(k >= 1 && k <= fitted.rank(), error_code::invalid_argument, "a reduction of rank ", fitted.rank(), " has no ", k, " rows");
    transform const start(fitted.dims);
    auto const rows = std::span(fitted.matrix).first(k * fitted.dims);
    return centre ? start.centred(fitted.mean).projected(rows) : start.projected(rows);
}

/// The transform that keeps the first k dimensions of a model trained for it, at unit length.
/// @throws error invalid_argument unless 1 <= k <= dims
[[nodiscard]] inline transform matryoshka(std::size_t dims, std::size_t k, bool renormalise = true) {
    return transform(dims).prefix(k, renormalise);
}

/// k of the numbers 0 .. dims - 1, each set as likely as every other, ascending; the same for a seed on every platform.
///
/// Random subsets of features lose little where dimensions are redundant, and several of them vote well (Ho, "The random subspace method", 1998).
/// @throws error invalid_argument unless 1 <= k <= dims
[[nodiscard]] inline std::vector<std::uint32_t> random_features(std::size_t dims, std::size_t k, std::uint64_t seed = 1) {
    require(k >= 1 && k <= dims, error_code::invalid_argument, "a subset has 1 .. ", dims, " dimensions, not ", k);
    std::vector<std::uint32_t> all(dims);
    std::iota(all.begin(), all.end(), 0U);
    xoshiro256 random(seed);
    for (std::size_t i = 0; i < k; ++i) {
        auto const other = i + static_cast<std::size_t>(uniform01(random) * static_cast<double>(dims - i));
        std::swap(all[i], all[other]);
    }
    all.resize(k);
    std::sort(all.begin(), all.end());
    return all;
}

/// Several random subsets that overlap as little as chance has it: one seed each, drawn from one.
[[nodiscard]] inline std::vector<std::vector<std::uint32_t>> random_feature_sets(std::size_t dims, std::size_t k, std::size_t count,
                                                                                 std::uint64_t seed = 1) {
    std::vector<std::vector<std::uint32_t>> sets;
    splitmix64 seeds(seed);
    for (std::size_t i = 0; i < count; ++i) sets.push_back(random_features(dims, k, seeds()));
    return sets;
}

}  // namespace simile::quantize
