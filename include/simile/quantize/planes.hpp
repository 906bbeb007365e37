// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/aligned_buffer.hpp>
#include <simile/core/rounded.hpp>
#include <simile/quantize/bit_parts.hpp>
#include <simile/quantize/codec.hpp>
#include <simile/quantize/mid_rise.hpp>
#include <simile/quantize/stored_factor.hpp>
#include <simile/simd/bit_planes.hpp>
#include <simile/simd/block_scores.hpp>
#include <simile/simd/half.hpp>
#include <simile/simd/int8_query.hpp>
#include <simile/simd/interleaved.hpp>
#include <simile/simd/plane_dot.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace simile::quantize {

/// A progressive code: mid-rise integers stored as bit planes in order of worth. Plane 0 holds the upper bit (or two) of every dim, plane p the
/// next `Bits[p]`; each plane carries the factors of the level that it completes, so that every level estimates without bias.
///
/// Bytes     (1, 3, 4): at 384 dims 50, 146 and 196 a row, for levels of 1, 4 and 8 bits.
/// Scores    2 <u, q> - (2^K - 1) sum(q), an exact integer, times factor and scale: level 3 of (1, 3, 4) is int8_codec's to the bit.
/// Blocks    plane 0: simd::interleaved, then 32 half factors; others: rows one after the other in simd::bit_plane layout, then 32 factors
///           (half up to 4 bits, else float), because a search reads few of their rows.
template <codec_kind Kind, unsigned... Bits>
class planes_codec {
public:
    static constexpr codec_kind kind = Kind;
    static constexpr bool directions = true;
    static constexpr unsigned levels = sizeof...(Bits);
    static constexpr std::array<unsigned, levels> plane_bits = {Bits...};
    static constexpr unsigned first_bits = plane_bits[0];
    static constexpr unsigned total_bits = (Bits + ...);
    static_assert(first_bits <= 2 && total_bits <= 12);
    using first_layout = simd::interleaved<first_bits>;
    using integer = std::int16_t;

    /// Bits of all planes up to `level` (1 .. levels).
    [[nodiscard, gnu::always_inline]] static constexpr unsigned bits(unsigned level) noexcept {
        unsigned sum = 0;
        for (unsigned p = 0; p < level; ++p) sum += plane_bits[p];
        return sum;
    }

    struct query {
        simd::int8_query codes;
        aligned_vector<std::int8_t> first;  ///< codes in the order in which first_dot gathers the dims of plane 0 of a row
        simd::int8_query fine;              ///< codes of more than 8 bits: what `codes` leave of the query, in steps of scale / 256
        aligned_vector<std::int8_t> fine_first;
        aligned_vector<std::uint8_t> signs;  ///< bit set where the query is negative, in the layout of a row
        float sign_scale = 0;                ///< (query . signs) / dims: the best multiple of the signs
        float sign_error = 0;                ///< |query - sign_scale * signs|, for a query of the length that was prepared
        float length = 0;
    };
    using planes = std::array<std::byte const*, levels>;
    using mutable_planes = std::array<std::byte*, levels>;

    explicit planes_codec(std::size_t dims) noexcept : dims_(dims) {}

    [[nodiscard]] std::size_t dims() const noexcept { return dims_; }
    [[nodiscard]] std::size_t block_bytes(unsigned plane) const noexcept {
        return factors_at(plane) + block_rows * factor_size(bits(plane + 1));
    }

