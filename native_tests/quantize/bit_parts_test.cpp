// SPDX-License-Identifier: Apache-2.0
#include <simile/quantize/bit_parts.hpp>

#include <catch2/catch_test_macros.hpp>

#include <utility>
#include <vector>

using namespace simile;

namespace {
std::vector<std::pair<unsigned, unsigned>> parts_of(unsigned bits) {
    std::vector<std::pair<unsigned, unsigned>> out;
    quantize::for_each_part(bits, [&]<unsigned Width>(unsigned shift) { out.emplace_back(Width, shift); });
    return out;
}
}  // namespace

TEST_CASE("codes are made of parts of 8, 4, 2 and 1 bits, the upper first", "[quantize][bit_parts]") {
    using parts = std::vector<std::pair<unsigned, unsigned>>;
    CHECK(parts_of(1) == parts{{1, 0}});
    CHECK(parts_of(6) == parts{{4, 2}, {2, 0}});
    CHECK(parts_of(7) == parts{{4, 3}, {2, 1}, {1, 0}});
    CHECK(parts_of(8) == parts{{8, 0}});
    CHECK(parts_of(12) == parts{{8, 4}, {4, 0}});
    for (unsigned bits = 1; bits <= 15; ++bits) {
        unsigned covered = 0;
        for (auto const& [width, shift] : parts_of(bits)) covered |= ((1U << width) - 1U) << shift;
        CHECK(covered == (1U << bits) - 1U);
    }
}
