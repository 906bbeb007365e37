// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/simd/kernel_table.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

/// Kernels chosen when the program runs: link simile::dispatch instead of simile::simile. The best architecture that the processor has is taken, or the
/// one that the environment variable SIMILE_ARCH names.
namespace simile::simd {

/// The architectures that this build holds and this processor runs, best first. `scalar` is always among them.
[[nodiscard]] std::vector<std::string_view> available_architectures();

/// The name of the one whose kernels run.
/// @throws simile::error invalid_argument when SIMILE_ARCH names none of available_architectures(), which the message lists. A program that never asks
///         ends with that message at its first kernel.
[[nodiscard]] std::string_view active_architecture();

/// The kernels of the active architecture.
[[nodiscard]] kernel_table const& active_kernels();

#if defined(SIMILE_DISPATCH)
template <byte_code X>
[[nodiscard]] std::int32_t dot_i8(dispatched_arch, X const* x, std::int8_t const* y, std::size_t n) noexcept {
    return active_kernels().byte_slots<X>::dot(x, y, n);
}
template <byte_code X>
void dot_i8_rows(dispatched_arch, int8_row_query const& query, X const* rows, std::size_t count, std::int32_t* out) noexcept {
    active_kernels().byte_slots<X>::dot_rows(query, rows, count, out);
}
[[nodiscard]] inline std::uint32_t squared_l2_i8(dispatched_arch, std::int8_t const* x, std::int8_t const* y, std::size_t n) noexcept {
    return active_kernels().squared_l2_bytes(x, y, n);
}
[[nodiscard]] inline int8_sums cosine_sums_i8(dispatched_arch, std::int8_t const* x, std::int8_t const* y, std::size_t n) noexcept {
    return active_kernels().cosine_bytes(x, y, n);
}

template <class Join>
[[nodiscard]] std::uint32_t count_bits(dispatched_arch, std::byte const* x, std::byte const* y, std::size_t n) noexcept {
    return active_kernels().bit_slots<Join>::count(x, y, n);
}
template <class Join>
void count_bit_blocks(dispatched_arch, std::uint64_t const* query, std::size_t words, std::byte const* blocks, std::size_t count,
                      std::uint32_t* out) noexcept {
    active_kernels().bit_slots<Join>::blocks(query, words, blocks, count, out);
}

inline void nibble_scan(dispatched_arch, std::uint8_t const* tables, std::uint8_t const* codes, std::size_t groups,
                        block_sums& out) noexcept {
    active_kernels().nibbles(tables, codes, groups, out);
}

template <unsigned Bits>
void interleaved_dots(dispatched_arch, std::int8_t const* query, std::uint8_t const* block, std::size_t groups, block_dots& out) noexcept {
    active_kernels().interleaved_slots<Bits>::dots(query, block, groups, out);
}
template <unsigned Bits>
void interleaved_dots_many(dispatched_arch, std::int8_t const* queries, std::uint8_t const* block, std::size_t groups,
                           tile_dots& out) noexcept {
    active_kernels().interleaved_slots<Bits>::dots_many(queries, block, groups, out);
}
inline void interleaved_agreement(dispatched_arch, std::uint8_t const* inverted, std::uint8_t const* block, std::size_t groups,
                                  block_dots& out) noexcept {
    active_kernels().agreement(inverted, block, groups, out);
}
template <unsigned Bits>
void level_dots(dispatched_arch, level_bytes const& levels, std::int8_t const* query, std::int32_t sum, std::uint8_t const* block,
                std::size_t groups, block_dots& out) noexcept {
    active_kernels().level_slots<Bits>::dots(levels, query, sum, block, groups, out);
}
template <unsigned Bits>
void level_dots_many(dispatched_arch, level_bytes const& levels, std::int8_t const* queries, std::int32_t const* sums,
                     std::uint8_t const* block, std::size_t groups, tile_dots& out) noexcept {
    active_kernels().level_slots<Bits>::dots_many(levels, queries, sums, block, groups, out);
}
template <unsigned Bits>
[[nodiscard]] std::int32_t plane_dot(dispatched_arch, std::uint8_t const* plane, std::int8_t const* query, std::size_t groups) noexcept {
    return active_kernels().plane_slot<Bits>::dot(plane, query, groups);
}
template <class Factor>
[[nodiscard]] std::uint32_t score_block(dispatched_arch, block_dots const& dots, score_form const& form, Factor const* factors,
                                        float threshold, block_floats& out) noexcept {
    return active_kernels().score_slot<Factor>::score(dots, form, factors, threshold, out);
}
[[nodiscard]] inline std::uint32_t reaching(dispatched_arch, float const* scores, float threshold) noexcept {
    return active_kernels().reaching_threshold(scores, threshold);
}

namespace kernel {
template <std::size_t Rows>
void dispatched_tile<Rows>::dot(float const* const* x, float const* panel, std::size_t dims, float (*out)[panel_width]) noexcept {
    static_assert(Rows == 1 || Rows == dispatched_rows);
    (Rows == 1 ? active_kernels().panel_of_one : active_kernels().panel_of_tile)(x, panel, dims, out);
}
}  // namespace kernel

template <class Term, std::size_t Rows, float_element X, float_element Y>
void sum_rows(dispatched_arch, X const* query, Y const* rows, std::size_t stride, std::size_t n, float* out) noexcept {
    auto const kernel = static_cast<float_slots<X, Y> const&>(active_kernels()).template rows<Term, Rows>();
    constexpr std::size_t step = Rows % 4 == 0 ? 4 : 1;
    for (std::size_t r = 0; r < Rows; r += step) kernel(query, rows + r * stride, stride, n, out + r);
}
template <float_element X, float_element Y>
[[nodiscard]] float fast_dot(dispatched_arch, X const* x, Y const* y, std::size_t n) noexcept {
    return active_kernels().float_slots<X, Y>::dot(x, y, n);
}
template <float_element X, float_element Y>
[[nodiscard]] float fast_squared_l2(dispatched_arch, X const* x, Y const* y, std::size_t n) noexcept {
    return active_kernels().float_slots<X, Y>::squared_l2(x, y, n);
}
template <float_element X, float_element Y>
[[nodiscard]] cosine_sums fast_cosine_sums(dispatched_arch, X const* x, Y const* y, std::size_t n) noexcept {
    return active_kernels().float_slots<X, Y>::cosine(x, y, n);
}
#endif

}  // namespace simile::simd
