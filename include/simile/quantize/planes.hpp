// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/aligned_buffer.hpp>
#include <simile/quantize/codec.hpp>
#include <simile/quantize/mid_rise.hpp>
#include <simile/simd/bit_planes.hpp>
#include <simile/simd/half.hpp>
#include <simile/simd/int8_dot.hpp>
#include <simile/simd/nibble_scan.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace simile::quantize {

/// The progressive code: mid-rise int8 stored as bit planes in order of worth. Plane 0 holds the sign of every dim, plane 1 the next
/// three bits, plane 2 the last four; each plane carries the factors of the level that it completes.
///
/// Bytes     at 384 dims 50, 146 and 196 a row (levels of 1, 4 and 8 bits).
/// Level 3   gives the scores of int8_codec to the bit.
/// Blocks    plane 0: nibble (dims 4 g .. 4 g + 3) of 32 rows side by side for simd::nibble_scan, then 32 half factors; planes 1 and 2: rows one
///           after the other in simd::bit_plane layout, then 32 factors (half, float).
class planes_codec {
public:
    static constexpr codec_kind kind = codec_kind::planes;
    static constexpr bool directions = true;
    static constexpr unsigned levels = 3;
    static constexpr std::array<unsigned, levels> bits = {1, 4, 8};

    /// A query for every level: byte tables for the first plane, int8 for the others.
    struct query {
        simd::int8_query codes;
        aligned_vector<std::uint8_t> tables;
        float table_offset = 0;
        float table_scale = 0;
    };
    using planes = std::array<std::byte const*, levels>;
    using mutable_planes = std::array<std::byte*, levels>;

    explicit planes_codec(std::size_t dims) noexcept : dims_(dims) {}

    [[nodiscard]] std::size_t dims() const noexcept { return dims_; }
    [[nodiscard]] std::size_t groups() const noexcept { return (dims_ + 15) / 16 * 4; }
    [[nodiscard]] std::size_t block_bytes(unsigned plane) const noexcept { return factors_at(plane) + block_rows * (plane == 2 ? sizeof(float) : sizeof(half)); }

    /// @param codes  room for dims() codes, so that encoding cannot fail
    void encode(std::span<float const> row, mutable_planes const& blocks, std::size_t slot, std::span<std::int8_t> codes) const noexcept {
        clear(blocks, slot);
        mid_rise_encode(row, codes.data());
        auto const bit = [&](std::size_t i, unsigned shift) { return static_cast<unsigned>(codes[i] + 128) >> shift; };
        auto* const signs = bytes(blocks[0]) + slot % 16;
        for (std::size_t i = 0; i < dims_; ++i)
            signs[16 * (i / 4)] = static_cast<std::uint8_t>(signs[16 * (i / 4)] | (bit(i, 7) & 1U) << (i % 4 + (slot >= 16 ? 4 : 0)));
        simd::bit_plane<2>::pack(dims_, bytes(blocks[1]) + two_bits(slot), [&](std::size_t i) { return bit(i, 5); });
        simd::bit_plane<1>::pack(dims_, bytes(blocks[1]) + one_bit(slot), [&](std::size_t i) { return bit(i, 4); });
        simd::bit_plane<4>::pack(dims_, bytes(blocks[2]) + nibbles(slot), [&](std::size_t i) { return bit(i, 0); });
        for (unsigned p = 0; p < levels; ++p) set_factor(blocks[p], p, slot, mid_rise_factor(row, codes.data(), bits[p]));
    }

    /// The unit direction that the planes up to `level` (1 .. 3) stand for.
    void decode(planes const& blocks, std::size_t slot, unsigned level, std::span<float> out) const {
        auto const codes = unpack(blocks, slot, level);
        mid_rise_decode(codes.data(), factor(blocks[level - 1], level - 1, slot), out);
    }

