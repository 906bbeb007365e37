// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/executor.hpp>
#include <simile/core/hit.hpp>
#include <simile/core/row_filter.hpp>
#include <simile/core/row_range.hpp>
#include <simile/index/sparse_parts.hpp>
#include <simile/index/sparse_search.hpp>
#include <simile/io/file_sections.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace simile {

/// How to search a sparse index.
struct sparse_options {
    /// Hits wanted, at least 1; cut to the number of rows.
    std::size_t k = 10;
    /// Rows that may be returned; all when null. Made for as many rows as the index has.
    row_filter const* filter = nullptr;
    /// Only these rows, in rising order, without overlap; together with a filter both must allow a row. All rows when there is none.
    std::span<row_range const> ranges{};
    /// Hits must score at least this.
    float min_score = -std::numeric_limits<float>::infinity();
    /// search_many only: works on several queries at once.
    executor* threads = nullptr;
};

/// Inner products of a sparse row: value(term) only, whatever its length.
struct sparse_dot {
    [[nodiscard]] double operator()(float value, std::uint32_t) const noexcept { return value; }
};

/// An inverted index: rows of weights by term number, such as learned sparse codes or the counts of words (text/bm25_index.hpp).
///
/// Rows are numbered as in vector_index: 0 .. size() - 1 in the order of adding; `remove` gives the row of a removed one to the last one.
/// Exact    search gives the k rows with the largest sums among those with a term of the query, ties by smaller row: what scoring all of them would.
/// Memory   about a byte a posting for counts in long lists, two as bfloat16, 20 a block of 128 postings or less, 8 a term, 12 a row.
/// Threads  searches may run at the same time; changes want exclusive access.
/// File     kind 4. The bytes depend on the rows alone, not on how they came to be.
class sparse_index {
public:
    explicit sparse_index(sparse_form form = sparse_form::bfloat16) : parts_(form) {}

    [[nodiscard]] sparse_form form() const noexcept { return parts_.form(); }
    [[nodiscard]] std::size_t size() const noexcept { return parts_.rows(); }
    /// Sum of the lengths of all rows.
    [[nodiscard]] std::uint64_t total_length() const noexcept { return parts_.total_length(); }
    /// @throws error out_of_range
    [[nodiscard]] std::uint32_t length(row_t row) const {
        check_row(row);
        return parts_.length(row);
    }
    /// Rows with the term, exactly.
    [[nodiscard]] std::size_t count(std::uint32_t term) const { return parts_.count(term); }
    [[nodiscard]] std::size_t memory() const noexcept { return parts_.memory(); }

    /// Appends a row. Weights of 0 are left out; a row without any is never found.
    /// @param terms   in any order, each once
    /// @param length  what a rule of scoring may use; a sparse_dot does not
    /// @throws error not_finite; invalid_argument (negative weight, count that is no integer up to 2^24, term twice); limit_exceeded past 2^32 - 2 rows
    void add(std::span<sparse_weight const> terms, std::uint32_t length = 0) { parts_.append(sorted_row(terms), length); }
    /// Gives a row other terms.
    /// @throws error as add; out_of_range
    void update(row_t row, std::span<sparse_weight const> terms, std::uint32_t length = 0) {
        check_row(row);
        parts_.replace(row, sorted_row(terms), length);
    }
    /// @throws error out_of_range
    void remove(row_t row) {
        check_row(row);
        parts_.remove(row);
    }
    /// Puts all postings together, in the order of rows and without those of removed rows: the least memory, the quickest search.
    void compact() { parts_.compact(std::nullopt); }
    /// The same, with terms renumbered 0 .. n - 1 in the order given; those that are not are dropped.
    void compact(std::vector<std::uint32_t> const& terms) { parts_.compact(terms); }
    /// The terms of the rows, rising; also some of removed rows unless the index is compact.
    [[nodiscard]] std::vector<std::uint32_t> terms() const { return parts_.terms(); }

