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
