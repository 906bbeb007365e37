// SPDX-License-Identifier: Apache-2.0
#include <simile/quantize/planes.hpp>
#include <simile/simd/interleaved.hpp>

#include "support/architectures.hpp"
#include "support/guard_page.hpp"
#include "support/integer_samples.hpp"

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cstring>

using namespace simile;
using namespace simile::test;
using simd::block_dots;
using simd::interleaved;

namespace {

template <unsigned Bits>
std::vector<std::uint8_t> packed(integer_sample const& s) {
    std::vector<std::uint8_t> block(interleaved<Bits>::block_bytes(s.dims));
    for (std::size_t r = 0; r < block_rows; ++r)
        interleaved<Bits>::pack(s.dims, block.data(), r, [&](std::size_t i) { return s.value(r, i); });
    return block;
}

std::size_t rounded_up(std::size_t n, std::size_t step) { return (n + step - 1) / step * step; }

/// A query with zeros up to whole groups.
template <unsigned Bits>
std::vector<std::int8_t> padded(std::vector<std::int8_t> query) {
    query.resize(rounded_up(query.size(), interleaved<Bits>::per_group));
    return query;
}

block_dots dots_by_definition(integer_sample const& s) {
    block_dots dots;
    for (std::size_t r = 0; r < block_rows; ++r) dots[r] = static_cast<std::int32_t>(s.dot(r));
    return dots;
}

block_dots garbage() {
    block_dots out;
    out.fill(0x5A5A5A5A);
    return out;
}

template <class T>
std::vector<T> shifted(std::vector<T> values, std::size_t by) {
    values.insert(values.begin(), by, T{77});
    return values;
}

}  // namespace

TEMPLATE_TEST_CASE_SIG("interleaved values lie where the layout says, and come back", "[simd][interleaved]", ((unsigned Bits), Bits), 1, 2,
                       4, 8) {
    using layout = interleaved<Bits>;
    for (std::size_t const d : integer_lengths()) {
        auto const s = make_integer_sample(Bits, block_rows, d, 0);
        auto const block = packed<Bits>(s);
        REQUIRE(block.size() == rounded_up(d * Bits, 32) / 32 * 128);
        // Read as one little-endian word of 32 bits a group and row: byte b of it holds, lowest first, the dims 4 f + b of the group.
        for (std::size_t r = 0; r < block_rows; ++r)
            for (std::size_t i = 0; i < rounded_up(d, layout::per_group); ++i) {
                std::size_t const group = i * Bits / 32, in_group = i - group * 32 / Bits;
                unsigned const byte = block[128 * group + 4 * r + in_group % 4];
                unsigned const value = byte >> (in_group / 4 * Bits) & ((1U << Bits) - 1);
                if (value != (i < d ? s.value(r, i) : 0U)) FAIL("row " << r << ", dim " << i << " of " << d);
                if (i < d && layout::at(block.data(), r, i) != s.value(r, i)) FAIL("at(" << r << ", " << i << ") of " << d);
            }
        auto changed = block;
        layout::copy(d, block.data(), 5, changed.data(), 31);
        layout::clear(d, changed.data(), 0);
        for (std::size_t i = 0; i < d; ++i)
            for (std::size_t r = 0; r < block_rows; ++r)
                if (layout::at(changed.data(), r, i) != (r == 0 ? 0 : s.value(r == 31 ? 5 : r, i)))
                    FAIL("copied or cleared: row " << r << ", dim " << i << " of " << d);
    }
}

TEST_CASE("one-bit codes of 384 dims are read in whole groups of 128 bytes: no row of 48 bytes, no masked load", "[simd][interleaved]") {
    using layout = interleaved<1>;
    STATIC_REQUIRE(layout::group_bytes == 128);
    STATIC_REQUIRE(layout::block_bytes(384) == 12 * 128);
    STATIC_REQUIRE(layout::block_bytes(384) == block_rows * 384 / 8);
    // The 48 bytes of a row lie four by four in twelve groups, so that a register holds the same dims of 16 rows.
    std::vector<std::uint8_t> block(layout::block_bytes(384));
    layout::pack(384, block.data(), 7, [](std::size_t) { return 1; });
    for (std::size_t at = 0; at < block.size(); ++at) REQUIRE(block[at] == (at % 128 / 4 == 7 ? 0xFF : 0));
    // Whatever the dims, groups are whole, and the next block starts at a multiple of 64 bytes when factors follow.
    for (std::size_t const d : integer_lengths()) {
        CHECK(layout::block_bytes(d) % 128 == 0);
        CHECK(quantize::planes_codec<codec_kind::planes, 1, 3, 4>(d).block_bytes(0) == layout::block_bytes(d) + 64);
    }
}

