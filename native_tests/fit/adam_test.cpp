// SPDX-License-Identifier: Apache-2.0
#include <simile/fit/adam.hpp>

#include <catch2/catch_test_macros.hpp>

using namespace simile;

TEST_CASE("Adam's steps are those of its algorithm", "[fit][adam]") {
    fit::adam optimiser(1, 0.1);
    std::vector<double> x{3};
    double m = 0, v = 0, expected = 3;
    for (int t = 1; t <= 30; ++t) {
        double const g = 2 * expected * (t % 3);
        m = 0.9 * m + 0.1 * g;
        v = 0.999 * v + 0.001 * g * g;
        expected -= 0.1 * (m / (1 - std::pow(0.9, t))) / (std::sqrt(v / (1 - std::pow(0.999, t))) + 1e-8);
        std::vector<double> const gradient{2 * x[0] * (t % 3)};
        optimiser.step(x, gradient);
        CHECK(std::abs(x[0] - expected) < 1e-12);
    }
}

TEST_CASE("Adam's first step has the size of the rate, whatever the scale of the slope", "[fit][adam]") {
    fit::adam optimiser(3, 0.25);
    std::vector<double> x{0, 0, 0};
    optimiser.step(x, std::vector<double>{1e-3, -1e6, 0});
    CHECK(std::abs(x[0] + 0.25) < 1e-5);
    CHECK(std::abs(x[1] - 0.25) < 1e-9);
    CHECK(x[2] == 0);
}

TEST_CASE("Adam finds the lowest point of a narrow valley", "[fit][adam]") {
    fit::adam optimiser(2, 0.05);
    std::vector<double> x{5, -4};
    for (int i = 0; i < 3000; ++i) optimiser.step(x, std::vector<double>{2 * (x[0] - 1), 200 * (x[1] - 2)});
    CHECK(std::abs(x[0] - 1) < 1e-3);
    CHECK(std::abs(x[1] - 2) < 1e-3);
}
