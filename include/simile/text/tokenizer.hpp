// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/text/characters.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace simile::text {

/// Terms of a script that does not part its words (character_class::unspaced).
enum class unspaced_terms : std::uint8_t {
    both,     ///< every character, and every two neighbours
    bigrams,  ///< every two neighbours; a character that stands alone is a term
    characters,
};

struct tokenizer_options {
    /// "Crème Brûlée" gives "creme" and "brulee", whether its accents are written as letters of their own (NFC) or behind the letter (NFD). Without it
    /// texts and queries should have the same of the two forms.
    bool fold_accents = true;
    unspaced_terms unspaced = unspaced_terms::both;
    /// A longer term is cut between two characters; its place in the text is that of the whole word. At least 16.
    std::size_t max_term_bytes = 256;
    /// Called with every term: may change it (a stemmer), and drops it by returning false (stop words).
    std::function<bool(std::string& term)> rewrite{};
};

/// A place of a text, in bytes of its UTF-8 and in UTF-16 units (the offsets of JavaScript strings); the end is not part of it.
struct text_span {
    std::size_t first = 0;
    std::size_t last = 0;
    std::size_t first16 = 0;
    std::size_t last16 = 0;
    friend bool operator==(text_span const&, text_span const&) = default;
};

struct token {
    std::string term;
    text_span place;
    friend bool operator==(token const&, token const&) = default;
};

/// Cuts UTF-8 text into the terms that a lexical index counts: runs of letters and numbers, in lower case; for scripts without spaces, characters and pairs of them.
/// Any other character parts terms, an apostrophe too. Bytes that are not UTF-8 part terms as well; nothing is refused. Takes time in proportion to the text
/// whatever is in it, and never more memory for a term than `max_term_bytes`.
class tokenizer {
public:
    /// @throws error invalid_argument for terms of fewer than 16 bytes
    explicit tokenizer(tokenizer_options options = {}) : options_(std::move(options)) {
        require(options_.max_term_bytes >= 16, error_code::invalid_argument, "a term needs room for 16 bytes, got ",
                options_.max_term_bytes);
    }

    [[nodiscard]] tokenizer_options const& options() const noexcept { return options_; }

    /// Calls visit(std::string_view term, text_span const& place) for every term in the order of their ends; a view is valid within the call.
    template <class Visit>
    void each(std::string_view text, Visit&& visit) const {
        run<std::remove_reference_t<Visit>> cut{options_, visit, {}, {}, {}};
        std::size_t at16 = 0;
        for (std::size_t at = 0; at < text.size();) {
            character const c = character_at(text, at);
            std::size_t const units = c.code > 0xFFFF ? 2 : 1;
            cut.take(c.code, {at, at + c.bytes, at16, at16 + units});
            at += c.bytes;
            at16 += units;
        }
        cut.end();
    }

    [[nodiscard]] std::vector<token> operator()(std::string_view text) const {
        std::vector<token> out;
        each(text, [&](std::string_view term, text_span const& place) { out.push_back({std::string(term), place}); });
        return out;
    }

private:
    struct piece {
        std::string term;
        text_span place;
        bool full = false;
        bool is_unspaced = false;

        [[nodiscard]] bool empty() const noexcept { return term.empty(); }
        void clear() noexcept { term.clear(), full = false; }
        void start(text_span const& at) noexcept { clear(), place = at; }
        void extend(text_span const& at) noexcept { place.last = at.last, place.last16 = at.last16; }
        void append(char32_t code, bool fold, std::size_t most) {
            if (full) return;
            std::size_t const before = term.size();
            append_folded(term, code, fold);
            if (term.size() <= most) return;
            term.resize(before);
            full = true;
        }
    };

    template <class Visit>
    struct run {
        tokenizer_options const& options;
        Visit& visit;
        piece now;     // the word, or the character of an unspaced script
        piece before;  // the character before that in a run of them
        std::string rewritten;

        void take(char32_t code, text_span const& at) {
            switch (class_of(code)) {
                case character_class::separator: return end();
                case character_class::word: return letter(code, at, false);
                case character_class::unspaced: return letter(code, at, true);
                case character_class::mark: return mark(code, at, true);
                case character_class::accent: return mark(code, at, !options.fold_accents);
                case character_class::ignored: return mark(code, at, false);
            }
        }
        void letter(char32_t code, text_span const& at, bool is_unspaced) {
            if (!now.empty() && now.is_unspaced != is_unspaced) end();
            if (is_unspaced) next_character();
            if (now.empty()) now.start(at);
            now.is_unspaced = is_unspaced;
            add(code, at);
        }
        void mark(char32_t code, text_span const& at, bool kept) {
            if (now.empty()) return;
            if (kept)
                add(code, at);
            else
                now.extend(at);
        }
        void add(char32_t code, text_span const& at) {
            now.append(code, options.fold_accents, now.is_unspaced ? options.max_term_bytes / 2 : options.max_term_bytes);
            now.extend(at);
        }
        void end() {
            if (now.empty()) return;
            if (now.is_unspaced)
                next_character(), alone();
            else
                emit(now.term, now.place);
            now.clear();
            before.clear();
        }
        // The character is complete: it is a term, and with the one before it another.
        void next_character() {
            if (now.empty()) return;
            if (options.unspaced != unspaced_terms::bigrams) emit(now.term, now.place);
            if (options.unspaced != unspaced_terms::characters && !before.empty()) pair();
            in_pair = !before.empty();
            std::swap(before, now);
            now.clear();
        }
        void pair() {
            text_span place = before.place;
            place.last = now.place.last, place.last16 = now.place.last16;
            before.term += now.term;
            emit(before.term, place);
        }
        // Where only pairs are terms, a run of one character would have none.
        void alone() {
            if (options.unspaced == unspaced_terms::bigrams && !in_pair) emit(before.term, before.place);
        }
        void emit(std::string const& term, text_span const& place) {
            if (!options.rewrite) {
                visit(std::string_view(term), place);
                return;
            }
            rewritten = term;
            if (options.rewrite(rewritten) && !rewritten.empty()) visit(std::string_view(rewritten), place);
        }

        bool in_pair = false;
    };

    tokenizer_options options_;
};

}  // namespace simile::text
