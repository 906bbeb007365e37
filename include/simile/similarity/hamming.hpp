// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/simd/popcount.hpp>
#include <simile/similarity/functor.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace simile::similarity {

/// Number of bits in which two packed bit strings differ.
///
/// Shape     x, y: the same number of bytes, less than 2^29.
/// Unit      bits, exact; smaller is closer.
/// Requires  equal sizes; asserted only.
struct hamming_fn {
    static constexpr ordering order = ordering::smaller_is_closer;

    [[nodiscard]] std::uint32_t operator()(std::span<std::byte const> x, std::span<std::byte const> y) const noexcept {
        assert(x.size() == y.size());
        return simd::hamming(default_arch{}, x.data(), y.data(), x.size());
    }
};
inline constexpr hamming_fn hamming{};

static_assert(similarity_functor<hamming_fn, std::byte>);

}  // namespace simile::similarity
