// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/quantize/bit_parts.hpp>
#include <simile/quantize/code_factors.hpp>
#include <simile/quantize/codec.hpp>
#include <simile/quantize/integer_form.hpp>
#include <simile/quantize/mid_rise.hpp>
#include <simile/quantize/stored_factor.hpp>
#include <simile/simd/block_scores.hpp>
#include <simile/simd/half.hpp>
#include <simile/simd/int8_dot.hpp>
#include <simile/simd/plane_dot.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace simile::quantize {

/// The codes of int8_codec or integer_codec, with their scores to the bit, but a row in one piece: for stages that read a few rows here and there.
///
/// Blocks   32 rows; a row is, for each of the widths 8, 4, 2, 1 of which the bits are made, its bytes or a simd::bit_plane, upper bits first; then its
///          scale and, where the form has one, its offset: a half up to 4 bits, else a float.
/// Bytes    B d / 8 and 2 or 4 a factor; d is rounded up to 32, 64, 128 for parts of 4, 2, 1 bits.
class integer_rows {
public:
    static constexpr codec_kind kind = codec_kind::integer;
    static constexpr bool directions = true;
    using query = form_query;

    /// The codes of int8_codec.
    explicit integer_rows(std::size_t dims) : integer_rows(dims, mid_rise_form{8}) { is_int8_ = true; }
    /// @throws error invalid_argument (bits not 1 .. 8), dimension_mismatch (a form made for other dimensions)
    integer_rows(std::size_t dims, integer_form form)
        : rows_(dims), dims_(code_count(form, dims)), form_(std::move(form)), bits_(bits_of(form_)), codes_(dims_), encoder_(form_) {
        require_form(form_, dims);
    }

    [[nodiscard]] std::size_t dims() const noexcept { return rows_; }
    [[nodiscard]] std::size_t row_bytes() const noexcept { return factors_at() + factor_size(bits_) * (has_offset() ? 2 : 1); }
    [[nodiscard]] std::size_t block_bytes() const noexcept { return block_rows * row_bytes(); }

    void encode(std::span<float const> row, std::byte* block, std::size_t slot) noexcept {
        code_factors const factors = is_int8_ ? encode_int8(row) : encoder_(form_, row, codes_);
        clear(block, slot);
        std::uint8_t* const to = bytes(block) + slot * row_bytes();
        for_each_part([&]<unsigned Width>(part<Width> p) {
            if constexpr (Width == 8)
                std::memcpy(to + p.offset, codes_.data(), dims_);
            else
                simd::bit_plane<Width>::pack(dims_, to + p.offset,
                                             [&](std::size_t i) { return static_cast<unsigned>(codes_[i]) >> p.shift; });
        });
        set_factor(block, slot, 0, factors.scale);
        if (has_offset()) set_factor(block, slot, 1, factors.offset);
    }
    void decode(std::byte const* block, std::size_t slot, std::span<float> out) const noexcept {
        std::vector<std::uint8_t> codes(dims_);
        std::uint8_t const* const row = bytes(block) + slot * row_bytes();
        for_each_part([&]<unsigned Width>(part<Width> p) {
            for (std::size_t i = 0; i < dims_; ++i) {
                unsigned value;
                if constexpr (Width == 8)
                    value = row[p.offset + i];
                else
                    value = simd::bit_plane<Width>::at(row + p.offset, i) << p.shift;
                codes[i] = static_cast<std::uint8_t>(codes[i] | value);
            }
        });
        form_decode(form_, codes, {factor(block, slot, 0), has_offset() ? factor(block, slot, 1) : 0.0F}, out);
    }
    void move(std::byte const* from, std::size_t from_slot, std::byte* to, std::size_t to_slot) const noexcept {
        std::memmove(to + to_slot * row_bytes(), from + from_slot * row_bytes(), row_bytes());
    }
    void clear(std::byte* block, std::size_t slot) const noexcept { std::memset(block + slot * row_bytes(), 0, row_bytes()); }
    [[nodiscard]] bool well_formed(std::byte const* block, std::size_t rows) const noexcept {
        for (std::size_t slot = 0; slot < rows; ++slot) {
            if (!is_scale(factor(block, slot, 0))) return false;
            if (has_offset() && !std::isfinite(factor(block, slot, 1))) return false;
        }
        return true;
    }

