// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/aligned_buffer.hpp>
#include <simile/quantize/bit_parts.hpp>
#include <simile/quantize/code_factors.hpp>
#include <simile/quantize/codec.hpp>
#include <simile/quantize/integer_form.hpp>
#include <simile/quantize/stored_factor.hpp>
#include <simile/simd/block_scores.hpp>
#include <simile/simd/half.hpp>
#include <simile/simd/int8_query.hpp>
#include <simile/simd/interleaved.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace simile::quantize {

/// Integer codes of 1 .. 8 bits with one or two factors a row: mid-rise (int4 and others), LVQ, RaBitQ, affine per dimension, and recurrent binary codes of a
/// trained model. One kernel scores them all:
///
///     <x, q> ~= scale * (<u, q> - (2^B - 1) / 2 sum(q)) + offset * sum(q)
///
/// Blocks   for each of the widths 8, 4, 2, 1 of which B is made simd::interleaved of those bits, upper bits first; then 32 scales and, where the form has
///          them, 32 offsets: halves up to 4 bits, else floats.
/// Bytes    B d / 8 and 2 or 4 a factor; d is rounded up to 4, 8, 16, 32 for parts of 8, 4, 2, 1 bits. (d: of the code, where a model gives it another length.)
class integer_codec {
public:
    static constexpr codec_kind kind = codec_kind::integer;
    static constexpr bool directions = true;

    using query = form_query;

    /// @param dims  of the rows
    /// @throws error invalid_argument (bits not 1 .. 8), dimension_mismatch (a form made for other dimensions)
    integer_codec(std::size_t dims, integer_form form)
        : rows_(dims), dims_(code_count(form, dims)), form_(std::move(form)), bits_(bits_of(form_)), codes_(dims_), encoder_(form_) {
        require_form(form_, dims);
    }

    [[nodiscard]] std::size_t dims() const noexcept { return rows_; }
    [[nodiscard]] unsigned bits() const noexcept { return bits_; }
    [[nodiscard]] integer_form const& form() const noexcept { return form_; }
    [[nodiscard]] std::size_t block_bytes() const noexcept {
        return factors_at() + block_rows * factor_size(bits_) * (has_offset() ? 2 : 1);
    }

    void encode(std::span<float const> row, std::byte* block, std::size_t slot) noexcept {
        code_factors const factors = encoder_(form_, row, codes_);
        for_each_part([&]<unsigned Width>(part<Width> p) {
            simd::interleaved<Width>::clear(dims_, bytes(block) + p.offset, slot);
            simd::interleaved<Width>::pack(dims_, bytes(block) + p.offset, slot,
                                           [&](std::size_t i) { return static_cast<unsigned>(codes_[i]) >> p.shift; });
        });
        set_factor(block, slot, 0, factors.scale);
        if (has_offset()) set_factor(block, slot, 1, factors.offset);
    }
    /// What the code stands for: of about the length of the row.
    void decode(std::byte const* block, std::size_t slot, std::span<float> out) const noexcept {
        form_decode(form_, row_codes(block, slot), {factor(block, slot, 0), has_offset() ? factor(block, slot, 1) : 0.0F}, out);
    }
    void move(std::byte const* from, std::size_t from_slot, std::byte* to, std::size_t to_slot) const noexcept {
        for_each_part([&]<unsigned Width>(part<Width> p) {
            simd::interleaved<Width>::copy(dims_, bytes(from) + p.offset, from_slot, bytes(to) + p.offset, to_slot);
        });
        for (unsigned which = 0; which < (has_offset() ? 2U : 1U); ++which) set_factor(to, to_slot, which, factor(from, from_slot, which));
    }
    void clear(std::byte* block, std::size_t slot) const noexcept {
        for_each_part([&]<unsigned Width>(part<Width> p) { simd::interleaved<Width>::clear(dims_, bytes(block) + p.offset, slot); });
        for (unsigned which = 0; which < (has_offset() ? 2U : 1U); ++which) set_factor(block, slot, which, 0);
    }
    [[nodiscard]] bool well_formed(std::byte const* block, std::size_t rows) const noexcept {
        for (std::size_t slot = 0; slot < rows; ++slot) {
            if (!is_scale(factor(block, slot, 0))) return false;
            if (has_offset() && !std::isfinite(factor(block, slot, 1))) return false;
        }
        return true;
    }

    /// @param scale  multiplies every score
    [[nodiscard]] query prepare(std::span<float const> q, float scale) const { return make_form_query(form_, q, scale); }

    [[nodiscard]] std::uint32_t scan(query const& q, std::byte const* block, float threshold, block_scores& scores) const noexcept {
        simd::block_dots dots, some;
        bool first = true;
        for_each_part([&]<unsigned Width>(part<Width> p) {
            simd::interleaved_dots<Width>(default_arch{}, q.codes.codes.data(), bytes(block) + p.offset,
                                          simd::interleaved<Width>::groups(dims_), first ? dots : some);
            if (!first)
                for (std::size_t r = 0; r < block_rows; ++r) dots[r] += some[r] * (1 << p.shift);
            else if (p.shift != 0)
                for (std::int32_t& d : dots) d *= 1 << p.shift;
            first = false;
        });
        return finish(q, dots, block, threshold, scores);
    }

