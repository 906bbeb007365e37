// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/simd/lanes16.hpp>

#include <algorithm>
#include <cstddef>

namespace simile::simd {

struct product {
    template <class Lanes>
    static void add(Lanes& sum, Lanes const& a, Lanes const& b) noexcept {
        sum.add_product(a, b);
    }
};
struct squared_difference {
    template <class Lanes>
    static void add(Lanes& sum, Lanes const& a, Lanes const& b) noexcept {
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
template <class Term, std::size_t Rows, class Arch, class Element>
void sum_rows(Arch, float const* query, Element const* rows, std::size_t stride, std::size_t n, float* out) noexcept {
    using lanes = lanes16<Arch>;
    lanes sums[Rows];
    unrolled<Rows>([&](auto r) { sums[r] = lanes::zero(); });
    std::size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        lanes const q = lanes::load(query + i);
        unrolled<Rows>([&](auto r) { Term::add(sums[r], q, lanes::load(rows + r * stride + i)); });
    }
    if (i < n) {
        lanes const q = detail::load_tail<Arch>(query + i, n - i);
        unrolled<Rows>([&](auto r) { Term::add(sums[r], q, detail::load_tail<Arch>(rows + r * stride + i, n - i)); });
    }
    unrolled<Rows>([&](auto r) { out[r] = sums[r].sum(); });
}

/// The same for one pair.
template <class Term, class Arch, class Element>
[[nodiscard]] float sum_pair(Arch arch, float const* query, Element const* row, std::size_t n) noexcept {
    float out;
    sum_rows<Term, 1>(arch, query, row, n, n, &out);
    return out;
}

/// What cosine needs, in one pass.
struct cosine_sums {
    float xy, xx, yy;
};

#if !defined(SIMILE_SCALAR)
/// Fused where the processor can, four independent sums: the fast form for one pair.
/// Error   as sum_rows with m = ceil(n / (4 L)) + L + 8 for registers of L floats; the last n mod L terms are added one by one.
template <class Arch>
[[nodiscard]] float fast_dot(Arch, float const* x, float const* y, std::size_t n) noexcept {
    using batch = xsimd::batch<float, Arch>;
    constexpr std::size_t width = batch::size;
    batch sums[4] = {batch(0.0F), batch(0.0F), batch(0.0F), batch(0.0F)};
    std::size_t i = 0;
    for (; i + 4 * width <= n; i += 4 * width)
        for (std::size_t j = 0; j < 4; ++j)
            sums[j] = xsimd::fma(batch::load_unaligned(x + i + j * width), batch::load_unaligned(y + i + j * width), sums[j]);
    for (; i + width <= n; i += width) sums[0] = xsimd::fma(batch::load_unaligned(x + i), batch::load_unaligned(y + i), sums[0]);
    float rest = 0;
    for (; i < n; ++i) rest += x[i] * y[i];
    return xsimd::reduce_add((sums[0] + sums[1]) + (sums[2] + sums[3])) + rest;
}

template <class Arch>
[[nodiscard]] float fast_squared_l2(Arch, float const* x, float const* y, std::size_t n) noexcept {
    using batch = xsimd::batch<float, Arch>;
    constexpr std::size_t width = batch::size;
    batch sums[4] = {batch(0.0F), batch(0.0F), batch(0.0F), batch(0.0F)};
    auto const add = [&](batch& sum, std::size_t at) {
        batch const difference = batch::load_unaligned(x + at) - batch::load_unaligned(y + at);
        sum = xsimd::fma(difference, difference, sum);
    };
    std::size_t i = 0;
    for (; i + 4 * width <= n; i += 4 * width)
        for (std::size_t j = 0; j < 4; ++j) add(sums[j], i + j * width);
    for (; i + width <= n; i += width) add(sums[0], i);
    float rest = 0;
    for (; i < n; ++i) rest += (x[i] - y[i]) * (x[i] - y[i]);
    return xsimd::reduce_add((sums[0] + sums[1]) + (sums[2] + sums[3])) + rest;
}

template <class Arch>
[[nodiscard]] cosine_sums fast_cosine_sums(Arch, float const* x, float const* y, std::size_t n) noexcept {
    using batch = xsimd::batch<float, Arch>;
    batch xy[2] = {batch(0.0F), batch(0.0F)}, xx[2] = {batch(0.0F), batch(0.0F)}, yy[2] = {batch(0.0F), batch(0.0F)};
    auto const add = [&](std::size_t s, std::size_t at) {
        batch const a = batch::load_unaligned(x + at), b = batch::load_unaligned(y + at);
        xy[s] = xsimd::fma(a, b, xy[s]);
        xx[s] = xsimd::fma(a, a, xx[s]);
        yy[s] = xsimd::fma(b, b, yy[s]);
    };
    std::size_t i = 0;
    for (; i + 2 * batch::size <= n; i += 2 * batch::size) add(0, i), add(1, i + batch::size);
    for (; i + batch::size <= n; i += batch::size) add(0, i);
    cosine_sums out{xsimd::reduce_add(xy[0] + xy[1]), xsimd::reduce_add(xx[0] + xx[1]), xsimd::reduce_add(yy[0] + yy[1])};
    for (; i < n; ++i) {
        out.xy += x[i] * y[i];
        out.xx += x[i] * x[i];
        out.yy += y[i] * y[i];
    }
    return out;
}
#endif

[[nodiscard]] inline float fast_dot(scalar_arch arch, float const* x, float const* y, std::size_t n) noexcept {
    return sum_pair<product>(arch, x, y, n);
}
[[nodiscard]] inline float fast_squared_l2(scalar_arch arch, float const* x, float const* y, std::size_t n) noexcept {
    return sum_pair<squared_difference>(arch, x, y, n);
}
template <class Arch>
[[nodiscard]] cosine_sums reproducible_cosine_sums(Arch arch, float const* x, float const* y, std::size_t n) noexcept {
    return {sum_pair<product>(arch, x, y, n), sum_pair<product>(arch, x, x, n), sum_pair<product>(arch, y, y, n)};
}
[[nodiscard]] inline cosine_sums fast_cosine_sums(scalar_arch arch, float const* x, float const* y, std::size_t n) noexcept {
    return reproducible_cosine_sums(arch, x, y, n);
}

}  // namespace simile::simd
