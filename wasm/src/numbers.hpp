// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace simile::wasm {

/// A limit that TypeScript gave, or `otherwise` for what is none, such as 0.
[[nodiscard]] inline std::uint64_t whole(double value, std::uint64_t otherwise) noexcept {
    return value > 0 && value < 0x1p53 ? static_cast<std::uint64_t>(value) : otherwise;
}

/// The least float that is not below `value`, so that what is asked of a score holds for it as a double too.
[[nodiscard]] inline float least_float(double value) noexcept {
    auto const nearest = static_cast<float>(value);
    return static_cast<double>(nearest) < value ? std::nextafter(nearest, std::numeric_limits<float>::infinity()) : nearest;
}

}  // namespace simile::wasm
