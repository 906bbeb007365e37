// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/jaccard.hpp>

#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using similarity::jaccard;

static_assert(similarity::jaccard_fn::order == ordering::larger_is_closer);

namespace {
float by_definition(std::vector<std::byte> const& x, std::vector<std::byte> const& y) {
    int both = 0, either = 0;
    for (std::size_t i = 0; i < 8 * x.size(); ++i) {
        auto const has = [&](auto const& set) { return (std::to_integer<unsigned>(set[i / 8]) >> (i % 8) & 1U) != 0; };
        both += has(x) && has(y) ? 1 : 0;
        either += has(x) || has(y) ? 1 : 0;
    }
    return either == 0 ? 1.0F : static_cast<float>(double(both) / double(either));
}
}  // namespace

TEST_CASE("jaccard is the share of common bits, to the bit and symmetric", "[similarity][jaccard]") {
    for (std::size_t const n : kernel_lengths()) {
        auto const x = byte_vector(n, n), y = byte_vector(n, n + 1);
        REQUIRE(jaccard(x, y) == by_definition(x, y));
        REQUIRE(jaccard(y, x) == jaccard(x, y));
        REQUIRE(jaccard(x, x) == 1);
    }
}

TEST_CASE("jaccard of empty sets is 1, and of an empty with another 0", "[similarity][jaccard]") {
    std::vector<std::byte> const none(13, std::byte{0});
    auto one = none;
    one[12] = std::byte{128};
    CHECK(jaccard(none, none) == 1);
    CHECK(jaccard(std::span<std::byte const>(), std::span<std::byte const>()) == 1);
    CHECK(jaccard(none, one) == 0);
    CHECK(jaccard(one, one) == 1);
}
