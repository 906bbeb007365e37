// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/box.hpp>

#include "similarity/ranking.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace simile;
using namespace simile::test;
using similarity::box_containment;

static_assert(box_containment::order == ordering::larger_is_closer);

namespace {
struct box {
    box(std::size_t d, std::uint64_t seed) : centre(normal_vector(d, seed, 0.3F)), offset(d) {
        xoshiro256 random(seed + 99);
        for (float& v : offset) v = static_cast<float>(0.3 + uniform01(random));
    }
    box(std::vector<float> c, std::vector<float> o) : centre(std::move(c)), offset(std::move(o)) {}
    [[nodiscard]] similarity::box_view view() const { return {centre, offset}; }
    std::vector<float> centre, offset;
};

template <class Side>
double ratio_by_definition(box const& given, box const& other, Side side) {
    double both = 1, volume = 1;
    for (std::size_t i = 0; i < given.centre.size(); ++i) {
        double const low = std::max(double(given.centre[i]) - double(given.offset[i]), double(other.centre[i]) - double(other.offset[i]));
        double const high = std::min(double(given.centre[i]) + double(given.offset[i]), double(other.centre[i]) + double(other.offset[i]));
        both *= side(high - low);
        volume *= side(2 * double(given.offset[i]));
    }
    return both / volume;
}
}  // namespace

TEST_CASE("box_containment is the ratio of the volumes, hard and soft", "[similarity][box]") {
    for (std::size_t const d : {1U, 2U, 8U, 20U})
        for (std::uint64_t seed = 0; seed < 10; ++seed) {
            box const x(d, seed), y(d, seed + 40);
            CAPTURE(d, seed);
            double const hard = ratio_by_definition(x, y, [](double s) { return std::max(s, 0.0); });
            double const soft = ratio_by_definition(x, y, [](double s) { return std::log(1 + std::exp(5 * s)) / 5; });
            REQUIRE(std::abs(box_containment()(x.view(), y.view()) - hard) <= 1e-7 * hard);
            REQUIRE(std::abs(box_containment(5)(x.view(), y.view()) - soft) <= 1e-7 * soft);
        }
}

TEST_CASE("a box in another, beside it, and the other way round", "[similarity][box]") {
    box const small({0, 0}, {1, 1}), large({0.5F, 0}, {2, 4}), away({9, 0}, {1, 1}), farther({99, 0}, {1, 1});
    CHECK(box_containment()(small.view(), large.view()) == 1);
    CHECK(rounds_to(box_containment()(large.view(), small.view()), 4.0 / 32));  // not symmetric
    CHECK(box_containment()(small.view(), away.view()) == 0);
    // Soft sides tell how far, also where e^(beta side) is 0 in double.
    CHECK(box_containment(5)(small.view(), away.view()) > box_containment(5)(small.view(), box({9.5F, 0}, {1, 1}).view()));
    CHECK(box_containment(5)(small.view(), farther.view()) == 0);
    CHECK(box_containment(0.5)(small.view(), farther.view()) > 0);
    CHECK(box_containment(5)(small.view(), large.view()) <= 1);
    CHECK(std::abs(box_containment(500)(large.view(), small.view()) - 0.125F) < 1e-5F);
}

TEST_CASE("volumes of a thousand sides neither under- nor overflow", "[similarity][box]") {
    for (float const side : {1e-4F, 1e4F}) {
        std::vector<float> const centre(1000, 0.0F);
        box const given(centre, std::vector<float>(1000, side)), other(centre, std::vector<float>(1000, side * 0.999F));
        double exact = 0;
        for (int i = 0; i < 1000; ++i) exact += std::log(double(side * 0.999F) / double(side));
        CHECK(std::abs(box_containment()(given.view(), other.view()) / std::exp(exact) - 1) < 1e-6);
    }
}

TEST_CASE("box_containment refuses what is no box", "[similarity][box]") {
    box const good({0, 0}, {1, 1}), flat({0, 0}, {1, 0}), negative({0, 0}, {1, -1}), nan({0, std::nanf("")}, {1, 1}), ragged({0, 0}, {1}),
        longer(3, 1), none({}, {});
    auto const hard = [&](box const& given, box const& other) {
        return outcome([&] { return box_containment()(given.view(), other.view()); });
    };
    CHECK(hard(good, flat) == "ok");
    CHECK(hard(flat, good) == "invalid_argument");
    CHECK(outcome([&] { return box_containment(5)(flat.view(), good.view()); }) == "ok");
    CHECK(hard(good, negative) == "invalid_argument");
    CHECK(hard(nan, good) == "not_finite");
    CHECK(hard(good, ragged) == "dimension_mismatch");
    CHECK(hard(good, longer) == "dimension_mismatch");
    CHECK(hard(none, none) == "invalid_argument");
    CHECK(outcome([] { return box_containment(0); }) == "invalid_argument");
    CHECK(outcome([] { return box_containment(std::nan("")); }) == "not_finite");
}
