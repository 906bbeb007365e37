// SPDX-License-Identifier: Apache-2.0
#include <simile/text/tokenizer.hpp>

#include "support/errors.hpp"
#include "support/random_draws.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

using namespace simile::text;
using simile::test::outcome;
using simile::test::random_draws;

namespace {

using words = std::vector<std::string>;

[[nodiscard]] words terms_in(std::string_view text, tokenizer_options const& options = {}) {
    words out;
    for (token const& t : tokenizer(options)(text)) out.push_back(t.term);
    return out;
}

/// UTF-16 units by definition: two for four bytes, one for any other character or broken sequence.
[[nodiscard]] std::size_t utf16_units(std::string_view text) {
    std::size_t units = 0;
    for (std::size_t at = 0; at < text.size();) {
        auto const c = character_at(text, at);
        units += c.bytes == 4 ? 2U : 1U;
        at += c.bytes;
    }
    return units;
}

[[nodiscard]] double seconds_for(std::string const& text) {
    double best = 1e9;
    for (int i = 0; i < 3; ++i) {
        auto const start = std::chrono::steady_clock::now();
        std::size_t bytes = 0;
        tokenizer().each(text, [&](std::string_view term, text_span const&) { bytes += term.size(); });
        best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() + (bytes == 1 ? 1 : 0));
    }
    return best;
}
[[nodiscard]] std::string repeated(std::string_view part, std::size_t times) {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) out += part;
    return out;
}

}  // namespace

TEST_CASE("words are runs of letters and numbers in lower case", "[text][tokenizer]") {
    CHECK(terms_in("The quick-brown fox_jumps, 42 times! x2") == words{"the", "quick", "brown", "fox", "jumps", "42", "times", "x2"});
    CHECK(terms_in("") == words{});
    CHECK(terms_in("... \t\n --- \xF0\x9F\x98\x80") == words{});
    CHECK(terms_in("don't l\xE2\x80\x99"
                   "ami") == words{"don", "t", "l", "ami"});
    CHECK(terms_in("__proto__ constructor") == words{"proto", "constructor"});
    CHECK(terms_in("ΣΊΣΥΦΟΣ Ёжик STRASSE Straße") == words{"σισυφοσ", "ежик", "strasse", "strasse"});
    CHECK(terms_in("हिन्दी שָׁלוֹם مُحَمَّد") == words{"हिन्दी", "שלום", "محمد"});
    CHECK(terms_in("co\xC2\xADoperate fami\xE2\x80\x8Dly") == words{"cooperate", "family"});
    CHECK(terms_in("ＡＢＣ１２") == words{"abc12"});
}

TEST_CASE("accents are folded in either form, or kept", "[text][tokenizer]") {
    std::string const composed = "Cr\xC3\xA8me", decomposed = "Cre\xCC\x80me";
    CHECK(terms_in(composed) == words{"creme"});
    CHECK(terms_in(decomposed) == words{"creme"});
    CHECK(terms_in(composed, {.fold_accents = false}) == words{"cr\xC3\xA8me"});
    CHECK(terms_in(decomposed, {.fold_accents = false}) == words{"cre\xCC\x80me"});
}

TEST_CASE("scripts without spaces give characters and pairs of neighbours", "[text][tokenizer]") {
    CHECK(terms_in("東京都 a") == words{"東", "京", "東京", "都", "京都", "a"});
    CHECK(terms_in("東京都、水", {.unspaced = unspaced_terms::bigrams}) == words{"東京", "京都", "水"});
    CHECK(terms_in("東京都、水", {.unspaced = unspaced_terms::characters}) == words{"東", "京", "都", "水"});
    CHECK(terms_in("iPhone新型X", {.unspaced = unspaced_terms::bigrams}) == words{"iphone", "新型", "x"});
    CHECK(terms_in("검색", {.unspaced = unspaced_terms::bigrams}) == words{"검색"});
    CHECK(terms_in("ที่นี่", {.unspaced = unspaced_terms::characters}) == words{"ที่", "นี่"});  // vowel signs stay with their letter
    CHECK(terms_in("水水水水", {.unspaced = unspaced_terms::bigrams}) == words{"水水", "水水", "水水"});
}

