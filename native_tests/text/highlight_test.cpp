// SPDX-License-Identifier: Apache-2.0
#include <simile/text/highlight.hpp>

#include "support/random_draws.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace simile::text;
using simile::test::random_draws;

namespace {

[[nodiscard]] std::vector<std::string> highlighted(std::string const& text, std::string const& query,
                                                   tokenizer_options const& options = {}) {
    std::vector<std::string> out;
    for (text_span const& place : highlight(tokenizer(options), text, query))
        out.push_back(text.substr(place.first, place.last - place.first));
    return out;
}

}  // namespace

TEST_CASE("a highlight covers the words of the query as the text has them", "[text][highlight]") {
    using words = std::vector<std::string>;
    CHECK(highlighted("The Crème, the cre\xCC\x80mes", "creme THE") == words{"The", "Crème", "the"});
    CHECK(highlighted("nothing here", "query") == words{});
    CHECK(highlighted("", "query") == words{});
    CHECK(highlighted("text", "") == words{});
    CHECK(highlighted("<b>bold</b> & b", "b") == words{"b", "b", "b"});
    CHECK(highlighted("東京都の京都", "東京都") == words{"東京都", "京都"});
    CHECK(highlighted("東京の京", "東京") == words{"東京"});
    CHECK(highlighted("猫が好き", "猫") == words{"猫"});
    CHECK(highlighted("京都", "都京", {.unspaced = unspaced_terms::characters}) == words{"京", "都"});
    auto const places = highlight(tokenizer(), "\xF0\x9F\x98\x80 é x", "E");
    REQUIRE(places.size() == 1);
    CHECK(places[0] == text_span{5, 7, 3, 4});
}

TEST_CASE("highlights lie in order without overlap, whatever text and query are", "[text][highlight]") {
    std::vector<std::string> const parts = {"a", "b", " ", "東", "京", "都", "é", "\xFF", "\xF0\x9F\x98\x80"};
    random_draws random(2);
    for (unsigned i = 0; i < 2000; ++i) {
        std::string text, query;
        for (auto n = random.below(30); n > 0; --n) text += parts[random.below(parts.size())];
        for (auto n = random.below(6); n > 0; --n) query += parts[random.below(parts.size())];
        std::size_t end = 0, end16 = 0;
        for (text_span const& place : highlight(tokenizer(), text, query)) {
            REQUIRE((place.first >= end && place.last > place.first && place.last <= text.size()));
            REQUIRE((place.first16 >= end16 && place.last16 > place.first16));
            end = place.last, end16 = place.last16;
        }
        if (!text.empty()) REQUIRE(highlight(tokenizer(), text, text).size() <= text.size());
    }
}
