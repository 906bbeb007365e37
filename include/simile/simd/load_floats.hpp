// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/simd/arch.hpp>
#include <simile/simd/bfloat16.hpp>
#include <simile/simd/half.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>

#if !defined(SIMILE_SCALAR)
#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__wasm_simd128__)
#include <wasm_simd128.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif
#endif

namespace simile::simd {

/// What the float kernels read.
template <class T>
concept float_element = std::same_as<T, float> || std::same_as<T, half> || std::same_as<T, bfloat16>;

[[nodiscard, gnu::always_inline]] inline float to_float(float v) noexcept { return v; }

#if !defined(SIMILE_SCALAR)
namespace detail {

/// Four values of 16 bits in 32-bit lanes: sign-extended (half), or as the upper bits (bfloat16).
template <class Arch>
struct widened4 {
    static constexpr bool exists =
#if defined(__SSE2__) || defined(__wasm_simd128__)
        xsimd::batch<float, Arch>::size == 4;
    using reg = typename xsimd::batch<std::int32_t, Arch>::register_type;
#else
        false;
#endif
#if defined(__SSE2__)
    static __m128i upper(void const* p) noexcept {
        return _mm_unpacklo_epi16(_mm_setzero_si128(), _mm_loadl_epi64(static_cast<__m128i const*>(p)));
    }
    static __m128i extended(void const* p) noexcept { return _mm_srai_epi32(upper(p), 16); }
#elif defined(__wasm_simd128__)
    [[gnu::always_inline]] static v128_t upper(void const* p) noexcept { return wasm_i32x4_shl(wasm_u32x4_load16x4(p), 16); }
    [[gnu::always_inline]] static v128_t extended(void const* p) noexcept { return wasm_i32x4_load16x4(p); }
#endif
};

template <class Arch, class Bits>
[[nodiscard]] xsimd::batch<std::int32_t, Arch> widen_by_memory(Bits const* p) noexcept {
    using words = xsimd::batch<std::int32_t, Arch>;
    alignas(64) std::int32_t wide[words::size];
    for (std::size_t i = 0; i < words::size; ++i) wide[i] = static_cast<std::int16_t>(p[i].bits);
    return words::load_aligned(wide);
}
}  // namespace detail

/// As many floats as a register holds, converted exactly. Halves have to be finite.
template <class Arch>
[[nodiscard, gnu::always_inline]] inline xsimd::batch<float, Arch> load_floats(float const* p) noexcept {
    return xsimd::batch<float, Arch>::load_unaligned(p);
}

template <class Arch>
[[nodiscard, gnu::always_inline]] inline xsimd::batch<float, Arch> load_floats(half const* p) noexcept {
    using batch [[maybe_unused]] = xsimd::batch<float, Arch>;
    using words [[maybe_unused]] = xsimd::batch<std::int32_t, Arch>;
#if defined(__F16C__)
#if defined(__AVX512F__)
    if constexpr (batch::size == 16) return batch(_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<__m256i const*>(p))));
#endif
    if constexpr (batch::size == 8) return batch(_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<__m128i const*>(p))));
#endif
#if defined(__aarch64__)
    if constexpr (batch::size == 4) return batch(vcvt_f32_f16(vld1_f16(reinterpret_cast<__fp16 const*>(p))));
#endif
    words bits;
    if constexpr (detail::widened4<Arch>::exists)
        bits = words(detail::widened4<Arch>::extended(p));
    else
        bits = detail::widen_by_memory<Arch>(p);
    // The sign stays; 2^112 moves the exponent from bias 15 to 127 and normalises subnormals.
    return xsimd::bitwise_cast<float>((bits << 13) & words(static_cast<std::int32_t>(0x8FFFE000U))) * batch(0x1p112F);
}

template <class Arch>
[[nodiscard, gnu::always_inline]] inline xsimd::batch<float, Arch> load_floats(bfloat16 const* p) noexcept {
    using batch [[maybe_unused]] = xsimd::batch<float, Arch>;
    using words [[maybe_unused]] = xsimd::batch<std::int32_t, Arch>;
#if defined(__AVX512F__)
    if constexpr (batch::size == 16)
        return batch(
            _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<__m256i const*>(p))), 16)));
#endif
#if defined(__AVX2__)
    if constexpr (batch::size == 8 && std::is_base_of_v<xsimd::avx2, Arch>)
        return batch(
            _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<__m128i const*>(p))), 16)));
#endif
#if defined(__aarch64__)
    if constexpr (batch::size == 4)
        return batch(vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(reinterpret_cast<std::uint16_t const*>(p)), 16)));
#endif
    if constexpr (detail::widened4<Arch>::exists)
        return xsimd::bitwise_cast<float>(words(detail::widened4<Arch>::upper(p)));
    else
        return xsimd::bitwise_cast<float>(detail::widen_by_memory<Arch>(p) << 16);
}
#endif

}  // namespace simile::simd