    /// The rows with the largest inner products with the query.
    /// @param query  weights of terms, finite and >= 0; the weights of a term that stands twice are added
    /// @throws error invalid_argument (k = 0, negative weight, ranges out of order), not_finite, dimension_mismatch (filter), out_of_range (ranges)
    [[nodiscard]] std::vector<hit> search(std::span<sparse_weight const> query, sparse_options const& options = {}) const {
        return search_by(sparse_dot{}, query_terms(query), options);
    }
    [[nodiscard]] std::vector<std::vector<hit>> search_many(std::span<std::vector<sparse_weight> const> queries,
                                                            sparse_options const& options = {}) const {
        std::vector<std::vector<hit>> out(queries.size());
        auto const task = [&](std::size_t i) { out[i] = search(queries[i], options); };
        if (options.threads != nullptr)
            options.threads->run(out.size(), task);
        else
            for (std::size_t i = 0; i < out.size(); ++i) task(i);
        return out;
    }
    /// The same for other sums: of weight * rule(value, length of the row).
    /// @param rule   finite, >= 0, rising with the value and falling with the length
    /// @param terms  each once, weights > 0; sums are taken in their order
    template <class Rule>
    [[nodiscard]] std::vector<hit> search_by(Rule const& rule, std::span<weighted_term const> terms, sparse_options const& options) const {
        require(options.k > 0, error_code::invalid_argument, "k must be at least 1");
        require(!std::isnan(options.min_score), error_code::not_finite, "the least score is not a number");
        auto const within = narrowed(options);
        row_filter const* const filter = within ? &*within : options.filter;
        detail::sparse_scan<Rule> scan(terms, rule, std::min(options.k, size()), options.min_score, filter, parts_.in_order());
        if (size() != 0) parts_.each([&](detail::sparse_segment const& segment, std::span<row_t const> rows) { scan.run(segment, rows); });
        return scan.take();
    }

    /// The `.simile` file.
    [[nodiscard]] std::vector<std::byte> to_bytes() const { return to_bytes({}, {}); }
    /// @throws error truncated_file, corrupt_file, unsupported_version, limit_exceeded
    [[nodiscard]] static sparse_index from_bytes(std::span<std::byte const> bytes, verify_level verify = verify_level::checksum,
                                                 load_limits const& limits = {}) {
        file_sections const file(bytes, sections, verify, limits);
        require(file[section_type::lexicon].empty(), error_code::invalid_argument, "the file holds texts: use text::bm25_index");
        return from_file(file);
    }

    /// For indexes on top of this one: terms renumbered 0 .. n - 1 in the order given (those that are not are left out), and a section of their own.
    [[nodiscard]] std::vector<std::byte> to_bytes(std::optional<std::vector<std::uint32_t>> const& terms,
                                                  std::vector<std::byte> lexicon) const;
    [[nodiscard]] static sparse_index from_file(file_sections const& file);
    static constexpr std::array<section_type, 6> sections = {section_type::posting_terms,  section_type::posting_starts,
                                                             section_type::posting_blocks, section_type::postings,
                                                             section_type::row_lengths,    section_type::lexicon};

private:
    void check_row(row_t row) const { require(row < size(), error_code::out_of_range, "row ", row, " of ", size()); }

    [[nodiscard]] std::vector<sparse_weight> sorted_row(std::span<sparse_weight const> terms) const {
        std::vector<sparse_weight> out;
        out.reserve(terms.size());
        for (sparse_weight const& t : terms) {
            require(std::isfinite(t.weight), error_code::not_finite, "the weight of term ", t.term, " is not finite");
            require(t.weight >= 0, error_code::invalid_argument, "the weight of term ", t.term, " is ", t.weight);
            require(form() != sparse_form::counts || (t.weight == std::floor(t.weight) && t.weight <= 16777216.0F),
                    error_code::invalid_argument, "the count of term ", t.term, " is ", t.weight);
            if (t.weight > 0) out.push_back(t);
        }
        std::sort(out.begin(), out.end(), [](sparse_weight const& a, sparse_weight const& b) { return a.term < b.term; });
        auto const twice =
            std::adjacent_find(out.begin(), out.end(), [](sparse_weight const& a, sparse_weight const& b) { return a.term == b.term; });
        require(twice == out.end(), error_code::invalid_argument, "term ", twice == out.end() ? 0 : twice->term, " stands twice");
        return out;
    }
    [[nodiscard]] static std::vector<weighted_term> query_terms(std::span<sparse_weight const> query) {
        std::vector<weighted_term> out;
        for (sparse_weight const& t : query) {
            require(std::isfinite(t.weight), error_code::not_finite, "the query's weight of term ", t.term, " is not finite");
            require(t.weight >= 0, error_code::invalid_argument, "the query's weight of term ", t.term, " is ", t.weight);
            if (t.weight > 0) out.push_back({t.term, t.weight});
        }
        std::sort(out.begin(), out.end(), [](weighted_term const& a, weighted_term const& b) {
            return a.term < b.term || (a.term == b.term && a.weight < b.weight);
        });
        std::size_t n = 0;
        for (weighted_term const& t : out) {
            if (n != 0 && out[n - 1].term == t.term)
                out[n - 1].weight += t.weight;
            else
                out[n++] = t;
        }
        out.resize(n);
        return out;
    }