    struct tile {
        aligned_vector<std::int8_t> codes;
        std::array<query, batch_tile> queries;
    };
    /// @param queries  1 .. batch_tile
    [[nodiscard]] tile prepare_tile(std::span<query const> queries) const {
        std::size_t const padded = queries[0].codes.codes.size();
        tile out{aligned_vector<std::int8_t>(batch_tile * padded), {}};
        std::array<std::int8_t const*, batch_tile> codes{};
        for (std::size_t i = 0; i < queries.size(); ++i) {
            codes[i] = queries[i].codes.codes.data();
            out.queries[i] = queries[i];
        }
        simd::pack_query_tile(codes.data(), queries.size(), padded, out.codes.data());
        return out;
    }
    void scan_tile(tile const& t, std::byte const* block, tile_floats const& thresholds, tile_scores& scores,
                   tile_masks& masks) const noexcept {
        simd::tile_dots dots{}, some;
        for_each_part([&]<unsigned Width>(part<Width> p) {
            simd::interleaved_dots_many<Width>(default_arch{}, t.codes.data(), bytes(block) + p.offset,
                                               simd::interleaved<Width>::groups(dims_), some);
            for (std::size_t i = 0; i < batch_tile; ++i)
                for (std::size_t r = 0; r < block_rows; ++r) dots[i][r] += some[i][r] * (1 << p.shift);
        });
        for (std::size_t i = 0; i < batch_tile; ++i) masks[i] = finish(t.queries[i], dots[i], block, thresholds[i], scores[i]);
    }

private:
    /// The part of the codes that is kept as `Width`-bit values, `shift` bits above the lowest.
    template <unsigned Width>
    struct part {
        unsigned shift;
        std::size_t offset;
    };
    template <class F>
    void for_each_part(F&& f) const noexcept {
        std::size_t offset = 0;
        quantize::for_each_part(bits_, [&]<unsigned Width>(unsigned shift) {
            f(part<Width>{shift, offset});
            offset += simd::interleaved<Width>::block_bytes(dims_);
        });
    }
    [[nodiscard]] std::vector<std::uint8_t> row_codes(std::byte const* block, std::size_t slot) const {
        std::vector<std::uint8_t> codes(dims_);
        for_each_part([&]<unsigned Width>(part<Width> p) {
            for (std::size_t i = 0; i < dims_; ++i)
                codes[i] = static_cast<std::uint8_t>(codes[i] | simd::interleaved<Width>::at(bytes(block) + p.offset, slot, i) << p.shift);
        });
        return codes;
    }

    [[nodiscard]] bool has_offset() const noexcept { return std::holds_alternative<lvq_form>(form_); }
    [[nodiscard]] std::size_t factors_at() const noexcept {
        std::size_t sum = 0;
        for_each_part([&]<unsigned Width>(part<Width>) { sum += simd::interleaved<Width>::block_bytes(dims_); });
        return sum;
    }
    [[nodiscard]] static std::uint8_t const* bytes(std::byte const* p) noexcept { return reinterpret_cast<std::uint8_t const*>(p); }
    [[nodiscard]] static std::uint8_t* bytes(std::byte* p) noexcept { return reinterpret_cast<std::uint8_t*>(p); }

    /// @param which  0 the scale, 1 the offset
    [[nodiscard]] std::size_t factor_at(std::size_t slot, unsigned which) const noexcept {
        return factors_at() + (which * block_rows + slot) * factor_size(bits_);
    }
    [[nodiscard]] float factor(std::byte const* block, std::size_t slot, unsigned which) const noexcept {
        return load_factor(block + factor_at(slot, which), bits_);
    }
    void set_factor(std::byte* block, std::size_t slot, unsigned which, float value) const noexcept {
        store_factor(block + factor_at(slot, which), bits_, value);
    }

    [[nodiscard]] std::uint32_t finish(query const& q, simd::block_dots const& dots, std::byte const* block, float threshold,
                                       block_scores& scores) const noexcept {
        simd::score_form const form{-((1 << bits_) - 1) * q.codes.sum, 0.5F * q.codes.scale};
        std::byte const* const factors = block + factors_at();
        std::uint32_t const reaching =
            factor_size(bits_) == sizeof(float)
                ? simd::score_block(default_arch{}, dots, form, reinterpret_cast<float const*>(factors), threshold, scores)
                : simd::score_block(default_arch{}, dots, form, reinterpret_cast<half const*>(factors), threshold, scores);
        if (!has_offset() && q.shift == 0) return reaching;
        float const sum = static_cast<float>(q.codes.sum) * q.codes.scale;
        for (std::size_t r = 0; r < block_rows; ++r) scores[r] += (has_offset() ? rounded(factor(block, r, 1) * sum) : 0.0F) + q.shift;
        return simd::reaching(default_arch{}, scores.data(), threshold);
    }

    std::size_t rows_;  // values of a row
    std::size_t dims_;  // numbers of a code
    integer_form form_;
    unsigned bits_;
    std::vector<std::uint8_t> codes_;  // this and the next are for encode, so that it cannot fail
    form_encoder encoder_;
};

static_assert(batch_codec<integer_codec>);

}  // namespace simile::quantize