TEMPLATE_TEST_CASE_SIG("interleaved_dots is <u, q> of 32 rows on every architecture, beside guard pages and unaligned",
                       "[simd][interleaved]", ((unsigned Bits), Bits), 1, 2, 4, 8) {
    using layout = interleaved<Bits>;
    auto lengths = integer_lengths();
    lengths.push_back(max_dims);
    for (std::size_t const d : lengths)
        for (unsigned pattern = 0; pattern < (d == max_dims ? 4 : integer_patterns); ++pattern) {
            auto const s = make_integer_sample(Bits, block_rows, d, pattern);
            auto const block = packed<Bits>(s);
            auto const query = padded<Bits>(s.query);
            auto const expected = dots_by_definition(s);
            guarded<std::int8_t> const q_after(query, guard::before), q_before(query, guard::after);
            guarded<std::uint8_t> const b_after(block, guard::before), b_before(block, guard::after);
            auto const q = shifted(query, 3), far_q = shifted(query, 17);
            auto const b = shifted(block, 1), far_b = shifted(block, 60);
            for_each_architecture([&](auto arch, std::string_view name) {
                auto const check = [&](std::int8_t const* asked, std::uint8_t const* rows, std::string_view where) {
                    auto dots = garbage();
                    simd::interleaved_dots<Bits>(arch, asked, rows, layout::groups(d), dots);
                    if (dots != expected) FAIL(name << " at " << d << " dims, pattern " << pattern << ", " << where);
                };
                check(q_after.data(), b_after.data(), "after a guard page");
                check(q_before.data(), b_before.data(), "before a guard page");
                check(q.data() + 3, b.data() + 1, "unaligned");
                check(far_q.data() + 17, far_b.data() + 60, "aligned to four bytes");
            });
        }
    block_dots none = garbage();
    std::vector<std::int8_t> const no_query(1);
    std::vector<std::uint8_t> const no_block(1);
    for_each_architecture([&](auto arch, std::string_view name) {
        CAPTURE(name);
        simd::interleaved_dots<Bits>(arch, no_query.data(), no_block.data(), 0, none);
        CHECK(none == block_dots{});
    });
}

TEMPLATE_TEST_CASE_SIG("interleaved_dots_many is interleaved_dots of each of eight queries, and zero for those that are missing",
                       "[simd][interleaved]", ((unsigned Bits), Bits), 1, 2, 4, 8) {
    using layout = interleaved<Bits>;
    for (std::size_t const d : integer_lengths()) {
        std::size_t const count = d % simd::query_tile + 1, length = rounded_up(d, layout::per_group);
        for (unsigned const pattern : {0U, 2U, 3U}) {
            auto s = make_integer_sample(Bits, block_rows, d, pattern);
            auto const block = packed<Bits>(s);
            std::vector<std::vector<std::int8_t>> queries;
            std::vector<std::int8_t const*> pointers;
            simd::tile_dots expected{};
            for (std::size_t i = 0; i < count; ++i) {
                if (i > 0) s.query = make_integer_sample(Bits, 1, d + i, i % 2 == 0 ? pattern : 1).query, s.query.resize(d);
                expected[i] = dots_by_definition(s);
                queries.push_back(padded<Bits>(s.query));
            }
            for (auto const& q : queries) pointers.push_back(q.data());
            std::vector<std::int8_t> tile(simd::query_tile * length);
            simd::pack_query_tile(pointers.data(), count, length, tile.data());
            guarded<std::int8_t> const q_after(tile, guard::before), q_before(tile, guard::after);
            guarded<std::uint8_t> const b_after(block, guard::before), b_before(block, guard::after);
            auto const q = shifted(tile, 5);
            auto const b = shifted(block, 3);
            for_each_architecture([&](auto arch, std::string_view name) {
                auto const check = [&](std::int8_t const* asked, std::uint8_t const* rows) {
                    simd::tile_dots dots;
                    dots.fill(garbage());
                    simd::interleaved_dots_many<Bits>(arch, asked, rows, layout::groups(d), dots);
                    if (dots != expected) FAIL(name << " at " << d << " dims, pattern " << pattern);
                };
                check(q_after.data(), b_after.data());
                check(q_before.data(), b_before.data());
                check(q.data() + 5, b.data() + 3);
            });
        }
    }
}

