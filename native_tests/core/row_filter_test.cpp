// SPDX-License-Identifier: Apache-2.0
#include <simile/core/row_filter.hpp>

#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;

TEST_CASE("a row filter allows exactly the rows it was told", "[core][row_filter]") {
    row_filter filter(70);
    for (row_t const row : {0U, 31U, 32U, 69U}) filter.allow(row);
    std::size_t allowed = 0;
    for (row_t row = 0; row < 100; ++row) allowed += filter.allows(row) ? 1U : 0U;
    CHECK(allowed == 4);
    CHECK(filter.word(0) == 0x80000001U);
    CHECK(filter.word(1) == 1U);
    CHECK(filter.word(2) == 1U << 5);
    CHECK(outcome([&] {
              filter.allow(70);
              return 0;
          }) == "out_of_range");
}

TEST_CASE("a row filter takes bitmap words when they fit the rows", "[core][row_filter]") {
    row_filter const filter({0U, 2U}, 64);
    CHECK(filter.allows(33));
    CHECK(!filter.allows(1));
    CHECK(outcome([] { return row_filter({0U, 2U}, 65); }) == "dimension_mismatch");
    CHECK(outcome([] { return row_filter({0U, 2U}, 32); }) == "dimension_mismatch");
    CHECK(outcome([] { return row_filter({}, 0); }) == "ok");
}

TEST_CASE("the mask of the last block leaves out rows that do not exist", "[core][row_filter]") {
    CHECK(block_mask(0, 70, nullptr) == ~0U);
    CHECK(block_mask(2, 70, nullptr) == 0x3FU);
    CHECK(block_mask(1, 64, nullptr) == ~0U);
    row_filter const beyond({~0U, ~0U, ~0U}, 70);
    CHECK(block_mask(2, 70, &beyond) == 0x3FU);
}
