// SPDX-License-Identifier: Apache-2.0
#include <simile/core/rounded.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cmath>

using namespace simile;

namespace {
// Kept from the optimiser, which would otherwise work at compile time.
template <class T>
T hidden(T value) {
    T volatile v = value;
    return v;
}
}  // namespace

TEST_CASE("a rounded product is not fused into the sum that follows", "[core][rounded]") {
    float const a = hidden(1 + 0x1p-20F), c = hidden(-(1 + 0x1p-19F));
    CHECK(rounded(a * a) + c == 0);
    CHECK(std::fma(a, a, c) == 0x1p-40F);
    double const x = hidden(1 + 0x1p-40), z = hidden(-(1 + 0x1p-39));
    CHECK(rounded(x * x) + z == 0);
}
