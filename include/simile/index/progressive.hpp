// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/rounded.hpp>
#include <simile/index/gate.hpp>
#include <simile/index/tiled_queries.hpp>
#include <simile/index/vector_index.hpp>
#include <simile/quantize/int8.hpp>
#include <simile/quantize/planes.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace simile {

/// A cascade over the planes of one code. Every row is looked at with its first bits; whoever may still be among the k best, given how much such an estimate
/// errs, is scored again with the next plane, and so on. While a file is loading it answers with the planes that are there, and says at which level.
template <class Codec>
class progressive_index final : public vector_index {
public:
    /// @param dims  1 .. 65536
    /// @throws error out_of_range, invalid_argument
    explicit progressive_index(std::size_t dims, similarity_kind similarity = similarity_kind::cosine,
                               zero_vectors zeros = zero_vectors::refuse)
        : vector_index(dims, similarity, zeros), codec_(dims), scratch_(dims) {}
    /// @param map  into the space of the codes
    explicit progressive_index(quantize::transform map, similarity_kind similarity = similarity_kind::cosine,
                               zero_vectors zeros = zero_vectors::refuse)
        : vector_index(std::move(map), similarity, zeros), codec_(code_dims()), scratch_(code_dims()) {}

    [[nodiscard]] codec_kind codec() const noexcept override { return Codec::kind; }
    [[nodiscard]] unsigned level() const noexcept override { return level_; }
    [[nodiscard]] unsigned levels() const noexcept override { return Codec::levels; }

protected:
    [[nodiscard]] bool keeps_directions() const noexcept override { return true; }
    [[nodiscard]] std::size_t code_memory() const noexcept override {
        std::size_t sum = scratch_.capacity() * sizeof(scratch_[0]);
        for (auto const& p : planes_) sum += p.capacity();
        return sum;
    }

    void reserve_rows(std::size_t rows) override {
        for (unsigned p = 0; p < Codec::levels; ++p) reserve_plane(planes_[p], p, rows);
    }
    void append_slot(row_t row) override {
        if (row % block_rows == 0) resize_planes(row + std::size_t{1});
    }
    void encode_row(std::span<float const> values, row_t row) override {
        codec_.encode(values, blocks(row / block_rows), row % block_rows, scratch_);
    }
    void decode_row(row_t row, std::span<float> out) const override {
        codec_.decode(blocks(row / block_rows), row % block_rows, level_, out);
    }
    void move_row(row_t from, row_t to) override {
        codec_.move(std::as_const(*this).blocks(from / block_rows), from % block_rows, blocks(to / block_rows), to % block_rows);
    }
    void drop_last_row(row_t last) override {
        codec_.clear(blocks(last / block_rows), last % block_rows);
        resize_planes(last);
    }

    [[nodiscard]] search_result search_rows(std::span<float const> query, float scale, search_options const& options,
                                            score_rule const& rule) const override {
        auto asked = ask(query, scale, options, rule);
        return detail::as_asked(options, rule, [&](score_rule const& with, search_options const& how) {
            asked.rule = with;
            return refine(asked, how, detail::gate(size(), how, with, asked.gate_margin, scan_of(asked)));
        });
    }
    void search_batch(std::span<prepared_query const> queries, search_options const& options,
                      std::span<search_result> results) const override {
        if (!options.bias.empty() && options.active != nullptr) return vector_index::search_batch(queries, options, results);
        detail::gate_batch(
            size(), options, queries.size(),
            [&](std::size_t i) { return ask(queries[i].values, queries[i].scale, options, queries[i].rule); },
            [&](question const& q) { return scan_of(q); },
            [&](std::size_t i, question const& q, auto const& found) {
                results[i] = refine(q, options, found);
                results[i].corrected = q.rule.bias != nullptr;
            });
    }

