// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/index/vector_index.hpp>
#include <simile/quantize/int8.hpp>
#include <simile/quantize/raw.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace simile {

/// Compares the query with every row, in codes of one kind: `flat_index<quantize::int8_codec>`, or `f32_codec`, `f16_codec`.
template <quantize::codec Codec>
class flat_index final : public vector_index {
public:
    /// @param dims  1 .. 65536
    /// @throws error out_of_range, invalid_argument
    explicit flat_index(std::size_t dims, similarity_kind similarity = similarity_kind::cosine, zero_vectors zeros = zero_vectors::refuse)
        requires std::constructible_from<Codec, std::size_t, similarity_kind>
        : vector_index(dims, similarity, zeros), codec_(dims, similarity) {}
    /// @param map    into the space of the codes; only where codes are directions
    /// @param codec  of map.code_dims() dimensions
    flat_index(quantize::transform map, Codec codec, similarity_kind similarity = similarity_kind::cosine,
               zero_vectors zeros = zero_vectors::refuse)
        requires Codec::directions
        : vector_index(std::move(map), similarity, zeros), codec_(std::move(codec)) {
        require(codec_.dims() == code_dims(), error_code::dimension_mismatch, "the codec has ", codec_.dims(),
                " dimensions, the transform ", code_dims());
    }

    [[nodiscard]] codec_kind codec() const noexcept override { return Codec::kind; }
    [[nodiscard]] std::string codec_name() const override {
        if constexpr (requires { codec_.form(); })
            return name_of(Codec::kind, map(), &codec_.form(), nullptr);
        else if constexpr (requires { codec_.quantizer(); })
            return name_of(Codec::kind, map(), nullptr, &codec_);
        else if constexpr (Codec::kind == codec_kind::eden)
            return name_of(Codec::kind, map(), nullptr, nullptr, &codec_);
        else
            return vector_index::codec_name();
    }

protected:
    [[nodiscard]] bool keeps_directions() const noexcept override { return Codec::directions; }
    [[nodiscard]] std::size_t code_memory() const noexcept override { return blocks_.capacity(); }

    void reserve_rows(std::size_t rows) override { reserve_plane(blocks_, 0, rows); }
    void append_slot(row_t row) override {
        if (row % block_rows == 0) resize_plane(blocks_, 0, row + std::size_t{1});
    }
    void encode_row(std::span<float const> values, row_t row) override { codec_.encode(values, block(row / block_rows), row % block_rows); }
    void decode_row(row_t row, std::span<float> out) const override { codec_.decode(block(row / block_rows), row % block_rows, out); }
    void move_row(row_t from, row_t to) override {
        codec_.move(block(from / block_rows), from % block_rows, block(to / block_rows), to % block_rows);
    }
    void drop_last_row(row_t last) override {
        codec_.clear(block(last / block_rows), last % block_rows);
        resize_plane(blocks_, 0, last);
    }

    [[nodiscard]] search_result search_rows(std::span<float const> query, float scale, search_options const& options,
                                            score_rule const& rule) const override {
        auto const prepared = codec_.prepare(query, scale);
        auto const scan = [&](std::size_t b, float threshold, quantize::block_scores& scores) {
            return codec_.scan(prepared, block(b), threshold, scores);
        };
#if defined(__wasm__)
        // One scan for both would be another loop to download for every codec.
        return detail::as_asked(options, rule, [&](score_rule const& with, search_options const& how) -> search_result {
            return {detail::best_of_blocks(size(), how, with, scan), 1};
        });
#else
        if (rule.bias != nullptr && options.active != nullptr) return detail::best_of_two(size(), options, rule, scan);
        return {detail::best_of_blocks(size(), options, rule, scan), 1, rule.bias != nullptr};
#endif
    }

    void search_batch(std::span<prepared_query const> queries, search_options const& options,
                      std::span<search_result> results) const override {
        std::size_t in_tiles = 0;
        if (!options.bias.empty() && options.active != nullptr) return vector_index::search_batch(queries, options, results);
        if constexpr (scans_tiles) {
            // A tile costs the same whether it is full or not: one or two queries that are left over go alone.
            std::size_t const left = queries.size() % quantize::batch_tile;
            in_tiles = left <= 2 ? queries.size() - left : queries.size();
            if (in_tiles != 0) search_tiles(queries.first(in_tiles), options, results.first(in_tiles));
        }
        vector_index::search_batch(queries.subspan(in_tiles), options, results.subspan(in_tiles));
    }

    void score_blocks(std::span<prepared_query const> queries, std::size_t first, std::size_t last,
                      vector_index::block_taker const& take) const override {
        if constexpr (!scores_own_blocks) {
            vector_index::score_blocks(queries, first, last, take);
        } else {
            auto const prepare = [&](std::size_t i) { return codec_.prepare(queries[i].values, queries[i].scale); };
            std::vector<quantize::block_scores> scores(queries.size());
            auto const visit = [&](auto const& score) {
                for (std::size_t b = first; b < last; ++b) {
                    score(block(b));
                    take(b, scores);
                }
            };
            if constexpr (scans_tiles) {
                detail::tiled_queries const tiled(codec_, queries.size(), prepare);
                visit([&](std::byte const* codes) { tiled(codes, scores); });
            } else {
                std::vector<typename Codec::query> prepared;
                for (std::size_t i = 0; i < queries.size(); ++i) prepared.push_back(prepare(i));
                visit([&](std::byte const* codes) {
                    for (std::size_t i = 0; i < prepared.size(); ++i) static_cast<void>(codec_.scan(prepared[i], codes, 0.0F, scores[i]));
                });
            }
        }
    }

