// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/simd/int8_query.hpp>
#include <simile/simd/words16.hpp>

#include <cstddef>
#include <cstdint>

namespace simile::simd {

/// <x, y>, <x, x> and <y, y> of int8 vectors.
struct int8_sums {
    std::int32_t xy = 0, xx = 0, yy = 0;
    friend bool operator==(int8_sums const&, int8_sums const&) = default;
};

/// Kernels for int8 and uint8 over registers of 16-bit lanes; `W` is a words128, words256 or words512.
namespace words {

/// Calls add(first, i) for whole registers, two sums in turn, then part(sum, i, rest) for what remains.
template <class W, class Add, class Part>
[[nodiscard]] std::uint32_t sum_over(std::size_t n, Add add, Part part) noexcept {
    auto even = W::zero(), odd = W::zero();
    std::size_t i = 0;
    for (; i + 2 * W::size <= n; i += 2 * W::size) {
        even = add(even, i);
        odd = add(odd, i + W::size);
    }
    if (i + W::size <= n) {
        even = add(even, i);
        i += W::size;
    }
    if (i < n) odd = part(odd, i, n - i);
    return W::total(W::add(even, odd));
}

/// The 32-bit sum wraps like two's complement, so that it is right as signed and as unsigned.
template <class W, class X, class Y>
[[nodiscard]] std::uint32_t dot(X const* x, Y const* y, std::size_t n) noexcept {
    return sum_over<W>(
        n, [&](auto sum, std::size_t i) noexcept { return W::add_products(sum, W::load(x + i), W::load(y + i)); },
        [&](auto sum, std::size_t i, std::size_t rest) noexcept {
            return W::add_products(sum, load_part<W>(x + i, rest), load_part<W>(y + i, rest));
        });
}

template <class W>
[[nodiscard]] std::uint32_t squared_l2(std::int8_t const* x, std::int8_t const* y, std::size_t n) noexcept {
    auto const add = [](auto sum, auto const& a, auto const& b) noexcept {
        auto const difference = W::subtract(a, b);
        return W::add_products(sum, difference, difference);
    };
    return sum_over<W>(
        n, [&](auto sum, std::size_t i) noexcept { return add(sum, W::load(x + i), W::load(y + i)); },
        [&](auto sum, std::size_t i, std::size_t rest) noexcept { return add(sum, load_part<W>(x + i, rest), load_part<W>(y + i, rest)); });
}

template <class W>
[[nodiscard]] int8_sums cosine_sums(std::int8_t const* x, std::int8_t const* y, std::size_t n) noexcept {
    auto xy = W::zero(), xx = W::zero(), yy = W::zero();
    auto const add = [&](auto const& a, auto const& b) noexcept {
        xy = W::add_products(xy, a, b);
        xx = W::add_products(xx, a, a);
        yy = W::add_products(yy, b, b);
    };
    std::size_t i = 0;
    for (; i + W::size <= n; i += W::size) add(W::load(x + i), W::load(y + i));
    if (i < n) add(load_part<W>(x + i, n - i), load_part<W>(y + i, n - i));
    return {static_cast<std::int32_t>(W::total(xy)), static_cast<std::int32_t>(W::total(xx)), static_cast<std::int32_t>(W::total(yy))};
}

/// One row after the other, as memory likes it; the query comes widened.
template <class W, class X>
void dot_rows(int8_row_query const& query, X const* rows, std::size_t count, std::int32_t* out) noexcept {
    std::size_t const n = query.size();
    for (std::size_t r = 0; r < count; ++r) out[r] = static_cast<std::int32_t>(dot<W>(rows + r * n, query.wide.data(), n));
}

}  // namespace words

}  // namespace simile::simd
