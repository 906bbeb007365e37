// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/hit.hpp>
#include <simile/eval/ranking.hpp>

#include <charconv>
#include <cstddef>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace simile::eval {

/// Judgements of each query of a set, in the order of the queries.
using qrels = std::vector<std::vector<judgement>>;

namespace detail {

/// Reads numbers and marks out of a text, and knows the line it is in.
class qrels_reader {
public:
    explicit qrels_reader(std::string_view text) noexcept : text_(text) {}

    /// Skips white space; false at the end.
    bool more() noexcept {
        for (; !text_.empty() && is_space(text_[0]); text_.remove_prefix(1)) line_ += text_[0] == '\n';
        return !text_.empty();
    }
    /// Takes the mark if it comes next.
    bool take(char mark) noexcept {
        if (!more() || text_[0] != mark) return false;
        text_.remove_prefix(1);
        return true;
    }
    void expect(char mark) {
        require(take(mark), error_code::corrupt_file, "line ", line_, " of the judgements has no ", std::string_view(&mark, 1),
                " where it should");
    }
    /// A whole number below `limit`.
    std::size_t whole(std::size_t limit, std::string_view what) {
        more();
        std::size_t value = 0;
        auto const [end, status] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
        require(status != std::errc::invalid_argument, error_code::corrupt_file, "line ", line_, " of the judgements has no number for a ",
                what);
        require(status == std::errc() && value < limit, error_code::out_of_range, "line ", line_, " of the judgements has a ", what,
                " of at least ", limit);
        text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
        return value;
    }
    /// Digits with a sign and a fraction; no exponent, and no locale.
    float gain() {
        bool const negative = take('-');
        double value = 0, place = 1;
        bool const digits = read_digits([&](double digit) { value = 10 * value + digit; });
        bool const fraction = !text_.empty() && text_[0] == '.';
        if (fraction) text_.remove_prefix(1);
        bool const more_digits = fraction && read_digits([&](double digit) { value += digit * (place /= 10); });
        require(digits || more_digits, error_code::corrupt_file, "line ", line_, " of the judgements has no number for a gain");
        return static_cast<float>(negative ? -value : value);
    }
    /// A word that means nothing here.
    void skip_word() noexcept {
        more();
        while (!text_.empty() && !is_space(text_[0])) text_.remove_prefix(1);
    }
    void expect_end_of_number() const {
        require(text_.empty() || is_space(text_[0]), error_code::corrupt_file, "line ", line_, " of the judgements goes on after its gain");
    }

private:
    [[nodiscard]] static bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

    template <class Take>
    bool read_digits(Take&& take_digit) {
        bool any = false;
        for (; !text_.empty() && text_[0] >= '0' && text_[0] <= '9'; text_.remove_prefix(1), any = true)
            take_digit(static_cast<double>(text_[0] - '0'));
        return any;
    }

    std::string_view text_;
    std::size_t line_ = 1;
};

inline constexpr std::size_t all_rows = std::size_t{1} << 31;

/// [{"row": gain, ..}, ..], one object a query.
inline void read_json_qrels(qrels_reader& text, qrels& out) {
    text.expect('[');
    for (std::size_t q = 0; !text.take(']'); ++q) {
        if (q > 0) text.expect(',');
        require(q < out.size(), error_code::out_of_range, "judgements of more than ", out.size(), " queries");
        text.expect('{');
        for (bool first = true; !text.take('}'); first = false) {
            if (!first) text.expect(',');
            text.expect('"');
            auto const row = static_cast<row_t>(text.whole(all_rows, "row"));
            text.expect('"');
            text.expect(':');
            out[q].push_back({row, text.gain()});
        }
    }
    require(!text.more(), error_code::corrupt_file, "something follows the judgements");
}

/// "query iteration row gain", one judgement a line.
inline void read_trec_qrels(qrels_reader& text, qrels& out) {
    while (text.more()) {
        std::size_t const query = text.whole(out.size(), "query");
        text.skip_word();
        auto const row = static_cast<row_t>(text.whole(all_rows, "row"));
        out[query].push_back({row, text.gain()});
        text.expect_end_of_number();
    }
}

}  // namespace detail

/// Judgements from a text: TREC's lines "query iteration row gain", or a JSON list that has an object {"row": gain, ..} for each query. Queries and rows are
/// positions from 0; queries that are not named have no judgements.
///
/// @param text     the contents of a file
/// @param queries  how many there are
/// @throws error corrupt_file (with the line), out_of_range for a query that is not there or a row of 2^31 or more. What `judged_list` refuses, such as a
///         row judged twice, is refused there.
[[nodiscard]] inline qrels read_qrels(std::string_view text, std::size_t queries) {
    qrels out(queries);
    detail::qrels_reader reader(text);
    std::size_t const first = text.find_first_not_of(" \t\r\n");
    if (first != std::string_view::npos && text[first] == '[')
        detail::read_json_qrels(reader, out);
    else
        detail::read_trec_qrels(reader, out);
    return out;
}

}  // namespace simile::eval
