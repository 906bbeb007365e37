// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/simd/bit_blocks.hpp>
#include <simile/simd/block_scores.hpp>
#include <simile/simd/float_sums.hpp>
#include <simile/simd/int8_dot.hpp>
#include <simile/simd/interleaved.hpp>
#include <simile/simd/level_dots.hpp>
#include <simile/simd/level_layout.hpp>
#include <simile/simd/nearest_centroid.hpp>
#include <simile/simd/nibble_scan.hpp>
#include <simile/simd/plane_dot.hpp>
#include <simile/simd/popcount.hpp>

#include <cstddef>
#include <cstdint>

namespace simile::simd {

/// The kernels of one architecture as pointers. A slot for each set of template arguments; `fill` takes the kernels of `Arch`.
template <class X>
struct byte_slots {
    std::int32_t (*dot)(X const*, std::int8_t const*, std::size_t) noexcept;
    void (*dot_rows)(int8_row_query const&, X const*, std::size_t, std::int32_t*) noexcept;

    template <class Arch>
    constexpr void fill(Arch) noexcept {
        dot = [](X const* x, std::int8_t const* y, std::size_t n) noexcept { return dot_i8(Arch{}, x, y, n); };
        dot_rows = [](int8_row_query const& q, X const* rows, std::size_t count, std::int32_t* out) noexcept {
            dot_i8_rows(Arch{}, q, rows, count, out);
        };
    }
};

template <class Join>
struct bit_slots {
    std::uint32_t (*count)(std::byte const*, std::byte const*, std::size_t) noexcept;
    void (*blocks)(std::uint64_t const*, std::size_t, std::byte const*, std::size_t, std::uint32_t*) noexcept;

    template <class Arch>
    constexpr void fill(Arch) noexcept {
        count = [](std::byte const* x, std::byte const* y, std::size_t n) noexcept { return count_bits<Join>(Arch{}, x, y, n); };
        blocks = [](std::uint64_t const* q, std::size_t words, std::byte const* b, std::size_t n, std::uint32_t* out) noexcept {
            count_bit_blocks<Join>(Arch{}, q, words, b, n, out);
        };
    }
};

template <unsigned Bits>
struct interleaved_slots {
    void (*dots)(std::int8_t const*, std::uint8_t const*, std::size_t, block_dots&) noexcept;
    void (*dots_many)(std::int8_t const*, std::uint8_t const*, std::size_t, tile_dots&) noexcept;

    template <class Arch>
    constexpr void fill(Arch) noexcept {
        dots = [](std::int8_t const* q, std::uint8_t const* block, std::size_t groups, block_dots& out) noexcept {
            interleaved_dots<Bits>(Arch{}, q, block, groups, out);
        };
        dots_many = [](std::int8_t const* queries, std::uint8_t const* block, std::size_t groups, tile_dots& out) noexcept {
            interleaved_dots_many<Bits>(Arch{}, queries, block, groups, out);
        };
    }
};

template <unsigned Bits>
struct level_slots {
    void (*dots)(level_bytes const&, std::int8_t const*, std::int32_t, std::uint8_t const*, std::size_t, block_dots&) noexcept;
    void (*dots_many)(level_bytes const&, std::int8_t const*, std::int32_t const*, std::uint8_t const*, std::size_t, tile_dots&) noexcept;

    template <class Arch>
    constexpr void fill(Arch) noexcept {
        dots = [](level_bytes const& levels, std::int8_t const* q, std::int32_t sum, std::uint8_t const* block, std::size_t groups,
                  block_dots& out) noexcept { level_dots<Bits>(Arch{}, levels, q, sum, block, groups, out); };
        dots_many = [](level_bytes const& levels, std::int8_t const* queries, std::int32_t const* sums, std::uint8_t const* block,
                       std::size_t groups,
                       tile_dots& out) noexcept { level_dots_many<Bits>(Arch{}, levels, queries, sums, block, groups, out); };
    }
};

template <unsigned Bits>
struct plane_slot {
    std::int32_t (*dot)(std::uint8_t const*, std::int8_t const*, std::size_t) noexcept;

    template <class Arch>
    constexpr void fill(Arch) noexcept {
        dot = [](std::uint8_t const* plane, std::int8_t const* q, std::size_t groups) noexcept {
            return plane_dot<Bits>(Arch{}, plane, q, groups);
        };
    }
};

template <class Factor>
struct score_slot {
    std::uint32_t (*score)(block_dots const&, score_form const&, Factor const*, float, block_floats&) noexcept;

    template <class Arch>
    constexpr void fill(Arch) noexcept {
        score = [](block_dots const& dots, score_form const& form, Factor const* factors, float threshold, block_floats& out) noexcept {
            return score_block(Arch{}, dots, form, factors, threshold, out);
        };
    }
};

template <class X, class Y>
struct float_slots {
    using rows_kernel = void (*)(X const*, Y const*, std::size_t, std::size_t, float*) noexcept;
    rows_kernel product_1, product_4, squared_difference_1, squared_difference_4;
    float (*dot)(X const*, Y const*, std::size_t) noexcept;
    float (*squared_l2)(X const*, Y const*, std::size_t) noexcept;
    cosine_sums (*cosine)(X const*, Y const*, std::size_t) noexcept;

