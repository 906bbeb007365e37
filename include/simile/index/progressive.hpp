// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/candidate_pool.hpp>
#include <simile/core/rounded.hpp>
#include <simile/index/vector_index.hpp>
#include <simile/quantize/planes.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace simile {

namespace detail {
/// How many standard deviations of its estimates a stage of the cascade looks below the k-th best, for a share `recall` of the k best to stay. The k-th best
/// estimate lies above the k-th best score by about one deviation, the rest is the quantile of the normal law; measured on sentence embeddings.
[[nodiscard]] inline float spread_for(double recall) noexcept {
    static constexpr std::array<std::pair<double, double>, 7> known = {{{0.0, 0.0}, {0.5, 1.0}, {0.9, 2.0}, {0.95, 2.4}, {0.99, 3.0}, {0.999, 3.8}, {0.9999, 4.6}}};
    if (recall >= 1) return std::numeric_limits<float>::infinity();
    for (std::size_t i = 1; i < known.size(); ++i)
        if (recall <= known[i].first) {
            double const part = (recall - known[i - 1].first) / (known[i].first - known[i - 1].first);
            return static_cast<float>(known[i - 1].second + rounded(part * (known[i].second - known[i - 1].second)));
        }
    return 6;
}

/// How far below the k-th best a row may lie whose estimate errs by `error`; infinite for an infinite spread, whatever the error.
[[nodiscard]] inline float margin_of(float spread, float error) noexcept { return std::isinf(spread) ? spread : rounded(spread * error); }
}  // namespace detail

