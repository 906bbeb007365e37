// SPDX-License-Identifier: Apache-2.0
#include <simile/simd/level_dots.hpp>

#include <simile/core/aligned_buffer.hpp>

#include "support/architectures.hpp"
#include "support/guard_page.hpp"
#include "support/reference.hpp"

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;

namespace {

template <unsigned Bits>
struct bits_type {
    static constexpr unsigned value = Bits;
};

std::vector<std::int8_t> codes_of_query(std::size_t n, std::uint64_t seed) {
    auto codes = int8_vector(n, seed);
    for (auto& c : codes) c = std::max<std::int8_t>(c, -127);
    return codes;
}
std::int32_t sum_of(std::span<std::int8_t const> codes) {
    std::int32_t sum = 0;
    for (int const c : codes) sum += c;
    return sum;
}
simd::level_bytes random_levels(std::uint64_t seed) {
    simd::level_bytes levels{};
    auto const values = codes_of_query(16, seed);
    std::copy(values.begin(), values.end(), levels.begin());
    return levels;
}

/// Codes of 32 rows and their block.
template <unsigned Bits>
struct filled_block {
    filled_block(std::size_t dims, std::uint64_t seed) : codes(block_rows * dims), block(simd::level_layout<Bits>::block_bytes(dims)) {
        xoshiro256 random(seed);
        for (auto& c : codes) c = static_cast<std::uint8_t>(random() >> (64 - Bits));
        for (std::size_t r = 0; r < block_rows; ++r)
            simd::level_layout<Bits>::pack(dims, block.data(), r, [&](std::size_t i) { return codes[r * dims + i]; });
    }
    std::vector<std::uint8_t> codes;
    std::vector<std::uint8_t> block;
};

}  // namespace

TEMPLATE_TEST_CASE("codes of a block of levels are packed, read, copied and cleared row by row", "[simd][level_dots]", bits_type<1>,
                   bits_type<2>, bits_type<3>, bits_type<4>) {
    using layout = simd::level_layout<TestType::value>;
    for (std::size_t const dims : {1U, 8U, 16U, 17U, 31U, 32U, 33U, 100U, 384U}) {
        filled_block<TestType::value> filled(dims, dims);
        CHECK(filled.block.size() == TestType::value * 128 * ((dims + 31) / 32));
        auto const holds = [&](std::size_t slot, std::size_t row) {
            for (std::size_t i = 0; i < dims; ++i)
                if (layout::at(filled.block.data(), slot, i) != filled.codes[row * dims + i]) return false;
            return true;
        };
        for (std::size_t r = 0; r < block_rows; ++r) CHECK(holds(r, r));
        layout::copy(dims, filled.block.data(), 31, filled.block.data(), 4);
        CHECK((holds(4, 31) && holds(3, 3) && holds(5, 5) && holds(31, 31)));
        for (std::size_t r = 0; r < block_rows; ++r) layout::clear(dims, filled.block.data(), r);
        CHECK(filled.block == std::vector<std::uint8_t>(filled.block.size(), std::uint8_t{0}));
    }
}

TEMPLATE_TEST_CASE("products with levels are exact on every architecture, beside guard pages too", "[simd][level_dots]", bits_type<1>,
                   bits_type<2>, bits_type<3>, bits_type<4>) {
    constexpr unsigned bits = TestType::value;
    for (std::size_t const dims : {1U, 4U, 31U, 32U, 33U, 64U, 95U, 96U, 384U, 1537U}) {
        std::size_t const groups = simd::level_layout<bits>::groups(dims), padded = 32 * groups;
        for (std::uint64_t seed = 0; seed < 4; ++seed) {
            filled_block<bits> filled(dims, seed + 10);
            auto levels = random_levels(seed);
            std::vector<std::vector<std::int8_t>> queries;
            for (std::size_t i = 0; i < simd::query_tile; ++i) {
                auto q = codes_of_query(dims, 100 * seed + i);
                // The last seed has the largest products of either sign.
                if (seed == 3) std::fill(q.begin(), q.end(), static_cast<std::int8_t>(i % 2 == 0 ? 127 : -127));
                q.resize(padded);
                queries.push_back(std::move(q));
            }
            if (seed == 3) levels.fill(-127), levels[0] = 127;
            std::vector<std::int8_t> tile(simd::query_tile * padded);
            std::array<std::int8_t const*, simd::query_tile> pointers{};
            std::array<std::int32_t, simd::query_tile> sums{};
            simd::tile_dots expected{};
            for (std::size_t i = 0; i < queries.size(); ++i) {
                pointers[i] = queries[i].data();
                sums[i] = sum_of(queries[i]);
                for (std::size_t r = 0; r < block_rows; ++r)
                    for (std::size_t j = 0; j < dims; ++j) expected[i][r] += levels[filled.codes[r * dims + j]] * queries[i][j];
            }
            simd::pack_query_tile(pointers.data(), queries.size(), padded, tile.data());
            for_each_architecture([&](auto arch, std::string_view name) {
                for (guard const side : {guard::before, guard::after}) {
                    guarded<std::uint8_t> const block(filled.block, side);
                    guarded<std::int8_t> const q(queries[1], side), t(tile, side);
                    simd::block_dots one;
                    simd::level_dots<bits>(arch, levels, q.data(), sums[1], block.data(), groups, one);
                    if (one != expected[1]) FAIL(name << " differs at " << dims << " dims, seed " << seed);
                    simd::tile_dots many;
                    simd::level_dots_many<bits>(arch, levels, t.data(), sums.data(), block.data(), groups, many);
                    if (many != expected) FAIL(name << " differs for a tile at " << dims << " dims, seed " << seed);
                }
            });
        }
    }
}

TEMPLATE_TEST_CASE("the sums of 65,536 dims do not overflow", "[simd][level_dots]", bits_type<1>, bits_type<4>) {
    constexpr unsigned bits = TestType::value;
    std::size_t const dims = 65536;
    std::vector<std::uint8_t> const block(simd::level_layout<bits>::block_bytes(dims));  // all codes 0
    for (int const q : {127, -127}) {
        std::vector<std::int8_t> const query(dims, static_cast<std::int8_t>(q));
        simd::level_bytes levels{};
        levels[0] = 127;
        for_each_architecture([&](auto arch, std::string_view name) {
            simd::block_dots dots;
            simd::level_dots<bits>(arch, levels, query.data(), q * 65536, block.data(), dims / 32, dots);
            for (std::int32_t const d : dots)
                if (d != 65536 * 127 * q) FAIL(name << " gives " << d);
        });
    }
}
