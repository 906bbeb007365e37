// SPDX-License-Identifier: Apache-2.0
#include <simile/core/labelled.hpp>

#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;

TEST_CASE("classes are counted, and what is not a labelled score is refused", "[core][labelled]") {
    std::vector<float> const scores{1, 2, 3}, infinite{1, INFINITY, 2};
    std::vector<std::uint8_t> const labels{0, 1, 7}, same{1, 1, 1}, few{1, 0};
    CHECK(count_classes(scores, labels).positive == 2);
    CHECK(count_classes(scores, labels).negative == 1);
    CHECK(count_classes(scores, same).negative == 0);
    CHECK(outcome([&] { return count_both_classes(scores, labels); }) == "ok");
    CHECK(outcome([&] { return count_both_classes(scores, same); }) == "invalid_argument");
    CHECK(message([&] { return count_both_classes(scores, same); }).find("3 positive and 0 negative") != std::string::npos);
    CHECK(outcome([&] { return count_classes(scores, few); }) == "dimension_mismatch");
    CHECK(outcome([&] { return count_classes(infinite, labels); }) == "not_finite");
}

TEST_CASE("the falling order puts equal scores by position", "[core][labelled]") {
    CHECK(falling_order(std::vector<float>{1, 3, 2, 3, 1}) == std::vector<std::uint32_t>{1, 3, 2, 0, 4});
    CHECK(falling_order({}).empty());
}
