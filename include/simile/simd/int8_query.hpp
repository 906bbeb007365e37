// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/aligned_buffer.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace simile::simd {

/// A query as symmetric int8: value = codes[i] * scale, codes in -127 .. 127.
struct int8_query {
    aligned_vector<std::int8_t> codes;
    float scale = 0;
    std::int32_t sum = 0;
    aligned_vector<std::int16_t> wide;  // the codes again: where 16-bit lanes are multiplied they are widened once, not for every row
#if defined(__wasm_relaxed_simd__)
    // codes = positive - negative, each 0 .. 127: the only operands for which the relaxed dot is defined.
    aligned_vector<std::int8_t> positive, negative;
#endif

    int8_query() = default;
    explicit int8_query(std::span<float const> query) : codes(query.size()) {
        float largest = 0;
        for (float const x : query) largest = std::max(largest, std::abs(x));
        scale = largest / 127.0F;
        float const inverse = largest > 0 ? 127.0F / largest : 0.0F;
        for (std::size_t i = 0; i < codes.size(); ++i) {
            // The reciprocal of a subnormal is infinite: clamp before the conversion, and 0 * infinity to 0.
            float const code = query[i] == 0 ? 0.0F : std::clamp(std::nearbyint(query[i] * inverse), -127.0F, 127.0F);
            codes[i] = static_cast<std::int8_t>(code);
            sum += codes[i];
        }
        wide.assign(codes.begin(), codes.end());
#if defined(__wasm_relaxed_simd__)
        for (std::int8_t const c : codes) {
            positive.push_back(std::max(c, std::int8_t{0}));
            negative.push_back(static_cast<std::int8_t>(-std::min(c, std::int8_t{0})));
        }
#endif
    }

    [[nodiscard]] std::size_t size() const noexcept { return codes.size(); }
};

}  // namespace simile::simd
