// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>
#include <simile/core/row_filter.hpp>
#include <simile/core/top_k.hpp>
#include <simile/index/sparse_segment.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace simile {

/// A term of a query with what the score of a row with it is multiplied by.
struct weighted_term {
    std::uint32_t term;
    double weight;
};

namespace detail {

/// The row of a slot that has none any more.
inline constexpr row_t no_row = std::numeric_limits<row_t>::max();

/// The k best rows of one segment after another, without looking at rows that cannot be among them: MaxScore (Turtle, Flood, "Query evaluation: strategies and
/// optimizations", 1995) within windows that lie in one block of every list (Ding, Suel, "Faster top-k document retrieval using block-max indexes", SIGIR 2011).
///
/// A score is the float of the double sum of weight * rule(value, length) in the order of the terms, so it does not depend on what was skipped. Bounds are
/// widened by more than their sum can be rounded by.
template <class Rule>
class sparse_scan {
public:
    /// @param terms    each once, weights > 0
    /// @param in_order slots have rising rows: then a row that can only draw level with the k-th is not needed either
    sparse_scan(std::span<weighted_term const> terms, Rule const& rule, std::size_t k, float least, row_filter const* filter, bool in_order)
        : terms_(terms), rule_(rule), filter_(filter), least_(least), in_order_(in_order), best_(k, least), scores_(terms.size()) {
        cursors_.reserve(terms.size());
    }

    /// @param rows  of the slots
    void run(sparse_segment const& segment, std::span<row_t const> rows) {
        segment_ = &segment, rows_ = rows;
        cursors_.clear();
        for (std::size_t i = 0; i < terms_.size(); ++i)
            if (auto const list = segment.list(terms_[i].term); !list.empty())
                cursors_.push_back({.blocks = list, .weight = terms_[i].weight});
        if (cursors_.size() > most_row_wise) return by_term();
        for (std::uint64_t from = 0; !cursors_.empty();) {
            std::uint64_t const to = next_window(from);
            if (!active_.empty() && !hopeless(bounds())) window(from, to);
            from = to;
        }
    }
    [[nodiscard]] std::vector<hit> take() { return best_.take(); }

private:
    /// With more lists than this, hardly a row can be left out, and a sum a row of a chunk, list after list, is quicker than finding the next row of all lists.
    static constexpr std::size_t most_row_wise = 8;
    static constexpr std::size_t chunk = 4096;

    struct cursor {
        std::span<posting_block const> blocks{};  // from the current one on
        double weight = 0;
        double bound = 0;  // of the current block
        bool bounded = false;
        bool opened = false;
        std::size_t at = 0;  // posting of the block
        open_block block{};
        std::array<std::uint32_t, posting_block::size> slots{};
    };

    /// Moves lists on to slot `from`, finds those whose block has it, and where the first of them ends or another begins.
    [[nodiscard]] std::uint64_t next_window(std::uint64_t from) {
        std::erase_if(cursors_, [&](cursor const& c) { return c.blocks.back().last < from; });
        std::uint64_t to = std::numeric_limits<std::uint64_t>::max();
        active_.clear();
        for (cursor& c : cursors_) {
            if (c.blocks.front().last < from) skip(c, from);
            posting_block const& b = c.blocks.front();
            if (b.first <= from) active_.push_back(&c);
            to = std::min<std::uint64_t>(to, b.first > from ? b.first : std::uint64_t{b.last} + 1);
        }
        return cursors_.empty() ? from : to;
    }
    static void skip(cursor& c, std::uint64_t from) {
        std::size_t i = 1;
        while (c.blocks[i].last < from) ++i;
        c.blocks = c.blocks.subspan(i);
        c.bounded = c.opened = false;
    }
    [[nodiscard]] double bounds() {
        double sum = 0;
        for (cursor* c : active_) {
            if (!c->bounded) {
                posting_block const& b = c->blocks.front();
                c->bound = c->weight * rule_(sparse_value(segment_->form(), b.most), b.shortest);
                c->bounded = true;
            }
            sum += c->bound;
        }
        return sum;
    }
    /// Whether no row of this bound can be among the best.
    [[nodiscard]] bool hopeless(double bound) const noexcept {
        auto const most = static_cast<float>(bound * (1 + 1e-9));
        float const needed = best_.threshold();
        return most < needed || (most == needed && in_order_ && needed > least_);
    }

