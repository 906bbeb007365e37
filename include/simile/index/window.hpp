// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/hit.hpp>
#include <simile/core/row_filter.hpp>
#include <simile/core/row_range.hpp>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace simile {

/// Labels from `least` to `most`, each end with or without. The whole line by default.
template <class Label>
struct label_window {
    Label least = std::numeric_limits<Label>::has_infinity ? -std::numeric_limits<Label>::infinity() : std::numeric_limits<Label>::lowest();
    Label most = std::numeric_limits<Label>::has_infinity ? std::numeric_limits<Label>::infinity() : std::numeric_limits<Label>::max();
    bool with_least = true;
    bool with_most = true;

    [[nodiscard]] constexpr bool holds(Label label) const noexcept {
        return (with_least ? label >= least : label > least) && (with_most ? label <= most : label < most);
    }
};

/// Which rows have a label (a date, a price) within a window: the labels in rising order, and the row of each unless rows are in that order themselves.
///
/// A search within a window costs in proportion to the rows in it when rows are in the order of their labels: put them in `order()` before adding them. Of any
/// other label the window is a filter (Engels et al., "Approximate nearest neighbor search with window filters", ICML 2024, compare with trees that this replaces
/// where a window is scanned).
/// Labels  finite integers or floats; equal ones in the order of their rows.
/// Time    n log n to build, log n a window, and the number of its rows for a filter.
/// Memory  a label a row, and 4 bytes unless the rows are in order.
template <class Label>
    requires std::integral<Label> || std::floating_point<Label>
class window_index {
public:
    /// @param labels  of rows 0, 1, 2 ..
    /// @throws error not_finite (NaN; infinite labels are refused as well), limit_exceeded past 2^32 - 1 rows
    explicit window_index(std::span<Label const> labels) {
        require(labels.size() < std::numeric_limits<row_t>::max(), error_code::limit_exceeded, labels.size(),
                " rows are more than 2^32 - 2");
        if constexpr (std::floating_point<Label>)
            for (std::size_t i = 0; i < labels.size(); ++i)
                require(std::isfinite(labels[i]), error_code::not_finite, "the label of row ", i, " is not finite");
        if (!std::is_sorted(labels.begin(), labels.end())) rows_ = order_of(labels);
        labels_.reserve(labels.size());
        for (std::size_t i = 0; i < labels.size(); ++i) labels_.push_back(labels[rows_.empty() ? i : rows_[i]]);
    }

    [[nodiscard]] std::size_t size() const noexcept { return labels_.size(); }
    /// Whether rows have rising labels, so that every window is one range of them.
    [[nodiscard]] bool in_order() const noexcept { return rows_.empty(); }
    /// Rows by rising label: add the vectors of a new index in this order, and windows are ranges.
    [[nodiscard]] std::vector<row_t> order() const {
        if (!in_order()) return rows_;
        std::vector<row_t> out(size());
        std::iota(out.begin(), out.end(), row_t{0});
        return out;
    }
    /// Rows whose label is within.
    /// @throws error not_finite for a NaN end
    [[nodiscard]] std::size_t count(label_window<Label> const& window) const {
        auto const places = within(window);
        return places.last - std::size_t{places.first};
    }
    /// For search_options::ranges; empty when no row is within, which those would take for no restriction at all.
    /// @throws error not_finite; invalid_argument unless rows are in order
    [[nodiscard]] std::vector<row_range> ranges(label_window<Label> const& window) const {
        require(in_order(), error_code::invalid_argument, "the rows are not in the order of their labels: use a filter");
        auto const places = within(window);
        return places.first == places.last ? std::vector<row_range>{} : std::vector<row_range>{places};
    }
    /// For the filter of a search.
    /// @throws error not_finite
    [[nodiscard]] row_filter filter(label_window<Label> const& window) const {
        auto const places = within(window);
        row_filter out(size());
        for (std::size_t i = places.first; i < places.last; ++i) out.allow(in_order() ? static_cast<row_t>(i) : rows_[i]);
        return out;
    }
    /// Rows with any of the labels; one a row_filter. NaN is the label of none.
    [[nodiscard]] row_filter filter(std::span<Label const> any_of) const {
        row_filter out(size());
        for (Label const label : any_of) {
            auto const [first, last] = std::equal_range(labels_.begin(), labels_.end(), label);
            if (first == last || *first != label) continue;
            for (auto at = first; at != last; ++at) {
                auto const i = static_cast<std::size_t>(at - labels_.begin());
                out.allow(in_order() ? static_cast<row_t>(i) : rows_[i]);
            }
        }
        return out;
    }

    [[nodiscard]] std::size_t memory() const noexcept { return labels_.capacity() * sizeof(Label) + rows_.capacity() * sizeof(row_t); }

private:
    [[nodiscard]] static std::vector<row_t> order_of(std::span<Label const> labels) {
        std::vector<row_t> rows(labels.size());
        std::iota(rows.begin(), rows.end(), row_t{0});
        std::sort(rows.begin(), rows.end(), [&](row_t a, row_t b) { return labels[a] < labels[b] || (labels[a] == labels[b] && a < b); });
        return rows;
    }
    /// Places in the order of labels.
    [[nodiscard]] row_range within(label_window<Label> const& window) const {
        require(window.least == window.least && window.most == window.most, error_code::not_finite, "an end of the window is not a number");
        auto const first = window.with_least ? std::lower_bound(labels_.begin(), labels_.end(), window.least)
                                             : std::upper_bound(labels_.begin(), labels_.end(), window.least);
        auto const last = window.with_most ? std::upper_bound(labels_.begin(), labels_.end(), window.most)
                                           : std::lower_bound(labels_.begin(), labels_.end(), window.most);
        auto const begin = static_cast<row_t>(first - labels_.begin()), end = static_cast<row_t>(last - labels_.begin());
        return {begin, std::max(begin, end)};
    }

    std::vector<Label> labels_;  // rising
    std::vector<row_t> rows_;    // of each; empty when rows are in this order
};

}  // namespace simile