    /// @param codes  room for dims() codes, so that encoding cannot fail
    void encode(std::span<float const> row, mutable_planes const& blocks, std::size_t slot, std::span<integer> codes) const noexcept {
        clear(blocks, slot);
        mid_rise_scaler const scaler(row, total_bits);
        for (std::size_t i = 0; i < dims_; ++i) codes[i] = static_cast<integer>(scaler(row[i]));
        auto const bit = [&](std::size_t i, unsigned shift) { return static_cast<unsigned>(codes[i] + (1 << (total_bits - 1))) >> shift; };
        first_layout::pack(dims_, bytes(blocks[0]), slot, [&](std::size_t i) { return bit(i, total_bits - first_bits); });
        for_each_part([&]<unsigned Width>(part<Width> where) {
            simd::bit_plane<Width>::pack(dims_, bytes(blocks[where.plane]) + slot * row_bytes(where.plane) + where.offset(dims_),
                                         [&](std::size_t i) { return bit(i, where.shift); });
        });
        for (unsigned p = 0; p < levels; ++p)
            set_factor(blocks[p], p, slot, mid_rise_factor(row, [&](std::size_t i) { return codes[i] >> (total_bits - bits(p + 1)); }));
    }

    /// The vector that the planes up to `level` stand for: factor times levels.
    void decode(planes const& blocks, std::size_t slot, unsigned level, std::span<float> out) const noexcept {
        auto const value = [&](std::size_t i) { return level_value(blocks, slot, level, i); };
        mid_rise_decode(value, factor(blocks[level - 1], level - 1, slot), out);
    }

    void clear(mutable_planes const& blocks, std::size_t slot) const noexcept {
        first_layout::clear(dims_, bytes(blocks[0]), slot);
        for (unsigned p = 1; p < levels; ++p) std::memset(blocks[p] + slot * row_bytes(p), 0, row_bytes(p));
        for (unsigned p = 0; p < levels; ++p) set_factor(blocks[p], p, slot, 0);
    }
    /// Copies one row over another, which may hold anything.
    void move(planes const& from, std::size_t from_slot, mutable_planes const& to, std::size_t to_slot) const noexcept {
        first_layout::copy(dims_, bytes(from[0]), from_slot, bytes(to[0]), to_slot);
        for (unsigned p = 1; p < levels; ++p) std::memcpy(to[p] + to_slot * row_bytes(p), from[p] + from_slot * row_bytes(p), row_bytes(p));
        for (unsigned p = 0; p < levels; ++p) set_factor(to[p], p, to_slot, factor(from[p], p, from_slot));
    }
    [[nodiscard]] bool well_formed(std::byte const* block, unsigned plane, std::size_t rows) const noexcept {
        for (std::size_t slot = 0; slot < rows; ++slot)
            if (!is_scale(factor(block, plane, slot))) return false;
        return true;
    }

    /// @param scale  multiplies every score
    [[nodiscard]] query prepare(std::span<float const> q, float scale) const {
        query out{};
        out.codes = simd::int8_query(q);
        out.first = lay_out_first(out.codes);
        if constexpr (is_fine) {
            out.fine = simd::int8_query::rest(q, out.codes);
            out.fine_first = lay_out_first(out.fine);
        }
        out.codes.scale *= scale;
        measure(out);
        return out;
    }

    /// Gate estimates of a block of plane 0: with two bits those of level 1, with one bit from the signs of the query too, which takes a fifth of
    /// the time and errs by sign_error more.
    [[nodiscard]] std::uint32_t scan(query const& q, std::byte const* block, float threshold, block_scores& scores) const noexcept {
        simd::block_dots integers;
        auto const* const factors = reinterpret_cast<half const*>(block + factors_at(0));
        if constexpr (first_bits == 1) {
            simd::interleaved_agreement(default_arch{}, q.signs.data(), bytes(block), first_layout::groups(dims_), integers);
            return simd::score_block(default_arch{}, integers, {-static_cast<std::int32_t>(dims_), 0.5F * q.sign_scale}, factors, threshold,
                                     scores);
        } else {
            simd::interleaved_dots<first_bits>(default_arch{}, q.codes.codes.data(), bytes(block), first_layout::groups(dims_), integers);
            return simd::score_block(default_arch{}, integers, {-((1 << first_bits) - 1) * q.codes.sum, 0.5F * q.codes.scale}, factors,
                                     threshold, scores);
        }
    }

