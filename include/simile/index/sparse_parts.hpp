// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/hit.hpp>
#include <simile/index/sparse_part.hpp>
#include <simile/index/sparse_segment.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace simile {

/// How much of a term a row or a query has.
struct sparse_weight {
    std::uint32_t term;
    float weight;
};

namespace detail {

/// The rows of a sparse index as segments of falling size, and the newest as a list of postings. Every row has a slot; slots are numbered through all segments in
/// the order of writing, and a removed or rewritten row leaves a slot without a row behind until segments are put together.
class sparse_parts {
public:
    explicit sparse_parts(sparse_form form) : form_(form) {}
    explicit sparse_parts(sparse_segment all) : form_(all.form()), row_of_(all.slots()), slot_of_(all.slots()) {
        std::iota(row_of_.begin(), row_of_.end(), row_t{0});
        std::iota(slot_of_.begin(), slot_of_.end(), row_t{0});
        total_length_ = std::accumulate(all.lengths().begin(), all.lengths().end(), std::uint64_t{0});
        newest_.base = all.slots();
        if (all.slots() != 0) parts_.push_back({std::move(all), 0, {}});
    }
    sparse_parts(sparse_parts const& other)
        : form_(other.form_),
          parts_(other.parts_),
          newest_(other.newest_),
          row_of_(other.row_of_),
          slot_of_(other.slot_of_),
          total_length_(other.total_length_),
          in_order_(other.in_order_) {}
    sparse_parts(sparse_parts&&) noexcept = default;
    sparse_parts& operator=(sparse_parts other) noexcept {
        form_ = other.form_, total_length_ = other.total_length_, in_order_ = other.in_order_;
        parts_.swap(other.parts_), row_of_.swap(other.row_of_), slot_of_.swap(other.slot_of_);
        std::swap(newest_, other.newest_), fresh_.swap(other.fresh_);
        return *this;
    }
    ~sparse_parts() = default;

    [[nodiscard]] sparse_form form() const noexcept { return form_; }
    [[nodiscard]] std::size_t rows() const noexcept { return slot_of_.size(); }
    [[nodiscard]] std::uint64_t total_length() const noexcept { return total_length_; }
    [[nodiscard]] bool in_order() const noexcept { return in_order_; }
    [[nodiscard]] std::uint32_t length(row_t row) const noexcept {
        std::uint32_t const slot = slot_of_[row];
        if (slot >= newest_.base) return newest_.lengths[slot - newest_.base];
        part const& p = *part_of(slot);
        return p.segment.length(slot - p.base);
    }

    /// @param terms  rising
    void append(std::vector<sparse_weight> const& terms, std::uint32_t length) {
        require(row_of_.size() < no_row - 1, error_code::limit_exceeded, "more than 2^32 - 2 rows");
        write(static_cast<row_t>(slot_of_.size()), terms, length);
        tidy();
    }
    void replace(row_t row, std::vector<sparse_weight> const& terms, std::uint32_t length) {
        require(row_of_.size() < no_row - 1, error_code::limit_exceeded, "more than 2^32 - 2 rows");
        write(row, terms, length);
        tidy();
    }
    /// The last row takes the number.
    void remove(row_t row) {
        auto const last = static_cast<row_t>(slot_of_.size() - 1);
        bury(slot_of_[row]);
        if (row != last) {
            slot_of_[row] = slot_of_[last];
            row_of_[slot_of_[row]] = row;
            in_order_ = false;
        }
        slot_of_.pop_back();
        tidy();
    }
    void compact(std::optional<std::vector<std::uint32_t>> const& order) {
        sparse_segment all = gathered(order);
        *this = sparse_parts(std::move(all));
    }

