// SPDX-License-Identifier: Apache-2.0
#include <simile/simd/int8_query.hpp>

#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <numeric>

using namespace simile;
using namespace simile::test;

TEST_CASE("an int8 query is within half a step of the query and knows its sum", "[simd][int8_query]") {
    auto const scale = GENERATE(1e-30F, 1e-3F, 1.0F, 1e30F);
    for (std::size_t const n : {std::size_t{1}, std::size_t{3}, std::size_t{384}, std::size_t{1027}}) {
        auto const x = normal_vector(n, n, scale);
        simd::int8_query const query(x);
        CAPTURE(n, scale);
        CHECK(query.size() == n);
        CHECK(query.codes.size() == (n + 127) / 128 * 128);
        CHECK(std::all_of(query.codes.begin() + static_cast<std::ptrdiff_t>(n), query.codes.end(), [](int c) { return c == 0; }));
        CHECK(query.sum == std::accumulate(query.codes.begin(), query.codes.end(), 0));
        double worst = 0;
        for (std::size_t i = 0; i < n; ++i) worst = std::max(worst, std::abs(double(x[i]) - double(query.codes[i]) * double(query.scale)));
        CHECK(worst <= 0.5001 * double(query.scale));
        CHECK(*std::max_element(query.codes.begin(), query.codes.end(), [](int a, int b) { return std::abs(a) < std::abs(b); }) % 127 == 0);
    }
}

TEST_CASE("a zero query and a query of subnormals have codes in range", "[simd][int8_query]") {
    std::vector<float> const zero(5, 0.0F);
    simd::int8_query const nothing(zero);
    CHECK(nothing.scale == 0);
    CHECK(nothing.sum == 0);
    std::vector<float> const tiny{0, 0x1p-149F, -0x1p-149F, 0x1p-148F};
    simd::int8_query const query(tiny);
    CHECK(query.codes[0] == 0);
    for (std::int8_t const c : query.codes) CHECK(c >= -127);
    CHECK(query.codes[2] == -query.codes[1]);
    CHECK(query.codes[3] == 127);
}

TEST_CASE("the rest of an int8 query tells its values to 16 bits", "[simd][int8_query]") {
    auto const scale = GENERATE(1e-30F, 1e-3F, 1.0F, 1e30F);
    for (std::size_t const n : {std::size_t{1}, std::size_t{3}, std::size_t{384}, std::size_t{1027}}) {
        auto const x = normal_vector(n, n, scale);
        simd::int8_query const query(x);
        auto const rest = simd::int8_query::rest(x, query);
        CAPTURE(n, scale);
        CHECK(rest.size() == n);
        CHECK(rest.scale == query.scale / 256);
        CHECK(rest.sum == std::accumulate(rest.codes.begin(), rest.codes.end(), 0));
        double worst = 0;
        for (std::size_t i = 0; i < n; ++i)
            worst = std::max(worst, std::abs(double(x[i]) - (double(query.codes[i]) + double(rest.codes[i]) / 256) * double(query.scale)));
        // Half a step of 1/256, one where half a coarse step is cut to 127, and a few roundings of float.
        CHECK(worst <= (1.0 / 256 + 127 * 0x1p-22) * double(query.scale));
    }
    std::vector<float> const tiny{0, 0x1p-149F, -0x1p-148F};
    auto const rest = simd::int8_query::rest(tiny, simd::int8_query(tiny));
    CHECK(rest.sum == 0);
}

TEST_CASE("a query for rows has its codes in 16 bits too", "[simd][int8_query]") {
    auto const x = normal_vector(77, 1);
    simd::int8_row_query const query(x);
    CHECK(query.codes == simd::int8_query(x).codes);
    CHECK(std::equal(query.wide.begin(), query.wide.end(), query.codes.begin(), query.codes.end()));
}
