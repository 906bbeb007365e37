// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/random.hpp>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

/// Resampling with the same numbers in every language: SplitMix64, one output a draw.
namespace simile {

/// Uniform in 0 .. n - 1 from one draw: the upper 64 bits of x n (Lemire 2019 without the rejection; biased by less than n / 2^64).
/// @param n  1 .. 2^32
template <class Generator>
[[nodiscard]] constexpr std::size_t below(Generator& generator, std::uint64_t n) noexcept {
    assert(n >= 1 && n <= (std::uint64_t{1} << 32));
    std::uint64_t const x = generator();
    return static_cast<std::size_t>(((x >> 32) * n + (((x & 0xFFFFFFFFU) * n) >> 32)) >> 32);
}

/// The quantile of a rising sequence, linear between its elements (Hyndman, Fan 1996, type 7).
/// @param rising  [n], n >= 1
/// @param p       0 .. 1
[[nodiscard]] inline double sorted_quantile(std::span<double const> rising, double p) noexcept {
    assert(!rising.empty() && p >= 0 && p <= 1);
    double const at = p * static_cast<double>(rising.size() - 1);
    auto const low = static_cast<std::size_t>(at);
    std::size_t const high = std::min(low + 1, rising.size() - 1);
    return rising[low] + (at - static_cast<double>(low)) * (rising[high] - rising[low]);
}

struct bootstrap_options {
    std::size_t resamples = 1000;
    double level = 0.95;  ///< share of the resamples that the interval holds, 0 < level < 1
    std::uint64_t seed = 1;
};

struct bootstrap_result {
    double point;      ///< the statistic of the values themselves
    double mean;       ///< its mean over the resamples
    double low, high;  ///< the percentile interval
};

namespace detail {
inline void require_bootstrap(std::size_t n, bootstrap_options const& options) {
    require(n > 0, error_code::invalid_argument, "nothing to resample");
    require(std::uint64_t{n} <= std::uint64_t{1} << 32, error_code::limit_exceeded, n, " values, at most 2^32 can be resampled");
    require(options.resamples > 0, error_code::invalid_argument, "0 resamples");
    require(options.level > 0 && options.level < 1, error_code::invalid_argument, "the level is ", options.level, ", not between 0 and 1");
}
}  // namespace detail

/// The percentile interval of a statistic (Efron 1979): n values are drawn with replacement, `resamples` times.
///
/// @param statistic  from the positions drawn, a span of std::uint32_t [n], to a double; called once with 0 .. n - 1 for the point
/// @throws error invalid_argument when n or the resamples are 0 or the level is not inside 0 .. 1; limit_exceeded
template <class Statistic>
[[nodiscard]] bootstrap_result bootstrap(std::size_t n, Statistic&& statistic, bootstrap_options const& options = {}) {
    detail::require_bootstrap(n, options);
    std::vector<std::uint32_t> drawn(n);
    std::iota(drawn.begin(), drawn.end(), 0U);
    bootstrap_result out{static_cast<double>(statistic(std::span<std::uint32_t const>(drawn))), 0, 0, 0};
    splitmix64 random(options.seed);
    std::vector<double> values(options.resamples);
    for (double& value : values) {
        for (auto& position : drawn) position = static_cast<std::uint32_t>(below(random, n));
        value = static_cast<double>(statistic(std::span<std::uint32_t const>(drawn)));
        out.mean += value;
    }
    out.mean /= static_cast<double>(values.size());
    std::sort(values.begin(), values.end());
    out.low = sorted_quantile(values, (1 - options.level) / 2);
    out.high = sorted_quantile(values, 1 - (1 - options.level) / 2);
    return out;
}

/// The percentile interval of a mean, such as that of a measure over queries.
/// @throws error invalid_argument; not_finite for a value that is NaN or infinite
[[nodiscard]] inline bootstrap_result bootstrap_mean(std::span<double const> values, bootstrap_options const& options = {}) {
    for (double const v : values) require(std::isfinite(v), error_code::not_finite, "a value is ", v);
    return bootstrap(
        values.size(),
        [values](std::span<std::uint32_t const> drawn) {
            double sum = 0;
            for (auto const position : drawn) sum += values[position];
            return sum / static_cast<double>(drawn.size());
        },
        options);
}

}  // namespace simile
