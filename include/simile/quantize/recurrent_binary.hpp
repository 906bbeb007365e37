// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/hit.hpp>
#include <simile/quantize/code_factors.hpp>
#include <simile/simd/nibble_scan.hpp>

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// Recurrent binary codes of m bits: sums of m sign vectors with weights 1, 1/2 .. 2^-(m-1) (Gan et al., "Binary Embedding-based Retrieval at
/// Tencent", KDD 2023). The code u of a dimension has the first sign as its upper bit; its level is (2 u - (2^m - 1)) / 2^(m-1), an odd multiple of
/// 2^-(m-1) in +-(2 - 2^-(m-1)). So they are codes of the common form, and search with a float query needs 1 / norm as the only factor.
namespace simile::quantize {

[[nodiscard]] constexpr float recurrent_level(unsigned code, unsigned bits) noexcept {
    return static_cast<float>(2 * static_cast<int>(code) - static_cast<int>((1U << bits) - 1U)) / static_cast<float>(1U << (bits - 1));
}

/// @throws error invalid_argument for bits outside 1 .. 8, no codes, or a code of more bits
inline void require_recurrent_codes(std::span<std::uint8_t const> codes, unsigned bits) {
    require(bits >= 1 && bits <= 8, error_code::invalid_argument, "codes have 1 .. 8 bits, not ", bits);
    require(!codes.empty(), error_code::invalid_argument, "there are no codes");
    for (std::uint8_t const c : codes) require(c >> bits == 0, error_code::invalid_argument, "a code of ", bits, " bits is ", unsigned{c});
}

namespace detail {
[[nodiscard]] inline std::int64_t odd_dot(std::span<std::uint8_t const> a, std::span<std::uint8_t const> b, unsigned bits) noexcept {
    auto const most = static_cast<std::int32_t>((1U << bits) - 1U);
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += (2 * std::int32_t{a[i]} - most) * (2 * std::int32_t{b[i]} - most);
    return sum;
}
}  // namespace detail

/// <a, b> of the levels, exact.
[[nodiscard]] inline double recurrent_dot(std::span<std::uint8_t const> a, std::span<std::uint8_t const> b, unsigned bits) noexcept {
    assert(a.size() == b.size());
    return std::ldexp(static_cast<double>(detail::odd_dot(a, b, bits)), 2 - 2 * static_cast<int>(bits));
}

/// 1 / |levels|; there is no zero code, so this is always finite.
[[nodiscard]] inline double recurrent_inverse_norm(std::span<std::uint8_t const> codes, unsigned bits) noexcept {
    return 1 / std::sqrt(recurrent_dot(codes, codes, bits));
}

[[nodiscard]] inline double recurrent_cosine(std::span<std::uint8_t const> a, std::span<std::uint8_t const> b, unsigned bits) noexcept {
    double const norms = std::sqrt(recurrent_dot(a, a, bits)) * std::sqrt(recurrent_dot(b, b, bits));
    return std::clamp(recurrent_dot(a, b, bits) / norms, -1.0, 1.0);
}

/// The factors for a float query: the estimate is <levels, q> / |levels|, the cosine when |q| = 1.
[[nodiscard]] inline code_factors recurrent_factors(std::span<std::uint8_t const> codes, unsigned bits) noexcept {
    // |u - c|, of which the levels are a multiple.
    return {static_cast<float>(2 / std::sqrt(static_cast<double>(detail::odd_dot(codes, codes, bits)))), 0};
}

/// Symmetric comparison of 2-bit codes by a byte table: a nibble is two dimensions, the first in the upper bits; entry [16 a + b] is
/// (sum of the two products of odd integers + 18) / 2, in 0 .. 18. Of n nibbles, 2 <a, b> = sum of entries - 9 n.
[[nodiscard]] constexpr std::array<std::uint8_t, 256> make_sdc2_table() noexcept {
    std::array<std::uint8_t, 256> table{};
    auto const odd = [](unsigned code) { return 2 * static_cast<int>(code & 3U) - 3; };
    for (unsigned a = 0; a < 16; ++a)
        for (unsigned b = 0; b < 16; ++b)
            table[16 * a + b] = static_cast<std::uint8_t>((odd(a >> 2) * odd(b >> 2) + odd(a) * odd(b) + 18) / 2);
    return table;
}
inline constexpr std::array<std::uint8_t, 256> sdc2_table = make_sdc2_table();

/// The nibble of dimensions 2 g and 2 g + 1.
[[nodiscard]] inline std::uint8_t sdc2_nibble(std::span<std::uint8_t const> codes, std::size_t g) noexcept {
    return static_cast<std::uint8_t>(codes[2 * g] << 2 | codes[2 * g + 1]);
}

/// A 2-bit code as query: its rows of the table are the tables of simd::nibble_scan, over blocks of 32 rows in that kernel's layout.
class sdc2_query {
public:
    /// @throws error invalid_argument for a code of more than 2 bits or an odd number of dimensions
    explicit sdc2_query(std::span<std::uint8_t const> codes) : nibbles_(codes.size() / 2) {
        require_recurrent_codes(codes, 2);
        require(codes.size() % 2 == 0, error_code::invalid_argument, "nibbles need an even number of dimensions, not ", codes.size());
        tables_.assign(16 * groups(), 0);
        for (std::size_t g = 0; g < nibbles_; ++g)
            std::copy_n(sdc2_table.begin() + 16 * sdc2_nibble(codes, g), 16, tables_.begin() + static_cast<std::ptrdiff_t>(16 * g));
    }

    [[nodiscard]] std::size_t nibbles() const noexcept { return nibbles_; }
    /// Nibbles of a row in a block; those added are worth nothing.
    [[nodiscard]] std::size_t groups() const noexcept { return (nibbles_ + 3) / 4 * 4; }
    [[nodiscard]] std::size_t block_bytes() const noexcept { return 16 * groups(); }

    /// Writes a row's code into slot 0 .. 31 of a block of `block_bytes()` bytes, whatever was there.
    void put(std::span<std::uint8_t const> codes, std::uint8_t* block, std::size_t slot) const noexcept {
        assert(codes.size() == 2 * nibbles_ && slot < block_rows);
        unsigned const shift = slot < 16 ? 0 : 4;
        for (std::size_t g = 0; g < nibbles_; ++g) {
            std::uint8_t& pair = block[16 * g + slot % 16];
            pair = static_cast<std::uint8_t>((pair & (0xF0U >> shift)) | static_cast<unsigned>(sdc2_nibble(codes, g)) << shift);
        }
    }

    /// <query, row> of the levels of 32 rows, exact.
    void scan(std::uint8_t const* block, std::array<float, block_rows>& dots) const noexcept {
        simd::block_sums sums;
        simd::nibble_scan(default_arch{}, tables_.data(), block, groups(), sums);
        for (std::size_t r = 0; r < block_rows; ++r)
            dots[r] = static_cast<float>(static_cast<std::int32_t>(sums[r]) - static_cast<std::int32_t>(9 * nibbles_)) / 2;
    }

private:
    std::size_t nibbles_;
    std::vector<std::uint8_t> tables_;
};

}  // namespace simile::quantize