    /// <u, q> of one row over the bits of plane 0.
    [[nodiscard]] std::int64_t first_dot(query const& q, std::byte const* block, std::size_t slot) const noexcept {
        return first_dot(q.first, block, slot);
    }
    [[nodiscard]] std::int64_t first_dot(aligned_vector<std::int8_t> const& first, std::byte const* block,
                                         std::size_t slot) const noexcept {
        std::size_t const groups = first_layout::groups(dims_);
        std::int64_t sum = 0;
        alignas(16) std::uint8_t row[16 * gathered];
        for (std::size_t begin = 0; begin < groups; begin += 4 * gathered) {
            std::size_t const count = std::min(groups - begin, 4 * gathered);
            std::memset(row + 4 * count, 0, (4 * gathered - count) * 4 % 16);
            for (std::size_t g = 0; g < count; ++g)
                std::memcpy(row + 4 * g, bytes(block) + first_layout::group_bytes * (begin + g) + 4 * slot, 4);
            sum += simd::plane_dot<first_bits>(default_arch{}, row, first.data() + begin * first_layout::per_group, (count + 3) / 4);
        }
        return sum;
    }
    /// The same over plane `plane` > 0 alone: <u, q> of the level that it completes is 2^plane_bits times that of the level below, plus this.
    [[nodiscard]] std::int64_t plane_dot(query const& q, std::byte const* block, unsigned plane, std::size_t slot) const noexcept {
        return plane_dot(q.codes, block, plane, slot);
    }
    [[nodiscard]] std::int64_t plane_dot(simd::int8_query const& q, std::byte const* block, unsigned plane,
                                         std::size_t slot) const noexcept {
        std::int64_t sum = 0;
        for_each_part([&]<unsigned Width>(part<Width> where) {
            if (where.plane != plane) return;
            sum += std::int64_t{simd::plane_dot<Width>(default_arch{}, bytes(block) + slot * row_bytes(plane) + where.offset(dims_),
                                                       q.codes.data(), simd::bit_plane<Width>::groups(dims_))}
                   << where.within;
        });
        return sum;
    }
    /// The estimate of a level from its <u, q>.
    [[nodiscard]] float score(query const& q, std::int64_t dot, std::byte const* block, unsigned level, std::size_t slot) const noexcept {
        std::int64_t const numerator = 2 * dot - ((std::int64_t{1} << bits(level)) - 1) * q.codes.sum;
        return static_cast<float>(numerator) * (factor(block, level - 1, slot) * (0.5F * q.codes.scale));
    }
    /// The same from the codes, for one row; at the last level of more than 8 bits with a query of 16.
    [[nodiscard]] float score(query const& q, planes const& blocks, std::size_t slot, unsigned level) const noexcept {
        std::int64_t const dot = level_dot(q.codes, q.first, blocks, slot, level);
        if constexpr (is_fine) {
            if (level == levels) {
                std::int64_t const middle = (std::int64_t{1} << total_bits) - 1;
                std::int64_t const fine = 2 * level_dot(q.fine, q.fine_first, blocks, slot, level) - middle * q.fine.sum;
                return static_cast<float>(256 * (2 * dot - middle * q.codes.sum) + fine) *
                       (factor(blocks[level - 1], level - 1, slot) * (0.5F / 256 * q.codes.scale));
            }
        }
        return score(q, dot, blocks[level - 1], level, slot);
    }
    static constexpr bool is_fine = total_bits > 8;

    /// Calls f with an address in every cache line that a row of a plane lies in, to fetch them ahead.
    template <class F>
    void for_each_line(std::byte const* block, unsigned plane, std::size_t slot, F f) const noexcept {
        std::size_t const step = plane == 0 ? first_layout::group_bytes : 64;
        std::byte const* const row = block + slot * (plane == 0 ? 4 : row_bytes(plane));
        std::size_t const length = plane == 0 ? first_layout::block_bytes(dims_) : row_bytes(plane) + 63;
        for (std::size_t at = 0; at < length; at += step) f(row + at);
        f(block + factors_at(plane) + slot * factor_size(bits(plane + 1)));
    }

