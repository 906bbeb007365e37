// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/aligned_buffer.hpp>
#include <simile/core/similarity_kind.hpp>
#include <simile/quantize/codec.hpp>
#include <simile/quantize/mid_rise.hpp>
#include <simile/simd/block_scores.hpp>
#include <simile/simd/int8_query.hpp>
#include <simile/simd/interleaved.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace simile::quantize {

/// Mid-rise int8 directions with a float factor each. A block is simd::interleaved<8> of the codes + 128, then 32 factors.
///
/// Bytes     d (rounded up to a multiple of 4) + 4 a row.
/// Quality   recall@10 0.990 .. 0.998 of exact search on real sentence and word embeddings.
class int8_codec {
public:
    static constexpr codec_kind kind = codec_kind::int8;
    static constexpr bool directions = true;
    using layout = simd::interleaved<8>;
    using query = simd::int8_query;

    int8_codec(std::size_t dims, similarity_kind) : dims_(dims) {}

    [[nodiscard]] std::size_t dims() const noexcept { return dims_; }
    [[nodiscard]] std::size_t block_bytes() const noexcept { return layout::block_bytes(dims_) + block_rows * sizeof(float); }

    void encode(std::span<float const> row, std::byte* block, std::size_t slot) const noexcept {
        mid_rise_scaler const scaler(row, 8);
        layout::clear(dims_, bytes(block), slot);
        layout::pack(dims_, bytes(block), slot, [&](std::size_t i) { return static_cast<unsigned>(scaler(row[i]) + 128); });
        set_factor(block, slot, mid_rise_factor(row, [&](std::size_t i) { return code(block, slot, i); }));
    }
    /// A code that is known already.
    /// @param codes  [dims], 0 .. 255
    void store(std::span<std::uint8_t const> codes, float factor, std::byte* block, std::size_t slot) const noexcept {
        layout::clear(dims_, bytes(block), slot);
        layout::pack(dims_, bytes(block), slot, [&](std::size_t i) { return static_cast<unsigned>(codes[i]); });
        set_factor(block, slot, factor);
    }
    void decode(std::byte const* block, std::size_t slot, std::span<float> out) const noexcept {
        mid_rise_decode([&](std::size_t i) { return code(block, slot, i) + 0.5; }, factor(block, slot), out);
    }
    void move(std::byte const* from, std::size_t from_slot, std::byte* to, std::size_t to_slot) const noexcept {
        layout::copy(dims_, bytes(from), from_slot, bytes(to), to_slot);
        set_factor(to, to_slot, factor(from, from_slot));
    }
    void clear(std::byte* block, std::size_t slot) const noexcept {
        layout::clear(dims_, bytes(block), slot);
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
        simd::interleaved_dots<8>(default_arch{}, q.codes.data(), bytes(block), layout::groups(dims_), dots);
        return simd::score_block(default_arch{}, dots, form(q), factors(block), threshold, scores);
    }

    struct tile {
        aligned_vector<std::int8_t> codes;
        std::array<simd::score_form, batch_tile> forms{};
    };
    /// @param queries  1 .. batch_tile
    [[nodiscard]] tile prepare_tile(std::span<query const> queries) const {
        tile out{aligned_vector<std::int8_t>(batch_tile * 4 * layout::groups(dims_), std::int8_t{0}), {}};
        std::array<std::int8_t const*, batch_tile> codes{};
        for (std::size_t i = 0; i < queries.size(); ++i) {
            codes[i] = queries[i].codes.data();
            out.forms[i] = form(queries[i]);
        }
        simd::pack_query_tile(codes.data(), queries.size(), 4 * layout::groups(dims_), out.codes.data());
        return out;
    }
    void scan_tile(tile const& t, std::byte const* block, tile_floats const& thresholds, tile_scores& scores,
                   tile_masks& masks) const noexcept {
        simd::tile_dots dots;
        simd::interleaved_dots_many<8>(default_arch{}, t.codes.data(), bytes(block), layout::groups(dims_), dots);
        for (std::size_t i = 0; i < batch_tile; ++i)
            masks[i] = simd::score_block(default_arch{}, dots[i], t.forms[i], factors(block), thresholds[i], scores[i]);
    }

private:
    [[nodiscard]] static simd::score_form form(query const& q) noexcept { return {-255 * q.sum, 0.5F * q.scale}; }
    [[nodiscard]] static std::uint8_t const* bytes(std::byte const* p) noexcept { return reinterpret_cast<std::uint8_t const*>(p); }
    [[nodiscard]] static std::uint8_t* bytes(std::byte* p) noexcept { return reinterpret_cast<std::uint8_t*>(p); }
    [[nodiscard]] float const* factors(std::byte const* block) const noexcept {
        return reinterpret_cast<float const*>(block + layout::block_bytes(dims_));
    }
    [[nodiscard]] static int code(std::byte const* block, std::size_t slot, std::size_t i) noexcept {
        return layout::at(bytes(block), slot, i) - 128;
    }
    [[nodiscard]] float factor(std::byte const* block, std::size_t slot) const noexcept {
        float value;
        std::memcpy(&value, factors(block) + slot, sizeof(float));
        return value;
    }
    void set_factor(std::byte* block, std::size_t slot, float value) const noexcept {
        std::memcpy(block + layout::block_bytes(dims_) + slot * sizeof(float), &value, sizeof(float));
    }

    std::size_t dims_;
};

static_assert(batch_codec<int8_codec> && batch_tile == simd::query_tile);

}  // namespace simile::quantize
