// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/unrolled.hpp>
#include <simile/simd/int8_words.hpp>

#include <cstddef>
#include <cstdint>

#if defined(__wasm_simd128__) && !defined(SIMILE_SCALAR)

namespace simile::simd {

#if defined(__wasm_relaxed_simd__)
/// Whether row scans use the relaxed dot. Both ways give the same sums; which is faster depends on the engine, so whoever starts the
/// module measures it.
inline bool use_relaxed_dot = false;
#endif

namespace wasm {

template <class Arch, class X>
[[nodiscard]] std::int32_t rest_of_row(int8_row_query const& query, X const* row, std::size_t begin) noexcept {
    std::int32_t sum = 0;
    for (std::size_t i = begin; i < query.size(); ++i) sum += std::int32_t{row[i]} * std::int32_t{query.codes[i]};
    return sum;
}

/// Two rows share the loads of the widened query.
template <class Arch, class X>
void two_rows(int8_row_query const& query, X const* row, std::int32_t* out) noexcept {
    using W = words128<Arch>;
    std::size_t const n = query.size();
    std::int16_t const* const q = query.wide.data();
    auto a = W::zero(), b = a;
    std::size_t i = 0;
    for (; i + 16 <= n; i += 16)
        unrolled<2>([&](auto half) {
            auto const wide = W::load(q + i + 8 * half);
            a = W::add_products(a, W::load(row + i + 8 * half), wide);
            b = W::add_products(b, W::load(row + n + i + 8 * half), wide);
        });
    out[0] = static_cast<std::int32_t>(W::total(a)) + rest_of_row<Arch>(query, row, i);
    out[1] = static_cast<std::int32_t>(W::total(b)) + rest_of_row<Arch>(query, row + n, i);
}

#if defined(__wasm_relaxed_simd__)
/// Exact on every engine: the second operands have 7 bits, and a pair of products of signed bytes cannot reach 2^15.
template <class Arch>
void two_rows_relaxed(int8_row_query const& query, std::int8_t const* row, std::int32_t* out) noexcept {
    std::size_t const n = query.size();
    v128_t plus[2] = {wasm_i32x4_splat(0), wasm_i32x4_splat(0)}, minus[2] = {plus[0], plus[0]};
    std::size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        v128_t const positive = wasm_v128_load(query.positive.data() + i), negative = wasm_v128_load(query.negative.data() + i);
        for (std::size_t r = 0; r < 2; ++r) {
            v128_t const x = wasm_v128_load(row + r * n + i);
            plus[r] = wasm_i32x4_relaxed_dot_i8x16_i7x16_add(x, positive, plus[r]);
            minus[r] = wasm_i32x4_relaxed_dot_i8x16_i7x16_add(x, negative, minus[r]);
        }
    }
    for (std::size_t r = 0; r < 2; ++r)
        out[r] =
            static_cast<std::int32_t>(words128<Arch>::total(wasm_i32x4_sub(plus[r], minus[r]))) + rest_of_row<Arch>(query, row + r * n, i);
}
#endif

template <class Arch, class X>
void dot_rows(int8_row_query const& query, X const* rows, std::size_t count, std::int32_t* out) noexcept {
    std::size_t const n = query.size();
    std::size_t r = 0;
#if defined(__wasm_relaxed_simd__)
    if constexpr (std::is_signed_v<X>)
        if (use_relaxed_dot)
            for (; r + 2 <= count; r += 2) two_rows_relaxed<Arch>(query, rows + r * n, out + r);
#endif
    for (; r + 2 <= count; r += 2) two_rows<Arch>(query, rows + r * n, out + r);
    words::dot_rows<words128<Arch>>(query, rows + r * n, count - r, out + r);
}

}  // namespace wasm
}  // namespace simile::simd
#endif
