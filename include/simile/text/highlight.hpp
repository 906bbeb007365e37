// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/text/lexicon.hpp>
#include <simile/text/tokenizer.hpp>

#include <algorithm>
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
    tokenizer(options).each(text, [&](std::string_view term, text_span const& place) {
        if (wanted.find(term)) found.push_back(place);
    });
    std::sort(found.begin(), found.end(),
              [](text_span const& a, text_span const& b) { return a.first < b.first || (a.first == b.first && a.last < b.last); });
    std::size_t n = 0;
    for (text_span const& place : found) {
        if (n == 0 || place.first >= found[n - 1].last)
            found[n++] = place;
        else if (place.last > found[n - 1].last)
            found[n - 1].last = place.last, found[n - 1].last16 = place.last16;
    }
    found.resize(n);
    return found;
}

}  // namespace simile::text
