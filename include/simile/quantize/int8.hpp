// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/similarity_kind.hpp>
#include <simile/quantize/codec.hpp>
#include <simile/quantize/mid_rise.hpp>
#include <simile/simd/int8_dot.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace simile::quantize {

/// Mid-rise int8 directions with a float factor each. A block is 32 rows of codes, then 32 factors.
///
/// Bytes     d + 4 a row.
/// Quality   recall@10 0.990 .. 0.998 of exact search on real sentence and word embeddings.
class int8_codec {
public:
    static constexpr codec_kind kind = codec_kind::int8;
    static constexpr bool directions = true;
    using query = simd::int8_query;

    int8_codec(std::size_t dims, similarity_kind) noexcept : dims_(dims) {}

    [[nodiscard]] std::size_t dims() const noexcept { return dims_; }
    [[nodiscard]] std::size_t block_bytes() const noexcept { return block_rows * (dims_ + sizeof(float)); }

    void encode(std::span<float const> row, std::byte* block, std::size_t slot) const noexcept {
        auto* const codes = reinterpret_cast<std::int8_t*>(block) + slot * dims_;
        mid_rise_encode(row, codes);
        set_factor(block, slot, mid_rise_factor(row, codes, 8));
    }
    void decode(std::byte const* block, std::size_t slot, std::span<float> out) const noexcept {
        mid_rise_decode(codes_of(block) + slot * dims_, factor(block, slot), out);
    }
    void move(std::byte const* from, std::size_t from_slot, std::byte* to, std::size_t to_slot) const noexcept {
        std::memcpy(to + to_slot * dims_, from + from_slot * dims_, dims_);
        set_factor(to, to_slot, factor(from, from_slot));
    }
    void clear(std::byte* block, std::size_t slot) const noexcept {
        std::memset(block + slot * dims_, 0, dims_);
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

    void scan(query const& q, std::byte const* block, block_scores& scores) const noexcept {
        std::array<std::int32_t, block_rows> dots;
        simd::dot_i8_rows(default_arch{}, q, codes_of(block), block_rows, dots.data());
        block_scores factors;
        std::memcpy(factors.data(), block + block_rows * dims_, sizeof(factors));
        float const half_scale = 0.5F * q.scale;
        for (std::size_t r = 0; r < block_rows; ++r) scores[r] = mid_rise_score(twice_level_dot(dots[r], q.sum), factors[r], half_scale);
    }

private:
    [[nodiscard]] static std::int8_t const* codes_of(std::byte const* block) noexcept { return reinterpret_cast<std::int8_t const*>(block); }
    [[nodiscard]] float factor(std::byte const* block, std::size_t slot) const noexcept {
        float value;
        std::memcpy(&value, block + block_rows * dims_ + slot * sizeof(float), sizeof(float));
        return value;
    }
    void set_factor(std::byte* block, std::size_t slot, float value) const noexcept {
        std::memcpy(block + block_rows * dims_ + slot * sizeof(float), &value, sizeof(float));
    }

    std::size_t dims_;
};

static_assert(codec<int8_codec>);

}  // namespace simile::quantize
