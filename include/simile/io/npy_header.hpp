// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/io/byte_source.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace simile::io {

/// The element types simile reads and writes.
enum class npy_type : std::uint8_t { f32, f16, i8 };

/// As numpy spells them: byte order, kind, bytes. One byte has no order.
[[nodiscard]] constexpr std::string_view npy_descr(npy_type type) noexcept {
    switch (type) {
        case npy_type::f32: return "<f4";
        case npy_type::f16: return "<f2";
        case npy_type::i8: break;
    }
    return "|i1";
}

struct npy_header {
    npy_type type = npy_type::f32;
    std::vector<std::size_t> shape;  // one or two numbers
    std::uint64_t count = 0;         // their product
};

inline constexpr std::string_view npy_magic = "\x93NUMPY";
/// Every header of one or two dimensions fits 128 bytes; version 1.0 cannot even express more than this.
inline constexpr std::size_t npy_max_header = 65536;

namespace detail {

/// Reads the Python dictionary of a header and nothing else that Python might allow.
class npy_header_parser {
public:
    explicit npy_header_parser(std::string_view text) noexcept : text_(text) {}

    [[nodiscard]] npy_header parse() {
        expect('{');
        while (!accept('}')) {
            field(quoted());
            if (accept(',')) continue;
            expect('}');
            break;
        }
        require(text_.ends_with('\n') && text_.find_first_not_of(' ') == text_.size() - 1, error_code::corrupt_file,
                "npy: the header does not end with spaces and one line feed");
        require(has_descr_ && has_order_ && has_shape_, error_code::corrupt_file,
                "npy: the header lacks one of descr, fortran_order, shape");
        return make();
    }

private:
    void field(std::string_view name) {
        expect(':');
        if (name == "descr") {
            once(has_descr_, name);
            descr_ = quoted();
        } else if (name == "fortran_order") {
            once(has_order_, name);
            fortran_ = boolean();
        } else if (name == "shape") {
            once(has_shape_, name);
            tuple();
        } else {
            fail(error_code::corrupt_file, "npy: the header has an unknown field");
        }
    }

    [[nodiscard]] npy_header make() {
        npy_header header;
        header.type = type();
        require(!fortran_, error_code::unsupported_version, "npy: the array is in Fortran order; save numpy.ascontiguousarray(array)");
        require(shape_.size() == 1 || shape_.size() == 2, error_code::unsupported_version, "npy: the array has ", shape_.size(),
                " dimensions, not 1 or 2");
        header.count = 1;
        for (std::uint64_t const extent : shape_) {
            require(extent == 0 || header.count <= std::numeric_limits<std::uint64_t>::max() / extent, error_code::limit_exceeded,
                    "npy: the shape has more than 2^64 elements");
            require(extent <= std::numeric_limits<std::size_t>::max(), error_code::limit_exceeded,
                    "npy: the shape does not fit this machine");
            header.count *= extent;
            header.shape.push_back(static_cast<std::size_t>(extent));
        }
        return header;
    }

    [[nodiscard]] npy_type type() const {
        for (npy_type const type : {npy_type::f32, npy_type::f16, npy_type::i8})
            if (descr_ == npy_descr(type)) return type;
        fail(error_code::unsupported_version, "npy: the type is none of <f4, <f2, |i1");
    }

    void skip_spaces() noexcept { text_.remove_prefix(std::min(text_.find_first_not_of(' '), text_.size())); }

    [[nodiscard]] bool accept(char c) noexcept {
        skip_spaces();
        if (!text_.starts_with(c)) return false;
        text_.remove_prefix(1);
        return true;
    }
    void expect(char c) {
        require(accept(c), error_code::corrupt_file, "npy: the header has no ", std::string_view(&c, 1), " where it needs one");
    }

    void once(bool& seen, std::string_view name) {
        require(!seen, error_code::corrupt_file, "npy: the header has two fields ", name);
        seen = true;
    }

