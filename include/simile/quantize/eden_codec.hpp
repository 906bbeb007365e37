// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/aligned_buffer.hpp>
#include <simile/quantize/codec.hpp>
#include <simile/quantize/lloyd_max.hpp>
#include <simile/simd/block_scores.hpp>
#include <simile/simd/half.hpp>
#include <simile/simd/int8_query.hpp>
#include <simile/simd/level_dots.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

namespace simile::quantize {

/// The factor of a row: |x|^2 / <x, w>, exact along x and unbiased over random rotations, or <x, w> / |w|^2, of the least squared error and shorter.
enum class eden_scale : std::uint8_t { unbiased = 0, least_squares = 1 };

/// EDEN codes of 1 .. 4 bits (Vargaftik et al., ICML 2022): Lloyd-Max levels from a table, and a factor a row. For rotated vectors.
///
///     <x, q> ~= scale * <levels[u], q>
///
/// Blocks   simd::level_layout of the codes; then 32 half factors, 128 times the scale, which keeps them away from the smallest halves.
/// Bytes    B d / 8 + 2 a row, d rounded up to 32.
/// Error    of <x, q> for unit vectors, times sqrt(d): 0.75 0.36 0.184 0.096 for 1 .. 4 bits; RaBitQ at 4 bits has 0.102.
class eden_codec {
public:
    static constexpr codec_kind kind = codec_kind::eden;
    static constexpr bool directions = true;
    using query = simd::int8_query;

    /// @param bits  1 .. 4
    /// @throws error invalid_argument
    eden_codec(std::size_t dims, unsigned bits, eden_scale scale = eden_scale::unbiased)
        : dims_(dims), scale_(scale), encoder_(bits, dims < 3 ? 0 : dims), codes_(dims) {}

    [[nodiscard]] std::size_t dims() const noexcept { return dims_; }
    [[nodiscard]] unsigned bits() const noexcept { return encoder_.bits(); }
    [[nodiscard]] eden_scale scale() const noexcept { return scale_; }
    [[nodiscard]] std::size_t block_bytes() const noexcept { return factors_at() + block_rows * sizeof(half); }

    void encode(std::span<float const> row, std::byte* block, std::size_t slot) noexcept {
        float const scale = scale_ == eden_scale::unbiased ? encoder_.encode(row, codes_) : encoder_.encode_least_squares(row, codes_);
        with_layout([&]<class Layout>(Layout) {
            Layout::clear(dims_, bytes(block), slot);
            Layout::pack(dims_, bytes(block), slot, [&](std::size_t i) { return codes_[i]; });
        });
        set_factor(block, slot, std::min(stored_unit * scale, 65504.0F));
    }
    /// Scale times levels; zeros for a zero vector.
    void decode(std::byte const* block, std::size_t slot, std::span<float> out) const noexcept {
        float const scale = factor(block, slot) / stored_unit;
        with_layout([&]<class Layout>(Layout) {
            for (std::size_t i = 0; i < dims_; ++i)
                out[i] = scale * static_cast<float>(levels()[Layout::at(bytes(block), slot, i)]) + 0.0F;  // no -0
        });
    }
    void move(std::byte const* from, std::size_t from_slot, std::byte* to, std::size_t to_slot) const noexcept {
        with_layout([&]<class Layout>(Layout) { Layout::copy(dims_, bytes(from), from_slot, bytes(to), to_slot); });
        set_factor(to, to_slot, factor(from, from_slot));
    }
    void clear(std::byte* block, std::size_t slot) const noexcept {
        with_layout([&]<class Layout>(Layout) { Layout::clear(dims_, bytes(block), slot); });
        set_factor(block, slot, 0);
    }
    [[nodiscard]] bool well_formed(std::byte const* block, std::size_t rows) const noexcept {
        for (std::size_t slot = 0; slot < rows; ++slot)
            if (!(factor(block, slot) >= 0 && std::isfinite(factor(block, slot)))) return false;
        return true;
    }

