// SPDX-License-Identifier: Apache-2.0
#include <simile/eval/verification.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using eval::equal_error_rate;
using eval::equal_error_rate_nearest;
using eval::min_detection_cost;
using eval::operating_points;

TEST_CASE("operating points count what is accepted at or above each score", "[eval][verification]") {
    auto scores = normal_vector(80, 1);
    std::vector<std::uint8_t> labels;
    for (std::size_t i = 0; i < 80; ++i) labels.push_back(i % 3 == 0);
    for (std::size_t i = 0; i < 80; ++i) scores[i] = std::round(2 * (scores[i] + float(labels[i])));  // ties of both classes
    auto const points = operating_points(scores, labels);
    CHECK(points.front().threshold == INFINITY);
    CHECK((points.back().miss_rate == 0 && points.back().false_accept_rate == 1));
    for (auto const& p : points) {
        double missed = 0, positive = 0, accepted = 0, negative = 0;
        for (std::size_t i = 0; i < 80; ++i) {
            bool const taken = double{scores[i]} >= p.threshold;
            (labels[i] != 0 ? positive : negative) += 1;
            if (labels[i] != 0)
                missed += !taken;
            else
                accepted += taken;
        }
        CHECK(std::abs(p.miss_rate - missed / positive) < 1e-12);
        CHECK(std::abs(p.false_accept_rate - accepted / negative) < 1e-12);
    }
    for (std::size_t i = 1; i < points.size(); ++i) CHECK(points[i].threshold < points[i - 1].threshold);
}

TEST_CASE("the two definitions of the equal error rate differ on small sets and agree on symmetric ones", "[eval][verification]") {
    // Misses 1, 1/2, 0 ..; false accepts 0, 0, 0, 1/3 ..
    auto const perfect = operating_points(std::vector<float>{4, 3, 2, 1, 0}, std::vector<std::uint8_t>{1, 1, 0, 0, 0});
    CHECK(equal_error_rate(perfect) == 0);
    CHECK(equal_error_rate_nearest(perfect) == 0);
    // (1, 0), (1/2, 0), (1/2, 1/3), (0, 1/3): the nearest point has 1/2, the line from 1/2 to 0 at the false accepts 1/3 has 1/3.
    auto const few = operating_points(std::vector<float>{4, 3, 2, 1, 0}, std::vector<std::uint8_t>{1, 0, 1, 0, 0});
    CHECK(equal_error_rate_nearest(few) == 0.5);
    CHECK(std::abs(equal_error_rate(few) - 1.0 / 3) < 1e-15);
    auto const reversed = operating_points(std::vector<float>{0, 1, 2, 3}, std::vector<std::uint8_t>{1, 1, 0, 0});
    CHECK(equal_error_rate(reversed) == 1);
    CHECK(equal_error_rate_nearest(reversed) == 1);
    auto const equal = operating_points(std::vector<float>{1, 1, 1, 1}, std::vector<std::uint8_t>{1, 0, 1, 0});
    CHECK(equal_error_rate(equal) == 0.5);
}

TEST_CASE("the least detection cost never exceeds that of accepting all or nothing", "[eval][verification]") {
    // Scores .9 .8 .7 .1, labels 0 1 1 1, prior 0.99: without the accept-all end the published code says 34.
    auto const points = operating_points(std::vector<float>{.9F, .8F, .7F, .1F}, std::vector<std::uint8_t>{0, 1, 1, 1});
    auto const likely = min_detection_cost(points, {.target_prior = 0.99});
    CHECK(std::abs(likely.cost - 1) < 1e-12);
    CHECK(likely.threshold == double{.1F});
    CHECK(min_detection_cost(points, {.target_prior = 0.01}).cost == 1);
    CHECK(min_detection_cost(points, {.target_prior = 0.01}).threshold == INFINITY);
    auto const half = operating_points(std::vector<float>{5, 4, 3, 2, 1}, std::vector<std::uint8_t>{1, 0, 1, 0, 0});
    // At 3: misses 0, false accepts 1/3: (10 * 0 + 2 / 3 * 0.8) / min(10 * 0.2, 2 * 0.8).
    auto const cost = min_detection_cost(half, {.target_prior = 0.2, .miss_cost = 10, .false_accept_cost = 2});
    CHECK(std::abs(cost.cost - 2.0 / 3 * 0.8 / 1.6) < 1e-12);
    CHECK(cost.threshold == 3);
}

TEST_CASE("verification refuses one class, other lengths and senseless costs", "[eval][verification]") {
    std::vector<float> const scores{1, 2};
    std::vector<std::uint8_t> const same{1, 1}, both{0, 1}, three{0, 1, 1};
    CHECK(outcome([&] { return operating_points(scores, same); }) == "invalid_argument");
    CHECK(outcome([&] { return operating_points({}, {}); }) == "invalid_argument");
    CHECK(outcome([&] { return operating_points(scores, three); }) == "dimension_mismatch");
    CHECK(outcome([&] { return operating_points(std::vector<float>{1, NAN}, both); }) == "not_finite");
    auto const points = operating_points(scores, both);
    for (double const bad : {0.0, 1.0, -1.0, double(NAN)})
        CHECK(outcome([&] { return min_detection_cost(points, {.target_prior = bad}); }) == "invalid_argument");
    for (double const bad : {0.0, -1.0, double(NAN), double(INFINITY)}) {
        CHECK(outcome([&] { return min_detection_cost(points, {.miss_cost = bad}); }) == "invalid_argument");
        CHECK(outcome([&] { return min_detection_cost(points, {.false_accept_cost = bad}); }) == "invalid_argument");
    }
}
