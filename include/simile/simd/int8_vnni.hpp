// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/unrolled.hpp>
#include <simile/simd/int8_words.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace simile::simd {

#if !defined(SIMILE_SCALAR) && (defined(__AVXVNNI__) || (defined(__AVX512VNNI__) && defined(__AVX512VL__)))
/// VPDPBUSD multiplies unsigned by signed bytes and adds four products to a lane of 32 bits: a signed x becomes x + 128, and 128 * sum(y) is taken
/// off again.
///
/// Registers of 256 bits, by the encoding of AVX-VNNI or of AVX-512.
template <class Arch>
struct vnni256 {
    using reg = __m256i;
    static constexpr std::size_t size = 32;
    static reg zero() noexcept { return _mm256_setzero_si256(); }
    static reg load(void const* p) noexcept { return _mm256_loadu_si256(static_cast<__m256i const*>(p)); }
    static reg load_part(void const* p, std::size_t n) noexcept {
        alignas(32) std::uint8_t padded[size]{};
        std::memcpy(padded, p, n);
        return load(padded);
    }
    static reg biased(reg v) noexcept { return _mm256_xor_si256(v, _mm256_set1_epi8(static_cast<char>(0x80))); }
    static reg eighties() noexcept { return _mm256_set1_epi8(static_cast<char>(0x80)); }
    static reg add_products(reg sums, reg u, reg s) noexcept {
#if defined(__AVXVNNI__)
        return _mm256_dpbusd_avx_epi32(sums, u, s);
#else
        return _mm256_dpbusd_epi32(sums, u, s);
#endif
    }
    static reg add(reg a, reg b) noexcept { return _mm256_add_epi32(a, b); }
    static reg subtract(reg a, reg b) noexcept { return _mm256_sub_epi32(a, b); }
    static std::int32_t total(reg v) noexcept { return static_cast<std::int32_t>(words256<Arch>::total(v)); }
    static __m128i totals(reg const (&v)[4]) noexcept {
        reg const t = _mm256_hadd_epi32(_mm256_hadd_epi32(v[0], v[1]), _mm256_hadd_epi32(v[2], v[3]));
        return _mm_add_epi32(_mm256_castsi256_si128(t), _mm256_extracti128_si256(t, 1));
    }
    /// The address of a row that is read after `sum` is complete: keeps a compiler from mixing the loads of one row with those of the next.
    template <class X>
    static X const* in_turn(X const* row, reg const& sum) noexcept {
        asm volatile("" : "+r"(row) : "v"(sum));
        return row;
    }
    static void store_totals(reg const (&v)[4], std::int32_t less, std::int32_t* out) noexcept {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm_sub_epi32(totals(v), _mm_set1_epi32(less)));
    }
};

#if defined(__AVX512VNNI__) && defined(__AVX512BW__)
template <class Arch>
struct vnni512 {
    using reg = __m512i;
    using half = vnni256<Arch>;
    static constexpr std::size_t size = 64;
    static reg zero() noexcept { return _mm512_setzero_si512(); }
    static reg load(void const* p) noexcept { return _mm512_loadu_si512(p); }
    static reg load_part(void const* p, std::size_t n) noexcept { return _mm512_maskz_loadu_epi8((__mmask64{1} << n) - 1, p); }
    static reg biased(reg v) noexcept { return _mm512_xor_si512(v, eighties()); }
    static reg eighties() noexcept { return _mm512_set1_epi8(static_cast<char>(0x80)); }
    static reg add_products(reg sums, reg u, reg s) noexcept { return _mm512_dpbusd_epi32(sums, u, s); }
    static reg add(reg a, reg b) noexcept { return _mm512_add_epi32(a, b); }
    static reg subtract(reg a, reg b) noexcept { return _mm512_sub_epi32(a, b); }
    static std::int32_t total(reg v) noexcept { return static_cast<std::int32_t>(words512<Arch>::total(v)); }
    template <class X>
    static X const* in_turn(X const* row, reg const& sum) noexcept {
        asm volatile("" : "+r"(row) : "v"(sum));
        return row;
    }
    static void store_totals(reg const (&v)[4], std::int32_t less, std::int32_t* out) noexcept {
        __m256i sums[4];
        unrolled<4>([&](auto i) { sums[i] = _mm256_add_epi32(_mm512_castsi512_si256(v[i]), _mm512_extracti64x4_epi64(v[i], 1)); });
        half::store_totals(sums, less, out);
    }
};
#endif
#endif

