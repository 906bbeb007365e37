// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace simile {

/// The codecs a file can hold. The numbers are those of the file.
enum class codec_kind : std::uint8_t { f32 = 1, f16 = 2, int8 = 3, planes = 4 };

[[nodiscard]] constexpr std::string_view to_string(codec_kind kind) noexcept {
    switch (kind) {
        case codec_kind::f32: return "f32";
        case codec_kind::f16: return "f16";
        case codec_kind::int8: return "int8";
        case codec_kind::planes: return "planes";
    }
    return "unknown";
}

namespace quantize {

using block_scores = std::array<float, block_rows>;

/// Turns vectors into codes that lie in blocks of 32 rows, and scores a query against a block at a time.
///
/// `directions` says whether rows and queries come as unit vectors (the index then keeps the norms); otherwise they come as they are.
/// `encode` writes slot 0 .. 31 of a block whose slot holds zeros or an older code; `clear` zeroes it. `well_formed` looks for what no encoder
/// writes (NaN, negative factors) in the first `rows` slots of a block that came from a file.
/// Everything here is noexcept: indexes check their input first.
template <class C>
concept codec = std::copyable<C> && requires(C const& c, std::span<float const> row, std::span<float> out, std::byte* block, std::byte const* from,
                                             std::size_t slot, typename C::query const& query, block_scores& scores) {
    { C::kind } -> std::convertible_to<codec_kind>;
    { C::directions } -> std::convertible_to<bool>;
    { c.dims() } noexcept -> std::same_as<std::size_t>;
    { c.block_bytes() } noexcept -> std::same_as<std::size_t>;
    { c.encode(row, block, slot) } noexcept;
    { c.decode(from, slot, out) } noexcept;
    { c.move(from, slot, block, slot) } noexcept;
    { c.clear(block, slot) } noexcept;
    { c.well_formed(from, slot) } noexcept -> std::same_as<bool>;
    { c.prepare(row, 1.0F) } -> std::same_as<typename C::query>;
    { c.scan(query, from, scores) } noexcept;
};

}  // namespace quantize
}  // namespace simile
