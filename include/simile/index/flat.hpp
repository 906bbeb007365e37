// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/index/vector_index.hpp>
#include <simile/quantize/int8.hpp>
#include <simile/quantize/raw.hpp>

#include <cstddef>
#include <span>

namespace simile {

/// Compares the query with every row, in codes of one kind: `flat_index<quantize::int8_codec>`, or `f32_codec`, `f16_codec`.
template <quantize::codec Codec>
class flat_index final : public vector_index {
public:
    /// @param dims  1 .. 65536
    /// @throws error out_of_range, invalid_argument
    explicit flat_index(std::size_t dims, similarity_kind similarity = similarity_kind::cosine, zero_vectors zeros = zero_vectors::refuse)
        : vector_index(dims, similarity, zeros), codec_(dims, similarity) {}

    [[nodiscard]] codec_kind codec() const noexcept override { return Codec::kind; }

protected:
    [[nodiscard]] bool keeps_directions() const noexcept override { return Codec::directions; }
    [[nodiscard]] std::size_t code_memory() const noexcept override { return blocks_.capacity(); }

    void reserve_rows(std::size_t rows) override { reserve_plane(blocks_, 0, rows); }
    void append_slot(row_t row) override {
        if (row % block_rows == 0) resize_plane(blocks_, 0, row + std::size_t{1});
    }
    void encode_row(std::span<float const> values, row_t row) override { codec_.encode(values, block(row / block_rows), row % block_rows); }
    void decode_row(row_t row, std::span<float> out) const override { codec_.decode(block(row / block_rows), row % block_rows, out); }
    void move_row(row_t from, row_t to) override { codec_.move(block(from / block_rows), from % block_rows, block(to / block_rows), to % block_rows); }
    void drop_last_row(row_t last) override {
        codec_.clear(block(last / block_rows), last % block_rows);
        resize_plane(blocks_, 0, last);
    }

    [[nodiscard]] search_result search_rows(std::span<float const> query, float scale, search_options const& options, score_rule const& rule) const override {
        auto const prepared = codec_.prepare(query, scale);
        return {detail::best_of_blocks(size(), options.k, options, rule,
                                       [&](std::size_t b, quantize::block_scores& scores) { codec_.scan(prepared, block(b), scores); }),
                1};
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
    [[nodiscard]] std::byte const* block(std::size_t b) const noexcept { return blocks_.data() + b * codec_.block_bytes(); }
    [[nodiscard]] std::byte* block(std::size_t b) noexcept { return blocks_.data() + b * codec_.block_bytes(); }

    Codec codec_;
    byte_buffer blocks_;
};

}  // namespace simile
