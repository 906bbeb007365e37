// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/rounded.hpp>

#if !defined(SIMILE_SCALAR)
#include <xsimd/xsimd.hpp>
#endif

#include <type_traits>

namespace simile {

/// Tag of the kernels in plain C++: the reference for all others.
struct scalar_arch {};

namespace simd {
/// Tag of the kernels that are chosen when the program runs: see simd/dispatch.hpp. What is not among them runs as plain C++.
struct dispatched_arch : scalar_arch {};
}  // namespace simd

/// The best architecture of the flags this translation unit is compiled with. Kernels are overloaded on the tag as xsimd's are.
#if defined(SIMILE_SCALAR)
using compiled_arch = scalar_arch;
#else
using compiled_arch = std::conditional_t<xsimd::default_arch::supported(), xsimd::default_arch, scalar_arch>;
#endif

/// What indexes and functors call their kernels with.
#if defined(SIMILE_DISPATCH) && !defined(SIMILE_SCALAR)
using default_arch = simd::dispatched_arch;
#else
using default_arch = compiled_arch;
#endif

#if !defined(SIMILE_SCALAR)
template <class T, class Arch>
[[nodiscard, gnu::always_inline]] inline xsimd::batch<T, Arch> rounded(xsimd::batch<T, Arch> value) noexcept {
    value.data = rounded(value.data);
    return value;
}
#endif

/// Asks a functor for the same bits on every platform instead of the fastest sum.
struct reproducible_t {};
inline constexpr reproducible_t reproducible{};

}  // namespace simile
