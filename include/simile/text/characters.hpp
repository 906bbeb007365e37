// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/text/unicode_tables.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

namespace simile::text {

/// What a character does in a text that is cut into words.
enum class character_class : std::uint8_t {
    separator,  ///< white space, punctuation, symbols; also bytes that are not UTF-8
    word,       ///< letters and numbers
    mark,       ///< belongs to the letter before it and changes what it is (vowel signs)
    unspaced,   ///< letters of scripts without spaces between words: Han, Kana, Hangul, Thai, Lao, Khmer, Burmese
    accent,     ///< belongs to the letter before it; accent folding drops it
    ignored,    ///< parts nothing and is never in a term: joiners, soft hyphen, variation selectors, tatweel
};

/// One character of a text.
struct character {
    char32_t code = 0;
    unsigned bytes = 1;
};
inline constexpr char32_t replacement_character = 0xFFFD;

/// The character at `at` < text.size(). Bytes that are not UTF-8 read as U+FFFD, one for each longest beginning of a character, as TextDecoder has it.
[[nodiscard]] constexpr character character_at(std::string_view text, std::size_t at) noexcept {
    auto const byte = [&](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(text[i])); };
    unsigned const lead = byte(at);
    if (lead < 0x80) return {lead, 1};
    if (lead < 0xC2 || lead > 0xF4) return {replacement_character, 1};
    unsigned const more = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    unsigned low = lead == 0xE0 ? 0xA0U : lead == 0xF0 ? 0x90U : 0x80U;
    unsigned high = lead == 0xED ? 0x9FU : lead == 0xF4 ? 0x8FU : 0xBFU;
    char32_t code = lead & (0x3FU >> more);
    for (unsigned i = 1; i <= more; ++i) {
        if (i >= text.size() - at || byte(at + i) < low || byte(at + i) > high) return {replacement_character, i};
        code = code << 6 | (byte(at + i) & 0x3FU);
        low = 0x80, high = 0xBF;
    }
    return {code, more + 1};
}

inline void append_utf8(std::string& out, char32_t code) {
    auto const put = [&](char32_t byte) { out.push_back(static_cast<char>(static_cast<unsigned char>(byte))); };
    if (code < 0x80) return put(code);
    if (code < 0x800)
        put(0xC0U | code >> 6);
    else if (code < 0x10000)
        put(0xE0U | code >> 12), put(0x80U | (code >> 6 & 0x3FU));
    else
        put(0xF0U | code >> 18), put(0x80U | (code >> 12 & 0x3FU)), put(0x80U | (code >> 6 & 0x3FU));
    put(0x80U | (code & 0x3FU));
}

[[nodiscard]] inline character_class class_of(char32_t code) noexcept {
    if (code < 0x80) {
        bool const word = (code >= '0' && code <= '9') || (code >= 'A' && code <= 'Z') || (code >= 'a' && code <= 'z');
        return word ? character_class::word : character_class::separator;
    }
    auto const& starts = tables::class_starts;
    auto const after = std::upper_bound(starts.begin(), starts.end(), static_cast<std::uint32_t>(code) << 3 | 7U);
    return static_cast<character_class>(*std::prev(after) & 7U);
}

/// Simple case folding (Unicode, CaseFolding.txt, status C and S); full-width letters and digits become ASCII.
[[nodiscard]] inline char32_t fold_case(char32_t code) noexcept {
    if (code >= 0xFF10 && code <= 0xFF5A) code -= 0xFEE0;
    if (code < 0x80) return code >= 'A' && code <= 'Z' ? code + 32 : code;
    auto const& runs = tables::case_runs;
    auto const after = std::upper_bound(runs.begin(), runs.end(), code, [](char32_t c, tables::case_run const& r) { return c < r.first; });
    if (after == runs.begin()) return code;
    tables::case_run const& run = *std::prev(after);
    if (code > run.last || (code - run.first) % run.step != 0) return code;
    return static_cast<char32_t>(static_cast<std::int64_t>(code) + run.distance);
}

/// The letter under the accents of a small letter (Latin, Greek, Cyrillic); others as they are.
[[nodiscard]] inline char32_t without_accent(char32_t code) noexcept {
    if (code < 0xDF || code > 0xFFFF) return code;
    auto const& runs = tables::accented_runs;
    auto const after =
        std::upper_bound(runs.begin(), runs.end(), code, [](char32_t c, tables::accented_run const& r) { return c < r.first; });
    if (after == runs.begin()) return code;
    tables::accented_run const& run = *std::prev(after);
    return code - run.first <= run.more ? run.letter : code;
}

/// What a small letter is written as without its kind: "ss" for sharp s, "ae" for the ligature; empty for most.
[[nodiscard]] constexpr std::string_view letters_of(char32_t code) noexcept {
    switch (code) {
        case 0xDF: return "ss";
        case 0xE6: return "ae";
        case 0xF0: return "d";
        case 0xFE: return "th";
        case 0x133: return "ij";
        case 0x149: return "n";
        case 0x153: return "oe";
        case 0xFB00: return "ff";
        case 0xFB01: return "fi";
        case 0xFB02: return "fl";
        case 0xFB03: return "ffi";
        case 0xFB04: return "ffl";
        case 0xFB05:
        case 0xFB06: return "st";
        default: return {};
    }
}

/// Appends the folded form of a letter, number or mark.
inline void append_folded(std::string& out, char32_t code, bool fold_accents) {
    char32_t const small = fold_case(code);
    if (small < 0x80 || !fold_accents) return append_utf8(out, small);
    if (auto const letters = letters_of(small); !letters.empty())
        out += letters;
    else
        append_utf8(out, without_accent(small));
}

}  // namespace simile::text
