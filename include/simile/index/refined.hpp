// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/norm.hpp>
#include <simile/core/rounded.hpp>
#include <simile/index/coding_name.hpp>
#include <simile/index/gate.hpp>
#include <simile/index/stage_codec.hpp>
#include <simile/index/vector_index.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace simile {

/// Two codes of every vector: a first that is scanned whole, and a second that scores again whoever may be among the k best by the first. Any coding that
/// is one code can be either; the name is "first>second", such as "rabitq1>int8". Or the second holds what the first leaves, and the scores of both are added:
/// LVQ-B1xB2, such as "lvq4x8".
///
/// How many   are scored again follows from how much the two codes differ: their standard deviation is measured on rows of the index itself, at the first
///            search after a change, and search_options::recall says how many deviations below the k-th best a row may lie. So it follows the number of rows.
/// Scores     those of the second code. While a file is loading, those of the first once that is there: level 1 of 2.
/// Second     int8 and integer codes lie a row in one piece here (quantize::integer_rows), f32, f16 and bf16 do anyway; of product and EDEN codes a whole block is
///            read for every candidate, so they are better first than second.
class refined_index final : public vector_index {
public:
    /// @throws error out_of_range (dims), invalid_argument (a coding that is not one code, or not whole), dimension_mismatch
    refined_index(coding first, coding second, std::size_t dims, similarity_kind similarity = similarity_kind::cosine,
                  zero_vectors zeros = zero_vectors::refuse)
        : vector_index(dims, similarity, zeros),
          first_(std::move(first), dims, false),
          second_(std::move(second), dims, true),
          adds_(detail::is_residual(second_.how())) {
        if (adds_) require_levels();
    }

    [[nodiscard]] codec_kind codec() const noexcept override { return codec_kind::refined; }
    [[nodiscard]] unsigned level() const noexcept override { return level_; }
    [[nodiscard]] unsigned levels() const noexcept override { return 2; }
    [[nodiscard]] std::string codec_name() const override { return name_of(how()); }
    [[nodiscard]] coding const& first() const noexcept { return first_.how(); }
    [[nodiscard]] coding const& second() const noexcept { return second_.how(); }

    /// The standard deviation of the second score less the first, of rows and queries of length 1. Infinite below 64 rows, where all are scored again.
    /// Measured when asked for after a change, in the time of some hundred blocks; the same for the same index.
    [[nodiscard]] float deviation() const {
        float known = deviation_.load(std::memory_order_relaxed);
        if (known < 0) {
            known = measure();
            deviation_.store(known, std::memory_order_relaxed);  // another thread may have found the same
        }
        return known;
    }

protected:
    [[nodiscard]] bool keeps_directions() const noexcept override { return true; }
    [[nodiscard]] std::size_t code_memory() const noexcept override { return first_.memory() + second_.memory(); }

    void reserve_rows(std::size_t rows) override {
        reserve_plane(first_.blocks(), 0, rows);
        reserve_plane(second_.blocks(), 1, rows);
    }
    void append_slot(row_t row) override {
        changed();
        if (row % block_rows == 0) resize(row + std::size_t{1});
    }
    void encode_row(std::span<float const> values, row_t row) override {
        changed();
        first_.encode(values, row);
        second_.encode(values, row);
    }
    void decode_row(row_t row, std::span<float> out) const override {
        if (level_ == 1 || !adds_) return (level_ == 2 ? second_ : first_).decode(row, out);
        auto sum = first_.decoded(row);
        auto const rest = second_.decoded(row);
        std::transform(sum.begin(), sum.end(), rest.begin(), sum.begin(), std::plus<>());
        first_.unmap(sum, out);
    }
    void move_row(row_t from, row_t to) override {
        changed();
        first_.move(from, to);
        second_.move(from, to);
    }
    void drop_last_row(row_t last) override {
        changed();
        first_.clear(last);
        second_.clear(last);
        resize(last);
    }

    [[nodiscard]] search_result search_rows(std::span<float const> query, float scale, search_options const& options,
                                            score_rule const& rule) const override {
        auto asked = ask(query, scale, options, rule);
        return detail::as_asked(options, score_rule(asked.rule), [&](score_rule const& with, search_options const& how) -> search_result {
            asked.rule = with;
            if (level_ == 1) return {detail::best_of_blocks(size(), how, with, scan_of(asked)), 1};
            return refine(asked, how, detail::gate(size(), how, with, asked.gate_margin, scan_of(asked)));
        });
    }
    void search_batch(std::span<prepared_query const> queries, search_options const& options,
                      std::span<search_result> results) const override {
        if (level_ == 1 || (!options.bias.empty() && options.active != nullptr))
            return vector_index::search_batch(queries, options, results);
        detail::gate_batch(
            size(), options, queries.size(),
            [&](std::size_t i) { return ask(queries[i].values, queries[i].scale, options, queries[i].rule); },
            [&](question const& q) { return scan_of(q); },
            [&](std::size_t i, question const& q, auto const& found) {
                results[i] = refine(q, options, found);
                results[i].corrected = q.rule.bias != nullptr;
            });
    }