    [[nodiscard]] std::string_view quoted() {
        char const quote = accept('"') ? '"' : '\'';
        if (quote == '\'') expect(quote);
        std::size_t const end = text_.find(quote);
        require(end != std::string_view::npos, error_code::corrupt_file, "npy: the header has a quote without an end");
        std::string_view const inside = text_.substr(0, end);
        text_.remove_prefix(end + 1);
        return inside;
    }

    [[nodiscard]] bool boolean() {
        skip_spaces();
        for (std::string_view const word : {"True", "False"}) {
            if (!text_.starts_with(word)) continue;
            text_.remove_prefix(word.size());
            return word == "True";
        }
        fail(error_code::corrupt_file, "npy: fortran_order is neither True nor False");
    }

    void tuple() {
        expect('(');
        while (!accept(')')) {
            shape_.push_back(number());
            if (accept(',')) continue;
            require(shape_.size() > 1, error_code::corrupt_file, "npy: a shape of one number has no comma");
            expect(')');
            break;
        }
    }

    [[nodiscard]] std::uint64_t number() {
        skip_spaces();
        std::size_t const length = std::min(text_.find_first_not_of("0123456789"), text_.size());
        require(length != 0 && (length == 1 || text_[0] != '0'), error_code::corrupt_file,
                "npy: the shape holds something that is no number");
        std::uint64_t value = 0;
        for (char const c : text_.substr(0, length)) {
            auto const digit = static_cast<std::uint64_t>(c - '0');
            require(value <= (std::numeric_limits<std::uint64_t>::max() - digit) / 10, error_code::limit_exceeded,
                    "npy: the shape holds a number beyond 2^64");
            value = value * 10 + digit;
        }
        text_.remove_prefix(length);
        return value;
    }

    std::string_view text_;
    std::string_view descr_;
    std::vector<std::uint64_t> shape_;
    bool fortran_ = false, has_descr_ = false, has_order_ = false, has_shape_ = false;
};

}  // namespace detail

/// Reads everything before the values.
/// @throws error corrupt_file, truncated_file, unsupported_version, limit_exceeded
template <byte_source Source>
[[nodiscard]] npy_header read_npy_header(Source& source) {
    std::array<std::byte, 12> start{};
    auto const at = [&start](std::size_t i) { return std::to_integer<std::uint32_t>(start[i]); };
    read_exactly(source, std::span(start).first(8), "npy: the start");
    for (std::size_t i = 0; i < npy_magic.size(); ++i)
        require(at(i) == static_cast<unsigned char>(npy_magic[i]), error_code::corrupt_file,
                "npy: the file does not begin as a .npy file does");
    require(at(6) >= 1 && at(6) <= 3 && at(7) == 0, error_code::unsupported_version, "npy: version ", at(6), ".", at(7),
            ", known are 1.0, 2.0 and 3.0");

    std::size_t const width = at(6) == 1 ? 2 : 4;
    read_exactly(source, std::span(start).subspan(8, width), "npy: the header's length");
    std::size_t const length = at(8) | at(9) << 8 | at(10) << 16 | at(11) << 24;
    require(length <= npy_max_header, error_code::limit_exceeded, "npy: a header of ", length, " bytes, the limit is ", npy_max_header);
    std::string text(length, '\0');
    read_exactly(source, std::as_writable_bytes(std::span(text)), "npy: the header");
    return detail::npy_header_parser(text).parse();
}

/// The bytes before the values of a two-dimensional array: version 1.0, padded so that the values begin at a multiple of 64.
[[nodiscard]] inline std::string make_npy_header(npy_type type, std::size_t rows, std::size_t dims) {
    std::string text = "{'descr': '" + std::string(npy_descr(type)) + "', 'fortran_order': False, 'shape': (" + std::to_string(rows) +
                       ", " + std::to_string(dims) + "), }";
    constexpr std::size_t before = 10;
    text.append(63 - (before + text.size()) % 64, ' ');
    text += '\n';
    std::string start(npy_magic);
    start += {'\x01', '\x00', static_cast<char>(text.size() & 0xFF), static_cast<char>(text.size() >> 8)};
    return start + text;
}

}  // namespace simile::io