    /// Standard deviation of a level's estimate of <x, q> for unit x and a query of length 1, from the factor of x. One bit: the code misses x by
    /// tan(x, w), |w|^2 = d / 4, and a query points anywhere (Gao, Long, "RaBitQ", SIGMOD 2024, theorem 3.2). More: the error of every dim is uniform over one
    /// step, F / sqrt(12).
    /// @param any_length  whether x may have another length than 1 (after centring): then it is taken to lie at the usual angle to its code
    [[nodiscard]] float deviation(float factor, unsigned level, bool any_length) const noexcept {
        if (bits(level) > 1) return factor * 0.28867513F;
        double const d = static_cast<double>(dims_), f = static_cast<double>(factor);
        double const along = rounded(f * f * 0.25 * d);  // 1 / cos^2 for unit x
        double const across = std::max(along - 1, any_length ? rounded(0.36 * along) : 0.0);
        return static_cast<float>(std::sqrt(across / std::max(d - 1, 1.0)));
    }

    /// Code of dim i at a level, 0 .. 2^bits(level) - 1.
    [[nodiscard]] unsigned code(planes const& blocks, std::size_t slot, unsigned level, std::size_t i) const noexcept {
        unsigned u = first_layout::at(bytes(blocks[0]), slot, i);
        for_each_part([&]<unsigned Width>(part<Width> where) {
            if (where.plane < level)
                u = u << Width |
                    simd::bit_plane<Width>::at(bytes(blocks[where.plane]) + slot * row_bytes(where.plane) + where.offset(dims_), i);
        });
        return u;
    }
    /// The level that has 8 bits, which is int8_codec's code; 0 where there is none.
    [[nodiscard]] static constexpr unsigned byte_level() noexcept {
        for (unsigned level = 1; level <= levels; ++level)
            if (bits(level) == 8) return level;
        return 0;
    }

    /// The factor of the level that `plane` completes.
    [[nodiscard, gnu::always_inline]] float factor(std::byte const* block, unsigned plane, std::size_t slot) const noexcept {
        return load_factor(block + factors_at(plane) + slot * factor_size(bits(plane + 1)), bits(plane + 1));
    }

private:
    static constexpr std::size_t gathered = 32;  // 16-byte groups of plane 0 that first_dot collects at a time

    /// Widths 4, 2 and 1 of which the bits of a plane are made, upper bits first.
    template <unsigned Width>
    struct part {
        unsigned plane;
        unsigned shift;   // of the whole code
        unsigned within;  // of the plane's value
        unsigned done;    // bits of the plane above this part
        [[nodiscard]] constexpr std::size_t offset(std::size_t dims) const noexcept {
            return (done & 4U ? simd::bit_plane<4>::bytes(dims) : 0) + (done & 2U ? simd::bit_plane<2>::bytes(dims) : 0);
        }
    };
    template <class F>
    [[gnu::always_inline]] static void for_each_part(F&& f) noexcept {
        for (unsigned p = 1; p < levels; ++p) {
            unsigned done = 0;
            quantize::for_each_part(plane_bits[p], [&]<unsigned Width>(unsigned left) {
                if constexpr (Width <= 4) f(part<Width>{p, total_bits - bits(p + 1) + left, left, done});
                done += Width;
            });
        }
    }

