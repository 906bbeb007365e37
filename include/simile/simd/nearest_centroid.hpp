// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/aligned_buffer.hpp>
#include <simile/core/matrix_view.hpp>
#include <simile/core/unrolled.hpp>
#include <simile/simd/arch.hpp>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace simile::simd {

/// The centroid with the largest score of a row, and that score.
struct nearest_centroid {
    std::uint32_t cluster = 0;
    float score = -std::numeric_limits<float>::infinity();
};

/// Centroids that lie side by side in lanes of sixteen.
inline constexpr std::size_t panel_width = 16;

namespace kernel {

/// Sixteen inner products a row: out[r][c] = sum over i of rows[r][i] * panel[16 i + c], added one after the other and rounded after each product and
/// each sum, so the bits do not depend on the width of registers.
template <std::size_t Rows>
struct scalar_tile {
    static constexpr std::size_t rows = Rows;
    static void dot(float const* const* x, float const* panel, std::size_t dims, float (*out)[panel_width]) noexcept {
        for (std::size_t r = 0; r < rows; ++r) {
            std::fill_n(out[r], panel_width, 0.0F);
            for (std::size_t i = 0; i < dims; ++i)
                for (std::size_t c = 0; c < panel_width; ++c) out[r][c] += rounded(x[r][i] * panel[panel_width * i + c]);
        }
    }
};

#if !defined(SIMILE_SCALAR)
template <class Arch, std::size_t Rows>
struct batch_tile {
    using batch = xsimd::batch<float, Arch>;
    static constexpr std::size_t parts = panel_width / batch::size;
    static constexpr std::size_t rows = Rows;
    static void dot(float const* const* x, float const* panel, std::size_t dims, float (*out)[panel_width]) noexcept {
        batch sums[rows][parts];
        unrolled<rows>([&](auto r) { unrolled<parts>([&](auto p) { sums[r][p] = batch(0.0F); }); });
        for (std::size_t i = 0; i < dims; ++i) {
            batch centroids[parts];
            unrolled<parts>([&](auto p) { centroids[p] = batch::load_unaligned(panel + panel_width * i + p * batch::size); });
            unrolled<rows>([&](auto r) {
                batch const value(x[r][i]);
                unrolled<parts>([&](auto p) { sums[r][p] += rounded(value * centroids[p]); });
            });
        }
        unrolled<rows>([&](auto r) { unrolled<parts>([&](auto p) { sums[r][p].store_unaligned(out[r] + p * batch::size); }); });
    }
};
template <class Arch>
struct tiles {
    /// Eight sums at a time, whatever their width: enough to hide the latency of an addition, few enough for sixteen registers.
    static constexpr std::size_t rows = std::max<std::size_t>(1, 8 / batch_tile<Arch, 1>::parts);
    template <std::size_t Rows>
    using tile = batch_tile<Arch, Rows>;
};
template <>
struct tiles<scalar_arch> {
    static constexpr std::size_t rows = 2;
    template <std::size_t Rows>
    using tile = scalar_tile<Rows>;
};

/// Rows of a tile that is chosen when the program runs: a multiple of every architecture's own.
inline constexpr std::size_t dispatched_rows = 8;
#if defined(SIMILE_DISPATCH)
template <std::size_t Rows>
struct dispatched_tile {
    static constexpr std::size_t rows = Rows;
    static void dot(float const* const* x, float const* panel, std::size_t dims, float (*out)[panel_width]) noexcept;  // simd/dispatch.hpp
};
template <>
struct tiles<dispatched_arch> {
    static constexpr std::size_t rows = dispatched_rows;
    template <std::size_t Rows>
    using tile = dispatched_tile<Rows>;
};
#endif
#else
template <class Arch>
struct tiles {
    static constexpr std::size_t rows = 2;
    template <std::size_t Rows>
    using tile = scalar_tile<Rows>;
};
#endif

}  // namespace kernel

/// The inner products of one row with the sixteen centroids of a panel, in the bits of centroid_panels.
template <class Arch>
void panel_dots(Arch, float const* row, float const* panel, std::size_t dims, float (&out)[panel_width]) noexcept {
    float const* rows[1] = {row};
    kernel::tiles<Arch>::template tile<1>::dot(rows, panel, dims, &out);
}

