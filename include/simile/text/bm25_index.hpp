// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/index/sparse.hpp>
#include <simile/io/byte_stream.hpp>
#include <simile/text/bm25.hpp>
#include <simile/text/lexicon.hpp>
#include <simile/text/tokenizer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace simile::text {

/// A part of a document that counts as if it stood there `weight` times (Robertson, Zaragoza, Taylor, "Simple BM25 extension to multiple weighted fields", CIKM 2004).
struct text_field {
    std::string_view text;
    std::uint32_t weight = 1;
};

/// Texts in, the best of them for some words out: BM25 in a sparse_index.
///
/// Rows      as in sparse_index and vector_index: `remove` gives the row of a removed text to the last one.
/// Score     sum over the terms of the query, each as often as it stands there, of idf * bm25_rule, by the texts that are there now. A float, >= 0, without upper bound.
/// Exact     the k best of all texts with a term of the query, ties by smaller row.
/// Threads   searches may run at the same time; changes want exclusive access.
class bm25_index {
public:
    /// @throws error as check(bm25_options) and tokenizer
    explicit bm25_index(bm25_options const& scoring = {}, tokenizer_options tokens = {})
        : scoring_(scoring), tokenizer_(std::move(tokens)), rows_(sparse_form::counts) {
        check(scoring);
    }

    [[nodiscard]] std::size_t size() const noexcept { return rows_.size(); }
    [[nodiscard]] bm25_options const& scoring() const noexcept { return scoring_; }
    [[nodiscard]] tokenizer const& tokens() const noexcept { return tokenizer_; }
    [[nodiscard]] sparse_index const& rows() const noexcept { return rows_; }
    /// Mean number of terms of a text; 0 without texts.
    [[nodiscard]] double average_length() const noexcept {
        return size() == 0 ? 0 : static_cast<double>(rows_.total_length()) / static_cast<double>(size());
    }
    /// Texts with a term as the tokenizer gives it.
    [[nodiscard]] std::size_t count(std::string_view term) const {
        auto const number = lexicon_.find(term);
        return number ? rows_.count(*number) : 0;
    }
    [[nodiscard]] std::size_t memory() const noexcept { return rows_.memory() + lexicon_.memory(); }

    /// A text without terms has a row, which is never found.
    /// @throws error limit_exceeded past 2^32 - 2 rows or 2^32 - 1 terms in a text
    void add(std::string_view text) { add(std::span<text_field const>({{text_field{text}}})); }
    void add(std::span<text_field const> fields) {
        auto const [terms, length] = counted(fields);
        rows_.add(terms, length);
    }
    /// @throws error out_of_range, and as add
    void update(row_t row, std::string_view text) { update(row, std::span<text_field const>({{text_field{text}}})); }
    void update(row_t row, std::span<text_field const> fields) {
        require(row < size(), error_code::out_of_range, "row ", row, " of ", size());
        auto const [terms, length] = counted(fields);
        rows_.update(row, terms, length);
    }
    /// @throws error out_of_range
    void remove(row_t row) { rows_.remove(row); }
    /// The least memory and the quickest search; see sparse_index::compact. Forgets terms that no text has.
    void compact() {
        auto const order = live_terms();
        lexicon fresh;
        for (std::uint32_t const number : order) fresh.number_of(lexicon_[number]);
        rows_.compact(order);
        std::swap(lexicon_, fresh);
    }

    /// @throws error as sparse_index::search
    [[nodiscard]] std::vector<hit> search(std::string_view query, sparse_options const& options = {}) const {
        return rows_.search_by(bm25_rule(scoring_, average_length()), weighed(query), options);
    }

    /// What a text of mean length would score that has every term of the query once, terms that no text has included: a measure for scores, to fuse them with others.
    /// A text may score more; 0 for a query without terms.
    [[nodiscard]] double scale(std::string_view query) const {
        double sum = 0;
        tokenizer_.each(query, [&](std::string_view term, text_span const&) { sum += bm25_idf(size(), count(term)); });
        return sum * bm25_rule(scoring_, 1)(1, 1);
    }

