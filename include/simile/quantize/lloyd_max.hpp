// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/rounded.hpp>
#include <simile/quantize/code_factors.hpp>

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

/// Codes of the levels that make the smallest squared error for the coordinates of random directions (Lloyd 1957, Max 1960), with a scale for each
/// vector: EDEN (Vargaftik et al., ICML 2022); with the other scale DRIVE, and TurboQuant_mse. For rotated vectors.
///
/// Estimate  <x, q> ~= scale * <levels[u], q>, levels int8 and symmetric: levels[2^B - 1 - u] = -levels[u].
/// Error     of a coordinate, in parts of its variance: 0.3634 0.1175 0.03454 0.00950 for 1 .. 4 bits (Gaussian limit).
namespace simile::quantize {

/// Levels in ascending order; those from 2^B on are 0.
struct level_table {
    unsigned bits = 0;
    std::array<double, 16> values{};       ///< in standard deviations of a coordinate
    std::array<std::int8_t, 16> levels{};  ///< the same in 127ths of the largest
};

namespace detail {

/// Half of the density of sqrt(d) times a coordinate of a random direction, (1 - z^2 / d)^((d - 3) / 2) for z > 0, summed up on a grid. Roots, products
/// and sums alone, and none that could be fused: the same table on every platform.
class half_density {
public:
    explicit half_density(std::size_t dims) : reach_(std::min(8.0, std::sqrt(double(dims)))), step_(reach_ / cells) {
        mass_.push_back(0);
        moment_.push_back(0);
        spread_.push_back(0);
        for (std::size_t i = 0; i < cells; ++i) {
            double const z = (double(i) + 0.5) * step_;
            double const w = power(1 - z * z / double(dims), dims - 3);
            mass_.push_back(mass_.back() + w);
            moment_.push_back(moment_.back() + rounded(w * z));
            // Nearly the cube root, by roots: 1/4 + 1/16 + 1/64. Levels that lie as densely are close to the best (Panter, Dite 1951).
            double const fourth = std::sqrt(std::sqrt(w)), sixteenth = std::sqrt(std::sqrt(fourth));
            spread_.push_back(spread_.back() + fourth * sixteenth * std::sqrt(std::sqrt(sixteenth)));
        }
    }

    [[nodiscard]] double reach() const noexcept { return reach_; }

    /// The mean of z between two values.
    [[nodiscard]] double centroid(double from, double to) const noexcept {
        double const mass = at(mass_, to) - at(mass_, from);
        return mass > 0 ? (at(moment_, to) - at(moment_, from)) / mass : (from + to) / 2;
    }
    /// Where the given part of the flattened density lies below.
    [[nodiscard]] double spread_quantile(double part) const noexcept {
        auto const found = std::lower_bound(spread_.begin(), spread_.end(), part * spread_.back());
        return double(found - spread_.begin()) * step_;
    }

private:
    static constexpr std::size_t cells = 1U << 15;

    /// base^(twice / 2)
    [[nodiscard]] static double power(double base, std::size_t twice) noexcept {
        double result = twice % 2 == 1 ? std::sqrt(base) : 1.0, square = base;
        for (std::size_t left = twice / 2; left != 0; left /= 2, square *= square)
            if (left % 2 == 1) result *= square;
        return result;
    }
    [[nodiscard]] double at(std::vector<double> const& sums, double z) const noexcept {
        double const place = std::min(z / step_, double(cells));
        auto const cell = std::min(static_cast<std::size_t>(place), cells - 1);
        double const slope = sums[cell + 1] - sums[cell];
        return sums[cell] + rounded(slope * (place - double(cell)));
    }

