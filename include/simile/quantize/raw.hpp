// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/aligned_buffer.hpp>
#include <simile/core/similarity_kind.hpp>
#include <simile/quantize/codec.hpp>
#include <simile/simd/bfloat16.hpp>
#include <simile/simd/block_scores.hpp>
#include <simile/simd/float_sums.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>

namespace simile::quantize {

namespace detail {
[[nodiscard]] inline float stored_to_float(float v) noexcept { return v; }
[[nodiscard]] inline float stored_to_float(half v) noexcept { return simd::to_float(v); }
[[nodiscard]] inline float stored_to_float(bfloat16 v) noexcept { return simd::to_float(v); }
inline void store(float v, float& to) noexcept { to = v; }
inline void store(float v, half& to) noexcept { to = simd::to_half(v); }
inline void store(float v, bfloat16& to) noexcept { to = simd::to_bfloat16(v); }
template <class Element>
inline constexpr codec_kind raw_kind = std::is_same_v<Element, float>  ? codec_kind::f32
                                       : std::is_same_v<Element, half> ? codec_kind::f16
                                                                       : codec_kind::bf16;
}  // namespace detail

/// Rows as floating-point numbers of type `Element` (float, or half or bfloat16 rounded to nearest even). A block is 32 rows one after the other.
///
/// Bytes     4 d or 2 d a row.
/// Scores    inner products by simd::sum_rows; f32 under squared_l2 the negated distance itself, without cancellation.
/// Error     f32 that of simd::sum_rows; f16 adds at most 2^-11 |x| |q|, bf16 2^-8.
template <class Element>
class raw_codec {
public:
    static constexpr codec_kind kind = detail::raw_kind<Element>;
    /// half overflows at 65504, so it holds directions only.
    static constexpr bool directions = !std::is_same_v<Element, float>;

    struct query {
        aligned_vector<float> values;
        float scale = 1;
    };

    raw_codec(std::size_t dims, similarity_kind similarity) noexcept
        : dims_(dims), distances_(!directions && similarity == similarity_kind::squared_l2) {}

    [[nodiscard]] std::size_t dims() const noexcept { return dims_; }
    [[nodiscard]] std::size_t block_bytes() const noexcept { return block_rows * dims_ * sizeof(Element); }

    void encode(std::span<float const> row, std::byte* block, std::size_t slot) const noexcept {
        Element* const to = slot_of(block, slot);
        for (std::size_t i = 0; i < dims_; ++i) detail::store(row[i], to[i]);
    }
    void decode(std::byte const* block, std::size_t slot, std::span<float> out) const noexcept {
        std::transform(slot_of(block, slot), slot_of(block, slot) + dims_, out.begin(),
                       [](Element v) { return detail::stored_to_float(v); });
    }
    void move(std::byte const* from, std::size_t from_slot, std::byte* to, std::size_t to_slot) const noexcept {
        std::memcpy(slot_of(to, to_slot), slot_of(from, from_slot), dims_ * sizeof(Element));
    }
    void clear(std::byte* block, std::size_t slot) const noexcept {
        std::memset(block + slot * dims_ * sizeof(Element), 0, dims_ * sizeof(Element));
    }
    [[nodiscard]] bool well_formed(std::byte const* block, std::size_t rows) const noexcept {
        return std::all_of(slot_of(block, 0), slot_of(block, rows), [](Element v) { return std::isfinite(detail::stored_to_float(v)); });
    }

    /// @param scale  multiplies every score
    [[nodiscard]] query prepare(std::span<float const> q, float scale) const { return {{q.begin(), q.end()}, scale}; }

    [[nodiscard]] std::uint32_t scan(query const& q, std::byte const* block, float threshold, block_scores& scores) const noexcept {
        distances_ ? scan_as<simd::squared_difference>(q, block, -q.scale, scores) : scan_as<simd::product>(q, block, q.scale, scores);
        return simd::reaching(default_arch{}, scores.data(), threshold);
    }
    /// The score of one row.
    [[nodiscard]] float score(query const& q, std::byte const* block, std::size_t slot) const noexcept {
        Element const* const row = slot_of(block, slot);
        return distances_ ? simd::sum_pair<simd::squared_difference>(default_arch{}, q.values.data(), row, dims_) * -q.scale
                          : simd::sum_pair<simd::product>(default_arch{}, q.values.data(), row, dims_) * q.scale;
    }

    struct tile {
        aligned_vector<float> values;  // [batch_tile][dims]
        tile_floats scales{};
    };
    /// @param queries  1 .. batch_tile
    [[nodiscard]] tile prepare_tile(std::span<query const> queries) const {
        tile out{aligned_vector<float>(batch_tile * dims_, 0.0F), {}};
        for (std::size_t i = 0; i < queries.size(); ++i) {
            std::copy(queries[i].values.begin(), queries[i].values.end(), out.values.begin() + static_cast<std::ptrdiff_t>(i * dims_));
            out.scales[i] = distances_ ? -queries[i].scale : queries[i].scale;
        }
        return out;
    }
    void scan_tile(tile const& t, std::byte const* block, tile_floats const& thresholds, tile_scores& scores,
                   tile_masks& masks) const noexcept {
        for (std::size_t r = 0; r < block_rows; ++r)
            distances_ ? scan_row<simd::squared_difference>(t, slot_of(block, r), r, scores)
                       : scan_row<simd::product>(t, slot_of(block, r), r, scores);
        for (std::size_t i = 0; i < batch_tile; ++i) masks[i] = simd::reaching(default_arch{}, scores[i].data(), thresholds[i]);
    }

private:
    // Terms are symmetric, so the row may play the query's part: its loads are shared.
    template <class Term>
    void scan_row(tile const& t, Element const* row, std::size_t r, tile_scores& scores) const noexcept {
        tile_floats sums;
        simd::sum_rows<Term, batch_tile>(default_arch{}, row, t.values.data(), dims_, dims_, sums.data());
        for (std::size_t i = 0; i < batch_tile; ++i) scores[i][r] = sums[i] * t.scales[i];
    }
    template <class Term>
    void scan_as(query const& q, std::byte const* block, float scale, block_scores& scores) const noexcept {
        // One row after the other: reading four at a time is a third faster in cache and a third as fast from memory, where four streams upset the
        // prefetcher.
        for (std::size_t r = 0; r < block_rows; ++r)
            scores[r] = simd::sum_pair<Term>(default_arch{}, q.values.data(), slot_of(block, r), dims_) * scale;
    }
    [[nodiscard]] Element* slot_of(std::byte* block, std::size_t slot) const noexcept {
        return reinterpret_cast<Element*>(block) + slot * dims_;
    }
    [[nodiscard]] Element const* slot_of(std::byte const* block, std::size_t slot) const noexcept {
        return reinterpret_cast<Element const*>(block) + slot * dims_;
    }

    std::size_t dims_;
    bool distances_;
};

using f32_codec = raw_codec<float>;
using f16_codec = raw_codec<half>;
using bf16_codec = raw_codec<bfloat16>;

static_assert(batch_codec<f32_codec> && batch_codec<f16_codec> && batch_codec<bf16_codec>);

}  // namespace simile::quantize