    void clear(mutable_planes const& blocks, std::size_t slot) const noexcept {
        auto* const signs = bytes(blocks[0]) + slot % 16;
        for (std::size_t g = 0; g < groups(); ++g) signs[16 * g] = static_cast<std::uint8_t>(signs[16 * g] & (slot >= 16 ? 0x0F : 0xF0));
        std::memset(blocks[1] + slot * row_bytes(1), 0, row_bytes(1));
        std::memset(blocks[2] + slot * row_bytes(2), 0, row_bytes(2));
        for (unsigned p = 0; p < levels; ++p) set_factor(blocks[p], p, slot, 0);
    }
    /// Copies one row over another, which may hold anything.
    void move(planes const& from, std::size_t from_slot, mutable_planes const& to, std::size_t to_slot) const noexcept {
        clear(to, to_slot);
        for (std::size_t g = 0; g < groups(); ++g) {
            unsigned const nibble = bytes(from[0])[16 * g + from_slot % 16] >> (from_slot >= 16 ? 4 : 0) & 15U;
            std::uint8_t& byte = bytes(to[0])[16 * g + to_slot % 16];
            byte = static_cast<std::uint8_t>(byte | nibble << (to_slot >= 16 ? 4 : 0));
        }
        for (unsigned p = 1; p < levels; ++p) std::memcpy(to[p] + to_slot * row_bytes(p), from[p] + from_slot * row_bytes(p), row_bytes(p));
        for (unsigned p = 0; p < levels; ++p) set_factor(to[p], p, to_slot, factor(from[p], p, from_slot));
    }
    [[nodiscard]] bool well_formed(std::byte const* block, unsigned plane, std::size_t rows) const noexcept {
        for (std::size_t slot = 0; slot < rows; ++slot)
            if (float const f = factor(block, plane, slot); !(f >= 0 && std::isfinite(f))) return false;
        return true;
    }

    /// @param scale  multiplies every score
    [[nodiscard]] query prepare(std::span<float const> q, float scale) const {
        query out{simd::int8_query(q), aligned_vector<std::uint8_t>(16 * groups(), std::uint8_t{0}), 0, 0};
        out.codes.scale *= scale;
        fill_tables(q, scale, out);
        return out;
    }

    /// Level 1: estimates for the 32 rows of a block of plane 0.
    void scan(query const& q, std::byte const* block, block_scores& scores) const noexcept {
        simd::block_sums sums;
        simd::nibble_scan(default_arch{}, q.tables.data(), bytes(block), groups(), sums);
        std::array<half, block_rows> factors;
        std::memcpy(factors.data(), block + factors_at(0), sizeof(factors));
        for (std::size_t r = 0; r < block_rows; ++r)
            scores[r] = (static_cast<float>(static_cast<std::int32_t>(sums[r])) - q.table_offset) * (simd::to_float(factors[r]) * q.table_scale);
    }

    /// Level 2 or 3: the estimate for one row.
    [[nodiscard]] float score(query const& q, planes const& blocks, std::size_t slot, unsigned level) const {
        auto const codes = unpack(blocks, slot, level);
        std::int32_t const dot = simd::dot_i8(default_arch{}, codes.data(), q.codes.codes.data(), dims_);
        return mid_rise_score(twice_level_dot(dot, q.codes.sum), factor(blocks[level - 1], level - 1, slot), 0.5F * q.codes.scale);
    }

    /// The factor of the level that `plane` completes.
    [[nodiscard]] float factor(std::byte const* block, unsigned plane, std::size_t slot) const noexcept {
        std::byte const* const at = block + factors_at(plane);
        if (plane == 2) {
            float f;
            std::memcpy(&f, at + slot * sizeof(float), sizeof(float));
            return f;
        }
        half h;
        std::memcpy(&h, at + slot * sizeof(half), sizeof(half));
        return simd::to_float(h);
    }

private:
    [[nodiscard]] static std::uint8_t const* bytes(std::byte const* p) noexcept { return reinterpret_cast<std::uint8_t const*>(p); }
    [[nodiscard]] static std::uint8_t* bytes(std::byte* p) noexcept { return reinterpret_cast<std::uint8_t*>(p); }
    [[nodiscard]] std::size_t row_bytes(unsigned plane) const noexcept {
        return plane == 1 ? simd::bit_plane<2>::bytes(dims_) + simd::bit_plane<1>::bytes(dims_) : simd::bit_plane<4>::bytes(dims_);
    }
    [[nodiscard]] std::size_t factors_at(unsigned plane) const noexcept { return plane == 0 ? 16 * groups() : block_rows * row_bytes(plane); }
    // Where a row's bits of planes 1 and 2 begin in a block.
    [[nodiscard]] std::size_t two_bits(std::size_t slot) const noexcept { return slot * row_bytes(1); }
    [[nodiscard]] std::size_t one_bit(std::size_t slot) const noexcept { return two_bits(slot) + simd::bit_plane<2>::bytes(dims_); }
    [[nodiscard]] std::size_t nibbles(std::size_t slot) const noexcept { return slot * row_bytes(2); }