    /// By the 8 bits of a level that has them, laid out as int8_codec's: four times as fast as by floats, once there are many queries.
    void score_blocks(std::span<prepared_query const> queries, std::size_t first, std::size_t last,
                      vector_index::block_taker const& take) const override {
        constexpr unsigned level = Codec::byte_level();
        if (level == 0 || level_ < level) return vector_index::score_blocks(queries, first, last, take);
        quantize::int8_codec const codec(codec_.dims(), similarity_kind::cosine);
        detail::tiled_queries const tiled(codec, queries.size(),
                                          [&](std::size_t i) { return codec.prepare(queries[i].values, queries[i].scale); });
        std::vector<quantize::block_scores> scores(queries.size());
        byte_buffer unpacked(codec.block_bytes());
        std::vector<std::uint8_t> row(codec_.dims());
        for (std::size_t b = first; b < last; ++b) {
            auto const planes = blocks(b);
            for (std::size_t r = 0; r < std::min(block_rows, size() - b * block_rows); ++r) {
                for (std::size_t i = 0; i < row.size(); ++i) row[i] = static_cast<std::uint8_t>(codec_.code(planes, r, level, i));
                codec.store(row, codec_.factor(planes[level - 1], level - 1, r), unpacked.data(), r);
            }
            tiled(unpacked.data(), scores);
            take(b, scores);
        }
    }

    [[nodiscard]] std::size_t block_bytes(unsigned plane) const noexcept override { return codec_.block_bytes(plane); }
    [[nodiscard]] byte_buffer& plane(unsigned plane) noexcept override { return planes_[plane]; }
    [[nodiscard]] std::span<std::byte const> plane_view(unsigned plane) const noexcept override { return planes_[plane]; }
    [[nodiscard]] bool plane_well_formed(unsigned plane) const override {
        for (std::size_t b = 0; b < blocks_of(size()); ++b)
            if (!codec_.well_formed(planes_[plane].data() + b * codec_.block_bytes(plane), plane,
                                    std::min(block_rows, size() - b * block_rows)))
                return false;
        return true;
    }
    void planes_ready(unsigned count) override { level_ = count; }

private:
    using prepared_codes = typename Codec::query;

    /// A row on its way through the cascade, with <u, q> of the bits seen so far.
    struct stage {
        row_t row;
        float score;
        std::int64_t dot;
    };

    [[nodiscard]] float deviation(float factor, unsigned level) const noexcept { return codec_.deviation(factor, level, is_mapped()); }

    /// The mean factor of each level over some rows that are spread evenly.
    [[nodiscard]] std::array<float, Codec::levels> typical_factors() const noexcept {
        constexpr std::size_t wanted = 64;
        std::size_t const count = std::min(wanted, size());
        std::array<float, Codec::levels> out{};
        for (unsigned p = 0; p < level_; ++p) {
            double sum = 0;
            for (std::size_t i = 0; i < count; ++i) {
                std::size_t const row = i * size() / count;
                sum +=
                    static_cast<double>(codec_.factor(planes_[p].data() + row / block_rows * codec_.block_bytes(p), p, row % block_rows));
            }
            out[p] = static_cast<float>(sum / static_cast<double>(count));
        }
        return out;
    }

    /// A query with what the stages need to know of it.
    struct question {
        prepared_codes codes;
        score_rule rule;
        float spread;
        std::array<float, Codec::levels> factors;
        float gate_margin;
    };
    [[nodiscard]] question ask(std::span<float const> query, float scale, search_options const& options, score_rule const& rule) const {
        question q{codec_.prepare(query, scale), rule, detail::spread_for(options.recall), typical_factors(), 0};
        float const estimate_error = deviation(q.factors[0], 1) * q.codes.length;
        float const sign_error = 0.25F * q.factors[0] * q.factors[0] * q.codes.sign_error * q.codes.sign_error;
        q.gate_margin = detail::margin_of(q.spread, std::sqrt(rounded(estimate_error * estimate_error) + rounded(sign_error)));
        return q;
    }