    /// Rows with the term.
    [[nodiscard]] std::size_t count(std::uint32_t term) const {
        std::size_t n = 0;
        each_part([&](part const& p) { n += p.segment.count(p.segment.list(term)) - buried_in(p, p.segment.list(term)); });
        return n;
    }
    /// Calls visit(segment, rows of its slots).
    template <class Visit>
    void each(Visit&& visit) const {
        each_part([&](part const& p) { visit(p.segment, std::span(row_of_).subspan(p.base, p.segment.slots())); });
    }
    /// All in one, slots in the order of rows. Terms of `order` are renumbered by it; without it they keep their numbers.
    [[nodiscard]] sparse_segment gathered(std::optional<std::vector<std::uint32_t>> const& order) const {
        std::vector<std::uint32_t> lengths(rows());
        for (row_t row = 0; row < rows(); ++row) lengths[row] = length(row);
        std::vector<part const*> from;
        each_part([&](part const& p) { from.push_back(&p); });
        return gather_parts(form_, from, row_of_, std::move(lengths), order);
    }
    /// The terms of rows, rising.
    [[nodiscard]] std::vector<std::uint32_t> terms() const {
        std::vector<part const*> from;
        each_part([&](part const& p) { from.push_back(&p); });
        return terms_of_parts(from);
    }

    [[nodiscard]] std::size_t memory() const noexcept {
        std::size_t bytes =
            4 * (row_of_.capacity() + slot_of_.capacity()) + 12 * newest_.postings.capacity() + 4 * newest_.lengths.capacity();
        for (part const& p : parts_) bytes += p.segment.memory() + 4 * p.buried.capacity();
        return bytes;
    }

private:
    using part = sparse_part;
    struct new_posting {
        std::uint32_t term;
        posting at;
    };
    struct new_rows {
        std::size_t base = 0;
        std::vector<new_posting> postings{};
        std::vector<std::uint32_t> lengths{};
    };
    /// The newest rows as a segment, made when a search first needs it.
    struct fresh_segment {
        std::mutex making;
        std::unique_ptr<part> made;
    };
    static constexpr std::size_t most_new_postings = 4096, most_new_rows = 1024;

    // All memory is taken before anything changes.
    void write(row_t row, std::vector<sparse_weight> const& terms, std::uint32_t length) {
        make_room(newest_.postings, terms.size());
        make_room(newest_.lengths, 1);
        make_room(row_of_, 1);
        make_room(slot_of_, 1);
        if (row != slot_of_.size())
            bury(slot_of_[row]), in_order_ = false;
        else
            slot_of_.push_back(0);
        auto const slot = static_cast<std::uint32_t>(newest_.lengths.size());
        slot_of_[row] = static_cast<std::uint32_t>(newest_.base + slot);
        row_of_.push_back(row);
        newest_.lengths.push_back(length);
        for (sparse_weight const& t : terms) newest_.postings.push_back({t.term, {slot, sparse_code(form_, t.weight)}});
        total_length_ += length;
        fresh_->made.reset();
    }
    template <class Vector>
    static void make_room(Vector& v, std::size_t more) {
        if (v.capacity() - v.size() < more) v.reserve(std::max(v.size() + more, v.size() + v.size() / 2));
    }
    void bury(std::uint32_t slot) {
        if (slot >= newest_.base) {
            total_length_ -= newest_.lengths[slot - newest_.base];
            fresh_->made.reset();
        } else {
            part& p = parts_[static_cast<std::size_t>(part_of(slot) - parts_.data())];
            auto const own = static_cast<std::uint32_t>(slot - p.base);
            p.buried.insert(std::lower_bound(p.buried.begin(), p.buried.end(), own), own);
            total_length_ -= p.segment.length(own);
        }
        row_of_[slot] = no_row;
    }
    [[nodiscard]] part const* part_of(std::uint32_t slot) const noexcept {
        return &*std::prev(std::upper_bound(parts_.begin(), parts_.end(), slot, [](std::uint32_t s, part const& p) { return s < p.base; }));
    }

    /// The change is made by now, so a lack of memory is none of its caller's business: the next one tries again.
    void tidy() noexcept {
        try {
            if (newest_.postings.size() >= most_new_postings || newest_.lengths.size() >= most_new_rows) flush();
            clean();
        } catch (std::exception const&) {
        }
    }
    void flush() {
        if (newest_.lengths.empty()) return;
        parts_.push_back(newest_segment());
        newest_ = {row_of_.size(), {}, {}};
        fresh_->made.reset();
        while (parts_.size() > 1 && weight(parts_[parts_.size() - 2]) <= 2 * weight(parts_.back())) join(parts_.size() - 2, parts_.size());
    }
    [[nodiscard]] static std::size_t weight(part const& p) noexcept { return p.segment.postings() + p.segment.slots(); }
    /// A quarter of slots without rows is enough.
    void clean() {
        for (std::size_t i = parts_.size(); i-- > 0;)
            if (4 * parts_[i].buried.size() > parts_[i].segment.slots()) join(i, i + 1);
    }

