// SPDX-License-Identifier: Apache-2.0
// How workers come to help the one that holds the indexes; abi.md is the contract.
#include "exports.hpp"
#include "team.hpp"

#include <cstdlib>

using namespace simile::wasm;

namespace {

constexpr std::size_t stack_bytes = 64 * 1024;  // as the first worker has

}  // namespace

/// A stack that ends where a block of thread-local variables begins.
EXPORT(simile_help_place) std::uint32_t simile_help_place() {
    static_assert(stack_bytes % 4096 == 0);
    auto* const block = static_cast<std::byte*>(std::aligned_alloc(4096, stack_bytes + (__builtin_wasm_tls_size() + 4095) / 4096 * 4096));
    return block == nullptr ? 0 : static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(block + stack_bytes));
}

EXPORT(simile_help) void simile_help() { workers.help(); }
