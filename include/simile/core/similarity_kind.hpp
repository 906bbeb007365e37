// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace simile {

/// What an index ranks by. The numbers are those of the file.
enum class similarity_kind : std::uint8_t {
    cosine = 1,      ///< score <x, q> / (|x| |q|), in [-1, 1]
    dot = 2,         ///< score <x, q>
    squared_l2 = 3,  ///< score -|x - q|^2, so that larger is closer here too
};

[[nodiscard]] constexpr std::string_view to_string(similarity_kind kind) noexcept {
    switch (kind) {
        case similarity_kind::cosine: return "cosine";
        case similarity_kind::dot: return "dot";
        case similarity_kind::squared_l2: return "squared_l2";
    }
    return "unknown";
}

[[nodiscard]] constexpr bool is_valid(similarity_kind kind) noexcept {
    return kind >= similarity_kind::cosine && kind <= similarity_kind::squared_l2;
}

}  // namespace simile
