// SPDX-License-Identifier: Apache-2.0
#include <simile/compose/direction.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>

using namespace simile;
using namespace simile::test;
namespace directions = simile::compose::detail;

TEST_CASE("a direction has unit length and no scale, from the smallest to the largest floats", "[compose][direction]") {
    for (float const scale : {1e-40F, 1e-20F, 1.0F, 1e18F, 1e37F}) {
        auto const x = normal_vector(37, 4);
        std::vector<float> scaled;
        for (float const v : x) scaled.push_back(v * scale);
        auto const unit = directions::direction(scaled), plain = directions::direction(x);
        CHECK(std::abs(directions::dot(unit, unit) - 1) < 1e-14);
        // Below 1e-38 floats lose digits themselves.
        CHECK(std::abs(directions::dot(unit, plain) - 1) < (scale < 1e-38F ? 1e-6 : 1e-14));
    }
}

TEST_CASE("directions add up with their weights, and a zero vector adds nothing", "[compose][direction]") {
    std::vector<float> const x{3, 4}, y{0, -2}, zero{0, 0};
    std::vector<double> sum{1, 1};
    directions::add_direction(sum, x, 2);
    CHECK(std::abs(sum[0] - 2.2) < 1e-15);
    CHECK(std::abs(sum[1] - 2.6) < 1e-15);
    directions::add_direction(sum, y, -0.5);
    CHECK(std::abs(sum[1] - 3.1) < 1e-15);
    auto const before = sum;
    directions::add_direction(sum, zero, 1e9);
    CHECK(sum == before);
    CHECK(directions::direction(zero) == std::vector<double>{0, 0});
}

TEST_CASE("what is written is a unit vector and its length is told, or zeros where it is too short to be more than rounding",
          "[compose][direction]") {
    std::vector<float> out(2, 7.0F);
    CHECK(directions::write_unit(std::vector<double>{3, 4}, 0, out) == 5);
    CHECK(out == std::vector<float>{0.6F, 0.8F});
    CHECK(directions::write_unit(std::vector<double>{3, 4}, 4.99, out) == 5);
    for (double const least : {5.0, 6.0}) {
        out = {7, 7};
        CHECK(directions::write_unit(std::vector<double>{3, 4}, least, out) == 0);
        CHECK(out == std::vector<float>{0, 0});
    }
    CHECK(directions::write_unit(std::vector<double>{0, 0}, 0, out) == 0);
}

TEST_CASE("vectors and lists of them are refused with what is wrong and the numbers", "[compose][direction]") {
    std::vector<float> const three{1, 2, 3}, none, bad{1, std::numeric_limits<float>::quiet_NaN(), 0},
        endless{1, 2, -std::numeric_limits<float>::infinity()};
    auto const vector = [](std::span<float const> x, std::size_t dims) {
        return outcome([&] {
            directions::require_vector(x, dims, "it");
            return 0;
        });
    };
    CHECK(vector(three, 3) == "ok");
    CHECK(vector(three, 4) == "dimension_mismatch");
    CHECK(vector(none, 0) == "invalid_argument");
    CHECK(vector(bad, 3) == "not_finite");
    CHECK(vector(endless, 3) == "not_finite");
    CHECK(message([&] {
              directions::require_vector(three, 4, "the query");
              return 0;
          }) == "the query has 3 dimensions instead of 4");
    auto const rows = [](matrix_view<float const> x, std::size_t dims) {
        return outcome([&] {
            directions::require_rows(x, dims, "it");
            return 0;
        });
    };
    CHECK(rows({three.data(), 1, 3}, 3) == "ok");
    CHECK(rows({three.data(), 3, 1}, 1) == "ok");
    CHECK(rows({three.data(), 1, 3}, 2) == "dimension_mismatch");
    CHECK(rows({three.data(), 0, 3}, 3) == "invalid_argument");
    CHECK(rows({three.data(), 2, 0}, 0) == "invalid_argument");
    CHECK(rows({bad.data(), 1, 3}, 3) == "not_finite");
}
