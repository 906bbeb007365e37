// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/simd/arch.hpp>
#include <simile/simd/int8_query.hpp>

#include <cstddef>
#include <cstdint>

#if defined(__wasm_simd128__) && !defined(SIMILE_SCALAR)
#include <wasm_simd128.h>
#endif
#if defined(__AVX512VNNI__) && defined(__AVX512BW__) && !defined(SIMILE_SCALAR)
#include <immintrin.h>
#endif

namespace simile::simd {

#if defined(__wasm_relaxed_simd__)
/// Whether row scans use the relaxed dot. Both ways give the same sums; which is faster depends on the engine, so whoever starts the
/// module measures it.
inline bool use_relaxed_dot = false;
#endif

namespace kernel {

template <class Arch>
[[nodiscard]] std::int32_t dot_i8(std::int8_t const* x, std::int8_t const* y, std::size_t n, scalar_arch const&) noexcept {
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += std::int32_t{x[i]} * std::int32_t{y[i]};
    return sum;
}

template <class Arch>
void dot_i8_rows(int8_query const& query, std::int8_t const* rows, std::size_t count, std::int32_t* out, scalar_arch const& tag) noexcept {
    std::size_t const n = query.size();
    for (std::size_t r = 0; r < count; ++r) out[r] = dot_i8<Arch>(rows + r * n, query.codes.data(), n, tag);
}

#if !defined(SIMILE_SCALAR)
// With nothing but 16-bit products and shifts, which every instruction set has: a product of two int8 fits 16 bits.
template <class Arch>
[[nodiscard]] std::int32_t dot_i8(std::int8_t const* x, std::int8_t const* y, std::size_t n, xsimd::generic const&) noexcept {
    using bytes = xsimd::batch<std::int8_t, Arch>;
    using words = xsimd::batch<std::int16_t, Arch>;
    using sums = xsimd::batch<std::int32_t, Arch>;
    sums even(0), odd(0);
    auto const add = [&](words const& products) {
        auto const pairs = xsimd::bitwise_cast<std::int32_t>(products);
        even += (pairs << 16) >> 16;
        odd += pairs >> 16;
    };
    std::size_t i = 0;
    for (; i + bytes::size <= n; i += bytes::size) {
        auto const a = xsimd::bitwise_cast<std::int16_t>(bytes::load_unaligned(x + i));
        auto const b = xsimd::bitwise_cast<std::int16_t>(bytes::load_unaligned(y + i));
        add(((a << 8) >> 8) * ((b << 8) >> 8));
        add((a >> 8) * (b >> 8));
    }
    return xsimd::reduce_add(even + odd) + dot_i8<scalar_arch>(x + i, y + i, n - i, scalar_arch{});
}

template <class Arch>
void dot_i8_rows(int8_query const& query, std::int8_t const* rows, std::size_t count, std::int32_t* out, xsimd::generic const&) noexcept {
    std::size_t const n = query.size();
    for (std::size_t r = 0; r < count; ++r) out[r] = dot_i8<Arch>(rows + r * n, query.codes.data(), n, Arch{});
}

#if defined(__AVX512VNNI__) && defined(__AVX512BW__)
// VPDPBUSD takes an unsigned by a signed operand: x + 128 is unsigned, and 128 * sum(y) is taken off again.
[[nodiscard]] inline __m512i load_biased(std::int8_t const* p, __mmask64 mask) noexcept {
    return _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, p), _mm512_set1_epi8(static_cast<char>(0x80)));
}
[[nodiscard]] inline __mmask64 first_bytes(std::size_t n) noexcept { return n >= 64 ? ~__mmask64{0} : (__mmask64{1} << n) - 1; }

template <class Arch>
[[nodiscard]] std::int32_t dot_i8(std::int8_t const* x, std::int8_t const* y, std::size_t n, xsimd::avx512bw const&) noexcept {
    __m512i sum = _mm512_setzero_si512(), sum_y = _mm512_setzero_si512();
    for (std::size_t i = 0; i < n; i += 64) {
        __mmask64 const mask = first_bytes(n - i);
        __m512i const b = _mm512_maskz_loadu_epi8(mask, y + i);
        sum = _mm512_dpbusd_epi32(sum, load_biased(x + i, mask), b);
        sum_y = _mm512_dpbusd_epi32(sum_y, _mm512_set1_epi8(1), b);
    }
    return _mm512_reduce_add_epi32(sum) - 128 * _mm512_reduce_add_epi32(sum_y);
}

// sum(y) is known. One row after the other, as memory likes it.
template <class Arch>
void dot_i8_rows(int8_query const& query, std::int8_t const* rows, std::size_t count, std::int32_t* out, xsimd::avx512bw const&) noexcept {
    std::size_t const n = query.size();
    for (std::size_t r = 0; r < count; ++r) {
        __m512i sum = _mm512_setzero_si512();
        std::int8_t const* const row = rows + r * n;
        std::size_t i = 0;
        for (; i + 64 <= n; i += 64) sum = _mm512_dpbusd_epi32(sum, load_biased(row + i, ~__mmask64{0}), _mm512_loadu_si512(query.codes.data() + i));
        if (i < n) {
            __mmask64 const mask = first_bytes(n - i);
            sum = _mm512_dpbusd_epi32(sum, load_biased(row + i, mask), _mm512_maskz_loadu_epi8(mask, query.codes.data() + i));
        }
        out[r] = _mm512_reduce_add_epi32(sum) - 128 * query.sum;
    }
}
#endif

