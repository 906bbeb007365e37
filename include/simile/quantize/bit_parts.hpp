// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>

namespace simile::quantize {

/// Codes of B bits are kept in parts of 8, 4, 2 and 1 bits, for which there are kernels: 7 bits as 4, 2 and 1, the upper bits first.
/// Calls part.operator()<Width>(shift) for each: it holds `Width` bits, `shift` above the lowest.
///
/// @param bits  1 .. 15
template <class Part>
[[gnu::always_inline]] constexpr void for_each_part(unsigned bits, Part&& part) {
    auto const take = [&]<unsigned Width>(std::integral_constant<unsigned, Width>) {
        if (bits < Width) return;
        bits -= Width;
        part.template operator()<Width>(bits);
    };
    take(std::integral_constant<unsigned, 8>{});
    take(std::integral_constant<unsigned, 4>{});
    take(std::integral_constant<unsigned, 2>{});
    take(std::integral_constant<unsigned, 1>{});
}

}  // namespace simile::quantize