TEST_CASE("places lead back to the text, in bytes and in UTF-16 units", "[text][tokenizer]") {
    std::string const text = "\xF0\x9F\x98\x80 Cre\xCC\x80me, 東京!";
    auto const tokens = tokenizer()(text);
    REQUIRE(tokens.size() == 4);
    CHECK(tokens[0].place == text_span{5, 12, 3, 9});
    CHECK(text.substr(tokens[0].place.first, 7) == "Cre\xCC\x80me");
    CHECK(tokens[1].place == text_span{14, 17, 11, 12});
    CHECK(tokens[3] == token{"東京", {14, 20, 11, 13}});
}

TEST_CASE("whatever the bytes are, places are in order, within the text, and give the same term again", "[text][tokenizer]") {
    std::vector<std::string> const parts = {"a",        "Z",
                                            "9",        " ",
                                            "é",        "e\xCC\x81",
                                            "東",       "京",
                                            "ก",        "ิ",
                                            "\xFF",     "\xED\xA0\x80",
                                            "\xE2\x82", "\xF0\x9F\x98\x80",
                                            "ß",        "\xE2\x80\x8D",
                                            "\xCC\x81", "'",
                                            "ｶ",        "ﬃ"};
    random_draws random(5);
    for (unsigned i = 0; i < 3000; ++i) {
        std::string text;
        for (std::uint32_t n = random.below(25); n > 0; --n) text += parts[random.below(parts.size())];
        tokenizer_options const options{.fold_accents = random.below(2) == 0, .unspaced = static_cast<unspaced_terms>(random.below(3))};
        std::size_t last = 0;
        for (token const& t : tokenizer(options)(text)) {
            REQUIRE(t.place.first < t.place.last);
            REQUIRE(t.place.last <= text.size());
            REQUIRE(t.place.last >= last);
            last = t.place.last;
            REQUIRE(t.place.first16 == utf16_units(std::string_view(text).substr(0, t.place.first)));
            REQUIRE(t.place.last16 == utf16_units(std::string_view(text).substr(0, t.place.last)));
            auto const again = terms_in(std::string_view(text).substr(t.place.first, t.place.last - t.place.first), options);
            REQUIRE(std::find(again.begin(), again.end(), t.term) != again.end());
        }
    }
}

TEST_CASE("a rewriting function changes terms and drops them", "[text][tokenizer]") {
    tokenizer_options options;
    options.rewrite = [](std::string& term) {
        if (term == "the") return false;
        if (term.size() > 3 && term.back() == 's') term.pop_back();
        if (term == "gone") term.clear();
        return true;
    };
    auto const tokens = tokenizer(options)("The cats gone");
    REQUIRE(tokens.size() == 1);
    CHECK(tokens[0] == token{"cat", {4, 8, 4, 8}});
}

TEST_CASE("long words are cut between characters", "[text][tokenizer]") {
    auto const tokens = tokenizer({.max_term_bytes = 16})(repeated("я", 1000) + " b");
    REQUIRE(tokens.size() == 2);
    CHECK(tokens[0] == token{repeated("я", 8), {0, 2000, 0, 1000}});
    CHECK(tokens[1].place.first == 2001);
    CHECK(terms_in("x" + repeated("я", 9), {.max_term_bytes = 16}) == words{"x" + repeated("я", 7)});
    CHECK(outcome([] { return tokenizer({.max_term_bytes = 15}); }) == "invalid_argument");
    for (token const& t :
         tokenizer({.fold_accents = false, .max_term_bytes = 16})("ก" + repeated("\xE0\xB8\xB4", 100) + "ก" + repeated("\xCC\x81", 100)))
        CHECK(t.term.size() <= 16);
}

TEST_CASE("a word of a megabyte and a million combining marks take linear time", "[text][tokenizer]") {
    for (std::string_view const part : {"a", "a\xCC\x81", "\xCC\x81", "東", "ิ", "\xFF", "\xE2\x80\x8D", "ß", "\xED\xA0\x80"}) {
        std::string const half = "e" + repeated(part, 500'000), whole = "e" + repeated(part, 1'000'000);
        double const once = seconds_for(half), twice = seconds_for(whole);
        CAPTURE(part, once, twice);
        CHECK(twice < 4 * once + 0.02);
        CHECK(twice < 2);
    }
    CHECK(terms_in("e" + repeated("\xCC\x81", 1'000'000)) == words{"e"});
    CHECK(terms_in(repeated("a", 1'000'000)) == words{repeated("a", 256)});
}
