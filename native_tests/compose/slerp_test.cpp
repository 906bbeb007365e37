// SPDX-License-Identifier: Apache-2.0
#include <simile/compose/slerp.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using compose::slerp;

namespace {
std::vector<float> slerped(std::vector<float> const& a, std::vector<float> const& b, double t) {
    std::vector<float> out(a.size());
    slerp(a, b, t, out);
    return out;
}
double angle_of(std::vector<float> const& a, std::vector<float> const& b) {
    return std::acos(std::min(1.0, cosine_by_definition<float>(a, b)));
}
}  // namespace

TEST_CASE("slerp divides the angle in parts of t", "[compose][slerp]") {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        auto const a = normal_vector(17, seed, 5), b = normal_vector(17, seed + 50, 0.1F);
        double const whole = angle_of(a, b);
        for (double const t : {0.0, 0.1, 0.5, 0.8, 1.0}) {
            auto const v = slerped(a, b, t);
            CHECK(std::abs(norm(v) - 1) < 1e-6);
            CHECK(std::abs(std::cos(angle_of(a, v)) - std::cos(t * whole)) < 1e-6);
            CHECK(std::abs(std::cos(angle_of(b, v)) - std::cos((1 - t) * whole)) < 1e-6);
        }
    }
}

TEST_CASE("slerp has an answer for equal, opposite, nearly equal and zero vectors", "[compose][slerp]") {
    auto const a = unit_vector(9, 1);
    auto opposite = a, nearly = a;
    for (float& v : opposite) v *= -2;
    nearly[0] += 1e-7F;
    std::vector<float> const zero(9, 0.0F);
    auto const close = [&](std::vector<float> const& v, std::vector<float> const& w) {
        return std::sqrt(squared_l2_by_definition<float>(v, w).value) < 1e-6;
    };
    CHECK(close(slerped(a, a, 0.3), a));
    CHECK(close(slerped(a, nearly, 0.5), a));
    CHECK(close(slerped(a, opposite, 0.4), a));
    CHECK(close(slerped(a, opposite, 0.5), a));
    for (float& v : opposite) v /= 2;
    CHECK(close(slerped(a, opposite, 0.6), opposite));
    CHECK(close(slerped(zero, a, 0.1), a));
    CHECK(close(slerped(a, zero, 0.9), a));
    CHECK(slerped(zero, zero, 0.5) == zero);
    // Just on the circle's side of opposite: a quarter turn from both.
    std::vector<float> const east{1, 0}, west{-1, 1e-4F};
    CHECK(std::abs(slerped(east, west, 0.5)[1] - 1) < 1e-4);
}

TEST_CASE("slerp refuses what does not fit", "[compose][slerp]") {
    std::vector<float> const a{1, 0}, longer{1, 0, 0}, nan{1, NAN};
    CHECK(outcome([&] { return slerped(a, longer, 0.5); }) == "dimension_mismatch");
    CHECK(outcome([&] { return slerped(a, nan, 0.5); }) == "not_finite");
    for (double const t : {-0.1, 1.1, double(NAN)}) CHECK(outcome([&] { return slerped(a, a, t); }) == "invalid_argument");
    CHECK(outcome([&] { return slerped({}, {}, 0.5); }) == "invalid_argument");
}
