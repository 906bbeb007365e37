// SPDX-License-Identifier: Apache-2.0
#include <simile/eval/precision_recall.hpp>

#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using eval::point_at_recall;
using eval::precision_recall_area;
using eval::precision_recall_points;

TEST_CASE("precision and recall are counted at each threshold, ties together", "[eval][precision_recall]") {
    auto const points = precision_recall_points(std::vector<float>{2, 5, 3, 3, 1, 3}, std::vector<std::uint8_t>{1, 1, 0, 1, 0, 0});
    REQUIRE(points.size() == 4);
    CHECK((points[0].threshold == 5 && points[0].precision == 1 && points[0].recall == 1.0 / 3 && points[0].kept == 1.0 / 6));
    CHECK((points[1].threshold == 3 && points[1].precision == 0.5 && points[1].recall == 2.0 / 3 && points[1].kept == 4.0 / 6));
    CHECK((points[2].threshold == 2 && points[2].precision == 0.6 && points[2].recall == 1));
    CHECK((points[3].threshold == 1 && points[3].precision == 0.5 && points[3].kept == 1));
    CHECK(std::abs(precision_recall_area(points) - (1.0 + 0.5 + 0.6) / 3) < 1e-12);
}

TEST_CASE("the area is 1 for a perfect order and the share of the relevant for a constant score", "[eval][precision_recall]") {
    CHECK(precision_recall_area(precision_recall_points(std::vector<float>{4, 3, 2, 1}, std::vector<std::uint8_t>{1, 1, 0, 0})) == 1);
    CHECK(precision_recall_area(precision_recall_points(std::vector<float>(8, 1.0F), std::vector<std::uint8_t>{1, 1, 0, 0, 0, 0, 0, 0})) ==
          0.25);
}

TEST_CASE("the point at a recall has the highest threshold that reaches it", "[eval][precision_recall]") {
    std::vector<float> scores;
    std::vector<std::uint8_t> labels;
    for (int i = 0; i < 40; ++i) {
        scores.push_back(float(40 - i));
        labels.push_back(i % 2 == 0);
    }
    auto const points = precision_recall_points(scores, labels);
    auto const p = point_at_recall(points);  // the 19th of 20, at rank 37
    CHECK(p.threshold == 4);
    CHECK(std::abs(p.precision - 19.0 / 37) < 1e-12);
    CHECK(std::abs((1 - p.kept) - 3.0 / 40) < 1e-12);
    CHECK(point_at_recall(points, 1).threshold == 2);
    CHECK(point_at_recall(points, 0).threshold == 40);
    CHECK(outcome([&] { return point_at_recall(points, 1.1); }) == "invalid_argument");
    CHECK(outcome([&] { return point_at_recall(points, NAN); }) == "invalid_argument");
    CHECK(outcome([&] { return point_at_recall({}); }) == "invalid_argument");
}

TEST_CASE("precision and recall need something relevant", "[eval][precision_recall]") {
    CHECK(outcome([&] { return precision_recall_points(std::vector<float>{1, 2}, std::vector<std::uint8_t>{0, 0}); }) ==
          "invalid_argument");
    CHECK(outcome([&] { return precision_recall_points(std::vector<float>{1, 2}, std::vector<std::uint8_t>{1}); }) == "dimension_mismatch");
    CHECK(outcome([&] { return precision_recall_points(std::vector<float>{1, NAN}, std::vector<std::uint8_t>{1, 0}); }) == "not_finite");
}
