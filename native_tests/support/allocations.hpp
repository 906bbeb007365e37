// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

/// Counts what operator new gives out, and can refuse. Works in programs that are linked with allocations.cpp.
namespace simile::test::allocations {

/// Bytes given out and not yet returned, counted since `start`; may be negative.
void start();
[[nodiscard]] std::ptrdiff_t peak();
[[nodiscard]] std::size_t count();

/// Lets the n-th allocation from now fail, and those after it too when `for_ever`. 0: none fails.
void fail_at(std::size_t n, bool for_ever);
/// Whether an allocation was refused since `fail_at`.
[[nodiscard]] bool failed();

}  // namespace simile::test::allocations
