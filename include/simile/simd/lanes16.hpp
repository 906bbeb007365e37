// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/unrolled.hpp>
#include <simile/simd/arch.hpp>
#include <simile/simd/load_floats.hpp>

#include <cstddef>

namespace simile::simd {

/// Sixteen float lanes however wide the registers are: the unit of every reproducible sum. Products are rounded before they are
/// added, and the lanes are added in the fixed tree (i, i + 8), (i, i + 4), (i, i + 2), (i, i + 1).
[[nodiscard, gnu::always_inline]] inline float tree_sum(float const (&lane)[16]) noexcept {
    float eight[8], four[4];
    for (int i = 0; i < 8; ++i) eight[i] = lane[i] + lane[i + 8];
    for (int i = 0; i < 4; ++i) four[i] = eight[i] + eight[i + 4];
    return (four[0] + four[2]) + (four[1] + four[3]);
}

template <class Arch>
struct lanes16;

template <>
struct lanes16<scalar_arch> {
    float lane[16];

    static lanes16 zero() noexcept { return {}; }
    template <float_element Element>
    static lanes16 load(Element const* p) noexcept {
        lanes16 r;
        for (int i = 0; i < 16; ++i) r.lane[i] = to_float(p[i]);
        return r;
    }
    void add_product(lanes16 const& a, lanes16 const& b) noexcept {
        for (int i = 0; i < 16; ++i) lane[i] += rounded(a.lane[i] * b.lane[i]);
    }
    void add_squared_difference(lanes16 const& a, lanes16 const& b) noexcept {
        for (int i = 0; i < 16; ++i) {
            float const difference = a.lane[i] - b.lane[i];
            lane[i] += rounded(difference * difference);
        }
    }
    [[nodiscard]] float sum() noexcept { return tree_sum(lane); }
};

#if !defined(SIMILE_SCALAR)
template <class Arch>
struct lanes16 {
    using batch = xsimd::batch<float, Arch>;
    static constexpr std::size_t parts = 16 / batch::size;
    static_assert(16 % batch::size == 0, "registers of more than 16 floats need a kernel of their own");
    batch part[parts];

    [[gnu::always_inline]] static lanes16 zero() noexcept {
        lanes16 r;
        unrolled<parts>([&](auto i) { r.part[i] = batch(0.0F); });
        return r;
    }
    template <float_element Element>
    [[gnu::always_inline]] static lanes16 load(Element const* p) noexcept {
        lanes16 r;
        unrolled<parts>([&](auto i) { r.part[i] = load_floats<Arch>(p + i * batch::size); });
        return r;
    }
    [[gnu::always_inline]] void add_product(lanes16 const& a, lanes16 const& b) noexcept {
        unrolled<parts>([&](auto i) { part[i] += rounded(a.part[i] * b.part[i]); });
    }
    [[gnu::always_inline]] void add_squared_difference(lanes16 const& a, lanes16 const& b) noexcept {
        unrolled<parts>([&](auto i) {
            batch const difference = a.part[i] - b.part[i];
            part[i] += rounded(difference * difference);
        });
    }
    [[nodiscard, gnu::always_inline]] float sum() noexcept {
        alignas(64) float lane[16];
        unrolled<parts>([&](auto i) { part[i].store_aligned(lane + i * batch::size); });
        return tree_sum(lane);
    }
};
#endif

}  // namespace simile::simd
