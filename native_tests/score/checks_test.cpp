// SPDX-License-Identifier: Apache-2.0
#include <simile/score/checks.hpp>

#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>
#include <vector>

using namespace simile;
using namespace simile::test;
namespace checks = simile::score::detail;

static_assert(score::score_number<float> && score::score_number<double const>);
static_assert(!score::score_number<int> && !score::score_number<long double>);

namespace {
constexpr double no_number = std::numeric_limits<double>::quiet_NaN(), endless = std::numeric_limits<double>::infinity();

template <class Check>
std::string check_outcome(Check check) {
    return outcome([&] {
        check();
        return 0;
    });
}
}  // namespace

TEST_CASE("a parameter must be a finite number above zero", "[score][checks]") {
    auto const positive = [](double value) { return check_outcome([=] { checks::require_positive(value, "beta"); }); };
    CHECK(positive(std::numeric_limits<double>::denorm_min()) == "ok");
    CHECK(positive(0) == "invalid_argument");
    CHECK(positive(-1) == "invalid_argument");
    CHECK(positive(endless) == "not_finite");
    CHECK(positive(no_number) == "not_finite");
    CHECK(check_outcome([] { checks::require_finite(-1e308, "tau"); }) == "ok");
    CHECK(check_outcome([] { checks::require_finite(-endless, "tau"); }) == "not_finite");
    CHECK(check_outcome([] { checks::require_some(1, "k"); }) == "ok");
    CHECK(check_outcome([] { checks::require_some(0, "k"); }) == "invalid_argument");
}

TEST_CASE("a score that is no number is refused with its place, in floats and doubles", "[score][checks]") {
    std::vector<float> const floats{1, 2, std::numeric_limits<float>::infinity()}, fine{1, 2};
    std::vector<double> const doubles{1, no_number};
    CHECK(check_outcome([&] { checks::require_finite(std::span(fine), "a score"); }) == "ok");
    CHECK(check_outcome([&] { checks::require_finite(std::span<double const>(), "a score"); }) == "ok");
    CHECK(check_outcome([&] { checks::require_finite(std::span(doubles), "a score"); }) == "not_finite");
    CHECK(message([&] {
              checks::require_finite(std::span(floats), "a score");
              return 0;
          }) == "a score is inf at position 2");
}

TEST_CASE("a bank has a score for every item, or no rows at all", "[score][checks]") {
    std::vector<float> const scores{1, 2, 3, std::numeric_limits<float>::quiet_NaN()};
    auto const bank = [&](std::size_t rows, std::size_t columns, std::size_t items) {
        return check_outcome([&] { checks::require_bank(matrix_view<float const>(scores.data(), rows, columns), items); });
    };
    CHECK(bank(1, 3, 3) == "ok");
    CHECK(bank(0, 3, 7) == "ok");
    CHECK(bank(1, 3, 2) == "dimension_mismatch");
    CHECK(bank(2, 2, 2) == "not_finite");
    CHECK(message([] {
              checks::require_size(3, 2, "the mean");
              return 0;
          }) == "the mean has 3 values instead of 2");
}
