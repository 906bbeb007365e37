// SPDX-License-Identifier: Apache-2.0
#include <simile/eval/statistics.hpp>

#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;

TEST_CASE("means and medians are those of their definitions", "[eval][statistics]") {
    CHECK(eval::mean(std::vector<double>{1, 2, 6}) == 3);
    CHECK(eval::median(std::vector<double>{9, 1, 6}) == 6);
    CHECK(eval::median(std::vector<double>{9, 1, 6, 2}) == 4);
    CHECK(eval::median(std::vector<double>{1, INFINITY, INFINITY, INFINITY}) == INFINITY);
    for (auto const& bad : {std::vector<double>{}, std::vector<double>{1, NAN}}) {
        auto const wanted = bad.empty() ? "invalid_argument" : "not_finite";
        CHECK(outcome([&] { return eval::mean(bad); }) == wanted);
        CHECK(outcome([&] { return eval::median(bad); }) == wanted);
    }
}