    double reach_;
    double step_;
    std::vector<double> mass_, moment_, spread_;
};

}  // namespace detail

/// The best levels, by at most 100 steps of Lloyd's method from a good start. About 0.5 ms.
///
/// @param bits  1 .. 4
/// @param dims  3 or more, of the vectors whose coordinates are encoded; 0 for their limit, a normal distribution
/// @throws error invalid_argument
[[nodiscard]] inline level_table lloyd_max_levels(unsigned bits, std::size_t dims = 0) {
    require(bits >= 1 && bits <= 4, error_code::invalid_argument, "tables of levels have 1 .. 4 bits, not ", bits);
    require(dims == 0 || dims >= 3, error_code::invalid_argument, "levels are for 3 dimensions or more, not ", dims);
    detail::half_density const density(dims == 0 ? (std::size_t{1} << 24) + 3 : dims);
    std::size_t const half = std::size_t{1} << (bits - 1);
    std::array<double, 8> levels{};
    for (std::size_t i = 0; i < half; ++i) levels[i] = density.spread_quantile((double(i) + 0.5) / double(half));
    double change = 1;
    for (int step = 0; step < 100 && change > 1e-8; ++step) {
        change = 0;
        auto const old = levels;
        for (std::size_t i = 0; i < half; ++i) {
            double const from = i == 0 ? 0.0 : (old[i - 1] + old[i]) / 2, to = i + 1 == half ? density.reach() : (old[i] + old[i + 1]) / 2;
            levels[i] = density.centroid(from, to);
            change = std::max(change, std::abs(levels[i] - old[i]));
        }
    }
    level_table table{bits, {}, {}};
    for (std::size_t i = 0; i < half; ++i) {
        auto const level = static_cast<int>(std::floor(levels[i] / levels[half - 1] * 127 + 0.5));
        table.values[half + i] = levels[i];
        table.values[half - 1 - i] = -levels[i];
        table.levels[half + i] = static_cast<std::int8_t>(level);
        table.levels[half - 1 - i] = static_cast<std::int8_t>(-level);
    }
    return table;
}

class lloyd_max_encoder {
public:
    /// @throws error invalid_argument as lloyd_max_levels
    explicit lloyd_max_encoder(unsigned bits, std::size_t dims = 0) : table_(lloyd_max_levels(bits, dims)) {
        std::size_t const half = std::size_t{1} << (bits - 1);
        thresholds_.fill(std::numeric_limits<double>::infinity());
        // Between the rounded levels, which are those that the code stands for.
        double const unit = table_.values[2 * half - 1] / 127;
        for (std::size_t i = 0; i + 1 < half; ++i) thresholds_[i] = (table_.levels[half + i] + table_.levels[half + i + 1]) * unit / 2;
    }

    [[nodiscard]] unsigned bits() const noexcept { return table_.bits; }
    [[nodiscard]] level_table const& table() const noexcept { return table_; }

    /// Sums over the levels w = levels[u] of the nearest codes.
    /// @param x      [d], finite, rotated
    /// @param codes  [d]
    code_sums encode_sums(std::span<float const> x, std::span<std::uint8_t> codes) const noexcept {
        assert(x.size() == codes.size());
        double const square = wide_dot(x, x), deviation = std::sqrt(square / double(std::max<std::size_t>(x.size(), 1)));
        std::array<float, 7> limits{};
        for (std::size_t i = 0; i < 7; ++i) limits[i] = static_cast<float>(thresholds_[i] * (deviation > 0 ? deviation : 1.0));
        std::int32_t const half = 1 << (table_.bits - 1);
        for (std::size_t j = 0; j < x.size(); ++j) {
            float const a = std::abs(x[j]);
            std::int32_t m = 0;
            for (float const limit : limits) m += a > limit ? 1 : 0;
            codes[j] = static_cast<std::uint8_t>(x[j] > 0 ? half + m : half - 1 - m);
        }
        return sums(x, codes, square);
    }

    /// Unbiased over random rotations, exact along x: |x|^2 / <x, w>.
    float encode(std::span<float const> x, std::span<std::uint8_t> codes) const noexcept { return unbiased_scale(encode_sums(x, codes)); }
    /// Of the least squared error: <x, w> / |w|^2.
    float encode_least_squares(std::span<float const> x, std::span<std::uint8_t> codes) const noexcept {
        return least_squares_scale(encode_sums(x, codes));
    }

    void decode(std::span<std::uint8_t const> codes, float scale, std::span<float> out) const noexcept {
        for (std::size_t j = 0; j < out.size(); ++j) out[j] = scale * static_cast<float>(table_.levels[codes[j]]);
    }
    /// The estimate by definition, in double.
    [[nodiscard]] double estimate(std::span<std::uint8_t const> codes, float scale, std::span<float const> q) const noexcept {
        double sum = 0;
        for (std::size_t j = 0; j < q.size(); ++j) sum += double(table_.levels[codes[j]]) * double{q[j]};
        return double{scale} * sum;
    }

private:
    [[nodiscard]] code_sums sums(std::span<float const> x, std::span<std::uint8_t const> codes, double square) const noexcept {
        double xw[4]{};
        std::int64_t ww = 0;
        for (std::size_t j = 0; j < x.size(); ++j) {
            std::int32_t const level = table_.levels[codes[j]];
            xw[j % 4] += double{x[j]} * level;
            ww += level * level;
        }
        return {square, (xw[0] + xw[1]) + (xw[2] + xw[3]), double(ww)};
    }

    level_table table_;
    std::array<double, 7> thresholds_{};
};

}  // namespace simile::quantize
