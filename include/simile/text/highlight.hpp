// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/text/lexicon.hpp>
#include <simile/text/tokenizer.hpp>

#include <cstddef>
#include <string_view>
#include <vector>

namespace simile::text {

/// Where a text has terms of a query: places in rising order without overlap. Of a script without spaces, pairs of characters that the
/// query has; a single character only where the query has it alone.
/// Time  in proportion to both.
[[nodiscard]] inline std::vector<text_span> highlight(tokenizer const& tokens, std::string_view text, std::string_view query) {
    tokenizer_options options = tokens.options();
    if (options.unspaced != unspaced_terms::characters) options.unspaced = unspaced_terms::bigrams;
    lexicon wanted;
    tokenizer(options).each(query, [&](std::string_view term, text_span const&) { wanted.number_of(term); });
    if (options.unspaced != unspaced_terms::characters) options.unspaced = unspaced_terms::both;
    std::vector<text_span> found;
    tokenizer(options).each(text, [&](std::string_view term, text_span place) {
        if (!wanted.find(term)) return;
        // Terms come in the order of their ends, so only the last places can overlap this one.
        for (; !found.empty() && found.back().last > place.first; found.pop_back())
            if (found.back().first < place.first) place.first = found.back().first, place.first16 = found.back().first16;
        found.push_back(place);
    });
    return found;
}

}  // namespace simile::text
