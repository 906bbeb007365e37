// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/index/vector_index.hpp>
#include <simile/quantize/planes.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace simile {

/// A cascade over the planes of one int8 code: every row is scored by its signs, the best are scored again with 4 bits, the best of those
/// with 8. While a file is loading it answers with the planes that are there, and says at which level.
class progressive_index final : public vector_index {
public:
    /// @param dims  1 .. 65536
    /// @throws error out_of_range, invalid_argument
    explicit progressive_index(std::size_t dims, similarity_kind similarity = similarity_kind::cosine, zero_vectors zeros = zero_vectors::refuse)
        : vector_index(dims, similarity, zeros), codec_(dims), scratch_(dims) {}

    [[nodiscard]] codec_kind codec() const noexcept override { return codec_kind::planes; }
    [[nodiscard]] unsigned level() const noexcept override { return level_; }
    [[nodiscard]] unsigned levels() const noexcept override { return planes_codec::levels; }

protected:
    using planes_codec = quantize::planes_codec;

    [[nodiscard]] bool keeps_directions() const noexcept override { return true; }
    [[nodiscard]] std::size_t code_memory() const noexcept override {
        std::size_t sum = scratch_.capacity();
        for (auto const& p : planes_) sum += p.capacity();
        return sum;
    }

    void reserve_rows(std::size_t rows) override {
        for (unsigned p = 0; p < planes_codec::levels; ++p) reserve_plane(planes_[p], p, rows);
    }
    void append_slot(row_t row) override {
        if (row % block_rows == 0) resize_planes(row + std::size_t{1});
    }
    void encode_row(std::span<float const> values, row_t row) override { codec_.encode(values, blocks(row / block_rows), row % block_rows, scratch_); }
    void decode_row(row_t row, std::span<float> out) const override { codec_.decode(blocks(row / block_rows), row % block_rows, level_, out); }
    void move_row(row_t from, row_t to) override {
        codec_.move(std::as_const(*this).blocks(from / block_rows), from % block_rows, blocks(to / block_rows), to % block_rows);
    }
    void drop_last_row(row_t last) override {
        codec_.clear(blocks(last / block_rows), last % block_rows);
        resize_planes(last);
    }

    [[nodiscard]] search_result search_rows(std::span<float const> query, float scale, search_options const& options, score_rule const& rule) const override {
        auto const prepared = codec_.prepare(query, scale);
        std::array<std::size_t, planes_codec::levels> keep = {options.keep_first != 0 ? options.keep_first : std::max<std::size_t>(100, 10 * options.k),
                                                              options.keep_second != 0 ? options.keep_second : std::max<std::size_t>(20, 2 * options.k), options.k};
        for (std::size_t& wanted : keep) wanted = std::clamp(wanted, options.k, size());
        keep[level_ - 1] = options.k;
        auto hits = detail::best_of_blocks(size(), keep[0], options, rule, [&](std::size_t b, quantize::block_scores& scores) {
            codec_.scan(prepared, planes_[0].data() + b * codec_.block_bytes(0), scores);
        });
        for (unsigned level = 2; level <= level_; ++level) hits = refine(prepared, std::move(hits), level, keep[level - 1], rule);
        return {std::move(hits), level_};
    }

    [[nodiscard]] std::size_t block_bytes(unsigned plane) const noexcept override { return codec_.block_bytes(plane); }
    [[nodiscard]] byte_buffer& plane(unsigned plane) noexcept override { return planes_[plane]; }
    [[nodiscard]] std::span<std::byte const> plane_view(unsigned plane) const noexcept override { return planes_[plane]; }
    [[nodiscard]] bool plane_well_formed(unsigned plane) const override {
        for (std::size_t b = 0; b < blocks_of(size()); ++b)
            if (!codec_.well_formed(planes_[plane].data() + b * codec_.block_bytes(plane), plane, std::min(block_rows, size() - b * block_rows))) return false;
        return true;
    }
    void planes_ready(unsigned count) override { level_ = count; }

private:
    void resize_planes(std::size_t rows) {
        for (unsigned p = 0; p < planes_codec::levels; ++p) resize_plane(planes_[p], p, rows);
    }
    [[nodiscard]] std::vector<hit> refine(planes_codec::query const& query, std::vector<hit> hits, unsigned level, std::size_t keep, score_rule const& rule) const {
        // In row order memory is read forwards.
        std::sort(hits.begin(), hits.end(), [](hit const& a, hit const& b) { return a.row < b.row; });
        top_k best(keep);
        for (hit const& h : hits) best.push(h.row, rule(codec_.score(query, blocks(h.row / block_rows), h.row % block_rows, level), h.row));
        return best.take();
    }
    [[nodiscard]] planes_codec::planes blocks(std::size_t b) const noexcept {
        planes_codec::planes out{};
        for (unsigned p = 0; p < level_; ++p) out[p] = planes_[p].data() + b * codec_.block_bytes(p);
        return out;
    }
    [[nodiscard]] planes_codec::mutable_planes blocks(std::size_t b) noexcept {
        planes_codec::mutable_planes out{};
        for (unsigned p = 0; p < planes_codec::levels; ++p) out[p] = planes_[p].data() + b * codec_.block_bytes(p);
        return out;
    }

    planes_codec codec_;
    unsigned level_ = planes_codec::levels;
    std::array<byte_buffer, planes_codec::levels> planes_;
    std::vector<std::int8_t> scratch_;  // of encode, so that it cannot fail
};

}  // namespace simile
