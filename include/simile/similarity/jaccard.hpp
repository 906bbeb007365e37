// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/similarity/functor.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace simile::similarity {

/// Jaccard similarity of two sets given as bit strings: bits in both / bits in either.
///
/// Shape     x, y: the same number of bytes.
/// Unit      in [0, 1]; larger is closer; symmetric bit for bit. 1 - jaccard is a metric.
/// Zero      1 for two empty sets: they are equal.
/// Error     one rounding to float; the counts are exact.
/// Requires  equal sizes; asserted only.
/// Source    Jaccard, "The Distribution of the Flora in the Alpine Zone", New Phytologist 11, 1912. Chemists call it Tanimoto.
struct jaccard_fn {
    static constexpr ordering order = ordering::larger_is_closer;

    [[nodiscard]] float operator()(std::span<std::byte const> x, std::span<std::byte const> y) const noexcept {
        assert(x.size() == y.size());
        std::uint64_t both = 0, either = 0;
        for (std::size_t i = 0; i < x.size(); i += 8) {
            std::uint64_t const a = word(x, i), b = word(y, i);
            both += static_cast<std::uint64_t>(std::popcount(a & b));
            either += static_cast<std::uint64_t>(std::popcount(a | b));
        }
        return either == 0 ? 1.0F : static_cast<float>(static_cast<double>(both) / static_cast<double>(either));
    }

private:
    /// Eight bytes from i on, zeros behind the end.
    static std::uint64_t word(std::span<std::byte const> x, std::size_t i) noexcept {
        std::uint64_t out = 0;
        if (i + 8 <= x.size())
            std::memcpy(&out, x.data() + i, 8);
        else
            std::memcpy(&out, x.data() + i, x.size() - i);
        return out;
    }
};
inline constexpr jaccard_fn jaccard{};

static_assert(similarity_functor<jaccard_fn, std::byte>);

}  // namespace simile::similarity