    /// Looks at the slots from .. to - 1 of the essential lists: those that a row has to be in to get far enough.
    void window(std::uint64_t from, std::uint64_t to) {
        by_bound_ = active_;
        std::sort(by_bound_.begin(), by_bound_.end(), [](cursor const* a, cursor const* b) { return a->bound < b->bound; });
        below_.assign(1, 0);
        for (cursor const* c : by_bound_) below_.push_back(below_.back() + c->bound);
        essential_ = 0;
        while (essential_ + 1 < by_bound_.size() && hopeless(below_[essential_ + 1])) ++essential_;
        for (std::size_t i = essential_; i < by_bound_.size(); ++i) {
            open(*by_bound_[i]);
            while (here(*by_bound_[i]) < from) ++by_bound_[i]->at;  // what other windows left out
        }
        if (essential_ + 1 == by_bound_.size())
            one_list(*by_bound_.back(), to);
        else
            several_lists(to);
        // A new k-th score is worth a selection now and then: the next windows are measured by it.
        if (pushed_ >= 8) static_cast<void>(best_.kth()), pushed_ = 0;
    }
    void one_list(cursor& c, std::uint64_t to) {
        double const others = below_[essential_];
        while (here(c) < to) {
            if (hopeless(score(c, c.slots[c.at]) + others))
                ++c.at;
            else
                look_at(c.slots[c.at]);
        }
    }
    void several_lists(std::uint64_t to) {
        for (;;) {
            std::uint32_t slot = no_row;
            for (std::size_t i = essential_; i < by_bound_.size(); ++i) slot = std::min(slot, here(*by_bound_[i]));
            if (slot >= to) return;
            look_at(slot);
        }
    }
    void open(cursor& c) {
        if (c.opened) return;
        c.block = segment_->open(c.blocks.front());
        c.block.slots(c.blocks.front().first, c.slots.data());
        c.at = 0;
        c.opened = true;
    }
    [[nodiscard]] static std::uint32_t here(cursor const& c) noexcept { return c.at < c.block.count ? c.slots[c.at] : no_row; }
    [[nodiscard]] double score(cursor const& c, std::uint32_t slot) const {
        return c.weight * rule_(sparse_value(segment_->form(), c.block.code(c.at)), segment_->length(slot));
    }

    void look_at(std::uint32_t slot) {
        row_t const row = rows_[slot];
        bool const allowed = row != no_row && (filter_ == nullptr || filter_->allows(row));
        double sum = 0;
        for (std::size_t i = essential_; i < by_bound_.size(); ++i) {
            cursor& c = *by_bound_[i];
            if (here(c) != slot) continue;
            if (allowed) sum += matched(c, slot);
            ++c.at;
        }
        if (!allowed) return;
        for (std::size_t i = essential_; i-- > 0;) {
            if (hopeless(sum + below_[i + 1])) return forget();
            sum += look_up(*by_bound_[i], slot);
        }
        if (!hopeless(sum))
            offer(row);
        else
            forget();
    }
    double matched(cursor const& c, std::uint32_t slot) {
        auto const i = static_cast<std::size_t>(&c - cursors_.data());
        matches_.push_back(i);
        return scores_[i] = score(c, slot);
    }
    double look_up(cursor& c, std::uint32_t slot) {
        open(c);
        while (here(c) < slot) ++c.at;
        return here(c) == slot ? matched(c, slot) : 0;
    }
    void offer(row_t row) {
        if (matches_.size() > 1) std::sort(matches_.begin(), matches_.end());
        double sum = 0;
        for (std::size_t const i : matches_) sum += scores_[i];
        best_.push(row, static_cast<float>(sum));
        ++pushed_;
        forget();
    }
    void forget() noexcept { matches_.clear(); }

    void by_term() {
        sums_.resize(chunk);
        for (std::uint64_t from = 0; from < segment_->slots(); from += chunk) {
            std::uint64_t const to = std::min<std::uint64_t>(from + chunk, segment_->slots());
            if (hopeless(chunk_bound(from, to))) continue;
            // -0 plus anything is that, 0 included: what is still -0 was in no list.
            std::fill(sums_.begin(), sums_.end(), -0.0);
            for (cursor& c : cursors_) add_list(c, from, to);
            for (std::uint64_t slot = from; slot < to; ++slot) {
                double const sum = sums_[static_cast<std::size_t>(slot - from)];
                if (std::signbit(sum) || hopeless(sum)) continue;
                row_t const row = rows_[static_cast<std::size_t>(slot)];
                if (row != no_row && (filter_ == nullptr || filter_->allows(row))) best_.push(row, static_cast<float>(sum));
            }
            static_cast<void>(best_.kth());
        }
    }
    /// Of the slots from .. to - 1, by the largest of each list's blocks there. Leaves out blocks before them.
    [[nodiscard]] double chunk_bound(std::uint64_t from, std::uint64_t to) {
        double sum = 0;
        for (cursor& c : cursors_) {
            if (!c.blocks.empty() && c.blocks.back().last < from) c.blocks = {};
            if (!c.blocks.empty() && c.blocks.front().last < from) skip(c, from);
            double most = 0;
            for (posting_block const& b : c.blocks) {
                if (b.first >= to) break;
                most = std::max(most, c.weight * rule_(sparse_value(segment_->form(), b.most), b.shortest));
            }
            sum += most;
        }
        return sum;
    }
    void add_list(cursor& c, std::uint64_t from, std::uint64_t to) {
        while (!c.blocks.empty() && c.blocks.front().first < to) {
            open(c);
            while (here(c) < from) ++c.at;
            for (; here(c) < to; ++c.at) sums_[static_cast<std::size_t>(c.slots[c.at] - from)] += score(c, c.slots[c.at]);
            if (c.at < c.block.count) return;
            c.blocks = c.blocks.subspan(1);
            c.opened = false;
        }
    }

    std::span<weighted_term const> terms_;
    Rule rule_;
    row_filter const* filter_;
    float least_;
    bool in_order_;
    top_k best_;
    std::vector<double> scores_;        // of the slot, by cursor
    std::vector<std::size_t> matches_;  // cursors with the slot
    sparse_segment const* segment_ = nullptr;
    std::span<row_t const> rows_;
    std::vector<cursor> cursors_;
    std::vector<cursor*> active_;
    std::vector<cursor*> by_bound_;
    std::vector<double> below_;
    std::vector<double> sums_;  // of a chunk, when lists are added one by one
    std::size_t essential_ = 0;
    std::size_t pushed_ = 0;
};

}  // namespace detail
}  // namespace simile
