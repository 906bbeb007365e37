// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <utility>

namespace simile {

namespace detail {
template <class F, class I>
[[gnu::always_inline]] constexpr void call(F& f, I i) noexcept {
#if defined(__clang__)
    [[clang::always_inline]]
#endif
    f(i);
}
}  // namespace detail

/// Calls f(0) .. f(N - 1) without a loop. Arrays of registers that are only indexed so stay in registers; with a loop variable some compilers keep
/// them in memory, which costs a store and a load an addition.
template <std::size_t N, class F>
[[gnu::always_inline]] constexpr void unrolled(F&& f) noexcept {
    [&]<std::size_t... I>(std::index_sequence<I...>)
        __attribute__((always_inline)) { (detail::call(f, std::integral_constant<std::size_t, I>{}), ...); }(std::make_index_sequence<N>{});
}

}  // namespace simile