    /// The newest rows as a segment, in which those removed are buried.
    [[nodiscard]] part newest_segment() const {
        // By term; those of a term stay in the order of their slots.
        std::vector<std::uint64_t> order;
        order.reserve(newest_.postings.size());
        for (new_posting const& p : newest_.postings) order.push_back(std::uint64_t{p.term} << 32 | order.size());
        std::sort(order.begin(), order.end());
        part out{sparse_segment(form_, newest_.lengths), newest_.base, {}};
        std::vector<posting> list;
        for (std::size_t i = 0; i < order.size(); ++i) {
            new_posting const& p = newest_.postings[static_cast<std::uint32_t>(order[i])];
            list.push_back(p.at);
            if (i + 1 != order.size() && order[i + 1] >> 32 == p.term) continue;
            out.segment.add_list(p.term, list);
            list.clear();
        }
        out.segment.finish();
        for (std::size_t slot = 0; slot < newest_.lengths.size(); ++slot)
            if (row_of_[newest_.base + slot] == no_row) out.buried.push_back(static_cast<std::uint32_t>(slot));
        return out;
    }
    template <class Visit>
    void each_part(Visit&& visit) const {
        for (part const& p : parts_) visit(p);
        if (newest_.lengths.empty()) return;
        part const* fresh = nullptr;
        {
            std::scoped_lock const lock(fresh_->making);
            if (!fresh_->made) fresh_->made = std::make_unique<part>(newest_segment());
            fresh = fresh_->made.get();
        }
        visit(*fresh);
    }

    /// Makes one part of parts first .. last - 1, without what is buried; later slots move down.
    void join(std::size_t first, std::size_t last) {
        std::size_t const begin = parts_[first].base, end = parts_[last - 1].base + parts_[last - 1].segment.slots();
        std::vector<row_t> place(row_of_.size(), no_row), rows;
        std::vector<std::uint32_t> lengths;
        std::vector<part const*> from;
        for (std::size_t p = first; p < last; ++p) {
            from.push_back(&parts_[p]);
            for (std::size_t s = 0; s < parts_[p].segment.slots(); ++s) {
                row_t const row = row_of_[parts_[p].base + s];
                if (row == no_row) continue;
                place[parts_[p].base + s] = static_cast<row_t>(rows.size());
                rows.push_back(row);
                lengths.push_back(parts_[p].segment.length(s));
            }
        }
        parts_[first] = {gather_parts(form_, from, place, std::move(lengths), std::nullopt), begin, {}};
        bool const empty = rows.empty();
        parts_.erase(parts_.begin() + static_cast<std::ptrdiff_t>(empty ? first : first + 1),
                     parts_.begin() + static_cast<std::ptrdiff_t>(last));
        replace_slots(begin, end, rows);
    }
    void replace_slots(std::size_t begin, std::size_t end, std::vector<row_t> const& rows) {
        std::copy(rows.begin(), rows.end(), row_of_.begin() + static_cast<std::ptrdiff_t>(begin));
        std::size_t const gone = end - begin - rows.size();
        row_of_.erase(row_of_.begin() + static_cast<std::ptrdiff_t>(begin + rows.size()),
                      row_of_.begin() + static_cast<std::ptrdiff_t>(end));
        for (part& p : parts_)
            if (p.base >= end) p.base -= gone;
        newest_.base -= gone;
        for (std::size_t slot = begin; slot < row_of_.size(); ++slot)
            if (row_of_[slot] != no_row) slot_of_[row_of_[slot]] = static_cast<std::uint32_t>(slot);
    }

    sparse_form form_;
    std::vector<part> parts_;
    new_rows newest_{};
    std::vector<row_t> row_of_;           // by slot
    std::vector<std::uint32_t> slot_of_;  // by row
    std::uint64_t total_length_ = 0;
    bool in_order_ = true;
    std::unique_ptr<fresh_segment> fresh_ = std::make_unique<fresh_segment>();
};

}  // namespace detail
}  // namespace simile