    /// @param scale  multiplies every score
    [[nodiscard]] query prepare(std::span<float const> q, float scale) const {
        query prepared(q);
        prepared.scale *= scale;
        return prepared;
    }
    [[nodiscard]] std::uint32_t scan(query const& q, std::byte const* block, float threshold, block_scores& scores) const noexcept {
        simd::block_dots dots;
        with_layout([&]<unsigned Bits>(simd::level_layout<Bits>) {
            simd::level_dots<Bits>(default_arch{}, levels(), q.codes.data(), q.sum, bytes(block), simd::level_layout<Bits>::groups(dims_),
                                   dots);
        });
        return simd::score_block(default_arch{}, dots, form(q), factors(block), threshold, scores);
    }

    struct tile {
        aligned_vector<std::int8_t> codes;
        std::array<std::int32_t, batch_tile> sums{};
        std::array<simd::score_form, batch_tile> forms{};
    };
    /// @param queries  1 .. batch_tile
    [[nodiscard]] tile prepare_tile(std::span<query const> queries) const {
        std::size_t const padded = queries[0].codes.size();
        tile out{aligned_vector<std::int8_t>(batch_tile * padded, std::int8_t{0}), {}, {}};
        std::array<std::int8_t const*, batch_tile> codes{};
        for (std::size_t i = 0; i < queries.size(); ++i) {
            codes[i] = queries[i].codes.data();
            out.sums[i] = queries[i].sum;
            out.forms[i] = form(queries[i]);
        }
        simd::pack_query_tile(codes.data(), queries.size(), padded, out.codes.data());
        return out;
    }
    void scan_tile(tile const& t, std::byte const* block, tile_floats const& thresholds, tile_scores& scores,
                   tile_masks& masks) const noexcept {
        simd::tile_dots dots;
        with_layout([&]<unsigned Bits>(simd::level_layout<Bits>) {
            simd::level_dots_many<Bits>(default_arch{}, levels(), t.codes.data(), t.sums.data(), bytes(block),
                                        simd::level_layout<Bits>::groups(dims_), dots);
        });
        for (std::size_t i = 0; i < batch_tile; ++i)
            masks[i] = simd::score_block(default_arch{}, dots[i], t.forms[i], factors(block), thresholds[i], scores[i]);
    }

private:
    static constexpr float stored_unit = 128;

    template <class F>
    void with_layout(F f) const noexcept {
        switch (bits()) {
            case 1: return f(simd::level_layout<1>{});
            case 2: return f(simd::level_layout<2>{});
            case 3: return f(simd::level_layout<3>{});
            default: return f(simd::level_layout<4>{});
        }
    }
    [[nodiscard]] simd::level_bytes const& levels() const noexcept { return encoder_.table().levels; }
    // score_block doubles the integer; powers of two, so nothing is rounded.
    [[nodiscard]] static simd::score_form form(query const& q) noexcept { return {0, q.scale * (0.5F / stored_unit)}; }

    [[nodiscard]] static std::uint8_t const* bytes(std::byte const* p) noexcept { return reinterpret_cast<std::uint8_t const*>(p); }
    [[nodiscard]] static std::uint8_t* bytes(std::byte* p) noexcept { return reinterpret_cast<std::uint8_t*>(p); }
    /// Bytes of the codes: a group of 32 dims has 128 bytes a bit.
    [[nodiscard]] std::size_t factors_at() const noexcept { return bits() * simd::level_layout<1>::block_bytes(dims_); }
    [[nodiscard]] half const* factors(std::byte const* block) const noexcept { return reinterpret_cast<half const*>(block + factors_at()); }
    [[nodiscard]] float factor(std::byte const* block, std::size_t slot) const noexcept {
        half h;
        std::memcpy(&h, factors(block) + slot, sizeof(half));
        return simd::to_float(h);
    }
    void set_factor(std::byte* block, std::size_t slot, float value) const noexcept {
        half const h = simd::to_half(value);
        std::memcpy(block + factors_at() + slot * sizeof(half), &h, sizeof(half));
    }

    std::size_t dims_;
    eden_scale scale_;
    lloyd_max_encoder encoder_;
    std::vector<std::uint8_t> codes_;  // of encode, so that it cannot fail
};

static_assert(batch_codec<eden_codec>);

}  // namespace simile::quantize