    [[nodiscard]] std::vector<std::byte> coding_section() const override {
        if constexpr (requires { codec_.form(); })
            return coding_bytes(map(), &codec_.form(), nullptr);
        else if constexpr (requires { codec_.quantizer(); })
            return coding_bytes(map(), nullptr, &codec_);
        else if constexpr (Codec::kind == codec_kind::eden)
            return coding_bytes(map(), nullptr, nullptr, &codec_);
        else
            return vector_index::coding_section();
    }
    [[nodiscard]] std::size_t block_bytes(unsigned) const noexcept override { return codec_.block_bytes(); }
    [[nodiscard]] byte_buffer& plane(unsigned) noexcept override { return blocks_; }
    [[nodiscard]] std::span<std::byte const> plane_view(unsigned) const noexcept override { return blocks_; }
    [[nodiscard]] bool plane_well_formed(unsigned) const override {
        for (std::size_t b = 0; b < blocks_of(size()); ++b)
            if (!codec_.well_formed(block(b), std::min(block_rows, size() - b * block_rows))) return false;
        return true;
    }

private:
#if defined(__wasm__)
    // A page downloads every kernel, so there only the codecs that batches are made for have theirs.
    static constexpr bool scans_tiles = Codec::kind == codec_kind::f32 || Codec::kind == codec_kind::int8;
#else
    static constexpr bool scans_tiles = quantize::batch_codec<Codec>;
#endif
    // The same everywhere, for what is made of these scores is saved.
    static constexpr bool scores_own_blocks = Codec::kind == codec_kind::int8 || !Codec::directions;
    [[nodiscard]] std::byte const* block(std::size_t b) const noexcept { return blocks_.data() + b * codec_.block_bytes(); }
    [[nodiscard]] std::byte* block(std::size_t b) noexcept { return blocks_.data() + b * codec_.block_bytes(); }

    /// Tiles of queries go over some blocks, which stay in the cache, before the next blocks come.
    void search_tiles(std::span<prepared_query const> queries, search_options const& options, std::span<search_result> results) const
        requires quantize::batch_codec<Codec>
    {
        std::vector<typename Codec::tile> tiles;
        for (std::size_t i = 0; i < queries.size(); i += quantize::batch_tile) {
            std::vector<typename Codec::query> prepared;
            for (prepared_query const& q : queries.subspan(i, std::min(quantize::batch_tile, queries.size() - i)))
                prepared.push_back(codec_.prepare(q.values, q.scale));
            tiles.push_back(codec_.prepare_tile(prepared));
        }
        std::vector<top_k> best;
        for (std::size_t i = 0; i < tiles.size() * quantize::batch_tile; ++i)
            best.emplace_back(options.k, queries[std::min(i, queries.size() - 1)].rule.before_finish(options.min_score));
        detail::block_walk const walk(size(), options);
        std::size_t const together = std::max<std::size_t>(1, cached_bytes / codec_.block_bytes());
        for (std::size_t begin = 0; begin < walk.size(); begin += together)
            for (std::size_t t = 0; t < tiles.size(); ++t)
                walk.visit(begin, std::min(walk.size(), begin + together), [&](std::size_t b, std::uint32_t mask) {
                    scan_tile(tiles[t], b, mask, queries.subspan(t * quantize::batch_tile), &best[t * quantize::batch_tile]);
                });
        for (std::size_t i = 0; i < queries.size(); ++i) results[i] = {best[i].take(), 1, !options.bias.empty()};
    }
    static constexpr std::size_t cached_bytes = 128 * 1024;

    template <class Tile>
    void scan_tile(Tile const& tile, std::size_t b, std::uint32_t mask, std::span<prepared_query const> queries, top_k* best) const {
        quantize::tile_floats thresholds{};
        quantize::tile_scores scores;
        quantize::tile_masks masks;
        for (std::size_t i = 0; i < quantize::batch_tile; ++i) thresholds[i] = best[i].threshold();
        codec_.scan_tile(tile, block(b), thresholds, scores, masks);
        auto const first = static_cast<row_t>(b * block_rows);
        for (std::size_t i = 0; i < std::min(quantize::batch_tile, queries.size()); ++i) {
            score_rule const& rule = queries[i].rule;
            if (!rule.is_plain()) {
                rule.apply(scores[i], first, std::min(block_rows, size() - first));
                masks[i] = simd::reaching(default_arch{}, scores[i].data(), thresholds[i]);
            }
            if ((masks[i] & mask) != 0) best[i].push_block(first, scores[i], masks[i] & mask);
        }
    }

    Codec codec_;
    byte_buffer blocks_;
};

}  // namespace simile
