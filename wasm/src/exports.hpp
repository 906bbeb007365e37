// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "handles.hpp"
#include "reply.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

#define EXPORT(name) extern "C" __attribute__((export_name(#name)))

namespace simile::wasm {

/// Memory that TypeScript allocated with `simile_alloc` and filled.
template <class T>
[[nodiscard]] std::span<T const> at(std::uint32_t pointer, std::size_t count) noexcept {
    return {reinterpret_cast<T const*>(pointer), count};
}

}  // namespace simile::wasm