namespace vnni {

template <class V, class X>
[[nodiscard]] typename V::reg as_unsigned(typename V::reg v) noexcept {
    if constexpr (std::is_signed_v<X>)
        return V::biased(v);
    else
        return v;
}

/// Padding with zeros adds nothing whatever x is there, because y is 0.
template <class V, class X>
[[nodiscard]] std::int32_t dot(X const* x, std::int8_t const* y, std::size_t n) noexcept {
    auto sum = V::zero(), bias = V::zero();
    auto const add = [&](auto a, auto b) noexcept {
        sum = V::add_products(sum, as_unsigned<V, X>(a), b);
        if constexpr (std::is_signed_v<X>) bias = V::add_products(bias, V::eighties(), b);
    };
    std::size_t i = 0;
    for (; i + V::size <= n; i += V::size) add(V::load(x + i), V::load(y + i));
    if (i < n) add(V::load_part(x + i, n - i), V::load_part(y + i, n - i));
    return V::total(V::subtract(sum, bias));
}

/// The products of one row, not yet added up. `Chunks` registers of the query lie in `q`; 0 means that they are read again for every row.
template <class V, std::size_t Chunks, class X>
[[nodiscard]] typename V::reg row_sums(int8_row_query const& query, typename V::reg const* q, X const* row) noexcept {
    auto sum = V::zero();
    if constexpr (Chunks != 0) {
        unrolled<Chunks>([&](auto c) { sum = V::add_products(sum, as_unsigned<V, X>(V::load(row + c * V::size)), q[c]); });
    } else {
        std::size_t const n = query.size();
        std::int8_t const* const codes = query.codes.data();
        std::size_t i = 0;
        for (; i + V::size <= n; i += V::size) sum = V::add_products(sum, as_unsigned<V, X>(V::load(row + i)), V::load(codes + i));
        if (i < n) sum = V::add_products(sum, as_unsigned<V, X>(V::load_part(row + i, n - i)), V::load_part(codes + i, n - i));
    }
    return sum;
}

/// One row after the other, as memory likes it: four streams at a time run at two thirds of its speed. Four rows share one horizontal sum.
template <class V, std::size_t Chunks, class X>
void dot_rows_of(int8_row_query const& query, X const* rows, std::size_t count, std::int32_t* out) noexcept {
    std::size_t const n = query.size();
    std::int32_t const bias = std::is_signed_v<X> ? 128 * query.sum : 0;
    typename V::reg q[Chunks + 1];
    unrolled<Chunks>([&](auto c) { q[c] = V::load(query.codes.data() + c * V::size); });
    std::size_t r = 0;
    for (; r + 4 <= count; r += 4) {
        typename V::reg sums[4];
        X const* row = rows + r * n;
        unrolled<4>([&](auto j) {
            sums[j] = row_sums<V, Chunks>(query, q, row);
            row = V::in_turn(row + n, sums[j]);
        });
        V::store_totals(sums, bias, out + r);
    }
    for (; r < count; ++r) out[r] = V::total(row_sums<V, Chunks>(query, q, rows + r * n)) - bias;
}

/// At the widths of common models the query stays in registers, which halves the loads.
template <class V, class X>
void dot_rows(int8_row_query const& query, X const* rows, std::size_t count, std::int32_t* out) noexcept {
    if constexpr (V::size == 64) {
        switch (query.size()) {
            case 96: return dot_rows_of<typename V::half, 3>(query, rows, count, out);
            case 256: return dot_rows_of<V, 4>(query, rows, count, out);
            case 384: return dot_rows_of<V, 6>(query, rows, count, out);
            case 512: return dot_rows_of<V, 8>(query, rows, count, out);
            case 768: return dot_rows_of<V, 12>(query, rows, count, out);
            case 1024: return dot_rows_of<V, 16>(query, rows, count, out);
            case 1536: return dot_rows_of<V, 24>(query, rows, count, out);
            default: break;
        }
    }
    dot_rows_of<V, 0>(query, rows, count, out);
}

}  // namespace vnni

#if defined(SIMILE_SCALAR)
template <class Arch>
using vnni_of = void;
#else
template <class Arch>
struct vnni512;
template <class Arch>
struct vnni256;

template <class Arch>
inline constexpr bool has_vnni512 =
    std::is_base_of_v<xsimd::avx512vnni<xsimd::avx512bw>, Arch> || std::is_base_of_v<xsimd::avx512vnni<xsimd::avx512vbmi>, Arch>;

/// The registers of an architecture that VPDPBUSD takes; void where it has no such instruction.
template <class Arch>
using vnni_of =
    std::conditional_t<has_vnni512<Arch>, vnni512<Arch>, std::conditional_t<std::is_base_of_v<xsimd::avxvnni, Arch>, vnni256<Arch>, void>>;
#endif

}  // namespace simile::simd
