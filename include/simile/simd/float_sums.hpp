// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/simd/lanes16.hpp>

#include <algorithm>
#include <cstddef>

namespace simile::simd {

struct product {
    template <class Lanes>
    [[gnu::always_inline]] static void add(Lanes& sum, Lanes const& a, Lanes const& b) noexcept {
        sum.add_product(a, b);
    }
};
struct squared_difference {
    template <class Lanes>
    [[gnu::always_inline]] static void add(Lanes& sum, Lanes const& a, Lanes const& b) noexcept {
        sum.add_squared_difference(a, b);
    }
};

namespace detail {
/// The last n < 16 elements, followed by zeros.
template <class Arch, class Element>
[[nodiscard]] lanes16<Arch> load_tail(Element const* p, std::size_t n) noexcept {
    Element padded[16]{};
    std::copy_n(p, n, padded);
    return lanes16<Arch>::load(padded);
}
}  // namespace detail

/// out[r] = sum over i < n of Term(query[i], rows[r * stride + i]) for `Rows` rows at once, which share the loads of the query.
///
/// The same bits on every platform: 16 virtual lanes, no fused multiply-add.
/// Error   |computed - exact| <= gamma_m * sum |term|, m = ceil(n / 16) + 6, gamma_m = m u / (1 - m u), u = 2^-24 (Higham 3.1).
template <class Term, std::size_t Rows, class Arch, float_element Query, float_element Element>
void sum_rows(Arch, Query const* query, Element const* rows, std::size_t stride, std::size_t n, float* out) noexcept {
    using lanes = lanes16<Arch>;
    lanes sums[Rows];
    unrolled<Rows>([&](auto r) { sums[r] = lanes::zero(); });
    auto const add = [&](std::size_t at) __attribute__((always_inline)) {
        lanes const q = lanes::load(query + at);
        unrolled<Rows>([&](auto r) { Term::add(sums[r], q, lanes::load(rows + r * stride + at)); });
    };
    // One row: eight steps a turn, for a branch each step ends in one that is predicted wrongly for every row, and then no row overlaps the next.
    std::size_t i = 0;
    if constexpr (Rows == 1)
        for (; i + 128 <= n; i += 128) unrolled<8>([&](auto step) { add(i + 16 * step); });
    for (; i + 16 <= n; i += 16) add(i);
    if (i < n) {
        lanes const q = detail::load_tail<Arch>(query + i, n - i);
        unrolled<Rows>([&](auto r) { Term::add(sums[r], q, detail::load_tail<Arch>(rows + r * stride + i, n - i)); });
    }
    unrolled<Rows>([&](auto r) { out[r] = sums[r].sum(); });
}

/// The same for one pair.
template <class Term, class Arch, float_element Query, float_element Element>
[[nodiscard]] float sum_pair(Arch arch, Query const* query, Element const* row, std::size_t n) noexcept {
    float out;
    sum_rows<Term, 1>(arch, query, row, n, n, &out);
    return out;
}

/// What cosine needs, in one pass.
struct cosine_sums {
    float xy, xx, yy;
};

#if !defined(SIMILE_SCALAR)
namespace detail {

/// a * b + c, fused where the processor can. xsimd's tag for AVX-VNNI does not know that such processors have FMA too.
template <class Arch>
[[nodiscard]] xsimd::batch<float, Arch> multiply_add(xsimd::batch<float, Arch> const& a, xsimd::batch<float, Arch> const& b,
                                                     xsimd::batch<float, Arch> const& c) noexcept {
#if defined(__FMA__)
    if constexpr (std::is_same_v<Arch, xsimd::avxvnni>) return xsimd::batch<float, Arch>(_mm256_fmadd_ps(a, b, c));
#endif
    return xsimd::fma(a, b, c);
}

/// What a pair of registers adds to the sums of a fast kernel.
template <class Arch>
struct dot_step {
    static constexpr std::size_t sums = 1;
    using batch = xsimd::batch<float, Arch>;
    static void add(batch (&s)[1], batch const& a, batch const& b) noexcept { s[0] = multiply_add<Arch>(a, b, s[0]); }
    static void add(float (&s)[1], float a, float b) noexcept { s[0] += a * b; }
};
template <class Arch>
struct squared_l2_step {
    static constexpr std::size_t sums = 1;
    using batch = xsimd::batch<float, Arch>;
    static void add(batch (&s)[1], batch const& a, batch const& b) noexcept { s[0] = multiply_add<Arch>(a - b, a - b, s[0]); }
    static void add(float (&s)[1], float a, float b) noexcept { s[0] += (a - b) * (a - b); }
};
template <class Arch>
struct cosine_step {
    static constexpr std::size_t sums = 3;
    using batch = xsimd::batch<float, Arch>;
    static void add(batch (&s)[3], batch const& a, batch const& b) noexcept {
        s[0] = multiply_add<Arch>(a, b, s[0]);
        s[1] = multiply_add<Arch>(a, a, s[1]);
        s[2] = multiply_add<Arch>(b, b, s[2]);
    }
    static void add(float (&s)[3], float a, float b) noexcept { s[0] += a * b, s[1] += a * a, s[2] += b * b; }
};

template <class Arch>
struct even_odd {
    xsimd::batch<float, Arch> even, odd;
};
template <class Arch>
[[nodiscard]] even_odd<Arch> halves(bfloat16 const* p) noexcept {
    auto const pairs =
        xsimd::bitwise_cast<std::int32_t>(xsimd::batch<std::int16_t, Arch>::load_unaligned(reinterpret_cast<std::int16_t const*>(p)));
    using words = xsimd::batch<std::int32_t, Arch>;
    return {xsimd::bitwise_cast<float>(pairs << 16), xsimd::bitwise_cast<float>(pairs & words(static_cast<std::int32_t>(0xFFFF0000U)))};
}

template <class Arch>
[[nodiscard]] float lanes_sum(xsimd::batch<float, Arch> const& v) noexcept {
#if defined(__AVX512F__)
    if constexpr (xsimd::batch<float, Arch>::size == 16) return _mm512_reduce_add_ps(v);
#endif
    return xsimd::reduce_add(v);
}

/// `Ways` independent sums each, so that no addition waits for the one before; the last n mod L terms are added one by one.
template <class Step, std::size_t Ways, class Arch, class X, class Y>
void fast_sums(X const* x, Y const* y, std::size_t n, float (&out)[Step::sums]) noexcept {
    using batch = xsimd::batch<float, Arch>;
    constexpr std::size_t width = batch::size;
    batch sums[Ways][Step::sums];
    unrolled<Ways>([&](auto w) { unrolled<Step::sums>([&](auto s) { sums[w][s] = batch(0.0F); }); });
    std::size_t i = 0;
    if constexpr (std::is_same_v<X, bfloat16> && std::is_same_v<Y, bfloat16>) {
        // Values at even and odd places in registers of their own: a shift and a mask instead of two shuffles.
        for (; i + Ways * width <= n; i += Ways * width)
            unrolled<Ways / 2>([&](auto w) {
                auto const a = halves<Arch>(x + i + 2 * w * width), b = halves<Arch>(y + i + 2 * w * width);
                Step::add(sums[2 * w], a.even, b.even);
                Step::add(sums[2 * w + 1], a.odd, b.odd);
            });
    }
    for (; i + Ways * width <= n; i += Ways * width)
        unrolled<Ways>([&](auto w) { Step::add(sums[w], load_floats<Arch>(x + i + w * width), load_floats<Arch>(y + i + w * width)); });
    unrolled<Ways - 1>([&](auto w) {
        if (i + width > n) return;
        Step::add(sums[w], load_floats<Arch>(x + i), load_floats<Arch>(y + i));
        i += width;
    });
    float rest[Step::sums]{};
    for (; i < n; ++i) Step::add(rest, to_float(x[i]), to_float(y[i]));
    unrolled<Step::sums>([&](auto s) {
        batch sum = sums[0][s] + sums[1][s];
        if constexpr (Ways == 4) sum += sums[2][s] + sums[3][s];
        out[s] = lanes_sum<Arch>(sum) + rest[s];
    });
}

#if defined(__AVX512BF16__) && defined(__AVX512BW__)
/// VDPBF16PS: two products a lane, summed in float; subnormal numbers count as zero.
template <class Arch>
[[nodiscard]] float bf16_dot(bfloat16 const* x, bfloat16 const* y, std::size_t n) noexcept {
    auto const load = [](bfloat16 const* p, __mmask32 mask) noexcept { return (__m512bh)_mm512_maskz_loadu_epi16(mask, p); };
    __m512 even = _mm512_setzero_ps(), odd = even;
    std::size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        even = _mm512_dpbf16_ps(even, (__m512bh)_mm512_loadu_si512(x + i), (__m512bh)_mm512_loadu_si512(y + i));
        odd = _mm512_dpbf16_ps(odd, (__m512bh)_mm512_loadu_si512(x + i + 32), (__m512bh)_mm512_loadu_si512(y + i + 32));
    }
    for (; i < n; i += 32) {
        __mmask32 const mask = n - i >= 32 ? ~__mmask32{0} : (__mmask32{1} << (n - i)) - 1;
        even = _mm512_dpbf16_ps(even, load(x + i, mask), load(y + i, mask));
    }
    return _mm512_reduce_add_ps(_mm512_add_ps(even, odd));
}
template <class Arch>
[[nodiscard]] cosine_sums bf16_cosine_sums(bfloat16 const* x, bfloat16 const* y, std::size_t n) noexcept {
    __m512 xy = _mm512_setzero_ps(), xx = xy, yy = xy;
    for (std::size_t i = 0; i < n; i += 32) {
        __mmask32 const mask = n - i >= 32 ? ~__mmask32{0} : (__mmask32{1} << (n - i)) - 1;
        __m512bh const a = (__m512bh)_mm512_maskz_loadu_epi16(mask, x + i), b = (__m512bh)_mm512_maskz_loadu_epi16(mask, y + i);
        xy = _mm512_dpbf16_ps(xy, a, b);
        xx = _mm512_dpbf16_ps(xx, a, a);
        yy = _mm512_dpbf16_ps(yy, b, b);
    }
    return {_mm512_reduce_add_ps(xy), _mm512_reduce_add_ps(xx), _mm512_reduce_add_ps(yy)};
}
#endif
}  // namespace detail

