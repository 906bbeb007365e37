// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace simile {

/// Whether text is well-formed UTF-8 (Unicode 15, table 3-7): no overlong forms, no surrogates, nothing above U+10FFFF.
[[nodiscard]] constexpr bool is_utf8(std::string_view text) noexcept {
    auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    for (std::size_t i = 0; i < text.size();) {
        unsigned const lead = byte(i++);
        if (lead < 0x80) continue;
        if (lead < 0xC2 || lead > 0xF4) return false;
        std::size_t const more = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
        if (text.size() - i < more) return false;
        unsigned const low = lead == 0xE0 ? 0xA0U : lead == 0xF0 ? 0x90U : 0x80U;
        unsigned const high = lead == 0xED ? 0x9FU : lead == 0xF4 ? 0x8FU : 0xBFU;
        if (byte(i) < low || byte(i) > high) return false;
        for (std::size_t j = 1; j < more; ++j)
            if ((byte(i + j) & 0xC0U) != 0x80U) return false;
        i += more;
    }
    return true;
}

}  // namespace simile
