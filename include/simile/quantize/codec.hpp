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
enum class codec_kind : std::uint8_t {
    f32 = 1,
    f16 = 2,
    int8 = 3,
    planes = 4,
    planes2 = 5,
    planes12 = 6,
    bf16 = 7,
    integer = 8,
    product = 9,
    eden = 10,
    refined = 11
};

[[nodiscard]] constexpr std::string_view to_string(codec_kind kind) noexcept {
    switch (kind) {
        case codec_kind::f32: return "f32";
        case codec_kind::f16: return "f16";
        case codec_kind::int8: return "int8";
        case codec_kind::planes: return "planes";
        case codec_kind::planes2: return "planes2";
        case codec_kind::planes12: return "planes12";
        case codec_kind::bf16: return "bf16";
        case codec_kind::integer: return "integer";
        case codec_kind::product: return "product";
        case codec_kind::eden: return "eden";
        case codec_kind::refined: return "refined";
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
/// `decode` gives the vector that a code stands for: close to the row also in length, which a map that centres rows needs to find back.
/// `scan` scores the 32 rows of a block; bit r of its result says whether row r reaches the threshold.
/// Everything here is noexcept: indexes check their input first.
template <class C>
concept codec =
    std::copyable<C> && requires(C const& c, C& changing, std::span<float const> row, std::span<float> out, std::byte* block,
                                 std::byte const* from, std::size_t slot, typename C::query const& query, block_scores& scores) {
        { C::kind } -> std::convertible_to<codec_kind>;
        { C::directions } -> std::convertible_to<bool>;
        { c.dims() } noexcept -> std::same_as<std::size_t>;
        { c.block_bytes() } noexcept -> std::same_as<std::size_t>;
        { changing.encode(row, block, slot) } noexcept;
        { c.decode(from, slot, out) } noexcept;
        { c.move(from, slot, block, slot) } noexcept;
        { c.clear(block, slot) } noexcept;
        { c.well_formed(from, slot) } noexcept -> std::same_as<bool>;
        { c.prepare(row, 1.0F) } -> std::same_as<typename C::query>;
        { c.scan(query, from, 0.0F, scores) } noexcept -> std::same_as<std::uint32_t>;
    };

/// Queries of a batch that a codec scores together, and their scores for one block.
inline constexpr std::size_t batch_tile = 8;
using tile_scores = std::array<block_scores, batch_tile>;
using tile_floats = std::array<float, batch_tile>;
using tile_masks = std::array<std::uint32_t, batch_tile>;

/// A codec that scores a tile of queries in one pass over a block, with the same results as `scan`.
template <class C>
concept batch_codec = codec<C> && requires(C const& c, std::span<typename C::query const> queries, typename C::tile const& tile,
                                           std::byte const* block, tile_floats const& thresholds, tile_scores& scores, tile_masks& masks) {
    { c.prepare_tile(queries) } -> std::same_as<typename C::tile>;
    { c.scan_tile(tile, block, thresholds, scores, masks) } noexcept;
};

}  // namespace quantize
}  // namespace simile
