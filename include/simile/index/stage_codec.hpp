// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/hit.hpp>
#include <simile/index/coding.hpp>
#include <simile/index/search.hpp>
#include <simile/quantize/codec.hpp>
#include <simile/quantize/eden_codec.hpp>
#include <simile/quantize/int8.hpp>
#include <simile/quantize/integer_codec.hpp>
#include <simile/quantize/integer_rows.hpp>
#include <simile/quantize/product_codec.hpp>
#include <simile/quantize/raw.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace simile::detail {

/// A codec of directions that is known only at run time, for indexes that combine two of them: calls are by the block or by the list of rows, so what
/// they cost does not count.
class stage_codec {
public:
    struct query {
        virtual ~query() = default;
    };
    virtual ~stage_codec() = default;

    [[nodiscard]] virtual std::size_t dims() const noexcept = 0;
    [[nodiscard]] virtual std::size_t block_bytes() const noexcept = 0;
    virtual void encode(std::span<float const> row, std::byte* block, std::size_t slot) noexcept = 0;
    virtual void decode(std::byte const* block, std::size_t slot, std::span<float> out) const = 0;
    virtual void move(std::byte const* from, std::size_t from_slot, std::byte* to, std::size_t to_slot) const noexcept = 0;
    virtual void clear(std::byte* block, std::size_t slot) const noexcept = 0;
    [[nodiscard]] virtual bool well_formed(std::byte const* block, std::size_t rows) const noexcept = 0;
    [[nodiscard]] virtual std::unique_ptr<query> prepare(std::span<float const> q, float scale) const = 0;
    [[nodiscard]] virtual std::uint32_t scan(query const& q, std::byte const* block, float threshold,
                                             quantize::block_scores& scores) const noexcept = 0;
    /// Estimates of some rows.
    /// @param blocks  all of them
    /// @param rows    rising numbers
    virtual void score(query const& q, std::byte const* blocks, std::span<row_t const> rows, std::span<float> scores) const noexcept = 0;
};

template <quantize::codec Codec>
class stage_of final : public stage_codec {
public:
    explicit stage_of(Codec codec) : codec_(std::move(codec)) {}

    [[nodiscard]] std::size_t dims() const noexcept override { return codec_.dims(); }
    [[nodiscard]] std::size_t block_bytes() const noexcept override { return codec_.block_bytes(); }
    void encode(std::span<float const> row, std::byte* block, std::size_t slot) noexcept override { codec_.encode(row, block, slot); }
    void decode(std::byte const* block, std::size_t slot, std::span<float> out) const override { codec_.decode(block, slot, out); }
    void move(std::byte const* from, std::size_t from_slot, std::byte* to, std::size_t to_slot) const noexcept override {
        codec_.move(from, from_slot, to, to_slot);
    }
    void clear(std::byte* block, std::size_t slot) const noexcept override { codec_.clear(block, slot); }
    [[nodiscard]] bool well_formed(std::byte const* block, std::size_t rows) const noexcept override {
        return codec_.well_formed(block, rows);
    }
    [[nodiscard]] std::unique_ptr<query> prepare(std::span<float const> q, float scale) const override {
        return std::make_unique<prepared>(codec_.prepare(q, scale));
    }
    [[nodiscard]] std::uint32_t scan(query const& q, std::byte const* block, float threshold,
                                     quantize::block_scores& scores) const noexcept override {
        return codec_.scan(static_cast<prepared const&>(q).codes, block, threshold, scores);
    }
    void score(query const& q, std::byte const* blocks, std::span<row_t const> rows, std::span<float> scores) const noexcept override {
        auto const& codes = static_cast<prepared const&>(q).codes;
        std::size_t const bytes = codec_.block_bytes();
        if constexpr (requires { codec_.score(codes, blocks, std::size_t{}); }) {
            // Rows in one piece: their first lines are on their way before they are needed, the processor sees to the others.
            auto const row_at = [&](std::size_t i) {
                return blocks + rows[i] / block_rows * bytes + rows[i] % block_rows * (bytes / block_rows);
            };
            constexpr std::size_t ahead = 6, lines = 4;
            for (std::size_t i = 0; i < rows.size(); ++i) {
                if (i + ahead < rows.size())
                    for (std::size_t l = 0; l < lines; ++l) prefetch(row_at(i + ahead) + 64 * l);
                scores[i] = codec_.score(codes, blocks + rows[i] / block_rows * bytes, rows[i] % block_rows);
            }
        } else {
            quantize::block_scores all{};
            for (std::size_t i = 0; i < rows.size(); ++i) {
                if (i == 0 || rows[i] / block_rows != rows[i - 1] / block_rows)
                    static_cast<void>(codec_.scan(codes, blocks + rows[i] / block_rows * bytes, 0.0F, all));
                scores[i] = all[rows[i] % block_rows];
            }
        }
    }

private:
    struct prepared final : query {
        explicit prepared(typename Codec::query q) : codes(std::move(q)) {}
        typename Codec::query codes;
    };
    Codec codec_;
};

