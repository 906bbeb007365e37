// SPDX-License-Identifier: Apache-2.0
#include <simile/simd/int8_dot.hpp>

#include "support/architectures.hpp"
#include "support/guard_page.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;

namespace {

std::int32_t dot_of(std::span<std::int8_t const> x, std::span<std::int8_t const> y) { return static_cast<std::int32_t>(dot_by_definition(x, y).value); }

}  // namespace

TEST_CASE("int8 dots are exact at every length and alignment, beside guard pages too", "[simd][int8_dot]") {
    for_each_architecture([&](auto arch, std::string_view name) {
        for (std::size_t const n : kernel_lengths()) {
            auto const x = int8_vector(n, n), y = int8_vector(n, n + 1);
            std::int32_t const expected = dot_of(x, y);
            for (guard const side : {guard::before, guard::after}) {
                guarded<std::int8_t> const a(x, side), b(y, side);
                if (simd::dot_i8(arch, a.data(), b.data(), n) != expected) FAIL(name << " differs at length " << n);
            }
            if (n % 7 != 0) continue;
            for (std::size_t offset = 1; offset < 64; ++offset) {
                std::vector<std::int8_t> a(offset), b(64 - offset);
                a.insert(a.end(), x.begin(), x.end());
                b.insert(b.end(), y.begin(), y.end());
                if (simd::dot_i8(arch, a.data() + offset, b.data() + 64 - offset, n) != expected) FAIL(name << " differs at length " << n << ", offset " << offset);
            }
        }
    });
}

TEST_CASE("int8 dots of extreme values do not overflow up to 65,536 dims", "[simd][int8_dot]") {
    for_each_architecture([&](auto arch, std::string_view name) {
        INFO(name);
        for (int const a : {-128, -127, 127})
            for (int const b : {-128, -127, 127}) {
                std::vector<std::int8_t> const x(65536, static_cast<std::int8_t>(a)), y(65536, static_cast<std::int8_t>(b));
                CHECK(simd::dot_i8(arch, x.data(), y.data(), x.size()) == 65536 * a * b);
            }
    });
}

TEST_CASE("rows of int8 scanned for a query have the dots of pairs", "[simd][int8_dot]") {
    for_each_architecture([&](auto arch, std::string_view name) {
        for (std::size_t const n : kernel_lengths()) {
            simd::int8_query const query(normal_vector(n, n));
            for (std::size_t const count : {std::size_t{1}, std::size_t{3}, std::size_t{32}}) {
                if (count == 32 && n > 260 && n != 384) continue;
                auto rows = int8_vector(count * n, n + count);
                if (!rows.empty()) rows.back() = -128;
                guarded<std::int8_t> const guarded_rows(rows, guard::after);
                std::vector<std::int32_t> out(count, -1);
                simd::dot_i8_rows(arch, query, guarded_rows.data(), count, out.data());
                for (std::size_t r = 0; r < count; ++r)
                    if (out[r] != dot_of(std::span(rows).subspan(r * n, n), query.codes)) FAIL(name << " differs at length " << n << ", row " << r << " of " << count);
            }
        }
    });
}
