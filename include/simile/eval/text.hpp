// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdio>
#include <string>

/// Columns of the tables of reports.
namespace simile::eval {

namespace detail {
/// Text in a column of a width, on its right, or on its left for a negative width.
[[nodiscard]] inline std::string cell(std::string const& text, int width) {
    std::array<char, 64> out{};
    std::snprintf(out.data(), out.size(), "%*s", width, text.c_str());
    return out.data();
}
[[nodiscard]] inline std::string fixed(double value, int digits = 4) {
    std::array<char, 64> out{};
    std::snprintf(out.data(), out.size(), "%.*f", digits, value);
    return out.data();
}
}  // namespace detail

}  // namespace simile::eval
