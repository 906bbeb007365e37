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

std::uint32_t bits_that_differ(std::span<std::byte const> x, std::span<std::byte const> y) {
    std::uint32_t count = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
        for (unsigned bit = 0; bit < 8; ++bit) count += (std::to_integer<unsigned>(x[i] ^ y[i]) >> bit) & 1U;
    return count;
}

}  // namespace

TEST_CASE("Hamming distances are exact at every length and alignment, beside guard pages too", "[simd][popcount]") {
    for_each_architecture([&](auto arch, std::string_view name) {
        for (std::size_t const n : kernel_lengths()) {
            auto const x = byte_vector(n, n), y = byte_vector(n, n + 1);
            std::uint32_t const expected = bits_that_differ(x, y);
            for (guard const side : {guard::before, guard::after}) {
                guarded<std::byte> const a(x, side), b(y, side);
                if (simd::hamming(arch, a.data(), b.data(), n) != expected) FAIL(name << " differs at length " << n);
            }
            if (n % 11 != 0) continue;
            for (std::size_t offset = 1; offset < 64; ++offset) {
                std::vector<std::byte> a(offset), b(64 - offset);
                a.insert(a.end(), x.begin(), x.end());
                b.insert(b.end(), y.begin(), y.end());
                if (simd::hamming(arch, a.data() + offset, b.data() + 64 - offset, n) != expected) FAIL(name << " differs at length " << n << ", offset " << offset);
            }
        }
    });
}

TEST_CASE("Hamming distances of texts that differ everywhere do not overflow a lane", "[simd][popcount]") {
    for_each_architecture([&](auto arch, std::string_view name) {
        INFO(name);
        std::vector<std::byte> const x(1 << 20, std::byte{0x00}), y(1 << 20, std::byte{0xFF});
        CHECK(simd::hamming(arch, x.data(), y.data(), x.size()) == 8U << 20);
    });
}
