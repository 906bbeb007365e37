// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/candidate_pool.hpp>
#include <simile/core/rounded.hpp>
#include <simile/core/top_k.hpp>
#include <simile/index/search.hpp>
#include <simile/simd/block_scores.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

/// The first stage of a cascade: which rows may be among the k best, given how much their estimates err.
namespace simile::detail {

/// How many standard deviations of its estimates a stage of the cascade looks below the k-th best, for a share `recall` of the k best to stay. The k-th best
/// estimate lies above the k-th best score by about one deviation, the rest is the quantile of the normal law; measured on sentence embeddings.
[[nodiscard]] inline float spread_for(double recall) noexcept {
    static constexpr std::array<std::pair<double, double>, 7> known = {
        {{0.0, 0.0}, {0.5, 1.0}, {0.9, 2.0}, {0.95, 2.4}, {0.99, 3.0}, {0.999, 3.8}, {0.9999, 4.6}}};
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

/// Looks at some blocks of a walk for one query: rows that may be among the k best by their estimates. Those of some thousand rows are held until their k
/// best are known: before, most would pass.
template <class Scan>
class gate_look {
public:
    /// @param margin  by which an estimate may be too low, for rows of slope 1
    /// @param scan    scan(block, threshold, scores): the estimates of a block; which reach the threshold
    gate_look(std::size_t rows, score_rule const& rule, float margin, Scan const& scan)
        : rows_(rows), rule_(rule), margin_(margin), scan_(scan) {}

    static constexpr std::size_t together = 256;
    /// @param begin, end  at most `together` apart
    void operator()(block_walk const& walk, std::size_t begin, std::size_t end, std::vector<held_block>& held, gate_result& found) const {
        if (held.size() < end - begin) held.resize(end - begin);
        std::size_t count = 0;
        walk.visit(begin, end, [&](std::size_t b, std::uint32_t mask) {
            held[count].block = b;
            held[count].mask = mask;
            estimate(held[count++], found.best);
        });
        found.pool.raise(found.best.kth());
        for (std::size_t i = 0; i < count; ++i) collect(held[i], found.pool);
    }

private:
    void estimate(held_block& held, top_k& best) const {
        std::uint32_t reaching = scan_(held.block, best.threshold(), held.scores);
        auto const first = static_cast<row_t>(held.block * block_rows);
        if (!rule_.is_plain()) {
            rule_.apply(held.scores, first, std::min(block_rows, rows_ - first));
            reaching = simd::reaching(default_arch{}, held.scores.data(), best.threshold());
        }
        if ((held.mask & reaching) != 0) best.push_block(first, held.scores, held.mask & reaching);
    }
    void collect(held_block const& held, candidate_pool& pool) const {
        auto const first = static_cast<row_t>(held.block * block_rows);
        if (rule_.norms == nullptr) {
            std::uint32_t const reaching = simd::reaching(default_arch{}, held.scores.data(), pool.threshold(margin_));
            if (reaching != 0) pool.push_block(first, held.scores, reaching & held.mask, margin_);
            return;
        }
        for (std::uint32_t mask = held.mask; mask != 0; mask &= mask - 1) {
            auto const i = static_cast<row_t>(std::countr_zero(mask));
            pool.push(first + i, held.scores[i], margin_of(margin_, rule_.slope(first + i)));
        }
    }

    std::size_t rows_;
    score_rule const& rule_;
    float margin_;
    Scan const& scan_;
};

/// The candidates of one query, in the order of their rows.
template <class Scan>
[[nodiscard]] std::vector<candidate_pool::candidate> gate(std::size_t rows, search_options const& options, score_rule const& rule,
                                                          float margin, Scan const& scan) {
    gate_look const look(rows, rule, margin, scan);
    block_walk const walk(rows, options);
    auto const search_range = [&](std::size_t first, std::size_t last, gate_result& found) {
        std::vector<held_block> held;
        for (std::size_t begin = first; begin < last; begin += look.together)
            look(walk, begin, std::min(last, begin + look.together), held, found);
    };
    return over_blocks(walk.size(), options.threads, gate_result(options.k, rule.before_finish(options.min_score)), search_range)
        .pool.take();
}

/// The same for many queries: some look at some blocks, which stay in the cache, before the next blocks come.
/// @param ask      ask(i): query i with its `rule` and `gate_margin`
/// @param scan_of  scan_of(query): its scan
/// @param finish   finish(i, query, candidates)
template <class Ask, class ScanOf, class Finish>
void gate_batch(std::size_t rows, search_options const& options, std::size_t queries, Ask ask, ScanOf scan_of, Finish finish) {
    constexpr std::size_t at_once = 32;
    block_walk const walk(rows, options);
    std::vector<held_block> held;
    for (std::size_t first = 0; first < queries; first += at_once) {
        std::size_t const count = std::min(at_once, queries - first);
        std::vector<decltype(ask(first))> asked;
        std::vector<gate_result> found;
        for (std::size_t i = 0; i < count; ++i) {
            asked.push_back(ask(first + i));
            found.emplace_back(options.k, asked[i].rule.before_finish(options.min_score));
        }
        constexpr std::size_t step = gate_look<decltype(scan_of(asked[0]))>::together;
        for (std::size_t begin = 0; begin < walk.size(); begin += step)
            for (std::size_t i = 0; i < count; ++i) {
                auto const scan = scan_of(asked[i]);
                gate_look(rows, asked[i].rule, asked[i].gate_margin, scan)(walk, begin, std::min(walk.size(), begin + step), held,
                                                                           found[i]);
            }
        for (std::size_t i = 0; i < count; ++i) finish(first + i, asked[i], found[i].pool.take());
    }
}

}  // namespace simile::detail
