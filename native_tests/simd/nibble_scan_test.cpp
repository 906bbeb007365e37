// SPDX-License-Identifier: Apache-2.0
#include <simile/simd/nibble_scan.hpp>

#include "support/architectures.hpp"
#include "support/guard_page.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace simile;
using namespace simile::test;

namespace {

std::vector<std::uint8_t> values_up_to(std::uint8_t most, std::size_t n, std::uint64_t seed) {
    xoshiro256 random(seed);
    std::vector<std::uint8_t> values(n);
    for (auto& v : values) v = static_cast<std::uint8_t>(random() % (most + 1U));
    return values;
}

}  // namespace

TEST_CASE("the table scan adds the entries that the nibbles name, beside guard pages too", "[simd][nibble_scan]") {
    // Around 512 groups a kernel has to empty its 16-bit sums; 16,384 are 65,536 dims.
    auto const groups = GENERATE(std::size_t{4}, 8, 12, 20, 96, 128, 508, 512, 516, 1024, 1028, 16384);
    for_each_architecture([&](auto arch, std::string_view name) {
        for (std::uint64_t seed = 0; seed < 5; ++seed) {
            // The last seed fills every sum to its largest value.
            auto const tables =
                seed == 4 ? std::vector<std::uint8_t>(16 * groups, std::uint8_t{127}) : values_up_to(127, 16 * groups, seed);
            auto const codes = values_up_to(255, 16 * groups, seed + 100);
            simd::block_sums expected{};
            for (std::size_t r = 0; r < 32; ++r)
                for (std::size_t g = 0; g < groups; ++g) expected[r] += tables[16 * g + (codes[16 * g + r % 16] >> (r < 16 ? 0 : 4) & 15)];
            for (guard const side : {guard::before, guard::after}) {
                guarded<std::uint8_t> const t(tables, side), c(codes, side);
                simd::block_sums sums;
                simd::nibble_scan(arch, t.data(), c.data(), groups, sums);
                if (sums != expected) FAIL(name << " differs with " << groups << " groups, seed " << seed);
            }
        }
    });
}
