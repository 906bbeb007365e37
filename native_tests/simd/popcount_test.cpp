// SPDX-License-Identifier: Apache-2.0
#include <simile/simd/popcount.hpp>

#include "support/architectures.hpp"
#include "support/guard_page.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <bit>

using namespace simile;
using namespace simile::test;

namespace {

struct bit_counts {
    std::uint32_t differing = 0, both = 0, either = 0;
};

bit_counts counts_of(std::span<std::byte const> x, std::span<std::byte const> y) {
    bit_counts counts;
    for (std::size_t i = 0; i < x.size(); ++i)
        for (unsigned bit = 0; bit < 8; ++bit) {
            bool const a = (std::to_integer<unsigned>(x[i]) >> bit & 1U) != 0, b = (std::to_integer<unsigned>(y[i]) >> bit & 1U) != 0;
            counts.differing += a != b;
            counts.both += a && b;
            counts.either += a || b;
        }
    return counts;
}

}  // namespace

TEST_CASE("bits are counted exactly at every length and alignment, beside guard pages too", "[simd][popcount]") {
    for_each_architecture([&](auto arch, std::string_view name) {
        for (std::size_t const n : kernel_lengths()) {
            auto const x = byte_vector(n, n), y = byte_vector(n, n + 1);
            bit_counts const expected = counts_of(x, y);
            auto const check = [&](std::byte const* a, std::byte const* b) {
                if (simd::hamming(arch, a, b, n) != expected.differing) FAIL(name << ", hamming at length " << n);
                if (simd::jaccard(arch, a, b, n) != simd::jaccard_sums{expected.both, expected.either})
                    FAIL(name << ", jaccard at length " << n);
            };
            for (guard const side : {guard::before, guard::after}) {
                guarded<std::byte> const a(x, side), b(y, side);
                check(a.data(), b.data());
            }
            if (n % 11 != 0) continue;
            for (std::size_t offset = 1; offset < 64; ++offset) {
                std::vector<std::byte> a(offset), b(64 - offset);
                a.insert(a.end(), x.begin(), x.end());
                b.insert(b.end(), y.begin(), y.end());
                check(a.data() + offset, b.data() + 64 - offset);
            }
        }
    });
}

TEST_CASE("bit counts of long texts do not overflow a lane", "[simd][popcount]") {
    for_each_architecture([&](auto arch, std::string_view name) {
        INFO(name);
        // Around 31 registers of every width the counts of bytes have to be emptied.
        for (std::size_t const n : {std::size_t{31 * 16 - 1}, std::size_t{31 * 16 + 17}, std::size_t{31 * 32 + 33},
                                    std::size_t{31 * 64 + 65}, std::size_t{1} << 20}) {
            std::vector<std::byte> const x(n, std::byte{0x00}), y(n, std::byte{0xFF});
            CHECK(simd::hamming(arch, x.data(), y.data(), n) == 8 * n);
            CHECK(simd::jaccard(arch, x.data(), y.data(), n) == simd::jaccard_sums{0, static_cast<std::uint32_t>(8 * n)});
            CHECK(simd::jaccard(arch, y.data(), y.data(), n).both == 8 * n);
        }
    });
}
