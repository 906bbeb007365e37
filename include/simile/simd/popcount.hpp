// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/simd/bit_lanes.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace simile::simd {

/// What two bit strings are joined by before their bits are counted.
struct differing_bits {
    template <class L>
    static typename L::reg join(typename L::reg a, typename L::reg b) noexcept {
        return L::exclusive_or(a, b);
    }
};
struct common_bits {
    template <class L>
    static typename L::reg join(typename L::reg a, typename L::reg b) noexcept {
        return L::conjunction(a, b);
    }
};
struct present_bits {
    template <class L>
    static typename L::reg join(typename L::reg a, typename L::reg b) noexcept {
        return L::disjunction(a, b);
    }
};

namespace detail {
/// What is shorter than a register: words of 64 bits, then bytes.
template <class Join, class Arch>
[[nodiscard]] std::uint32_t count_rest(std::byte const* x, std::byte const* y, std::size_t n) noexcept {
    using L = bits64<Arch>;
    std::uint64_t sum = 0;
    std::size_t i = 0;
    for (; i + 8 <= n; i += 8) sum += L::count(Join::template join<L>(L::load(x + i), L::load(y + i)));
    for (; i < n; ++i) sum += L::count(Join::template join<L>(std::to_integer<std::uint64_t>(x[i]), std::to_integer<std::uint64_t>(y[i])));
    return static_cast<std::uint32_t>(sum);
}
}  // namespace detail

/// Number of bits of Join(x, y), for n bytes at x and at y. Exact; n < 2^29.
template <class Join, class Arch>
[[nodiscard]] std::uint32_t count_bits(Arch, std::byte const* x, std::byte const* y, std::size_t n) noexcept {
    using L = bits_of<Arch>;
    if constexpr (L::size == 64) {
        // Codes of up to 1,024 bits in straight lines.
        auto const whole = [&] { return L::count(Join::template join<L>(L::load(x), L::load(y))); };
        auto const part = [&](std::size_t at) {
            return L::count(Join::template join<L>(L::load_part(x + at, n - at), L::load_part(y + at, n - at)));
        };
        if (n - 1 < 64) return static_cast<std::uint32_t>(L::total(part(0)));
        if (n - 65 < 64) return static_cast<std::uint32_t>(L::total(L::add(whole(), part(64))));
    }
    auto sum = L::zero();
    std::size_t i = 0;
    while (n - i >= L::size) {
        auto counts = L::zero();
        std::size_t const end = i + std::min((n - i) / L::size, L::most) * L::size;
        for (; i < end; i += L::size) counts = L::add(counts, L::count(Join::template join<L>(L::load(x + i), L::load(y + i))));
        sum = L::add_wide(sum, L::widen(counts));
    }
    if constexpr (L::size == 64) {
        if (i < n) sum = L::add_wide(sum, L::count(Join::template join<L>(L::load_part(x + i, n - i), L::load_part(y + i, n - i))));
        return static_cast<std::uint32_t>(L::total(sum));
    } else {
        return static_cast<std::uint32_t>(L::total(sum)) + detail::count_rest<Join, Arch>(x + i, y + i, n - i);
    }
}

/// Number of bits in which n bytes at x and at y differ. Exact.
template <class Arch>
[[nodiscard]] std::uint32_t hamming(Arch arch, std::byte const* x, std::byte const* y, std::size_t n) noexcept {
    return count_bits<differing_bits>(arch, x, y, n);
}

/// What the Jaccard similarity both / either needs.
struct jaccard_sums {
    std::uint32_t both = 0, either = 0;
    friend bool operator==(jaccard_sums const&, jaccard_sums const&) = default;
};

/// Bits set in both and in either of n bytes at x and at y. Exact.
template <class Arch>
[[nodiscard]] jaccard_sums jaccard(Arch arch, std::byte const* x, std::byte const* y, std::size_t n) noexcept {
    return {count_bits<common_bits>(arch, x, y, n), count_bits<present_bits>(arch, x, y, n)};
}

}  // namespace simile::simd

#if defined(SIMILE_DISPATCH) && !defined(SIMILE_SCALAR)
#include <simile/simd/dispatch.hpp>
#endif