    /// The `.simile` file: that of the rows with a section for options and terms. The bytes depend on the texts and options alone.
    [[nodiscard]] std::vector<std::byte> to_bytes() const {
        auto const order = live_terms();
        detail::byte_writer out;
        write_options(out);
        write_terms(out, order);
        return rows_.to_bytes(order, std::move(out.bytes));
    }
    /// @param rewrite  of tokenizer_options: a file cannot hold it, but knows whether there was one
    /// @throws error truncated_file, corrupt_file, unsupported_version, limit_exceeded; invalid_argument (no file of texts, or `rewrite` missing or too many)
    [[nodiscard]] static bm25_index from_bytes(std::span<std::byte const> bytes, std::function<bool(std::string&)> rewrite = {},
                                               verify_level verify = verify_level::checksum, load_limits const& limits = {}) {
        file_sections const file(bytes, sparse_index::sections, verify, limits);
        require(file.header().kind == file_header::sparse && !file[section_type::lexicon].empty(), error_code::invalid_argument,
                "the file does not hold texts");
        detail::byte_reader in(file[section_type::lexicon]);
        bm25_index out = read_options(in, std::move(rewrite));
        read_terms(in, out.lexicon_);
        out.rows_ = sparse_index::from_file(file);
        auto const terms = out.rows_.terms();
        require(out.rows_.form() == sparse_form::counts && terms.size() == out.lexicon_.size() &&
                    (terms.empty() || terms.back() + std::size_t{1} == terms.size()),
                error_code::corrupt_file, out.lexicon_.size(), " terms for ", terms.size(), " lists of postings");
        return out;
    }

private:
    struct counted_terms {
        std::vector<sparse_weight> terms;
        std::uint32_t length;
    };
    static constexpr std::uint32_t most_counted = std::uint32_t{1} << 24;

    [[nodiscard]] counted_terms counted(std::span<text_field const> fields) {
        std::vector<std::uint64_t> found;  // term and weight in one number, which is quick to sort
        std::uint64_t length = 0;
        for (text_field const& field : fields)
            tokenizer_.each(field.text, [&](std::string_view term, text_span const&) {
                length += field.weight;
                if (field.weight != 0)
                    found.push_back(std::uint64_t{lexicon_.number_of(term)} << 32 | std::min(field.weight, most_counted));
            });
        require(length <= std::numeric_limits<std::uint32_t>::max(), error_code::limit_exceeded, "a text of ", length, " terms");
        std::sort(found.begin(), found.end());
        std::vector<sparse_weight> terms;
        for (std::uint64_t const t : found) {
            auto const term = static_cast<std::uint32_t>(t >> 32);
            auto const weight = static_cast<float>(static_cast<std::uint32_t>(t));
            if (!terms.empty() && terms.back().term == term)
                terms.back().weight = std::min(terms.back().weight + weight, static_cast<float>(most_counted));
            else
                terms.push_back({term, weight});
        }
        return {std::move(terms), static_cast<std::uint32_t>(length)};
    }
    /// In the order of their bytes: numbers of terms depend on history, and so would the rounding of sums.
    [[nodiscard]] std::vector<weighted_term> weighed(std::string_view query) const {
        std::vector<std::uint32_t> numbers;
        tokenizer_.each(query, [&](std::string_view term, text_span const&) {
            if (auto const number = lexicon_.find(term)) numbers.push_back(*number);
        });
        sort_by_bytes(numbers);
        std::vector<weighted_term> out;
        for (std::size_t i = 0, last = 0; i < numbers.size(); i = last) {
            while (last < numbers.size() && numbers[last] == numbers[i]) ++last;
            if (std::size_t const texts = rows_.count(numbers[i]); texts != 0)
                out.push_back({numbers[i], static_cast<double>(last - i) * bm25_idf(size(), texts)});
        }
        return out;
    }