    template <class Arch>
    constexpr void fill(Arch) noexcept {
        product_1 = rows_of<product, 1, Arch>();
        product_4 = rows_of<product, 4, Arch>();
        squared_difference_1 = rows_of<squared_difference, 1, Arch>();
        squared_difference_4 = rows_of<squared_difference, 4, Arch>();
        dot = [](X const* x, Y const* y, std::size_t n) noexcept { return fast_dot(Arch{}, x, y, n); };
        squared_l2 = [](X const* x, Y const* y, std::size_t n) noexcept { return fast_squared_l2(Arch{}, x, y, n); };
        cosine = [](X const* x, Y const* y, std::size_t n) noexcept { return fast_cosine_sums(Arch{}, x, y, n); };
    }
    template <class Term, std::size_t Rows>
    [[nodiscard]] constexpr rows_kernel rows() const noexcept {
        if constexpr (std::is_same_v<Term, product>)
            return Rows % 4 == 0 ? product_4 : product_1;
        else
            return Rows % 4 == 0 ? squared_difference_4 : squared_difference_1;
    }

private:
    template <class Term, std::size_t Rows, class Arch>
    static constexpr rows_kernel rows_of() noexcept {
        return [](X const* q, Y const* rows, std::size_t stride, std::size_t n, float* out) noexcept {
            sum_rows<Term, Rows>(Arch{}, q, rows, stride, n, out);
        };
    }
};

struct kernel_table : byte_slots<std::int8_t>,
                      byte_slots<std::uint8_t>,
                      bit_slots<differing_bits>,
                      bit_slots<common_bits>,
                      bit_slots<present_bits>,
                      interleaved_slots<1>,
                      interleaved_slots<2>,
                      interleaved_slots<4>,
                      interleaved_slots<8>,
                      level_slots<1>,
                      level_slots<2>,
                      level_slots<3>,
                      level_slots<4>,
                      plane_slot<1>,
                      plane_slot<2>,
                      plane_slot<4>,
                      score_slot<float>,
                      score_slot<half>,
                      float_slots<float, float>,
                      float_slots<float, half>,
                      float_slots<float, bfloat16>,
                      float_slots<half, float>,
                      float_slots<bfloat16, float>,
                      float_slots<half, half>,
                      float_slots<bfloat16, bfloat16> {
    char const* name;
    std::uint32_t (*squared_l2_bytes)(std::int8_t const*, std::int8_t const*, std::size_t) noexcept;
    int8_sums (*cosine_bytes)(std::int8_t const*, std::int8_t const*, std::size_t) noexcept;
    void (*nibbles)(std::uint8_t const*, std::uint8_t const*, std::size_t, block_sums&) noexcept;
    void (*agreement)(std::uint8_t const*, std::uint8_t const*, std::size_t, block_dots&) noexcept;
    std::uint32_t (*reaching_threshold)(float const*, float) noexcept;
    void (*panel_of_one)(float const* const*, float const*, std::size_t, float (*)[panel_width]) noexcept;
    void (*panel_of_tile)(float const* const*, float const*, std::size_t, float (*)[panel_width]) noexcept;
};

template <class Arch>
[[nodiscard]] constexpr kernel_table make_kernel_table(Arch arch, char const* name) noexcept {
    kernel_table t{};
    t.name = name;
    t.byte_slots<std::int8_t>::fill(arch);
    t.byte_slots<std::uint8_t>::fill(arch);
    t.bit_slots<differing_bits>::fill(arch);
    t.bit_slots<common_bits>::fill(arch);
    t.bit_slots<present_bits>::fill(arch);
    t.interleaved_slots<1>::fill(arch);
    t.interleaved_slots<2>::fill(arch);
    t.interleaved_slots<4>::fill(arch);
    t.interleaved_slots<8>::fill(arch);
    t.level_slots<1>::fill(arch);
    t.level_slots<2>::fill(arch);
    t.level_slots<3>::fill(arch);
    t.level_slots<4>::fill(arch);
    t.plane_slot<1>::fill(arch);
    t.plane_slot<2>::fill(arch);
    t.plane_slot<4>::fill(arch);
    t.score_slot<float>::fill(arch);
    t.score_slot<half>::fill(arch);
    t.float_slots<float, float>::fill(arch);
    t.float_slots<float, half>::fill(arch);
    t.float_slots<float, bfloat16>::fill(arch);
    t.float_slots<half, float>::fill(arch);
    t.float_slots<bfloat16, float>::fill(arch);
    t.float_slots<half, half>::fill(arch);
    t.float_slots<bfloat16, bfloat16>::fill(arch);
    t.squared_l2_bytes = [](std::int8_t const* x, std::int8_t const* y, std::size_t n) noexcept { return squared_l2_i8(Arch{}, x, y, n); };
    t.cosine_bytes = [](std::int8_t const* x, std::int8_t const* y, std::size_t n) noexcept { return cosine_sums_i8(Arch{}, x, y, n); };
    t.nibbles = [](std::uint8_t const* tables, std::uint8_t const* codes, std::size_t groups, block_sums& out) noexcept {
        nibble_scan(Arch{}, tables, codes, groups, out);
    };
    t.agreement = [](std::uint8_t const* q, std::uint8_t const* block, std::size_t groups, block_dots& out) noexcept {
        interleaved_agreement(Arch{}, q, block, groups, out);
    };
    t.reaching_threshold = [](float const* scores, float threshold) noexcept { return reaching(Arch{}, scores, threshold); };
    t.panel_of_one = [](float const* const* rows, float const* panel, std::size_t dims, float(*out)[panel_width]) noexcept {
        kernel::tiles<Arch>::template tile<1>::dot(rows, panel, dims, out);
    };
    t.panel_of_tile = [](float const* const* rows, float const* panel, std::size_t dims, float(*out)[panel_width]) noexcept {
        using tile = typename kernel::tiles<Arch>::template tile<kernel::tiles<Arch>::rows>;
        for (std::size_t r = 0; r < kernel::dispatched_rows; r += tile::rows) tile::dot(rows + r, panel, dims, out + r);
    };
    return t;
}

}  // namespace simile::simd
