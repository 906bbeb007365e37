// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/logistic.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cmath>
#include <limits>

using namespace simile::similarity;

namespace {
bool near(double a, double b, double rel) { return std::abs(a - b) <= rel * std::abs(b); }
}  // namespace

TEST_CASE("logistic and softplus are their definitions where those can be computed", "[similarity][logistic]") {
    for (double x = -30; x <= 30; x += 0.37) {
        CAPTURE(x);
        REQUIRE(near(logistic(x), 1 / (1 + std::exp(-x)), 1e-15));
        REQUIRE(near(softplus(x), static_cast<double>(std::log1p(std::exp(static_cast<long double>(x)))), 1e-15));
        REQUIRE(near(log_softplus(x), std::log(softplus(x)), 1e-15));
        REQUIRE(near(logistic(x) + logistic(-x), 1, 1e-15));
    }
}

TEST_CASE("logistic and softplus neither overflow nor lose what is small", "[similarity][logistic]") {
    double const infinite = std::numeric_limits<double>::infinity();
    CHECK(logistic(1e300) == 1);
    CHECK(logistic(infinite) == 1);
    CHECK(logistic(-infinite) == 0);
    CHECK(near(logistic(-700), std::exp(-700.0), 1e-14));
    CHECK(softplus(1e300) == 1e300);
    CHECK(near(softplus(-700), std::exp(-700.0), 1e-14));
    CHECK(log_softplus(-1e6) == -1e6);
    CHECK(log_softplus(-1e300) == -1e300);
    // The two branches meet.
    CHECK(near(log_softplus(std::nextafter(-40.0, -41.0)), log_softplus(-40), 1e-14));
    CHECK(std::isnan(logistic(std::nan(""))));
    CHECK(std::isnan(softplus(std::nan(""))));
}