/// Fused where the processor can, independent sums: the fast form for one pair of float, half or bfloat16 vectors of n elements.
/// Error   as sum_rows with m = ceil(n / (4 L)) + L + 8 for registers of L floats. With AVX512-BF16 dots of bfloat16 take subnormal numbers for zero.
template <class Arch, float_element X, float_element Y>
[[nodiscard]] float fast_dot(Arch, X const* x, Y const* y, std::size_t n) noexcept {
#if defined(__AVX512BF16__) && defined(__AVX512BW__)
    if constexpr (std::is_base_of_v<xsimd::avx512bw, Arch> && std::is_same_v<X, bfloat16> && std::is_same_v<Y, bfloat16>)
        return detail::bf16_dot<Arch>(x, y, n);
#endif
    float out[1];
    detail::fast_sums<detail::dot_step<Arch>, 4, Arch>(x, y, n, out);
    return out[0];
}

template <class Arch, float_element X, float_element Y>
[[nodiscard]] float fast_squared_l2(Arch, X const* x, Y const* y, std::size_t n) noexcept {
    float out[1];
    detail::fast_sums<detail::squared_l2_step<Arch>, 4, Arch>(x, y, n, out);
    return out[0];
}

/// Error   as fast_dot with half of its sums: m = ceil(n / (2 L)) + L + 8.
template <class Arch, float_element X, float_element Y>
[[nodiscard]] cosine_sums fast_cosine_sums(Arch, X const* x, Y const* y, std::size_t n) noexcept {
#if defined(__AVX512BF16__) && defined(__AVX512BW__)
    if constexpr (std::is_base_of_v<xsimd::avx512bw, Arch> && std::is_same_v<X, bfloat16> && std::is_same_v<Y, bfloat16>)
        return detail::bf16_cosine_sums<Arch>(x, y, n);
#endif
    float out[3];
    detail::fast_sums<detail::cosine_step<Arch>, 2, Arch>(x, y, n, out);
    return {out[0], out[1], out[2]};
}
#endif

