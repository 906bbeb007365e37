// SPDX-License-Identifier: Apache-2.0
#include <simile/simd/float_sums.hpp>

#include "support/architectures.hpp"
#include "support/guard_page.hpp"
#include "support/reference.hpp"

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <array>
#include <bit>
#include <cmath>

using namespace simile;
using namespace simile::test;

namespace {

// What the header promises for sum_rows.
double reproducible_bound(std::size_t n, exact_sum const& exact) {
    return error_factor(std::ceil(static_cast<double>(n) / 16) + 6) * exact.magnitude;
}

// What the header promises for the fast forms in registers of `lanes` floats.
double fast_bound(std::size_t n, std::size_t lanes, exact_sum const& exact) {
    return error_factor(std::ceil(static_cast<double>(n) / static_cast<double>(4 * lanes)) + static_cast<double>(lanes) + 8) *
           exact.magnitude;
}

template <class Arch>
constexpr std::size_t lanes_of() {
#if !defined(SIMILE_SCALAR)
    if constexpr (!std::is_same_v<Arch, scalar_arch>) return xsimd::batch<float, Arch>::size;
#endif
    return 16;
}

// Magnitudes spread over 16 binary orders, so that the order of a sum shows.
std::vector<float> mixed_vector(std::size_t n, std::uint64_t seed) {
    auto x = normal_vector(n, seed);
    xoshiro256 random(seed);
    for (float& v : x) v = std::ldexp(v, static_cast<int>(random() % 16) - 8);
    return x;
}

// Sixteen lanes, products rounded, then the tree (i, i + 8), (i, i + 4), (i, i + 2), (i, i + 1): the definition that fixes the bits.
template <class Term>
float tree_by_definition(std::span<float const> x, std::span<float const> y, Term term) {
    std::array<float, 16> lane{};
    for (std::size_t i = 0; i < x.size(); ++i) {
        float volatile rounded_term = term(x[i], y[i]);
        lane[i % 16] += rounded_term;
    }
    for (std::size_t width = 8; width != 0; width /= 2)
        for (std::size_t i = 0; i < width; ++i) lane[i] += lane[i + width];
    return lane[0];
}
float product_of(float a, float b) { return a * b; }
float square_of(float a, float b) {
    float volatile const difference = a - b;
    return difference * difference;
}

template <class T>
T stored(float v) {
    if constexpr (std::is_same_v<T, half>)
        return simd::to_half(v);
    else
        return simd::to_bfloat16(v);
}

bool same_bits(float a, float b) { return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b); }

}  // namespace

TEST_CASE("float sums stay within their documented error bound on every architecture", "[simd][float_sums]") {
    auto const scale = GENERATE(1.0F, 1e-12F, 1e12F);
    for_each_architecture([&](auto arch, std::string_view name) {
        for (std::size_t const n : kernel_lengths())
            for (std::uint64_t seed = 0; seed < 8; ++seed) {
                auto const x = normal_vector(n, 1000 * n + seed, scale), y = mixed_vector(n, 1000 * n + 500 + seed);
                auto const dot = dot_by_definition<float>(x, y);
                auto const l2 = squared_l2_by_definition<float>(x, y);
                constexpr std::size_t lanes = lanes_of<decltype(arch)>();
                INFO(name << ", length " << n << ", seed " << seed << ", scale " << scale);
                bool const ok =
                    std::abs(simd::sum_pair<simd::product>(arch, x.data(), y.data(), n) - dot.value) <= reproducible_bound(n, dot) &&
                    std::abs(simd::sum_pair<simd::squared_difference>(arch, x.data(), y.data(), n) - l2.value) <=
                        reproducible_bound(n, l2) &&
                    std::abs(simd::fast_dot(arch, x.data(), y.data(), n) - dot.value) <= fast_bound(n, lanes, dot) &&
                    std::abs(simd::fast_squared_l2(arch, x.data(), y.data(), n) - l2.value) <= fast_bound(n, lanes, l2);
                if (!ok) CHECK(ok);
            }
    });
}

TEST_CASE("reproducible sums have the bits of their definition on every architecture", "[simd][float_sums]") {
    for_each_architecture([&](auto arch, std::string_view name) {
        for (std::size_t const n : kernel_lengths()) {
            auto const x = mixed_vector(n, n), y = mixed_vector(n, n + 7);
            bool const dot = same_bits(simd::sum_pair<simd::product>(arch, x.data(), y.data(), n), tree_by_definition(x, y, product_of));
            bool const l2 =
                same_bits(simd::sum_pair<simd::squared_difference>(arch, x.data(), y.data(), n), tree_by_definition(x, y, square_of));
            if (!dot || !l2) FAIL(name << " differs at length " << n << ": dot " << dot << ", squared_l2 " << l2);
        }
    });
}