    [[nodiscard]] auto scan_of(question const& asked) const noexcept {
        return [this, &asked](std::size_t b, float threshold, quantize::block_scores& scores) {
            return codec_.scan(asked.codes, planes_[0].data() + b * codec_.block_bytes(0), threshold, scores);
        };
    }

    /// Scores the candidates with plane after plane; after each, those stay that may still be among the k best.
    [[nodiscard]] search_result refine(question const& asked, search_options const& options,
                                       std::vector<candidate_pool::candidate> const& found) const {
        std::vector<stage> rows;
        rows.reserve(found.size());
        for (auto const& c : found) rows.push_back({c.row, 0, 0});
        for (unsigned level = 1; level <= level_; ++level) {
            score_again(asked.codes, rows, level, asked.rule);
            float const margin = detail::margin_of(asked.spread, deviation(asked.factors[level - 1], level) * asked.codes.length);
            if (level < level_) keep_possible(rows, options.k, margin, asked.rule);
        }
        top_k best(options.k, asked.rule.before_finish(options.min_score));
        for (stage const& s : rows) best.push(s.row, s.score);
        return {best.take(), level_};
    }

    void score_again(prepared_codes const& prepared, std::vector<stage>& rows, unsigned level, score_rule const& rule) const {
        unsigned const plane = level - 1;
        std::byte const* const base = planes_[plane].data();
        std::size_t const bytes = codec_.block_bytes(plane);
        auto const fetch = [&](std::size_t i) {
            if (i < rows.size())
                codec_.for_each_line(base + rows[i].row / block_rows * bytes, plane, rows[i].row % block_rows, detail::prefetch);
        };
        constexpr std::size_t ahead = 8;
        for (std::size_t i = 0; i < ahead; ++i) fetch(i);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            fetch(i + ahead);
            stage& s = rows[i];
            std::byte const* const block = base + s.row / block_rows * bytes;
            std::size_t const slot = s.row % block_rows;
            s.dot = plane == 0 ? codec_.first_dot(prepared, block, slot)
                               : (s.dot << Codec::plane_bits[plane]) + codec_.plane_dot(prepared, block, plane, slot);
            bool const fine = Codec::is_fine && level == Codec::levels;
            s.score = rule(
                fine ? codec_.score(prepared, blocks(s.row / block_rows), slot, level) : codec_.score(prepared, s.dot, block, level, slot),
                s.row);
        }
    }

    static void keep_possible(std::vector<stage>& rows, std::size_t k, float margin, score_rule const& rule) {
        if (rows.size() <= k) return;
        std::vector<float> scores(rows.size());
        std::transform(rows.begin(), rows.end(), scores.begin(), [](stage const& s) { return s.score; });
        auto const kth = scores.begin() + static_cast<std::ptrdiff_t>(k) - 1;
        std::nth_element(scores.begin(), kth, scores.end(), std::greater<>());
        std::erase_if(rows, [&, limit = *kth](stage const& s) { return s.score < limit - detail::margin_of(margin, rule.slope(s.row)); });
    }

    void resize_planes(std::size_t rows) {
        for (unsigned p = 0; p < Codec::levels; ++p) resize_plane(planes_[p], p, rows);
    }
    [[nodiscard]] typename Codec::planes blocks(std::size_t b) const noexcept {
        typename Codec::planes out{};
        for (unsigned p = 0; p < level_; ++p) out[p] = planes_[p].data() + b * codec_.block_bytes(p);
        return out;
    }
    [[nodiscard]] typename Codec::mutable_planes blocks(std::size_t b) noexcept {
        typename Codec::mutable_planes out{};
        for (unsigned p = 0; p < Codec::levels; ++p) out[p] = planes_[p].data() + b * codec_.block_bytes(p);
        return out;
    }

    Codec codec_;
    unsigned level_ = Codec::levels;
    std::array<byte_buffer, Codec::levels> planes_;
    std::vector<typename Codec::integer> scratch_;  // of encode, so that it cannot fail
};

using planes_index = progressive_index<quantize::planes_1_3_4>;

}  // namespace simile