    [[nodiscard]] std::vector<std::byte> coding_section() const override { return coding_bytes(how()); }
    [[nodiscard]] std::size_t block_bytes(unsigned plane) const noexcept override { return of(plane).codec().block_bytes(); }
    [[nodiscard]] byte_buffer& plane(unsigned plane) noexcept override { return plane == 0 ? first_.blocks() : second_.blocks(); }
    [[nodiscard]] std::span<std::byte const> plane_view(unsigned plane) const noexcept override { return of(plane).blocks(); }
    [[nodiscard]] bool plane_well_formed(unsigned plane) const override { return of(plane).well_formed(size()); }
    void planes_ready(unsigned count) override {
        level_ = count;
        changed();
    }

private:
    [[nodiscard]] coding how() const { return {.kind = codec_kind::refined, .stages = {first_.how(), second_.how()}}; }
    void require_levels() const {
        auto const* const level = first_.how().form ? std::get_if<quantize::lvq_form>(&*first_.how().form) : nullptr;
        unsigned const bits = std::get<quantize::lvq_residual_form>(*second_.how().form).first_bits;
        require(level != nullptr && level->bits == bits, error_code::invalid_argument, "the second level belongs to lvq", bits, ", not to ",
                name_of(first_.how()));
        auto const map_of = [](coding const& c) { return c.map ? quantize::to_bytes(*c.map) : std::vector<std::byte>{}; };
        require(map_of(first_.how()) == map_of(second_.how()), error_code::invalid_argument,
                "the two levels of a code must have the same transform");
    }
    [[nodiscard]] detail::stage const& of(unsigned plane) const noexcept { return plane == 0 ? first_ : second_; }
    void changed() noexcept { deviation_.store(-1, std::memory_order_relaxed); }
    void resize(std::size_t rows) {
        resize_plane(first_.blocks(), 0, rows);
        resize_plane(second_.blocks(), 1, rows);
    }

    /// A query in the spaces of both stages.
    struct question {
        detail::stage::query coarse, fine;
        score_rule rule;  ///< of the first stage
        float gate_margin;
    };
    [[nodiscard]] question ask(std::span<float const> query, float scale, search_options const& options, score_rule const& rule) const {
        question out{first_.prepare(query, scale), {}, rule, 0};
        out.rule.shift = out.coarse.shift;
        if (level_ == 1) return out;
        out.fine = second_.prepare(query, scale);
        out.gate_margin = detail::margin_of(detail::margin_of(detail::spread_for(options.recall), deviation()), scale);
        return out;
    }
    struct first_scan {
        detail::stage const& stage;
        question const& asked;
        std::uint32_t operator()(std::size_t b, float threshold, quantize::block_scores& scores) const noexcept {
            return stage.scan(asked.coarse, b, threshold, scores);
        }
    };
    [[nodiscard]] first_scan scan_of(question const& asked) const noexcept { return {first_, asked}; }
    [[nodiscard]] search_result refine(question const& asked, search_options const& options,
                                       std::vector<candidate_pool::candidate> const& found) const {
        std::vector<row_t> rows(found.size());
        std::transform(found.begin(), found.end(), rows.begin(), [](auto const& c) { return c.row; });
        std::vector<float> scores(rows.size());
        second_.score(asked.fine, rows, scores);
        score_rule rule = asked.rule;
        top_k best(options.k, rule.before_finish(options.min_score));
        if (adds_) {
            for (std::size_t i = 0; i < rows.size(); ++i) best.push(rows[i], found[i].estimate + rounded(rule.slope(rows[i]) * scores[i]));
        } else {
            rule.shift = asked.fine.shift;
            for (std::size_t i = 0; i < rows.size(); ++i) best.push(rows[i], rule(scores[i], rows[i]));
        }
        return {best.take(), 2};
    }

    // Some rows of the index, spread evenly, are queries; they are compared with some blocks of others.
    static constexpr std::size_t queries_of_measure = 16, blocks_of_measure = 16;
    [[nodiscard]] float measure() const {
        if (size() < 2 * block_rows) return std::numeric_limits<float>::infinity();
        std::size_t const full = size() / block_rows, blocks = std::min(blocks_of_measure, full);
        std::vector<float> query(dims());
        double sum = 0, squares = 0, count = 0;
        for (std::size_t i = 0; i < queries_of_measure; ++i) {
            auto const row = static_cast<row_t>(i * size() / queries_of_measure);
            decode_row(row, query);
            if (!(to_unit(query, query) > 0)) continue;
            auto const coarse = first_.prepare(query, 1), fine = second_.prepare(query, 1);
            for (std::size_t j = 0; j < blocks; ++j) {
                std::size_t const b = j * full / blocks;
                quantize::block_scores near, far;
                static_cast<void>(first_.scan(coarse, b, 0, far));
                static_cast<void>(second_.scan(fine, b, 0, near));
                for (std::size_t r = 0; r < block_rows; ++r) {
                    if (b * block_rows + r == row) continue;  // estimates are exact along a row itself
                    double const difference =
                        adds_ ? double{near[r]} : double{near[r]} + double{fine.shift} - (double{far[r]} + double{coarse.shift});
                    sum += difference;
                    squares += rounded(difference * difference);
                    count += 1;
                }
            }
        }
        if (count == 0) return 0;
        double const mean = sum / count;
        return static_cast<float>(std::sqrt(std::max(0.0, squares / count - rounded(mean * mean))));
    }

    detail::stage first_, second_;
    bool adds_;
    unsigned level_ = 2;
    mutable std::atomic<float> deviation_{-1};
};

}  // namespace simile
