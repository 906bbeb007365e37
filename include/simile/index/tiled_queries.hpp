// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/quantize/codec.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace simile::detail {

/// Many queries at once, for scores of whole blocks: each block is read once for `batch_tile` of them.
template <quantize::batch_codec Codec>
class tiled_queries {
public:
    /// @param codec    must outlive this
    /// @param prepare  prepare(i): query i as the codec prepares it
    template <class Prepare>
    tiled_queries(Codec const& codec, std::size_t queries, Prepare prepare) : codec_(codec), queries_(queries) {
        std::vector<typename Codec::query> some;
        for (std::size_t i = 0; i < queries; i += quantize::batch_tile) {
            some.clear();
            for (std::size_t j = i; j < std::min(queries, i + quantize::batch_tile); ++j) some.push_back(prepare(j));
            tiles_.push_back(codec.prepare_tile(some));
        }
    }

    /// @param out  [queries]
    void operator()(std::byte const* block, std::span<quantize::block_scores> out) const noexcept {
        quantize::tile_floats none;
        none.fill(std::numeric_limits<float>::infinity());
        quantize::tile_scores scores;
        quantize::tile_masks masks;
        for (std::size_t t = 0; t < tiles_.size(); ++t) {
            codec_.scan_tile(tiles_[t], block, none, scores, masks);
            std::size_t const first = t * quantize::batch_tile, count = std::min(quantize::batch_tile, queries_ - first);
            std::copy_n(scores.begin(), count, out.begin() + static_cast<std::ptrdiff_t>(first));
        }
    }

private:
    Codec const& codec_;
    std::size_t queries_;
    std::vector<typename Codec::tile> tiles_;
};

}  // namespace simile::detail
