// SPDX-License-Identifier: Apache-2.0
#include <simile/score/logistic_regression.hpp>

#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using score::detail::fit_logistic;

TEST_CASE("a regression ends where the slope of its loss is 0, and unused features keep theirs", "[score][logistic_regression]") {
    std::size_t const n = 200;
    auto const x = normal_vector(2 * n, 1), noise = normal_vector(n, 2);
    auto const features = [&](std::size_t i) { return std::array{double{x[2 * i]}, double{x[2 * i + 1]}, 1.0}; };
    auto const target = [&](std::size_t i) { return x[2 * i] - 2 * x[2 * i + 1] + noise[i] > 0.5F ? 1.0 : 0.0; };
    for (double const ridge : {0.0, 0.1, 10.0})
        for (bool const second : {true, false}) {
            auto const theta = fit_logistic<3>(n, features, target, {0, 0.25, 0}, ridge, {true, second, true});
            double slope[3] = {ridge * theta[0], ridge * theta[1], ridge * theta[2]};
            for (std::size_t i = 0; i < n; ++i) {
                auto const f = features(i);
                double const p = 1 / (1 + std::exp(-(f[0] * theta[0] + f[1] * theta[1] + f[2] * theta[2])));
                for (std::size_t j = 0; j < 3; ++j) slope[j] += (p - target(i)) * f[j];
            }
            CHECK(std::abs(slope[0]) < 1e-8);
            CHECK(std::abs(slope[2]) < 1e-8);
            if (second)
                CHECK(std::abs(slope[1]) < 1e-8);
            else
                CHECK(theta[1] == 0.25);
        }
}

TEST_CASE("a separable sample does not run away with a ridge, and ends without one", "[score][logistic_regression]") {
    auto const features = [](std::size_t i) { return std::array{i < 5 ? -1.0 : 1.0, 1.0}; };
    auto const target = [](std::size_t i) { return i < 5 ? 0.0 : 1.0; };
    CHECK(std::abs(fit_logistic<2>(10, features, target, {}, 1, {true, true})[0]) < 3);
    CHECK(std::isfinite(fit_logistic<2>(10, features, target, {}, 0, {true, true})[0]));
}

TEST_CASE("small systems are solved", "[score][logistic_regression]") {
    auto const x = score::detail::solve<3>({{{4, 1, 0}, {1, 3, 1}, {0, 1, 2}}}, {9, 10, 8});
    CHECK(std::abs(4 * x[0] + x[1] - 9) < 1e-12);
    CHECK(std::abs(x[0] + 3 * x[1] + x[2] - 10) < 1e-12);
    CHECK(std::abs(x[1] + 2 * x[2] - 8) < 1e-12);
}
