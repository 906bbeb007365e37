// SPDX-License-Identifier: Apache-2.0
#include <simile/text/lexicon.hpp>

#include "support/random_draws.hpp"

#include <catch2/catch_test_macros.hpp>

#include <map>
#include <string>

using simile::test::random_draws;
using simile::text::lexicon;

TEST_CASE("a lexicon gives terms numbers in the order they come, and keeps them", "[text][lexicon]") {
    random_draws random(7);
    lexicon terms;
    std::map<std::string, std::uint32_t> naive;
    for (unsigned i = 0; i < 30000; ++i) {
        std::string term;
        for (std::uint32_t n = random.below(4); n > 0; --n) term.push_back(static_cast<char>(random.below(40)));
        auto const known = naive.find(term);
        auto const found = terms.find(term);
        REQUIRE(found.has_value() == (known != naive.end()));
        auto const number = terms.number_of(term);
        REQUIRE(number == naive.emplace(term, static_cast<std::uint32_t>(naive.size())).first->second);
        REQUIRE((!found || *found == number));
    }
    REQUIRE(terms.size() == naive.size());
    for (auto const& [term, number] : naive) REQUIRE(terms[number] == term);
}

TEST_CASE("words that programs trip over are terms like others", "[text][lexicon]") {
    lexicon terms;
    for (char const* const word : {"__proto__", "constructor", "", "toString", "hasOwnProperty"}) CHECK(!terms.find(word));
    CHECK(terms.number_of("") == 0);
    CHECK(terms.number_of("__proto__") == 1);
    CHECK(terms.number_of(std::string_view("a\0b", 3)) == 2);
    CHECK(terms.number_of("a") == 3);
    CHECK(terms.number_of("") == 0);
    CHECK(terms[2] == std::string_view("a\0b", 3));
}
