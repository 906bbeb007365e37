// SPDX-License-Identifier: Apache-2.0
#include <simile/core/utf8.hpp>
#include <simile/text/characters.hpp>

#include "support/random_draws.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace simile;
using namespace simile::text;
using simile::test::random_draws;

namespace {

[[nodiscard]] std::vector<char32_t> codes_of(std::string const& text) {
    std::vector<char32_t> out;
    for (std::size_t at = 0; at < text.size();) {
        auto const c = character_at(text, at);
        REQUIRE(c.bytes >= 1);
        REQUIRE(c.bytes <= text.size() - at);
        out.push_back(c.code);
        at += c.bytes;
    }
    return out;
}

}  // namespace

TEST_CASE("every code point reads back as it was written", "[text][characters]") {
    for (char32_t code = 0; code <= 0x10FFFF; ++code) {
        if (code >= 0xD800 && code <= 0xDFFF) continue;
        std::string text;
        append_utf8(text, code);
        auto const c = character_at(text, 0);
        if (c.code != code || c.bytes != text.size() || !is_utf8(text)) FAIL("code point " << static_cast<std::uint32_t>(code));
    }
}

TEST_CASE("bytes that are not UTF-8 read as replacement characters, as TextDecoder has them", "[text][characters]") {
    using codes = std::vector<char32_t>;
    CHECK(codes_of("a\xFFz") == codes{'a', 0xFFFD, 'z'});
    CHECK(codes_of("\xC0\xAF") == codes{0xFFFD, 0xFFFD});  // overlong
    CHECK(codes_of("\xE0\x80\xAF") == codes{0xFFFD, 0xFFFD, 0xFFFD});
    CHECK(codes_of("\xED\xA0\x80") == codes{0xFFFD, 0xFFFD, 0xFFFD});  // a lone surrogate
    CHECK(codes_of("\xF0\x9F\x98") == codes{0xFFFD});                  // cut off: one
    CHECK(codes_of("\xF0\x9F\x98"
                   "a") == codes{0xFFFD, 'a'});
    CHECK(codes_of("\xE2\x82"
                   "\xE2\x82\xAC") == codes{0xFFFD, 0x20AC});
    CHECK(codes_of("\xF4\x90\x80\x80") == codes{0xFFFD, 0xFFFD, 0xFFFD, 0xFFFD});  // past U+10FFFF
    CHECK(codes_of(std::string("\0", 1)) == codes{0});
}

TEST_CASE("any bytes are read to their end, and well-formed ones without replacement", "[text][characters]") {
    random_draws random(3);
    for (unsigned i = 0; i < 20000; ++i) {
        std::string text;
        for (std::uint32_t n = random.below(9); n > 0; --n)
            text.push_back(static_cast<char>(random.below(4) == 0 ? random.below(256) : 0x80 + random.below(0x78)));
        auto const codes = codes_of(text);
        bool const replaced = std::find(codes.begin(), codes.end(), replacement_character) != codes.end();
        if (text.find("\xEF\xBF\xBD") == std::string::npos && replaced == is_utf8(text)) FAIL("disagrees with is_utf8");
    }
}

TEST_CASE("characters part words, belong to them, or stand for words", "[text][characters]") {
    using enum character_class;
    auto const all = [](character_class wanted, std::vector<char32_t> const& codes) {
        for (char32_t const c : codes)
            if (class_of(c) != wanted)
                FAIL("code point " << static_cast<std::uint32_t>(c) << " is of class " << static_cast<int>(class_of(c)));
    };
    all(word, {'a', 'Z', '0', 0xE9, 0x3B1, 0x416, 0x5D0, 0x627, 0x905, 0x10D0, 0x1E9E, 0xFF21, 0x1D400, 0x2160, 0xB2});
    all(separator, {' ', '\n', '_', '-', '\'', 0xA0, 0x2019, 0x3000, 0x3001, 0x1F600, 0x20AC, 0xFFFD, 0x10FFFF, 0xE000, 0});
    all(mark, {0x93E, 0xE31, 0x3099, 0x1B04});
    all(accent, {0x301, 0x5B4, 0x64E, 0x20DD});
    all(unspaced, {0x4E2D, 0x3042, 0x30AB, 0xAC00, 0xE01, 0x1780, 0x20000, 0xFF76, 0x3005});
    all(ignored, {0x200D, 0x200C, 0xAD, 0xFE0F, 0x640, 0xE0100});
}

TEST_CASE("case folding makes the cases of a letter one, and accents can go", "[text][characters]") {
    auto const same = [](std::vector<std::pair<char32_t, char32_t>> const& pairs, auto const& fold) {
        for (auto const& [from, to] : pairs)
            if (fold(from) != to)
                FAIL("code point " << static_cast<std::uint32_t>(from) << " becomes " << static_cast<std::uint32_t>(fold(from)));
    };
    same({{'A', 'a'},
          {'[', '['},
          {0xC9, 0xE9},
          {0xD7, 0xD7},
          {0x3A3, 0x3C3},
          {0x3C2, 0x3C3},
          {0x401, 0x451},
          {0x416, 0x436},
          {0x100, 0x101},
          {0x101, 0x101},
          {0x1E9E, 0xDF},
          {0x10400, 0x10428},
          {0xFF21, 'a'},
          {0xFF15, '5'},
          {0x212A, 'k'},
          {0x531, 0x561},
          {0x4E2D, 0x4E2D},
          {0x10FFFF, 0x10FFFF}},
         fold_case);
    same({{0xE9, 'e'},
          {0xF8, 'o'},
          {0x1EC7, 'e'},
          {0x451, 0x435},
          {0x3AC, 0x3B1},
          {0x1F84, 0x3B1},
          {0x142, 'l'},
          {'e', 'e'},
          {0x4E2D, 0x4E2D},
          {0xE0, 'a'},
          {0xFFFF, 0xFFFF}},
         without_accent);
    for (char32_t c = 0; c < 0x20000; ++c)
        if (fold_case(fold_case(c)) != fold_case(c) || without_accent(without_accent(c)) != without_accent(c))
            FAIL("folding twice changes " << static_cast<std::uint32_t>(c));
    std::string folded;
    for (char32_t const c : {0x1E9EU, 0xC6U, 0xDEU, 0x152U, 0xFB03U, 0xC5U}) append_folded(folded, c, true);
    CHECK(folded == "ssaethoeffia");
    folded.clear();
    append_folded(folded, 0xC5, false);
    CHECK(folded == "\xC3\xA5");
}
