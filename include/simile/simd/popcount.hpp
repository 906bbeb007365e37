// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/simd/arch.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__wasm_simd128__) && !defined(SIMILE_SCALAR)
#include <wasm_simd128.h>
#endif
#if defined(__AVX512VPOPCNTDQ__) && defined(__AVX512BW__) && !defined(SIMILE_SCALAR)
#include <immintrin.h>
#endif

namespace simile::simd {

namespace kernel {

template <class Arch>
[[nodiscard]] std::uint32_t hamming(std::byte const* x, std::byte const* y, std::size_t n, scalar_arch const&) noexcept {
    std::uint32_t sum = 0;
    std::size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        std::uint64_t a, b;
        std::memcpy(&a, x + i, 8);
        std::memcpy(&b, y + i, 8);
        sum += static_cast<std::uint32_t>(std::popcount(a ^ b));
    }
    for (; i < n; ++i) sum += static_cast<std::uint32_t>(std::popcount(std::to_integer<unsigned>(x[i] ^ y[i])));
    return sum;
}

#if !defined(SIMILE_SCALAR)
// Counts bits in parallel inside 32-bit lanes (Hacker's Delight 5-1) where there is no vector popcount.
template <class Arch>
[[nodiscard]] std::uint32_t hamming(std::byte const* x, std::byte const* y, std::size_t n, xsimd::generic const&) noexcept {
    using bytes = xsimd::batch<std::uint8_t, Arch>;
    using words = xsimd::batch<std::uint32_t, Arch>;
    auto const* const a = reinterpret_cast<std::uint8_t const*>(x);
    auto const* const b = reinterpret_cast<std::uint8_t const*>(y);
    words sum(0);
    std::size_t i = 0;
    for (; i + bytes::size <= n; i += bytes::size) {
        words v = xsimd::bitwise_cast<std::uint32_t>(bytes::load_unaligned(a + i) ^ bytes::load_unaligned(b + i));
        v = v - ((v >> 1) & words(0x55555555U));
        v = (v & words(0x33333333U)) + ((v >> 2) & words(0x33333333U));
        v = (v + (v >> 4)) & words(0x0F0F0F0FU);
        v = v + (v >> 8);
        sum += (v + (v >> 16)) & words(0x3FU);
    }
    return xsimd::reduce_add(sum) + hamming<scalar_arch>(x + i, y + i, n - i, scalar_arch{});
}

#if defined(__AVX512VPOPCNTDQ__) && defined(__AVX512BW__)
template <class Arch>
[[nodiscard]] std::uint32_t hamming(std::byte const* x, std::byte const* y, std::size_t n, xsimd::avx512bw const&) noexcept {
    __m512i sum = _mm512_setzero_si512();
    for (std::size_t i = 0; i < n; i += 64) {
        __mmask64 const mask = n - i >= 64 ? ~__mmask64{0} : (__mmask64{1} << (n - i)) - 1;
        __m512i const difference = _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, x + i), _mm512_maskz_loadu_epi8(mask, y + i));
        sum = _mm512_add_epi64(sum, _mm512_popcnt_epi64(difference));
    }
    return static_cast<std::uint32_t>(_mm512_reduce_add_epi64(sum));
}
#endif

#if defined(__wasm_simd128__)
template <class Arch>
[[nodiscard]] std::uint32_t hamming(std::byte const* x, std::byte const* y, std::size_t n, xsimd::wasm const&) noexcept {
    v128_t sum = wasm_i32x4_splat(0);
    std::size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        v128_t const bits = wasm_i8x16_popcnt(wasm_v128_xor(wasm_v128_load(x + i), wasm_v128_load(y + i)));
        sum = wasm_i32x4_add(sum, wasm_u32x4_extadd_pairwise_u16x8(wasm_u16x8_extadd_pairwise_u8x16(bits)));
    }
    std::uint32_t lane[4];
    wasm_v128_store(lane, sum);
    return lane[0] + lane[1] + lane[2] + lane[3] + hamming<scalar_arch>(x + i, y + i, n - i, scalar_arch{});
}
#endif
#endif
}  // namespace kernel

/// Number of bits in which n bytes at x and at y differ. Exact.
template <class Arch>
[[nodiscard]] std::uint32_t hamming(Arch arch, std::byte const* x, std::byte const* y, std::size_t n) noexcept {
    return kernel::hamming<Arch>(x, y, n, arch);
}

}  // namespace simile::simd
