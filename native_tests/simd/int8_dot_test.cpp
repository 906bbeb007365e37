// SPDX-License-Identifier: Apache-2.0
#include <simile/simd/int8_dot.hpp>

#include "support/architectures.hpp"
#include "support/guard_page.hpp"
#include "support/reference.hpp"

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;

namespace {

template <class X>
std::vector<X> codes_of(std::size_t n, std::uint64_t seed) {
    auto const values = int8_vector(n, seed);
    return {values.begin(), values.end()};
}

template <class X>
std::int32_t dot_of(std::span<X const> x, std::span<std::int8_t const> y) {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += std::int64_t{x[i]} * y[i];
    return static_cast<std::int32_t>(sum);
}
std::int64_t squared_l2_of(std::span<std::int8_t const> x, std::span<std::int8_t const> y) {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += (std::int64_t{x[i]} - y[i]) * (std::int64_t{x[i]} - y[i]);
    return sum;
}

/// check(x, y) with the vectors beside guard pages and, at some lengths, at every offset to a cache line.
template <class X, class Check>
void at_all_places(std::vector<X> const& x, std::vector<std::int8_t> const& y, Check check) {
    for (guard const side : {guard::before, guard::after}) {
        guarded<X> const a(x, side);
        guarded<std::int8_t> const b(y, side);
        check(a.data(), b.data());
    }
    if (x.size() % 7 != 0) return;
    for (std::size_t offset = 1; offset < 64; ++offset) {
        std::vector<X> a(offset);
        std::vector<std::int8_t> b(64 - offset);
        a.insert(a.end(), x.begin(), x.end());
        b.insert(b.end(), y.begin(), y.end());
        check(a.data() + offset, b.data() + 64 - offset);
    }
}

}  // namespace

TEMPLATE_TEST_CASE("int8 dots are exact at every length and alignment, beside guard pages too", "[simd][int8_dot]", std::int8_t,
                   std::uint8_t) {
    for_each_architecture([&](auto arch, std::string_view name) {
        for (std::size_t const n : kernel_lengths()) {
            auto const x = codes_of<TestType>(n, n);
            auto const y = int8_vector(n, n + 1);
            std::int32_t const expected = dot_of<TestType>(x, y);
            at_all_places(x, y, [&](TestType const* a, std::int8_t const* b) {
                if (simd::dot_i8(arch, a, b, n) != expected) FAIL(name << " differs at length " << n);
            });
        }
    });
}

TEST_CASE("squared distances and cosine sums of int8 are exact at every length and alignment", "[simd][int8_dot]") {
    for_each_architecture([&](auto arch, std::string_view name) {
        for (std::size_t const n : kernel_lengths()) {
            auto const x = int8_vector(n, n), y = int8_vector(n, n + 1);
            std::int64_t const distance = squared_l2_of(x, y);
            simd::int8_sums const sums{dot_of<std::int8_t>(x, y), dot_of<std::int8_t>(x, x), dot_of<std::int8_t>(y, y)};
            at_all_places(x, y, [&](std::int8_t const* a, std::int8_t const* b) {
                if (simd::squared_l2_i8(arch, a, b, n) != distance) FAIL(name << ", distance at length " << n);
                if (simd::cosine_sums_i8(arch, a, b, n) != sums) FAIL(name << ", cosine at length " << n);
            });
        }
    });
}

TEST_CASE("int8 sums of extreme values do not overflow up to 65,536 dims", "[simd][int8_dot]") {
    for_each_architecture([&](auto arch, std::string_view name) {
        INFO(name);
        for (int const a : {-128, -127, 127, 255})
            for (int const b : {-128, -127, 127}) {
                std::vector<std::uint8_t> const u(65536, static_cast<std::uint8_t>(a));
                std::vector<std::int8_t> const x(65536, static_cast<std::int8_t>(a)), y(65536, static_cast<std::int8_t>(b));
                int const as_signed = x[0], as_unsigned = u[0];
                CHECK(simd::dot_i8(arch, u.data(), y.data(), u.size()) == 65536 * as_unsigned * b);
                CHECK(simd::dot_i8(arch, x.data(), y.data(), x.size()) == 65536 * as_signed * b);
                CHECK(simd::squared_l2_i8(arch, x.data(), y.data(), x.size()) ==
                      65536U * static_cast<unsigned>((as_signed - b) * (as_signed - b)));
                CHECK(simd::cosine_sums_i8(arch, x.data(), y.data(), x.size()) ==
                      simd::int8_sums{65536 * as_signed * b, 65536 * as_signed * as_signed, 65536 * b * b});
            }
    });
}

TEMPLATE_TEST_CASE("rows of int8 scanned for a query have the dots of pairs", "[simd][int8_dot]", std::int8_t, std::uint8_t) {
    for_each_architecture([&](auto arch, std::string_view name) {
        for (std::size_t const n : kernel_lengths()) {
            simd::int8_row_query const query(normal_vector(n, n));
            for (std::size_t const count : {std::size_t{1}, std::size_t{3}, std::size_t{7}, std::size_t{32}}) {
                if (count == 32 && n > 260 && n != 384) continue;
                auto rows = codes_of<TestType>(count * n, n + count);
                if (!rows.empty()) rows.back() = static_cast<TestType>(-128);
                for (guard const side : {guard::before, guard::after}) {
                    guarded<TestType> const guarded_rows(rows, side);
                    std::vector<std::int32_t> out(count, -1);
                    simd::dot_i8_rows(arch, query, guarded_rows.data(), count, out.data());
                    for (std::size_t r = 0; r < count; ++r)
                        if (out[r] != dot_of<TestType>(std::span(rows).subspan(r * n, n), query.codes))
                            FAIL(name << " differs at length " << n << ", row " << r << " of " << count);
                }
            }
        }
    });
}

#if defined(__AVX512VNNI__) && defined(__AVX512VL__) && !defined(SIMILE_SCALAR)
TEST_CASE("the kernels of AVX-VNNI are exact, by the encoding that AVX-512 has for the same instruction", "[simd][int8_dot]") {
    using registers = simd::vnni256<xsimd::avxvnni>;
    for (std::size_t const n : kernel_lengths()) {
        auto const x = int8_vector(n, n);
        simd::int8_row_query const query(normal_vector(n, n));
        at_all_places(x, {query.codes.begin(), query.codes.end()}, [&](std::int8_t const* a, std::int8_t const* b) {
            if (simd::vnni::dot<registers>(a, b, n) != dot_of<std::int8_t>(x, query.codes)) FAIL("length " << n);
            std::int32_t row;
            simd::vnni::dot_rows<registers>(query, a, 1, &row);
            if (row != dot_of<std::int8_t>(x, query.codes)) FAIL("row of length " << n);
        });
    }
}
#endif
