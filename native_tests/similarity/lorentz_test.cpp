// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/lorentz.hpp>

#include "similarity/ranking.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <limits>

using namespace simile;
using namespace simile::test;
using similarity::lorentz;

static_assert(lorentz::order == ordering::smaller_is_closer);

namespace {
double inner_by_definition(std::span<float const> x, std::span<float const> y, double c) {
    auto const time = [&](auto v) { return std::sqrt(1 / c + dot_by_definition<float>(v, v).value); };
    return dot_by_definition<float>(x, y).value - time(x) * time(y);
}
double distance_by_definition(std::span<float const> x, std::span<float const> y, double c) {
    return std::acosh(std::max(1 + 1e-8, -c * inner_by_definition(x, y, c))) / std::sqrt(c);
}
}  // namespace

TEST_CASE("lorentz is its definition and symmetric to the bit", "[similarity][lorentz]") {
    double const c = GENERATE(0.1, 0.5, 1.0, 10.0);
    for (std::size_t const d : {1U, 2U, 16U, 33U, 512U})
        for (std::uint64_t seed = 0; seed < 6; ++seed) {
            auto const x = normal_vector(d, seed), y = normal_vector(d, seed + 40, 0.3F);
            CAPTURE(c, d, seed);
            REQUIRE(std::abs(lorentz(c)(x, y) / distance_by_definition(x, y, c) - 1) < 1e-7);
            REQUIRE(lorentz(c)(x, y) == lorentz(c)(y, x));
        }
}

TEST_CASE("no lorentz distance is below acosh(1 + 1e-8), and NaN comes through", "[similarity][lorentz]") {
    std::size_t const d = GENERATE(1U, 16U, 33U);
    auto const x = normal_vector(d, 1);
    CHECK(std::abs(lorentz()(x, x) / std::sqrt(2e-8) - 1) < 1e-6);
    CHECK(std::abs(lorentz(4)(x, x) / (0.5 * std::sqrt(2e-8)) - 1) < 1e-6);
    CHECK(std::isnan(lorentz()(x, std::vector<float>(d, std::nanf("")))));
}

TEST_CASE("the exponential map is sinh(r) / r v, so that the distance to the origin is the length of v", "[similarity][lorentz]") {
    double const c = GENERATE(0.5, 1.0, 3.0);
    std::vector<float> const origin(8, 0.0F);
    for (float const length : {0.01F, 0.5F, 3.0F, 5.0F}) {
        auto v = unit_vector(8, 5);
        for (float& e : v) e *= length;
        auto const point = written(8, [&](auto out) { lorentz(c).exp_map(v, out); });
        double const r = std::sqrt(c) * norm(v);
        for (std::size_t i = 0; i < 8; ++i) REQUIRE(rounds_to(point[i], std::sinh(r) / r * double(v[i])));
        REQUIRE(std::abs(lorentz(c)(origin, point) / length - 1) < 1e-4);
    }
}

TEST_CASE("the exponential map at its ends", "[similarity][lorentz]") {
    lorentz const space;
    std::vector<float> v{0, 0, 0};
    space.exp_map(v, v);
    CHECK(v == std::vector<float>{0, 0, 0});
    std::vector<float> const tiny{1e-30F, -1e-38F, 1e-44F};
    CHECK(written(3, [&](auto out) { space.exp_map(tiny, out); }) == tiny);
    // sinh of 100 is 1e43: more than a float can hold; the argument stops at asinh(2^15).
    std::vector<float> const far{0, 100, 0};
    auto const end = written(3, [&](auto out) { space.exp_map(far, out); });
    CHECK(std::abs(end[1] - 32768) <= 0.01);
    CHECK(end[0] == 0);
    std::vector<float> const beyond{3e38F, 3e38F, 0};
    for (float const e : written(3, [&](auto out) { space.exp_map(beyond, out); })) CHECK(std::isfinite(e));
    // Just below the end nothing is cut.
    std::vector<float> const below{0, 11, 0};
    CHECK(rounds_to(written(3, [&](auto out) { space.exp_map(below, out); })[1], std::sinh(11.0)));
    CHECK(outcome([&] { return space.exp_map(far, std::span<float>(v).first(2)), 0; }) == "dimension_mismatch");
}

TEST_CASE("an index of lorentz's items ranks as it does, and gives it back", "[similarity][lorentz]") {
    double const c = GENERATE(0.5, 1.0);
    std::size_t const d = GENERATE(5U, 24U);
    lorentz const space(c);
    auto const query = normal_vector(d, 1, 0.4F);
    std::vector<std::vector<float>> items;
    std::vector<double> values, inner;
    for (std::uint64_t i = 0; i < 150; ++i) {
        auto const x = normal_vector(d, 100 + i, 0.1F + 0.01F * static_cast<float>(i % 50));
        items.push_back(written(space.mapped_dims(d), [&](auto out) { space.item(x, out); }));
        values.push_back(distance_by_definition(x, query, c));
        inner.push_back(dot_by_definition<float>(x, query).value);
    }
    auto const q = written(space.mapped_dims(d), [&](auto out) { space.query(query, out); });
    auto const hits = all_hits(similarity_kind::dot, items, q);
    CHECK(out_of_order(hits, values, ordering::smaller_is_closer, 1e-5) == "");
    CHECK(out_of_order(hits, inner, ordering::larger_is_closer, 1e-5) != "");
    CHECK(std::abs(space.from_score(hits[0].score) - values[hits[0].row]) < 1e-5);
    std::vector<float> out(d);
    CHECK(outcome([&] { return space.item(query, out), 0; }) == "dimension_mismatch");
    CHECK(outcome([&] { return space.query(query, out), 0; }) == "dimension_mismatch");
}

TEST_CASE("the half aperture narrows with the distance from the origin", "[similarity][lorentz]") {
    std::vector<float> const x{3, 4}, near{0.1F, 0}, origin{0, 0};
    CHECK(rounds_to(lorentz().half_aperture(x), std::asin(0.2 / 5)));
    CHECK(rounds_to(lorentz(4).half_aperture(x, 0.5), std::asin(1.0 / 10)));
    CHECK(rounds_to(lorentz().half_aperture(near), std::asin(1.0)));
    CHECK(rounds_to(lorentz().half_aperture(origin), std::asin(1.0)));
}

TEST_CASE("lorentz refuses a curvature that is not positive", "[similarity][lorentz]") {
    CHECK(outcome([] { return lorentz(0); }) == "invalid_argument");
    CHECK(outcome([] { return lorentz(-1); }) == "invalid_argument");
    CHECK(outcome([] { return lorentz(std::numeric_limits<double>::infinity()); }) == "not_finite");
    CHECK(outcome([] { return lorentz(std::nan("")); }) == "not_finite");
}
