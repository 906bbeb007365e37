// SPDX-License-Identifier: Apache-2.0
#include <simile/simd/bit_blocks.hpp>

#include "support/architectures.hpp"
#include "support/guard_page.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using simd::bit_block;

namespace {

/// `blocks` blocks of random rows, and those rows one after the other.
struct sample_blocks {
    std::size_t bits, row_bytes, count;
    std::vector<std::byte> rows, blocks;

    sample_blocks(std::size_t bits_, std::size_t count_, std::uint64_t seed)
        : bits(bits_),
          row_bytes((bits_ + 7) / 8),
          count(count_),
          rows(byte_vector(8 * count_ * row_bytes, seed)),
          blocks(count_ * bit_block::bytes(bits_)) {
        for (std::size_t r = 0; r < 8 * count; ++r)
            bit_block::put(bits, rows.data() + r * row_bytes, blocks.data() + r / 8 * bit_block::bytes(bits), r % 8);
    }
    [[nodiscard]] std::span<std::byte const> row(std::size_t r) const { return std::span(rows).subspan(r * row_bytes, row_bytes); }
};

std::uint32_t bits_in(std::span<std::byte const> x, std::span<std::byte const> y, bool (*join)(bool, bool)) {
    std::uint32_t count = 0;
    for (std::size_t i = 0; i < 8 * x.size(); ++i)
        count += join((std::to_integer<unsigned>(x[i / 8]) >> i % 8 & 1U) != 0, (std::to_integer<unsigned>(y[i / 8]) >> i % 8 & 1U) != 0);
    return count;
}

std::vector<std::size_t> widths() {
    std::vector<std::size_t> bits;
    for (std::size_t b = 1; b <= 200; b += 3) bits.push_back(b);
    // The words that kernels hold in registers, their neighbours, and more than 31 words, which overflow counts of bytes.
    for (std::size_t const b : {256U, 320U, 384U, 392U, 512U, 768U, 1024U, 1536U, 1984U, 2048U, 4096U}) bits.push_back(b);
    return bits;
}

}  // namespace

TEST_CASE("a block of bits keeps whole cache lines for eight rows, and no row is padded by another's size", "[simd][bit_blocks]") {
    // 48-byte rows one after the other are the case that kernels with masked loads scan at a fraction of the speed of memory.
    STATIC_REQUIRE(bit_block::bytes(384) == 8 * 48);
    STATIC_REQUIRE(bit_block::bytes(96) == 8 * 16);
    for (std::size_t const bits : widths()) {
        CHECK(bit_block::bytes(bits) % 64 == 0);
        sample_blocks const data(bits, 1, bits);
        std::vector<std::byte> back(data.row_bytes);
        for (std::size_t r = 0; r < 8; ++r) {
            for (std::size_t i = 0; i < data.row_bytes; ++i)
                if (data.blocks[64 * (i / 8) + 8 * r + i % 8] != data.row(r)[i])
                    FAIL("byte " << i << " of row " << r << " at " << bits << " bits");
            bit_block::get(bits, data.blocks.data(), r, back.data());
            CHECK(std::ranges::equal(back, data.row(r)));
        }
    }
}

TEST_CASE("bits of blocks are counted exactly on every architecture, beside guard pages too", "[simd][bit_blocks]") {
    for_each_architecture([&](auto arch, std::string_view name) {
        for (std::size_t const bits : widths())
            for (std::size_t const count : {std::size_t{1}, std::size_t{4}}) {
                sample_blocks const data(bits, count, bits + count);
                auto const asked = byte_vector(data.row_bytes, bits + 99);
                std::vector<std::uint64_t> query(bit_block::words(bits), ~std::uint64_t{0});
                bit_block::query(bits, asked.data(), query.data());
                for (guard const side : {guard::before, guard::after}) {
                    guarded<std::byte> const blocks(data.blocks, side);
                    guarded<std::uint64_t> const words(query, side);
                    std::vector<std::uint32_t> differing(8 * count), both(8 * count), either(8 * count);
                    simd::hamming_blocks(arch, words.data(), query.size(), blocks.data(), count, differing.data());
                    simd::count_bit_blocks<simd::common_bits>(arch, words.data(), query.size(), blocks.data(), count, both.data());
                    simd::count_bit_blocks<simd::present_bits>(arch, words.data(), query.size(), blocks.data(), count, either.data());
                    for (std::size_t r = 0; r < 8 * count; ++r) {
                        bool const ok = differing[r] == bits_in(data.row(r), asked, [](bool a, bool b) { return a != b; }) &&
                                        both[r] == bits_in(data.row(r), asked, [](bool a, bool b) { return a && b; }) &&
                                        either[r] == bits_in(data.row(r), asked, [](bool a, bool b) { return a || b; });
                        if (!ok) FAIL(name << " differs at " << bits << " bits, row " << r);
                    }
                }
            }
    });
}