/// The largest of sixteen scores and the first place where it stands; no NaN. In a tree and without branches, so that compilers use vectors.
[[nodiscard]] inline nearest_centroid first_largest(float const (&score)[panel_width]) noexcept {
    float eight[8], four[4];
    for (std::size_t i = 0; i < 8; ++i) eight[i] = score[i] > score[i + 8] ? score[i] : score[i + 8];
    for (std::size_t i = 0; i < 4; ++i) four[i] = eight[i] > eight[i + 4] ? eight[i] : eight[i + 4];
    float const largest = std::max(std::max(four[0], four[1]), std::max(four[2], four[3]));
    std::uint32_t places = 0;
    for (std::size_t i = 0; i < panel_width; ++i) places |= static_cast<std::uint32_t>(score[i] == largest) << i;
    return {static_cast<std::uint32_t>(std::countr_zero(places)), largest};
}

/// A set of centroids laid out for the search of the nearest: panels of sixteen, dims outside, centroids inside, so that a lane is a centroid and no sum
/// crosses lanes.
///
/// Score    <x, c> + offset_c. With offset -|c|^2 / 2 the largest score has the smallest distance; with 0 the largest inner product.
/// Ties     the smaller number.
/// Bits     the same on every platform.
/// Error    of the inner product: gamma_d * sum |x_i c_i|, gamma_d = d u / (1 - d u), u = 2^-24 (Higham 3.1).
class centroid_panels {
public:
    /// @param centroids  [k][d], k >= 1, d >= 1; they and the offsets [k] are finite and no inner product overflows (asserted: sizes only)
    centroid_panels(matrix_view<float const> centroids, std::span<float const> offsets)
        : clusters_(centroids.rows()),
          dims_(centroids.dims()),
          values_(panels() * panel_width * dims_, 0.0F),
          offsets_(panels() * panel_width, -std::numeric_limits<float>::infinity()) {
        assert(clusters_ >= 1 && offsets.size() == clusters_);
        for (std::size_t c = 0; c < clusters_; ++c)
            for (std::size_t i = 0; i < dims_; ++i)
                values_[(c / panel_width * dims_ + i) * panel_width + c % panel_width] = centroids[c][i];
        std::copy(offsets.begin(), offsets.end(), offsets_.begin());
    }

    [[nodiscard]] std::size_t clusters() const noexcept { return clusters_; }
    [[nodiscard]] std::size_t dims() const noexcept { return dims_; }

    /// A cluster that no row is given to any more.
    void close(std::size_t cluster) noexcept { offsets_[cluster] = -std::numeric_limits<float>::infinity(); }

    /// The nearest centroid of each row.
    /// @param rows  pointers to d floats each
    template <class Arch>
    void nearest(Arch, std::span<float const* const> rows, nearest_centroid* out) const noexcept {
        using tile = typename kernel::tiles<Arch>::template tile<kernel::tiles<Arch>::rows>;
        // Rows that stay in the cache of the second level while all centroids pass by, a panel (in the first level's) at a time.
        std::size_t const batch = std::max<std::size_t>(tile::rows, (std::size_t{1} << 16) / dims_ / tile::rows * tile::rows);
        for (std::size_t first = 0; first < rows.size(); first += batch) {
            std::size_t const last = std::min(rows.size(), first + batch);
            std::fill(out + first, out + last, nearest_centroid{});
            for (std::size_t p = 0; p < panels(); ++p)
                for (std::size_t r = first; r < last; r += tile::rows)
                    offer_panel<tile>(p, rows.subspan(r, std::min(tile::rows, last - r)), out + r);
        }
    }
    void nearest(std::span<float const* const> rows, nearest_centroid* out) const noexcept { nearest(default_arch{}, rows, out); }

private:
    [[nodiscard]] std::size_t panels() const noexcept { return (clusters_ + panel_width - 1) / panel_width; }

    template <class Tile>
    void offer_panel(std::size_t panel, std::span<float const* const> rows, nearest_centroid* out) const noexcept {
        float const* x[Tile::rows];
        for (std::size_t r = 0; r < Tile::rows; ++r) x[r] = rows[std::min(r, rows.size() - 1)];
        alignas(64) float sums[Tile::rows][panel_width];
        Tile::dot(x, values_.data() + panel * panel_width * dims_, dims_, sums);
        float const* const offsets = offsets_.data() + panel * panel_width;
        for (std::size_t r = 0; r < rows.size(); ++r) {
            for (std::size_t c = 0; c < panel_width; ++c) sums[r][c] += offsets[c];
            auto const best = first_largest(sums[r]);
            if (best.score > out[r].score) out[r] = {static_cast<std::uint32_t>(panel * panel_width) + best.cluster, best.score};
        }
    }

    std::size_t clusters_;
    std::size_t dims_;
    aligned_vector<float> values_;
    aligned_vector<float> offsets_;
};

}  // namespace simile::simd

#if defined(SIMILE_DISPATCH) && !defined(SIMILE_SCALAR)
#include <simile/simd/dispatch.hpp>
#endif
