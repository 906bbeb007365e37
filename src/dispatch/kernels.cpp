// SPDX-License-Identifier: Apache-2.0
// Compiled once for each architecture, with its flags: SIMILE_ARCH_TAG is its tag, SIMILE_ARCH_NAME its name.
//
// Nothing here may be shared with an object of other flags: where two objects hold the same inline function the linker keeps one of them, which another
// processor may not run. So every function that a kernel calls is a template on the architecture or is always inlined; a test reads the symbols.
#include <simile/simd/kernel_table.hpp>

#if defined(__aarch64__)
#include "neon_dotprod.hpp"
#endif

#define SIMILE_JOIN_(a, b) a##b
#define SIMILE_JOIN(a, b) SIMILE_JOIN_(a, b)
#define SIMILE_TEXT_(a) #a
#define SIMILE_TEXT(a) SIMILE_TEXT_(a)

namespace simile::simd {

extern kernel_table const SIMILE_JOIN(kernels_, SIMILE_ARCH_NAME);
constinit kernel_table const SIMILE_JOIN(kernels_, SIMILE_ARCH_NAME) = make_kernel_table(SIMILE_ARCH_TAG{}, SIMILE_TEXT(SIMILE_ARCH_NAME));

}  // namespace simile::simd