TEST_CASE("rows of floats and halves summed together have the bits of rows summed alone", "[simd][float_sums]") {
    for_each_architecture([&](auto arch, std::string_view name) {
        for (std::size_t const n : {std::size_t{1}, std::size_t{15}, std::size_t{16}, std::size_t{100}, std::size_t{384}}) {
            auto const query = mixed_vector(n, n), rows = mixed_vector(4 * (n + 3), n + 1);
            std::vector<half> halves(rows.size());
            std::vector<float> widened(rows.size());
            for (std::size_t i = 0; i < rows.size(); ++i) {
                halves[i] = simd::to_half(rows[i]);
                widened[i] = simd::to_float(halves[i]);
            }
            float together[4], of_halves[4];
            simd::sum_rows<simd::product, 4>(arch, query.data(), rows.data(), n + 3, n, together);
            simd::sum_rows<simd::product, 4>(arch, query.data(), halves.data(), n + 3, n, of_halves);
            for (std::size_t r = 0; r < 4; ++r) {
                INFO(name << ", length " << n << ", row " << r);
                CHECK(same_bits(together[r], simd::sum_pair<simd::product>(arch, query.data(), rows.data() + r * (n + 3), n)));
                CHECK(same_bits(of_halves[r], simd::sum_pair<simd::product>(scalar_arch{}, query.data(), widened.data() + r * (n + 3), n)));
            }
        }
    });
}

TEMPLATE_TEST_CASE("kernels for half and bfloat16 agree with those for the floats they stand for", "[simd][float_sums]", half, bfloat16) {
    for_each_architecture([&](auto arch, std::string_view name) {
        for (std::size_t const n : kernel_lengths()) {
            auto const x = mixed_vector(n, n), y = mixed_vector(n, n + 7);
            std::vector<TestType> a(n), b(n);
            std::vector<float> wide_a(n), wide_b(n);
            for (std::size_t i = 0; i < n; ++i) {
                a[i] = stored<TestType>(x[i]), b[i] = stored<TestType>(y[i]);
                wide_a[i] = simd::to_float(a[i]), wide_b[i] = simd::to_float(b[i]);
            }
            guarded<TestType> const p(a, guard::after), q(b, guard::before);
            auto const dot = dot_by_definition<float>(wide_a, wide_b), xx = dot_by_definition<float>(wide_a, wide_a),
                       yy = dot_by_definition<float>(wide_b, wide_b);
            auto const l2 = squared_l2_by_definition<float>(wide_a, wide_b);
            auto const within = [&](float got, exact_sum const& exact, std::size_t lanes) {
                return std::abs(got - exact.value) <= fast_bound(n, lanes, exact);
            };
            constexpr std::size_t lanes = lanes_of<decltype(arch)>();
            auto const cosine = simd::fast_cosine_sums(arch, p.data(), q.data(), n);
            bool const fast = within(simd::fast_dot(arch, p.data(), q.data(), n), dot, lanes) &&
                              within(simd::fast_squared_l2(arch, p.data(), q.data(), n), l2, lanes) && within(cosine.xy, dot, lanes / 2) &&
                              within(cosine.xx, xx, lanes / 2) && within(cosine.yy, yy, lanes / 2);
            bool const rows =
                same_bits(simd::sum_pair<simd::product>(arch, wide_a.data(), q.data(), n), tree_by_definition(wide_a, wide_b, product_of));
            bool const pairs = same_bits(simd::sum_pair<simd::squared_difference>(arch, p.data(), q.data(), n),
                                         tree_by_definition(wide_a, wide_b, square_of));
            if (!fast || !rows || !pairs)
                FAIL(name << " differs at length " << n << ": fast " << fast << ", rows " << rows << ", pairs " << pairs);
        }
    });
}

TEST_CASE("float kernels read every finite half, subnormal ones too, as its value", "[simd][float_sums][half]") {
    for_each_architecture([&](auto arch, std::string_view name) {
        float const one[1] = {1.0F};
        for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
            half const h{static_cast<std::uint16_t>(bits)};
            if ((bits >> 10 & 31) == 31) continue;
            // Minus zero has become zero in the sum.
            if (simd::sum_pair<simd::product>(arch, one, &h, 1) != simd::to_float(h)) FAIL(name << " reads half " << bits << " wrongly");
        }
    });
}