/// @param by_row  for reading single rows, where the kind has a layout for that
/// @throws error invalid_argument for a kind that has planes or stages of its own, and as the codecs' constructors
[[nodiscard]] inline std::unique_ptr<stage_codec> make_stage_codec(coding const& how, std::size_t dims, bool by_row) {
    auto const stage = []<class Codec>(Codec codec) -> std::unique_ptr<stage_codec> {
        return std::make_unique<stage_of<Codec>>(std::move(codec));
    };
    // Rows are unit vectors whatever the similarity of the index, and scores their inner products with the query.
    constexpr similarity_kind inner = similarity_kind::cosine;
    switch (how.kind) {
        case codec_kind::f32: return stage(quantize::f32_codec(dims, inner));
        case codec_kind::f16: return stage(quantize::f16_codec(dims, inner));
        case codec_kind::bf16: return stage(quantize::bf16_codec(dims, inner));
        case codec_kind::int8: return by_row ? stage(quantize::integer_rows(dims)) : stage(quantize::int8_codec(dims, inner));
        case codec_kind::integer:
            return by_row ? stage(quantize::integer_rows(dims, *how.form)) : stage(quantize::integer_codec(dims, *how.form));
        case codec_kind::product: return stage(*how.product);
        case codec_kind::eden: return stage(*how.eden);
        default:
            fail(error_code::invalid_argument, to_string(how.kind), " has stages of its own and can be neither first nor second of others");
    }
}

/// One stage of a refined_index: the map into the space of its codes, and its blocks.
class stage {
public:
    /// @throws error as make_stage_codec and require_whole
    stage(coding how, std::size_t dims, bool by_row) : how_(std::move(how)) {
        require_whole(how_, dims, by_row);
        codec_ = make_stage_codec(how_, code_dims(dims), by_row);
        require(codec_->dims() == code_dims(dims), error_code::dimension_mismatch, "the codec has ", codec_->dims(),
                " dimensions, the transform ", code_dims(dims));
        mapped_.resize(how_.map ? how_.map->code_dims() : 0);
        steps_.resize(how_.map ? how_.map->scratch_floats() : 0);
    }

    [[nodiscard]] coding const& how() const noexcept { return how_; }
    [[nodiscard]] stage_codec const& codec() const noexcept { return *codec_; }
    [[nodiscard]] byte_buffer& blocks() noexcept { return blocks_; }
    [[nodiscard]] std::span<std::byte const> blocks() const noexcept { return blocks_; }
    [[nodiscard]] std::size_t memory() const noexcept { return blocks_.capacity(); }

    void encode(std::span<float const> unit, row_t row) noexcept {
        if (how_.map) how_.map->map_row(unit, mapped_, steps_);
        codec_->encode(how_.map ? std::span<float const>(mapped_) : unit, at(row), row % block_rows);
    }
    /// The vector that a row's code stands for.
    void decode(row_t row, std::span<float> out) const { unmap(decoded(row), out); }
    /// The same in the space of the codes.
    [[nodiscard]] std::vector<float> decoded(row_t row) const {
        std::vector<float> code(codec_->dims());
        codec_->decode(at(row), row % block_rows, code);
        return code;
    }
    void unmap(std::span<float const> code, std::span<float> out) const {
        if (how_.map)
            how_.map->unmap(code, out);
        else
            std::copy(code.begin(), code.end(), out.begin());
    }
    void move(row_t from, row_t to) noexcept { codec_->move(at(from), from % block_rows, at(to), to % block_rows); }
    void clear(row_t row) noexcept { codec_->clear(at(row), row % block_rows); }
    [[nodiscard]] bool well_formed(std::size_t rows) const noexcept {
        for (std::size_t b = 0; b < blocks_of(rows); ++b)
            if (!codec_->well_formed(blocks_.data() + b * codec_->block_bytes(), std::min(block_rows, rows - b * block_rows))) return false;
        return true;
    }

    /// A query in the space of the codes.
    struct query {
        std::unique_ptr<stage_codec::query> codes;
        float shift = 0;  ///< what every estimate lacks
    };
    [[nodiscard]] query prepare(std::span<float const> unit, float scale) const {
        if (!how_.map) return {codec_->prepare(unit, scale), 0};
        std::vector<float> mapped(how_.map->code_dims());
        auto const shift = static_cast<float>(how_.map->map_query(unit, mapped)) * scale;
        return {codec_->prepare(mapped, scale), shift};
    }
    [[nodiscard]] std::uint32_t scan(query const& q, std::size_t block, float threshold, quantize::block_scores& scores) const noexcept {
        return codec_->scan(*q.codes, blocks_.data() + block * codec_->block_bytes(), threshold, scores);
    }
    void score(query const& q, std::span<row_t const> rows, std::span<float> scores) const noexcept {
        codec_->score(*q.codes, blocks_.data(), rows, scores);
    }

private:
    [[nodiscard]] std::size_t code_dims(std::size_t dims) const noexcept { return how_.map ? how_.map->code_dims() : dims; }
    [[nodiscard]] std::byte const* at(row_t row) const noexcept { return blocks_.data() + row / block_rows * codec_->block_bytes(); }
    [[nodiscard]] std::byte* at(row_t row) noexcept { return blocks_.data() + row / block_rows * codec_->block_bytes(); }

    coding how_;
    std::unique_ptr<stage_codec> codec_;
    byte_buffer blocks_;
    std::vector<float> mapped_, steps_;  // of encode, so that it cannot fail
};

}  // namespace simile::detail