    /// @param scale  multiplies every score
    [[nodiscard]] query prepare(std::span<float const> q, float scale) const { return make_form_query(form_, q, scale); }

    /// The score of one row.
    [[nodiscard]] float score(query const& q, std::byte const* block, std::size_t slot) const noexcept {
        std::uint8_t const* const row = bytes(block) + slot * row_bytes();
        std::int32_t dot = 0;
        for_each_part([&]<unsigned Width>(part<Width> p) {
            if constexpr (Width == 8)
                dot += simd::dot_i8(default_arch{}, row + p.offset, q.codes.codes.data(), dims_);
            else
                dot += simd::plane_dot<Width>(default_arch{}, row + p.offset, q.codes.codes.data(), simd::bit_plane<Width>::groups(dims_)) *
                       (1 << p.shift);
        });
        // As simd::score_block does it.
        simd::score_form const form{-((1 << bits_) - 1) * q.codes.sum, 0.5F * q.codes.scale};
        float const score = static_cast<float>(simd::kernel::numerator(dot, form)) * (factor(block, slot, 0) * form.scale);
        if (!has_offset() && q.shift == 0) return score;
        return rounded(score) +
               ((has_offset() ? rounded(factor(block, slot, 1) * (static_cast<float>(q.codes.sum) * q.codes.scale)) : 0.0F) + q.shift);
    }
    [[nodiscard]] std::uint32_t scan(query const& q, std::byte const* block, float threshold, block_scores& scores) const noexcept {
        for (std::size_t slot = 0; slot < block_rows; ++slot) scores[slot] = score(q, block, slot);
        return simd::reaching(default_arch{}, scores.data(), threshold);
    }

private:
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
            if constexpr (Width == 8)
                offset += dims_;
            else
                offset += simd::bit_plane<Width>::bytes(dims_);
        });
    }
    [[nodiscard]] code_factors encode_int8(std::span<float const> row) noexcept {
        mid_rise_scaler const scaler(row, 8);
        for (std::size_t i = 0; i < dims_; ++i) codes_[i] = static_cast<std::uint8_t>(scaler(row[i]) + 128);
        return {mid_rise_factor(row, [&](std::size_t i) { return int{codes_[i]} - 128; }), 0};
    }

    [[nodiscard]] bool has_offset() const noexcept { return std::holds_alternative<lvq_form>(form_); }
    [[nodiscard]] std::size_t factors_at() const noexcept {
        std::size_t sum = 0;
        for_each_part([&]<unsigned Width>(part<Width>) {
            if constexpr (Width == 8)
                sum += dims_;
            else
                sum += simd::bit_plane<Width>::bytes(dims_);
        });
        return sum;
    }
    [[nodiscard]] static std::uint8_t const* bytes(std::byte const* p) noexcept { return reinterpret_cast<std::uint8_t const*>(p); }
    [[nodiscard]] static std::uint8_t* bytes(std::byte* p) noexcept { return reinterpret_cast<std::uint8_t*>(p); }

    /// @param which  0 the scale, 1 the offset
    [[nodiscard]] std::size_t factor_at(std::size_t slot, unsigned which) const noexcept {
        return slot * row_bytes() + factors_at() + which * factor_size(bits_);
    }
    [[nodiscard]] float factor(std::byte const* block, std::size_t slot, unsigned which) const noexcept {
        return load_factor(block + factor_at(slot, which), bits_);
    }
    void set_factor(std::byte* block, std::size_t slot, unsigned which, float value) const noexcept {
        store_factor(block + factor_at(slot, which), bits_, value);
    }

    std::size_t rows_;  // values of a row
    std::size_t dims_;  // numbers of a code
    integer_form form_;
    unsigned bits_;
    bool is_int8_ = false;
    std::vector<std::uint8_t> codes_;  // this and the next are for encode, so that it cannot fail
    form_encoder encoder_;
};

static_assert(codec<integer_rows>);

}  // namespace simile::quantize