// The reproducible forms of one pair. Without SIMD they are the fast ones too.
template <class Arch, float_element X, float_element Y>
[[nodiscard]] cosine_sums reproducible_cosine_sums(Arch arch, X const* x, Y const* y, std::size_t n) noexcept {
    return {sum_pair<product>(arch, x, y, n), sum_pair<product>(arch, x, x, n), sum_pair<product>(arch, y, y, n)};
}
template <float_element X, float_element Y>
[[nodiscard]] float fast_dot(scalar_arch arch, X const* x, Y const* y, std::size_t n) noexcept {
    return sum_pair<product>(arch, x, y, n);
}
template <float_element X, float_element Y>
[[nodiscard]] float fast_squared_l2(scalar_arch arch, X const* x, Y const* y, std::size_t n) noexcept {
    return sum_pair<squared_difference>(arch, x, y, n);
}
template <float_element X, float_element Y>
[[nodiscard]] cosine_sums fast_cosine_sums(scalar_arch arch, X const* x, Y const* y, std::size_t n) noexcept {
    return reproducible_cosine_sums(arch, x, y, n);
}

}  // namespace simile::simd

#if defined(SIMILE_DISPATCH) && !defined(SIMILE_SCALAR)
#include <simile/simd/dispatch.hpp>
#endif