/// A cascade over the planes of one code. Every row is looked at with its first bits; whoever may still be among the k best, given how much such an estimate
/// errs, is scored again with the next plane, and so on. While a file is loading it answers with the planes that are there, and says at which level.
template <class Codec>
class progressive_index final : public vector_index {
public:
    /// @param dims  1 .. 65536
    /// @throws error out_of_range, invalid_argument
    explicit progressive_index(std::size_t dims, similarity_kind similarity = similarity_kind::cosine, zero_vectors zeros = zero_vectors::refuse)
        : vector_index(dims, similarity, zeros), codec_(dims), scratch_(dims) {}
    /// @param map  into the space of the codes
    explicit progressive_index(quantize::transform map, similarity_kind similarity = similarity_kind::cosine, zero_vectors zeros = zero_vectors::refuse)
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
        auto const asked = ask(query, scale, options, rule);
        detail::block_walk const walk(size(), options);
        auto const search_range = [&](std::size_t first, std::size_t last, gate_result& found) {
            std::vector<held_block> held;
            for (std::size_t begin = first; begin < last; begin += gate_blocks) gate(walk, begin, std::min(last, begin + gate_blocks), asked, held, found);
        };
        gate_result const empty(options.k, rule.before_finish(options.min_score));
        return refine(asked, options, detail::over_blocks(walk.size(), options.threads, empty, search_range).pool.take());
    }
    /// Some queries look at the first plane of some blocks, which stay in the cache, before the next blocks come.
    void search_batch(std::span<prepared_query const> queries, search_options const& options, std::span<search_result> results) const override {
        constexpr std::size_t together = 32;
        detail::block_walk const walk(size(), options);
        std::vector<held_block> held;
        for (std::size_t first = 0; first < queries.size(); first += together) {
            auto const part = queries.subspan(first, std::min(together, queries.size() - first));
            std::vector<question> asked;
            std::vector<gate_result> found;
            for (prepared_query const& q : part) {
                asked.push_back(ask(q.values, q.scale, options, q.rule));
                found.emplace_back(options.k, q.rule.before_finish(options.min_score));
            }
            for (std::size_t begin = 0; begin < walk.size(); begin += gate_blocks)
                for (std::size_t i = 0; i < part.size(); ++i) gate(walk, begin, std::min(walk.size(), begin + gate_blocks), asked[i], held, found[i]);
            for (std::size_t i = 0; i < part.size(); ++i) results[first + i] = refine(asked[i], options, found[i].pool.take());
        }
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
                sum += static_cast<double>(codec_.factor(planes_[p].data() + row / block_rows * codec_.block_bytes(p), p, row % block_rows));
            }
            out[p] = static_cast<float>(sum / static_cast<double>(count));
        }
        return out;
    }

    /// What a task of the gate has found: the k best estimates alone say early how low the others may lie.
    struct gate_result {
        gate_result(std::size_t k, float least) : best(k, least), pool(k) { pool.raise(least); }
        void merge(gate_result const& other) { pool.merge(other.pool); }
        top_k best;
        candidate_pool pool;
    };
    /// The estimates of a block, while it is not known yet how many of its rows will matter.
    struct held_block {
        std::size_t block;
        std::uint32_t mask;
        quantize::block_scores scores;
    };

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

    /// Rows of some blocks that may be among the k best by plane 0. Estimates of some thousand rows are held until their k best are known: before, most would pass.
    void gate(detail::block_walk const& walk, std::size_t begin, std::size_t end, question const& asked, std::vector<held_block>& held, gate_result& found) const {
        if (held.size() < end - begin) held.resize(end - begin);
        std::size_t count = 0;
        walk.visit(begin, end, [&](std::size_t b, std::uint32_t mask) {
            held[count].block = b;
            held[count].mask = mask;
            estimate_block(asked.codes, held[count++], asked.rule, found.best);
        });
        found.pool.raise(found.best.kth());
        for (std::size_t i = 0; i < count; ++i) collect(held[i], asked.rule, asked.gate_margin, found.pool);
    }
    static constexpr std::size_t gate_blocks = 256;

    /// Scores the candidates with plane after plane; after each, those stay that may still be among the k best.
    [[nodiscard]] search_result refine(question const& asked, search_options const& options, std::vector<candidate_pool::candidate> const& found) const {
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

    void estimate_block(prepared_codes const& prepared, held_block& held, score_rule const& rule, top_k& best) const {
        std::uint32_t reaching = codec_.scan(prepared, planes_[0].data() + held.block * codec_.block_bytes(0), best.threshold(), held.scores);
        auto const first = static_cast<row_t>(held.block * block_rows);
        if (!rule.is_plain()) {
            rule.apply(held.scores, first, std::min(block_rows, size() - first));
            reaching = simd::reaching(default_arch{}, held.scores.data(), best.threshold());
        }
        if ((held.mask & reaching) != 0) best.push_block(first, held.scores, held.mask & reaching);
    }
    void collect(held_block const& held, score_rule const& rule, float margin, candidate_pool& pool) const {
        auto const first = static_cast<row_t>(held.block * block_rows);
        if (rule.norms == nullptr) {
            std::uint32_t const reaching = simd::reaching(default_arch{}, held.scores.data(), pool.threshold(margin));
            if (reaching != 0) pool.push_block(first, held.scores, reaching & held.mask, margin);
            return;
        }
        for (std::uint32_t mask = held.mask; mask != 0; mask &= mask - 1) {
            auto const i = static_cast<row_t>(std::countr_zero(mask));
            pool.push(first + i, held.scores[i], detail::margin_of(margin, rule.slope(first + i)));
        }
    }

    void score_again(prepared_codes const& prepared, std::vector<stage>& rows, unsigned level, score_rule const& rule) const {
        unsigned const plane = level - 1;
        std::byte const* const base = planes_[plane].data();
        std::size_t const bytes = codec_.block_bytes(plane);
        auto const fetch = [&](std::size_t i) {
            if (i < rows.size()) codec_.for_each_line(base + rows[i].row / block_rows * bytes, plane, rows[i].row % block_rows, detail::prefetch);
        };
        constexpr std::size_t ahead = 8;
        for (std::size_t i = 0; i < ahead; ++i) fetch(i);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            fetch(i + ahead);
            stage& s = rows[i];
            std::byte const* const block = base + s.row / block_rows * bytes;
            std::size_t const slot = s.row % block_rows;
            s.dot = plane == 0 ? codec_.first_dot(prepared, block, slot) : (s.dot << Codec::plane_bits[plane]) + codec_.plane_dot(prepared, block, plane, slot);
            bool const fine = Codec::is_fine && level == Codec::levels;
            s.score = rule(fine ? codec_.score(prepared, blocks(s.row / block_rows), slot, level) : codec_.score(prepared, s.dot, block, level, slot), s.row);
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
