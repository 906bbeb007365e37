// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/simd/arch.hpp>
#include <simile/simd/int8_neon.hpp>
#include <simile/simd/int8_query.hpp>
#include <simile/simd/int8_vnni.hpp>
#include <simile/simd/int8_wasm.hpp>
#include <simile/simd/int8_words.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace simile::simd {

template <class X>
concept byte_code = std::same_as<X, std::int8_t> || std::same_as<X, std::uint8_t>;

/// What an architecture does with int8: VPDPBUSD, the dot products of NEON, products of 16-bit lanes, or what the compiler makes of a loop.
template <class Arch>
inline constexpr bool int8_by_vnni = !std::is_void_v<vnni_of<Arch>>;
template <class Arch>
inline constexpr bool int8_by_words = !std::is_void_v<words_of<Arch>>;
template <class Arch>
inline constexpr bool int8_by_neon =
#if defined(__aarch64__) && !defined(SIMILE_SCALAR)
    std::is_base_of_v<xsimd::neon64, Arch>;
#else
    false;
#endif
template <class Arch>
inline constexpr bool int8_by_wasm =
#if defined(__wasm_simd128__) && !defined(SIMILE_SCALAR)
    std::is_base_of_v<xsimd::wasm, Arch>;
#else
    false;
#endif

/// sum of x[i] * y[i] over n <= 65536 elements of any value: exact, so the same on every architecture.
template <class Arch, byte_code X>
[[nodiscard]] std::int32_t dot_i8(Arch, X const* x, std::int8_t const* y, std::size_t n) noexcept {
    if constexpr (int8_by_vnni<Arch>) {
        return vnni::dot<vnni_of<Arch>>(x, y, n);
#if defined(__aarch64__) && !defined(SIMILE_SCALAR)
    } else if constexpr (int8_by_neon<Arch>) {
        return neon::dot<Arch>(x, y, n);
#endif
    } else if constexpr (int8_by_words<Arch>) {
        return static_cast<std::int32_t>(words::dot<words_of<Arch>>(x, y, n));
    } else {
        std::int32_t sum = 0;
        for (std::size_t i = 0; i < n; ++i) sum += std::int32_t{x[i]} * std::int32_t{y[i]};
        return sum;
    }
}

/// sum of (x[i] - y[i])^2 over n <= 65536 elements: exact, at most 65536 * 255^2 < 2^32.
template <class Arch>
[[nodiscard]] std::uint32_t squared_l2_i8(Arch, std::int8_t const* x, std::int8_t const* y, std::size_t n) noexcept {
    if constexpr (int8_by_words<Arch>) {
        return words::squared_l2<words_of<Arch>>(x, y, n);
    } else {
        std::uint32_t sum = 0;
        for (std::size_t i = 0; i < n; ++i) sum += static_cast<std::uint32_t>((x[i] - y[i]) * (x[i] - y[i]));
        return sum;
    }
}

/// <x, y>, <x, x> and <y, y> in one pass over n <= 65536 elements: exact.
template <class Arch>
[[nodiscard]] int8_sums cosine_sums_i8(Arch arch, std::int8_t const* x, std::int8_t const* y, std::size_t n) noexcept {
    if constexpr (int8_by_words<Arch>)
        return words::cosine_sums<words_of<Arch>>(x, y, n);
    else
        return {dot_i8(arch, x, y, n), dot_i8(arch, x, x, n), dot_i8(arch, y, y, n)};
}

/// out[r] = <query, row r> for `count` rows of query.size() codes, one after the other. Exact.
template <class Arch, byte_code X>
void dot_i8_rows(Arch arch, int8_row_query const& query, X const* rows, std::size_t count, std::int32_t* out) noexcept {
    if constexpr (int8_by_vnni<Arch>) {
        vnni::dot_rows<vnni_of<Arch>>(query, rows, count, out);
#if defined(__wasm_simd128__) && !defined(SIMILE_SCALAR)
    } else if constexpr (int8_by_wasm<Arch>) {
        wasm::dot_rows<Arch>(query, rows, count, out);
#endif
    } else if constexpr (int8_by_words<Arch> && !int8_by_neon<Arch>) {
        words::dot_rows<words_of<Arch>>(query, rows, count, out);
    } else {
        for (std::size_t r = 0; r < count; ++r) out[r] = dot_i8(arch, rows + r * query.size(), query.codes.data(), query.size());
    }
}

}  // namespace simile::simd

#if defined(SIMILE_DISPATCH) && !defined(SIMILE_SCALAR)
#include <simile/simd/dispatch.hpp>
#endif
