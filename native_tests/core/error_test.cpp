// SPDX-License-Identifier: Apache-2.0
#include <simile/core/error.hpp>

#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <set>

using namespace simile;
using namespace simile::test;

TEST_CASE("an error has a code, its name and the numbers of the case", "[core][error]") {
    auto const call = [] { fail(error_code::dimension_mismatch, "query has ", 383, " dimensions, index has ", std::size_t{384}); };
    CHECK(outcome([&] {
              call();
              return 0;
          }) == "dimension_mismatch");
    CHECK(message([&] {
              call();
              return 0;
          }) == "query has 383 dimensions, index has 384");
    CHECK(outcome([] {
              require(true, error_code::not_finite, "never");
              return 0;
          }) == "ok");
}

TEST_CASE("every error code has its own name and the number of the boundary", "[core][error]") {
    CHECK(static_cast<int>(error_code::dimension_mismatch) == 1);
    CHECK(static_cast<int>(error_code::incomplete) == 15);
    std::set<std::string_view> names;
    for (int code = 1; code <= 15; ++code) names.insert(to_string(static_cast<error_code>(code)));
    CHECK(names.size() == 15);
    CHECK(!names.contains("unknown"));
}
