// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/hamming.hpp>

#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <bit>

using namespace simile;
using namespace simile::test;
using similarity::hamming;

static_assert(similarity::hamming_fn::order == ordering::smaller_is_closer);

TEST_CASE("hamming counts the bits that differ", "[similarity][hamming]") {
    for (std::size_t const n : kernel_lengths()) {
        auto const x = byte_vector(n, n), y = byte_vector(n, n + 1);
        std::uint32_t expected = 0;
        for (std::size_t i = 0; i < n; ++i) expected += static_cast<std::uint32_t>(std::popcount(std::to_integer<unsigned>(x[i] ^ y[i])));
        REQUIRE(hamming(x, y) == expected);
        REQUIRE(hamming(y, x) == expected);
        REQUIRE(hamming(x, x) == 0);
    }
}
