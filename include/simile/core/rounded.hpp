// SPDX-License-Identifier: Apache-2.0
#pragma once

#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__))
#define SIMILE_ROUNDED(value) asm("" : "+x"(value))
#elif defined(__GNUC__) && defined(__aarch64__)
#define SIMILE_ROUNDED(value) asm("" : "+w"(value))
#else
// WebAssembly has no fused multiply-add a compiler may choose by itself.
#define SIMILE_ROUNDED(value) static_cast<void>(0)
#endif

namespace simile {

/// The value as it is after rounding to its type: keeps a compiler from fusing the product that made it into the next sum, which
/// would give other bits where there is a fused multiply-add. Works on float, double and vector registers.
template <class T>
[[nodiscard, gnu::always_inline]] inline T rounded(T value) noexcept {
    SIMILE_ROUNDED(value);
    return value;
}

}  // namespace simile

#undef SIMILE_ROUNDED