    /// Those that texts have, in the order of their bytes.
    [[nodiscard]] std::vector<std::uint32_t> live_terms() const {
        auto out = rows_.terms();
        std::erase_if(out, [&](std::uint32_t number) { return rows_.count(number) == 0; });
        sort_by_bytes(out);
        return out;
    }
    void sort_by_bytes(std::vector<std::uint32_t>& terms) const {
        std::sort(terms.begin(), terms.end(), [&](std::uint32_t a, std::uint32_t b) { return lexicon_[a] < lexicon_[b]; });
    }
    void write_options(detail::byte_writer& out) const {
        tokenizer_options const& t = tokenizer_.options();
        out.u8(static_cast<std::uint8_t>(scoring_.kind));
        out.u8(static_cast<std::uint8_t>(t.unspaced));
        out.u8(t.fold_accents ? 1 : 0);
        out.u8(t.rewrite ? 1 : 0);
        out.u64(t.max_term_bytes);
        for (double const v : {scoring_.k1, scoring_.b, scoring_.delta}) out.f64(v);
    }
    [[nodiscard]] static bm25_index read_options(detail::byte_reader& in, std::function<bool(std::string&)> rewrite) {
        bm25_options scoring;
        tokenizer_options tokens;
        scoring.kind = static_cast<bm25_kind>(in.u8());
        std::uint8_t const unspaced = in.u8(), fold = in.u8(), rewritten = in.u8();
        std::uint64_t const most = in.u64();
        scoring.k1 = in.f64(), scoring.b = in.f64(), scoring.delta = in.f64();
        require(unspaced <= 2 && fold <= 1 && rewritten <= 1 && most >= 16 && most <= std::numeric_limits<std::size_t>::max(),
                error_code::corrupt_file, "the options are no options");
        require((rewritten == 1) == static_cast<bool>(rewrite), error_code::invalid_argument,
                rewritten == 1 ? "the terms of the file were rewritten: say by what function" : "the terms of the file were not rewritten");
        tokens.unspaced = static_cast<unspaced_terms>(unspaced);
        tokens.fold_accents = fold == 1;
        tokens.max_term_bytes = static_cast<std::size_t>(most);
        tokens.rewrite = std::move(rewrite);
        try {
            return bm25_index(scoring, std::move(tokens));
        } catch (error const& e) {
            fail(error_code::corrupt_file, e.what());
        }
    }

    /// Their number, and of each: bytes it begins with as the one before it does, bytes that follow, these bytes.
    void write_terms(detail::byte_writer& out, std::vector<std::uint32_t> const& order) const {
        out.u32(static_cast<std::uint32_t>(order.size()));
        std::string_view before;
        for (std::uint32_t const number : order) {
            std::string_view const term = lexicon_[number];
            auto const shared =
                static_cast<std::size_t>(std::mismatch(before.begin(), before.end(), term.begin(), term.end()).first - before.begin());
            write_length(out, shared);
            write_length(out, term.size() - shared);
            out.append(std::as_bytes(std::span(term.substr(shared))));
            before = term;
        }
    }
    static void write_length(detail::byte_writer& out, std::size_t n) {
        for (; n >= 0x80; n >>= 7) out.u8(static_cast<std::uint8_t>((n & 0x7FU) | 0x80U));
        out.u8(static_cast<std::uint8_t>(n));
    }
    [[nodiscard]] static std::size_t read_length(detail::byte_reader& in) {
        std::size_t n = 0;
        for (unsigned shift = 0; shift <= 21; shift += 7) {
            std::uint8_t const byte = in.u8();
            n |= (byte & std::size_t{0x7F}) << shift;
            if (byte < 0x80) return n;
        }
        fail(error_code::corrupt_file, "a term of the lexicon is too long");
    }
    static void read_terms(detail::byte_reader& in, lexicon& out) {
        std::string term, before;
        for (std::uint32_t n = in.u32(); n > 0; --n) {
            std::size_t const shared = read_length(in);
            auto const rest = in.take(read_length(in));
            require(shared <= before.size(), error_code::corrupt_file, "a term of the lexicon is damaged");
            term.assign(before, 0, shared);
            term.append(reinterpret_cast<char const*>(rest.data()), rest.size());
            require(out.size() == 0 || before < term, error_code::corrupt_file, "the terms of the lexicon are out of order");
            out.number_of(term);
            before = term;
        }
        require(in.at_end(), error_code::corrupt_file, in.left(), " bytes after the last term");
    }

    bm25_options scoring_;
    tokenizer tokenizer_;
    lexicon lexicon_;
    sparse_index rows_;
};

}  // namespace simile::text