    /// The filter and the ranges as one filter; nothing without ranges.
    [[nodiscard]] std::optional<row_filter> narrowed(sparse_options const& options) const {
        require(options.filter == nullptr || options.filter->rows() == size(), error_code::dimension_mismatch, "the filter is for ",
                options.filter == nullptr ? 0 : options.filter->rows(), " rows, the index has ", size());
        if (options.ranges.empty()) return std::nullopt;
        row_filter out(size());
        row_t end = 0;
        for (row_range const& r : options.ranges) {
            require(r.first <= r.last && r.first >= end, error_code::invalid_argument, "the range ", r.first, " .. ", r.last,
                    " is out of order");
            require(r.last <= size(), error_code::out_of_range, "the range ends at row ", r.last, " of ", size());
            for (row_t row = r.first; row < r.last; ++row)
                if (options.filter == nullptr || options.filter->allows(row)) out.allow(row);
            end = r.last;
        }
        return out;
    }

    detail::sparse_parts parts_;
};

namespace detail {
template <class T>
[[nodiscard]] std::span<std::byte const> section_bytes(std::vector<T> const& values) {
    return std::as_bytes(std::span(values));
}
/// @throws error corrupt_file
template <class T>
[[nodiscard]] std::vector<T> section_values(std::span<std::byte const> bytes) {
    require(bytes.size() % sizeof(T) == 0, error_code::corrupt_file, "a section of ", bytes.size(), " bytes does not hold values of ",
            sizeof(T));
    std::vector<T> out(bytes.size() / sizeof(T));
    if (!out.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
    return out;
}
}  // namespace detail

inline std::vector<std::byte> sparse_index::to_bytes(std::optional<std::vector<std::uint32_t>> const& terms,
                                                     std::vector<std::byte> lexicon) const {
    detail::sparse_segment const all = parts_.gathered(terms);
    auto const postings = std::span(all.bytes()).first(all.bytes().size() - detail::sparse_segment::padding);
    file_writer file({.kind = file_header::sparse, .codec = static_cast<std::uint8_t>(form()), .rows = size()});
    file.add(section_type::posting_terms, detail::section_bytes(all.terms()));
    file.add(section_type::posting_starts, detail::section_bytes(all.starts()));
    file.add(section_type::posting_blocks, detail::section_bytes(all.blocks()));
    file.add(section_type::postings, postings);
    file.add(section_type::row_lengths, detail::section_bytes(all.lengths()));
    file.add_owned(section_type::lexicon, std::move(lexicon));
    std::vector<std::byte> out;
    out.reserve(static_cast<std::size_t>(file.length()));
    file.write([&](std::span<std::byte const> bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); });
    return out;
}

inline sparse_index sparse_index::from_file(file_sections const& file) {
    file_header const& h = file.header();
    require(h.kind == file_header::sparse && h.flags == 0 && h.similarity == 0 && h.dims == 0, error_code::corrupt_file,
            "the file does not hold postings: use load_index");
    require(h.codec >= 1 && h.codec <= 3, error_code::unsupported_version, "the file holds weights of form ", h.codec,
            ", which this program does not know");
    auto lengths = detail::section_values<std::uint32_t>(file[section_type::row_lengths]);
    require(lengths.size() == h.rows, error_code::corrupt_file, lengths.size(), " lengths of ", h.rows, " rows");
    auto const form = static_cast<sparse_form>(h.codec);
    auto const postings = file[section_type::postings];
    sparse_index out(form);
    out.parts_ = detail::sparse_parts(detail::sparse_segment::from_arrays(
        form, std::move(lengths), detail::section_values<std::uint32_t>(file[section_type::posting_terms]),
        detail::section_values<std::uint32_t>(file[section_type::posting_starts]),
        detail::section_values<detail::posting_block>(file[section_type::posting_blocks]), {postings.begin(), postings.end()}));
    return out;
}

}  // namespace simile