#if defined(__wasm_simd128__)
[[nodiscard]] inline std::int32_t horizontal_sum(v128_t v) noexcept {
    v = wasm_i32x4_add(v, wasm_i32x4_shuffle(v, v, 2, 3, 0, 1));
    return wasm_i32x4_extract_lane(wasm_i32x4_add(v, wasm_i32x4_shuffle(v, v, 1, 0, 3, 2)), 0);
}

template <class Arch>
[[nodiscard]] std::int32_t dot_i8(std::int8_t const* x, std::int8_t const* y, std::size_t n, xsimd::wasm const&) noexcept {
    v128_t low = wasm_i32x4_splat(0), high = low;
    std::size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        v128_t const a = wasm_v128_load(x + i), b = wasm_v128_load(y + i);
        low = wasm_i32x4_add(low, wasm_i32x4_dot_i16x8(wasm_i16x8_extend_low_i8x16(a), wasm_i16x8_extend_low_i8x16(b)));
        high = wasm_i32x4_add(high, wasm_i32x4_dot_i16x8(wasm_i16x8_extend_high_i8x16(a), wasm_i16x8_extend_high_i8x16(b)));
    }
    return horizontal_sum(wasm_i32x4_add(low, high)) + dot_i8<scalar_arch>(x + i, y + i, n - i, scalar_arch{});
}

// The query comes widened; two rows share its loads.
inline void two_rows(int8_query const& query, std::int8_t const* row, std::int32_t* out) noexcept {
    std::size_t const n = query.size();
    std::int16_t const* const q = query.wide.data();
    v128_t a = wasm_i32x4_splat(0), b = a;
    std::size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        v128_t const low = wasm_v128_load(q + i), high = wasm_v128_load(q + i + 8);
        v128_t const x = wasm_v128_load(row + i), y = wasm_v128_load(row + n + i);
        a = wasm_i32x4_add(a, wasm_i32x4_dot_i16x8(wasm_i16x8_extend_low_i8x16(x), low));
        b = wasm_i32x4_add(b, wasm_i32x4_dot_i16x8(wasm_i16x8_extend_low_i8x16(y), low));
        a = wasm_i32x4_add(a, wasm_i32x4_dot_i16x8(wasm_i16x8_extend_high_i8x16(x), high));
        b = wasm_i32x4_add(b, wasm_i32x4_dot_i16x8(wasm_i16x8_extend_high_i8x16(y), high));
    }
    out[0] = horizontal_sum(a) + dot_i8<scalar_arch>(row + i, query.codes.data() + i, n - i, scalar_arch{});
    out[1] = horizontal_sum(b) + dot_i8<scalar_arch>(row + n + i, query.codes.data() + i, n - i, scalar_arch{});
}

#if defined(__wasm_relaxed_simd__)
// Exact on every engine: the second operands have 7 bits, and a pair of products cannot reach 2^15.
inline void two_rows_relaxed(int8_query const& query, std::int8_t const* row, std::int32_t* out) noexcept {
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
        out[r] = horizontal_sum(wasm_i32x4_sub(plus[r], minus[r])) +
                 dot_i8<scalar_arch>(row + r * n + i, query.codes.data() + i, n - i, scalar_arch{});
}
#endif

template <class Arch>
void dot_i8_rows(int8_query const& query, std::int8_t const* rows, std::size_t count, std::int32_t* out, xsimd::wasm const& tag) noexcept {
    std::size_t const n = query.size();
    std::size_t r = 0;
#if defined(__wasm_relaxed_simd__)
    if (use_relaxed_dot)
        for (; r + 2 <= count; r += 2) two_rows_relaxed(query, rows + r * n, out + r);
#endif
    for (; r + 2 <= count; r += 2) two_rows(query, rows + r * n, out + r);
    for (; r < count; ++r) out[r] = dot_i8<Arch>(rows + r * n, query.codes.data(), n, tag);
}
#endif
#endif
}  // namespace kernel

/// sum of x[i] * y[i] over n <= 65536 elements of any int8 value: exact, so the same on every architecture.
template <class Arch>
[[nodiscard]] std::int32_t dot_i8(Arch arch, std::int8_t const* x, std::int8_t const* y, std::size_t n) noexcept {
    return kernel::dot_i8<Arch>(x, y, n, arch);
}

/// out[r] = <query, row r> for `count` rows of query.size() codes, one after the other. Exact.
template <class Arch>
void dot_i8_rows(Arch arch, int8_query const& query, std::int8_t const* rows, std::size_t count, std::int32_t* out) noexcept {
    kernel::dot_i8_rows<Arch>(query, rows, count, out, arch);
}

}  // namespace simile::simd
