// SPDX-License-Identifier: Apache-2.0
#include <simile/text/bm25.hpp>

#include "support/errors.hpp"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cmath>

using Catch::Approx;
using simile::test::outcome;
using namespace simile::text;

TEST_CASE("idf is above zero and falls with the number of texts that have a term", "[text][bm25]") {
    // Computed with Python's math.log.
    CHECK(bm25_idf(10, 1) == Approx(1.9924301646902063).epsilon(1e-14));
    CHECK(bm25_idf(3, 2) == Approx(0.47000362924573563).epsilon(1e-14));
    CHECK(bm25_idf(0, 0) == Approx(std::log(2.0)).epsilon(1e-14));
    for (std::size_t const n : {1U, 2U, 17U, 100000U})
        for (std::size_t df = 1; df <= n; df += 1 + n / 50) {
            CHECK(bm25_idf(n, df) > 0);
            CHECK(bm25_idf(n, df) < bm25_idf(n, df - 1));
        }
}

TEST_CASE("the weight of a term is that of the papers", "[text][bm25]") {
    double const norm = 1 - 0.75 + 0.75 * 30 / 20.0;
    CHECK(bm25_rule({}, 20)(3, 30) == Approx(3 * 2.2 / (3 + 1.2 * norm)).epsilon(1e-14));
    CHECK(bm25_rule({.kind = bm25_kind::plus}, 20)(3, 30) == Approx(1 + 3 * 2.2 / (3 + 1.2 * norm)).epsilon(1e-14));
    double const c = 3 / norm + 0.5;
    CHECK(bm25_rule({.kind = bm25_kind::l, .delta = 0.5}, 20)(3, 30) == Approx(2.2 * c / (1.2 + c)).epsilon(1e-14));
    CHECK(bm25_rule({.k1 = 0}, 20)(7, 30) == 1);
    CHECK(bm25_rule({.b = 0}, 20)(3, 30) == bm25_rule({.b = 0}, 20)(3, 3000));
    CHECK(std::isfinite(bm25_rule({}, 0)(1, 0)));
}

TEST_CASE("a weight rises with the count and falls with the length", "[text][bm25]") {
    auto const kind = GENERATE(bm25_kind::okapi, bm25_kind::plus, bm25_kind::l);
    for (double const k1 : {0.0, 0.4, 1.2, 9.0})
        for (double const b : {0.0, 0.3, 1.0}) {
            bm25_rule const rule({.kind = kind, .k1 = k1, .b = b}, 12.5);
            for (float f = 1; f < 2000; f *= 3)
                for (std::uint32_t length = 1; length < 100000; length *= 5) {
                    CHECK(rule(f, length) > 0);
                    CHECK(rule(f + 1, length) >= rule(f, length) * (1 - 1e-15));
                    CHECK(rule(f, length + 1) <= rule(f, length) * (1 + 1e-15));
                }
        }
}

TEST_CASE("parameters without sense are refused", "[text][bm25]") {
    auto const how = [](bm25_options const& o) { return outcome([&] { return bm25_rule(o, 10); }); };
    CHECK(how({}) == "ok");
    CHECK(how({.k1 = -0.1}) == "invalid_argument");
    CHECK(how({.b = 1.1}) == "invalid_argument");
    CHECK(how({.b = -0.1}) == "invalid_argument");
    CHECK(how({.delta = -1}) == "invalid_argument");
    CHECK(how({.k1 = std::nan("")}) == "not_finite");
    CHECK(how({.b = std::nan("")}) == "not_finite");
    CHECK(how({.delta = HUGE_VAL}) == "not_finite");
    CHECK(how({.kind = static_cast<bm25_kind>(0)}) == "invalid_argument");
    CHECK(how({.kind = static_cast<bm25_kind>(4)}) == "invalid_argument");
}