    void set_factor(std::byte* block, unsigned plane, std::size_t slot, float value) const noexcept {
        std::byte* const at = block + factors_at(plane);
        if (plane == 2) {
            std::memcpy(at + slot * sizeof(float), &value, sizeof(float));
        } else {
            half const h = simd::to_half(value);
            std::memcpy(at + slot * sizeof(half), &h, sizeof(half));
        }
    }

    /// Signed codes of one row at a level, c >> (8 - bits), in the first dims elements.
    [[nodiscard]] std::vector<std::int8_t> unpack(planes const& blocks, std::size_t slot, unsigned level) const {
        std::vector<std::uint8_t> u(simd::bit_plane<1>::padded(dims_));
        auto const* const signs = bytes(blocks[0]) + slot % 16;
        unsigned const shift = slot >= 16 ? 4 : 0;
        for (std::size_t g = 0; g < (dims_ + 3) / 4; ++g)
            for (std::size_t j = 0; j < 4; ++j) u[4 * g + j] = static_cast<std::uint8_t>(signs[16 * g] >> (shift + j) & 1U);
        if (level >= 2) {
            simd::bit_plane<2>::unpack_below(dims_, bytes(blocks[1]) + two_bits(slot), u.data());
            simd::bit_plane<1>::unpack_below(dims_, bytes(blocks[1]) + one_bit(slot), u.data());
        }
        if (level >= 3) simd::bit_plane<4>::unpack_below(dims_, bytes(blocks[2]) + nibbles(slot), u.data());
        int const middle = 1 << (bits[level - 1] - 1);
        std::vector<std::int8_t> codes(u.size());
        std::transform(u.begin(), u.end(), codes.begin(), [middle](std::uint8_t v) { return static_cast<std::int8_t>(v - middle); });
        return codes;
    }

    // <w, q> with w = +-1/2 is the sum of |q_j| over the dims where the bit agrees with the sign of q_j, less half of all |q_j|. Tables hold
    // that sum for the 16 nibbles of each group of four dims, scaled so that the widest group reaches 127.
    void fill_tables(std::span<float const> q, float scale, query& out) const {
        double all = 0;
        float widest = 0;
        for (std::size_t g = 0; 4 * g < dims_; ++g) {
            float const reach = agreeing(q, g, positive_bits(q, g));
            widest = std::max(widest, reach);
        }
        for (float const v : q) all += double{std::abs(v)};
        float const steps = widest > 0 ? 127.0F / widest : 0.0F;
        for (std::size_t g = 0; 4 * g < dims_; ++g)
            for (unsigned nibble = 0; nibble < 16; ++nibble)
                out.tables[16 * g + nibble] = static_cast<std::uint8_t>(std::min(127.0F, std::nearbyint(agreeing(q, g, nibble) * steps)));
        out.table_offset = static_cast<float>(0.5 * all * double{steps});
        out.table_scale = steps > 0 ? scale / steps : 0.0F;
    }
    [[nodiscard]] static unsigned positive_bits(std::span<float const> q, std::size_t g) noexcept {
        unsigned nibble = 0;
        for (std::size_t j = 0; j < 4 && 4 * g + j < q.size(); ++j) nibble |= static_cast<unsigned>(q[4 * g + j] > 0) << j;
        return nibble;
    }
    [[nodiscard]] static float agreeing(std::span<float const> q, std::size_t g, unsigned nibble) noexcept {
        float sum = 0;
        for (std::size_t j = 0; j < 4 && 4 * g + j < q.size(); ++j)
            if ((q[4 * g + j] > 0) == ((nibble >> j & 1U) != 0)) sum += std::abs(q[4 * g + j]);
        return sum;
    }

    std::size_t dims_;
};

}  // namespace simile::quantize
