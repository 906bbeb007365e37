// SPDX-License-Identifier: Apache-2.0
#include <simile/core/utf8.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cstdint>
#include <string>

using namespace simile;

namespace {

std::string encode(std::uint32_t c) {
    auto const tail = [c](unsigned shift) { return static_cast<char>(0x80U | (c >> shift & 0x3FU)); };
    if (c < 0x80) return {static_cast<char>(c)};
    if (c < 0x800) return {static_cast<char>(0xC0U | c >> 6), tail(0)};
    if (c < 0x10000) return {static_cast<char>(0xE0U | c >> 12), tail(6), tail(0)};
    return {static_cast<char>(0xF0U | c >> 18), tail(12), tail(6), tail(0)};
}

// By decoding without care and asking whether encoding gives the same bytes again.
bool valid_by_round_trip(std::string_view text) {
    while (!text.empty()) {
        auto const lead = static_cast<unsigned char>(text[0]);
        std::size_t const length = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 0;
        if (length == 0 || text.size() < length) return false;
        std::uint32_t c = length == 1 ? lead : lead & (0x7FU >> length);
        for (std::size_t i = 1; i < length; ++i) c = c << 6 | (static_cast<unsigned char>(text[i]) & 0x3FU);
        if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF) || encode(c) != text.substr(0, length)) return false;
        text.remove_prefix(length);
    }
    return true;
}

}  // namespace

TEST_CASE("every code point but the surrogates is UTF-8", "[core][utf8]") {
    for (std::uint32_t c = 0; c <= 0x10FFFF; ++c)
        if (is_utf8(encode(c)) != (c < 0xD800 || c > 0xDFFF)) FAIL("code point " << c);
    CHECK(!is_utf8(encode(0x110000)));
    CHECK(is_utf8(""));
}

TEST_CASE("all texts of up to four critical bytes are judged as by decoding and encoding again", "[core][utf8]") {
    std::string const critical = "\x01\x7F\x80\x8F\x90\x9F\xA0\xBF\xC0\xC1\xC2\xDF\xE0\xE1\xEC\xED\xEE\xEF\xF0\xF1\xF3\xF4\xF5\xF7\xF8\xFF";
    std::size_t const n = critical.size();
    for (std::size_t length = 1, count = n; length <= 4; ++length, count *= n)
        for (std::size_t i = 0; i < count; ++i) {
            std::string text;
            for (std::size_t j = 0, rest = i; j < length; ++j, rest /= n) text += critical[rest % n];
            if (is_utf8(text) != valid_by_round_trip(text)) FAIL("text number " << i << " of length " << length);
        }
}
