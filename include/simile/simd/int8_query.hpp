// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/aligned_buffer.hpp>
#include <simile/core/rounded.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace simile::simd {

/// A query as symmetric int8: value = codes[i] * scale, codes in -127 .. 127. Zeros follow, to a multiple of 128, so that kernels on groups of
/// up to 128 dims need no care of the end.
struct int8_query {
    static constexpr std::size_t padding = 128;

    aligned_vector<std::int8_t> codes;
    float scale = 0;
    std::int32_t sum = 0;
    std::size_t dims = 0;

    int8_query() = default;
    explicit int8_query(std::span<float const> query) : int8_query(query.size()) {
        float largest = 0;
        for (float const x : query) largest = std::max(largest, std::abs(x));
        scale = largest / 127.0F;
        float const inverse = largest > 0 ? 127.0F / largest : 0.0F;
        for (std::size_t i = 0; i < dims; ++i) {
            // The reciprocal of a subnormal is infinite: clamp before the conversion, and 0 * infinity to 0.
            codes[i] = rounded_code(query[i] == 0 ? 0.0F : query[i] * inverse);
            sum += codes[i];
        }
    }

    /// A query that is integers in -127 .. 127 already, times a scale.
    [[nodiscard]] static int8_query of_codes(std::span<float const> codes, float scale) {
        int8_query out(codes.size());
        out.scale = scale;
        for (std::size_t i = 0; i < out.dims; ++i) {
            out.codes[i] = rounded_code(codes[i]);
            out.sum += out.codes[i];
        }
        return out;
    }

    /// What the codes leave of the query, in steps of 1/256 of theirs: query = scale (codes + rest.codes / 256), nearly.
    [[nodiscard]] static int8_query rest(std::span<float const> query, int8_query const& coarse) {
        int8_query out(query.size());
        out.scale = coarse.scale / 256;
        // Where the reciprocal of a subnormal scale would be infinite there is nothing left to tell.
        float const inverse = coarse.scale > 0x1p-120F ? 1 / coarse.scale : 0.0F;
        for (std::size_t i = 0; i < out.dims; ++i) {
            float const left = rounded(query[i] * inverse) - static_cast<float>(coarse.codes[i]);
            out.codes[i] = rounded_code(inverse == 0 ? 0.0F : left * 256);
            out.sum += out.codes[i];
        }
        return out;
    }

    [[nodiscard]] std::size_t size() const noexcept { return dims; }

private:
    explicit int8_query(std::size_t size) : codes((size + padding - 1) / padding * padding, std::int8_t{0}), dims(size) {}

    [[nodiscard]] static std::int8_t rounded_code(float value) noexcept {
        return static_cast<std::int8_t>(std::clamp(std::nearbyint(value), -127.0F, 127.0F));
    }
};

/// The same for kernels on rows that lie one after the other: where 16-bit lanes are multiplied the query is widened once, not for every row.
struct int8_row_query : int8_query {
    aligned_vector<std::int16_t> wide;
#if defined(__wasm_relaxed_simd__)
    // codes = positive - negative, each 0 .. 127: the only operands for which the relaxed dot is defined.
    aligned_vector<std::int8_t> positive, negative;
#endif

    int8_row_query() = default;
    explicit int8_row_query(std::span<float const> query) : int8_query(query), wide(codes.begin(), codes.end()) {
#if defined(__wasm_relaxed_simd__)
        for (std::int8_t const c : codes) {
            positive.push_back(std::max(c, std::int8_t{0}));
            negative.push_back(static_cast<std::int8_t>(-std::min(c, std::int8_t{0})));
        }
#endif
    }
};

}  // namespace simile::simd
