// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>
#include <simile/similarity/checks.hpp>
#include <simile/similarity/cosine.hpp>
#include <simile/similarity/squared_l2.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace simile::similarity {

/// What it costs to put two frames beside each other: their Euclidean distance.
struct euclidean_frames {
    [[nodiscard]] double operator()(std::span<float const> x, std::span<float const> y) const noexcept {
        return std::sqrt(double{squared_l2(reproducible, x, y)});
    }
};

/// The same by direction alone: 1 - cosine, 1 for a frame of zeros.
struct cosine_frames {
    [[nodiscard]] double operator()(std::span<float const> x, std::span<float const> y) const noexcept {
        return 1 - double{cosine(reproducible, x, y)};
    }
};

struct dtw_result {
    float cost = 0;          ///< sum over the path
    std::size_t frames = 0;  ///< pairs of frames on the path

    /// Comparable between sequences of different lengths.
    [[nodiscard]] float mean_cost() const noexcept { return static_cast<float>(double{cost} / static_cast<double>(frames)); }
};

/// Dynamic time warping: the cheapest way through two sequences that uses every frame and never goes back,
///     D_ij = c_ij + min(D_i-1,j-1, D_i-1,j, D_i,j-1).
///
/// Shape     a [n][d], b [m][d], n, m >= 1.
/// Unit      that of the frame cost, summed; smaller is closer; symmetric within rounding (the path length where paths tie as well).
/// Band      only |i - j| <= window (Sakoe-Chiba), widened to |n - m|, without which there is no path. unbounded: all.
/// Ties      go to the diagonal, then to a step in a: the shortest of the cheapest is preferred at each step from the end.
/// Error     frame costs those of squared_l2 or cosine, their sum in double, rounded to float once.
/// Cost      n (2 window + 1) frame costs; memory two rows of m.
/// Index     none: prune with the cosine of mean_pooling, then interpolated_distance, then this on what is left.
/// Source    Sakoe, Chiba, "Dynamic Programming Algorithm Optimization for Spoken Word Recognition", IEEE ASSP 26, 1978.
template <class FrameCost = euclidean_frames>
class dtw {
public:
    static constexpr ordering order = ordering::smaller_is_closer;
    static constexpr std::size_t unbounded = std::numeric_limits<std::size_t>::max();

    /// @param window  largest difference of the places of two frames
    explicit dtw(std::size_t window = unbounded, FrameCost cost = {}) : window_(window), frame_cost_(std::move(cost)) {}

    /// The cost of the cheapest path.
    /// @throws error dimension_mismatch, invalid_argument (an empty sequence), not_finite
    [[nodiscard]] float operator()(matrix_view<float const> a, matrix_view<float const> b) const { return measure(a, b).cost; }

    /// With the number of frames on it.
    /// @throws error as operator()
    [[nodiscard]] dtw_result measure(matrix_view<float const> a, matrix_view<float const> b) const {
        return run(a, b, [](std::size_t, std::size_t, step) {});
    }

    /// The pairs (i, j) of the path, from (0, 0) to (n - 1, m - 1). Takes a byte for each cell of the band.
    /// @throws error as operator()
    [[nodiscard]] std::vector<std::pair<std::size_t, std::size_t>> path(matrix_view<float const> a, matrix_view<float const> b) const {
        std::size_t const reach = band(a.rows(), b.rows());
        std::size_t const width = std::min(b.rows(), reach < b.rows() ? 2 * reach + 1 : b.rows());
        std::vector<step> steps(a.rows() * width);
        auto const at = [&](std::size_t i, std::size_t j) -> step& { return steps[i * width + (j - first_of(i, reach))]; };
        auto const result = run(a, b, [&](std::size_t i, std::size_t j, step from) { at(i, j) = from; });
        std::vector<std::pair<std::size_t, std::size_t>> out(result.frames);
        std::size_t i = a.rows() - 1, j = b.rows() - 1;
        for (auto to = out.rbegin(); to != out.rend(); ++to) {
            *to = {i, j};
            step const from = at(i, j);
            i -= from == step::in_b ? 0 : 1;
            j -= from == step::in_a ? 0 : 1;
        }
        return out;
    }

private:
    enum class step : std::uint8_t { diagonal, in_a, in_b };
    static constexpr double infinite = std::numeric_limits<double>::infinity();
    struct cell {
        double cost = infinite;
        std::size_t frames = 0;
    };

    [[nodiscard]] std::size_t band(std::size_t n, std::size_t m) const noexcept {
        return std::min(std::max(window_, n > m ? n - m : m - n), std::max(n, m));
    }
    [[nodiscard]] static std::size_t first_of(std::size_t i, std::size_t reach) noexcept { return i > reach ? i - reach : 0; }

    template <class Visit>
    [[nodiscard]] dtw_result run(matrix_view<float const> a, matrix_view<float const> b, Visit visit) const {
        detail::require_rows(a, "the first sequence", b, "the second sequence");
        std::size_t const n = a.rows(), m = b.rows(), reach = band(n, m);
        std::vector<cell> above(m + 1), row(m + 1);  // cell j of a row stands at j + 1
        above[0].cost = 0;
        for (std::size_t i = 0; i < n; ++i) {
            std::size_t const first = first_of(i, reach);
            row[first] = {};  // left of the band
            for (std::size_t j = first; j < std::min(m, i + reach + 1); ++j) {
                step from = above[j + 1].cost <= row[j].cost ? step::in_a : step::in_b;
                if (above[j].cost <= std::min(above[j + 1].cost, row[j].cost)) from = step::diagonal;
                cell const& before = from == step::diagonal ? above[j] : from == step::in_a ? above[j + 1] : row[j];
                row[j + 1] = {before.cost + frame_cost_(a[i], b[j]), before.frames + 1};
                visit(i, j, from);
            }
            std::swap(above, row);
        }
        return {static_cast<float>(above[m].cost), above[m].frames};
    }

    std::size_t window_;
    FrameCost frame_cost_;
};

}  // namespace simile::similarity