#if defined(__AVX512VNNI__) && defined(__AVX512VL__) && !defined(SIMILE_SCALAR) && !defined(SIMILE_DISPATCH)
TEMPLATE_TEST_CASE_SIG("registers of 256 bits with VPDPBUSD, which AVX-VNNI takes, give the same", "[simd][interleaved]",
                       ((unsigned Bits), Bits), 1, 2, 4, 8) {
    if (!xsimd::available_architectures().has(compiled_arch{})) SKIP("this processor lacks what the program is compiled for");
    for (std::size_t const d : integer_lengths())
        for (unsigned pattern = 0; pattern < integer_patterns; ++pattern) {
            auto const s = make_integer_sample(Bits, block_rows, d, pattern);
            auto const block = packed<Bits>(s);
            auto const query = padded<Bits>(s.query);
            std::vector<std::int8_t const*> const pointers(simd::query_tile, query.data());
            std::vector<std::int8_t> tile(simd::query_tile * query.size());
            simd::pack_query_tile(pointers.data(), simd::query_tile, query.size(), tile.data());
            auto dots = garbage();
            simd::tile_dots many, expected;
            expected.fill(dots_by_definition(s));
            simd::kernel::interleaved_dots_of<simd::dot_lanes256<compiled_arch>, Bits>(query.data(), block.data(),
                                                                                       interleaved<Bits>::groups(d), dots);
            simd::kernel::interleaved_dots_many_of<simd::dot_lanes256<compiled_arch>, Bits>(tile.data(), block.data(),
                                                                                            interleaved<Bits>::groups(d), many);
            if (dots != expected[0] || many != expected) FAIL(d << " dims, pattern " << pattern);
        }
}
#endif

TEST_CASE("pack_query_tile puts four dims of eight queries side by side", "[simd][interleaved]") {
    std::vector<std::int8_t> const first = {1, 2, 3, 4, 5, 6, 7, 8}, second = {-1, -2, -3, -4, -5, -6, -7, -8};
    std::int8_t const* const queries[] = {first.data(), second.data()};
    std::vector<std::int8_t> tile(64), expected(64);
    for (std::size_t g = 0; g < 2; ++g)
        for (std::size_t b = 0; b < 4; ++b) {
            expected[32 * g + b] = static_cast<std::int8_t>(4 * g + b + 1);
            expected[32 * g + 4 + b] = static_cast<std::int8_t>(-static_cast<int>(4 * g + b + 1));
        }
    simd::pack_query_tile(queries, 2, 8, tile.data());
    CHECK(tile == expected);
}

TEST_CASE("interleaved_agreement counts the bits in which 32 rows agree with a query, beside guard pages and unaligned",
          "[simd][interleaved]") {
    using layout = interleaved<1>;
    auto lengths = integer_lengths();
    lengths.push_back(max_dims);
    for (std::size_t const d : lengths)
        for (unsigned pattern = 0; pattern < integer_patterns; ++pattern) {
            auto const s = make_integer_sample(1, block_rows, d, pattern);
            auto const block = packed<1>(s);
            // The complement of the query's bits, and zeros beyond the dims, as row 0 of a block whose words lie side by side.
            std::vector<std::uint8_t> inverted(4 * layout::groups(d));
            for (std::size_t i = 0; i < d; ++i)
                if (s.query[i] < 0)
                    inverted[i / 32 * 4 + i % 4] = static_cast<std::uint8_t>(inverted[i / 32 * 4 + i % 4] | 1U << (i % 32 / 4));
            block_dots expected{};
            for (std::size_t r = 0; r < block_rows; ++r)
                for (std::size_t i = 0; i < d; ++i) expected[r] += (s.value(r, i) == 1) == (s.query[i] >= 0);
            guarded<std::uint8_t> const q_after(inverted, guard::before), q_before(inverted, guard::after);
            guarded<std::uint8_t> const b_after(block, guard::before), b_before(block, guard::after);
            auto const q = shifted(inverted, 3), b = shifted(block, 1);
            for_each_architecture([&](auto arch, std::string_view name) {
                auto const check = [&](std::uint8_t const* asked, std::uint8_t const* rows, std::string_view where) {
                    auto counts = garbage();
                    simd::interleaved_agreement(arch, asked, rows, layout::groups(d), counts);
                    if (counts != expected) FAIL(name << " at " << d << " dims, pattern " << pattern << ", " << where);
                };
                check(q_after.data(), b_after.data(), "after a guard page");
                check(q_before.data(), b_before.data(), "before a guard page");
                check(q.data() + 3, b.data() + 1, "unaligned");
            });
        }
}