TEST_CASE("float kernels give the same for unaligned data and touch nothing outside it", "[simd][float_sums]") {
    for_each_architecture([&](auto arch, std::string_view name) {
        for (std::size_t n = 0; n <= 260; ++n) {
            auto const x = normal_vector(n, n), y = normal_vector(n, n + 1);
            std::vector<half> halves(n);
            for (std::size_t i = 0; i < n; ++i) halves[i] = simd::to_half(y[i]);
            auto const reproducible_sums = [&](float const* a, float const* b, half const* h) {
                return std::array<float, 3>{simd::sum_pair<simd::product>(arch, a, b, n),
                                            simd::sum_pair<simd::squared_difference>(arch, a, b, n),
                                            simd::sum_pair<simd::product>(arch, a, h, n)};
            };
            // A compiler may fuse the last few terms of the fast forms as it likes, so these are equal within their bound only.
            auto const fast_sums = [&](float const* a, float const* b) {
                auto const c = simd::fast_cosine_sums(arch, a, b, n);
                return std::array<float, 5>{simd::fast_dot(arch, a, b, n), simd::fast_squared_l2(arch, a, b, n), c.xy, c.xx, c.yy};
            };
            std::array<exact_sum, 5> const exact{dot_by_definition<float>(x, y), squared_l2_by_definition<float>(x, y),
                                                 dot_by_definition<float>(x, y), dot_by_definition<float>(x, x),
                                                 dot_by_definition<float>(y, y)};
            auto const expected = reproducible_sums(x.data(), y.data(), halves.data());
            auto const check = [&](float const* a, float const* b, half const* h, std::string_view how) {
                if (reproducible_sums(a, b, h) != expected) FAIL(name << " differs at length " << n << " " << how);
                auto const fast = fast_sums(a, b);
                for (std::size_t i = 0; i < fast.size(); ++i)
                    if (!(std::abs(fast[i] - exact[i].value) <= fast_bound(n, lanes_of<decltype(arch)>() / 2, exact[i])))
                        FAIL(name << ", fast sum " << i << ", length " << n << " " << how);
            };
            for (guard const side : {guard::before, guard::after}) {
                guarded<float> const a(x, side), b(y, side);
                guarded<half> const h(halves, side);
                check(a.data(), b.data(), h.data(), "beside a guard page");
            }
            if (n % 13 != 0) continue;
            for (std::size_t offset = 1; offset < 16; ++offset) {
                std::vector<float> a(offset, 0.0F), b(offset, 0.0F);
                a.insert(a.end(), x.begin(), x.end());
                b.insert(b.end(), y.begin(), y.end());
                check(a.data() + offset, b.data() + offset, halves.data(), "unaligned");
            }
        }
    });
}

TEST_CASE("denormal, huge and signed-zero floats do not break sums", "[simd][float_sums]") {
    for_each_architecture([&](auto arch, std::string_view name) {
        INFO(name);
        for (std::size_t const n : {std::size_t{1}, std::size_t{17}, std::size_t{64}, std::size_t{67}}) {
            std::vector<float> const tiny(n, 0x1p-140F), ones(n, 1.0F), huge(n, 0x1p120F), minus_zero(n, -0.0F);
            auto const count = static_cast<float>(n);
            CHECK(simd::sum_pair<simd::product>(arch, tiny.data(), ones.data(), n) == count * 0x1p-140F);
            CHECK(simd::fast_dot(arch, tiny.data(), ones.data(), n) == count * 0x1p-140F);
            CHECK(simd::sum_pair<simd::product>(arch, huge.data(), ones.data(), n) == count * 0x1p120F);
            CHECK(simd::sum_pair<simd::product>(arch, minus_zero.data(), ones.data(), n) == 0);
            CHECK(simd::sum_pair<simd::squared_difference>(arch, huge.data(), huge.data(), n) == 0);
            CHECK(std::isinf(simd::fast_squared_l2(arch, huge.data(), ones.data(), n)));
            std::vector<float> nan = ones;
            nan[n - 1] = std::nanf("");
            CHECK(std::isnan(simd::sum_pair<simd::product>(arch, nan.data(), ones.data(), n)));
            CHECK(std::isnan(simd::fast_dot(arch, nan.data(), ones.data(), n)));
        }
    });
}
