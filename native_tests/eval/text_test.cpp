// SPDX-License-Identifier: Apache-2.0
#include <simile/eval/text.hpp>

#include <catch2/catch_test_macros.hpp>

#include <limits>

using simile::eval::detail::cell;
using simile::eval::detail::fixed;

TEST_CASE("a cell is text on the right of a column, or on its left", "[eval][text]") {
    CHECK(cell("ab", 5) == "   ab");
    CHECK(cell("ab", -5) == "ab   ");
    CHECK(cell("ab", 2) == "ab");
    CHECK(cell("", 3) == "   ");
}

TEST_CASE("a cell keeps text that is wider than its column", "[eval][text]") {
    CHECK(cell("distribution normalization", 8) == "distribution normalization");
    CHECK(cell("distribution normalization", -8) == "distribution normalization");
}

TEST_CASE("a percent sign in a cell is text", "[eval][text]") { CHECK(cell("95 %s", 7) == "  95 %s"); }

TEST_CASE("a number has so many digits, rounded", "[eval][text]") {
    CHECK(fixed(0.123456) == "0.1235");
    CHECK(fixed(-1.5, 0) == "-2");
    CHECK(fixed(2, 1) == "2.0");
    CHECK(fixed(1e-9) == "0.0000");
    CHECK(fixed(std::numeric_limits<double>::infinity()) == "inf");
}