    [[nodiscard]] static std::uint8_t const* bytes(std::byte const* p) noexcept { return reinterpret_cast<std::uint8_t const*>(p); }
    [[nodiscard]] static std::uint8_t* bytes(std::byte* p) noexcept { return reinterpret_cast<std::uint8_t*>(p); }
    [[nodiscard]] std::size_t row_bytes(unsigned plane) const noexcept {
        unsigned const width = plane_bits[plane];
        return (width & 4U ? simd::bit_plane<4>::bytes(dims_) : 0) + (width & 2U ? simd::bit_plane<2>::bytes(dims_) : 0) +
               (width & 1U ? simd::bit_plane<1>::bytes(dims_) : 0);
    }
    [[nodiscard]] std::size_t factors_at(unsigned plane) const noexcept {
        return plane == 0 ? first_layout::block_bytes(dims_) : block_rows * row_bytes(plane);
    }

    void set_factor(std::byte* block, unsigned plane, std::size_t slot, float value) const noexcept {
        store_factor(block + factors_at(plane) + slot * factor_size(bits(plane + 1)), bits(plane + 1), value);
    }

    /// Code of dim i at a level, less the middle of its range: an odd multiple of 1/2.
    [[nodiscard]] double level_value(planes const& blocks, std::size_t slot, unsigned level, std::size_t i) const noexcept {
        return code(blocks, slot, level, i) - 0.5 * ((1U << bits(level)) - 1);
    }

    [[nodiscard]] std::int64_t level_dot(simd::int8_query const& q, aligned_vector<std::int8_t> const& first, planes const& blocks,
                                         std::size_t slot, unsigned level) const noexcept {
        std::int64_t dot = first_dot(first, blocks[0], slot);
        for (unsigned p = 1; p < level; ++p) dot = (dot << plane_bits[p]) + plane_dot(q, blocks[p], p, slot);
        return dot;
    }

    // Four groups of four bytes make 16 bytes of bit_plane: byte 4 i + b, field f is dim per_group (4 G + i) + 4 f + b.
    [[nodiscard]] aligned_vector<std::int8_t> lay_out_first(simd::int8_query const& q) const {
        constexpr std::size_t per_plane = simd::bit_plane<first_bits>::per_group;
        aligned_vector<std::int8_t> out(simd::bit_plane<first_bits>::padded(dims_), std::int8_t{0});
        for (std::size_t i = 0; i < dims_; ++i) {
            std::size_t const group = i / first_layout::per_group, field = i % first_layout::per_group / 4;
            out[per_plane * (group / 4) + 16 * field + 4 * (group % 4) + i % 4] = q.codes[i];
        }
        return out;
    }
    void measure(query& q) const {
        q.signs.assign(4 * simd::interleaved<1>::groups(dims_), std::uint8_t{0});
        std::int64_t sum = 0, squares = 0;
        for (std::size_t i = 0; i < dims_; ++i) {
            int const c = q.codes.codes[i];
            sum += std::abs(c);
            squares += c * c;
            if (c < 0) q.signs[4 * (i / 32) + i % 4] = static_cast<std::uint8_t>(q.signs[4 * (i / 32) + i % 4] | 1U << (i % 32 / 4));
        }
        double const d = static_cast<double>(dims_), mean = static_cast<double>(sum) / d, scale = static_cast<double>(q.codes.scale);
        q.length = static_cast<float>(std::sqrt(static_cast<double>(squares)) * scale);
        if (first_bits > 1) return;
        q.sign_scale = static_cast<float>(mean * scale);
        q.sign_error = static_cast<float>(std::sqrt(std::max(static_cast<double>(squares) - rounded(d * mean * mean), 0.0)) * scale);
    }

    std::size_t dims_;
};

using planes_1_3_4 = planes_codec<codec_kind::planes, 1, 3, 4>;
/// For fewer than about 200 dims, where one bit a dim says too little.
using planes_2_2_4 = planes_codec<codec_kind::planes2, 2, 2, 4>;
/// For recall@10 of 0.99 and more: 12 bits a dim in the end.
using planes_1_3_4_4 = planes_codec<codec_kind::planes12, 1, 3, 4, 4>;

}  // namespace simile::quantize
