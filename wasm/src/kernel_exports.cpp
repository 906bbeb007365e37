// SPDX-License-Identifier: Apache-2.0
// The kernels as such: for tests, tuning and one-off comparisons.
#include "exports.hpp"

#include <simile/core/norm.hpp>
#include <simile/quantize/planes.hpp>
#include <simile/similarity/cosine.hpp>
#include <simile/similarity/dot.hpp>
#include <simile/similarity/hamming.hpp>
#include <simile/similarity/squared_l2.hpp>

#include <array>
#include <vector>

using namespace simile;
using namespace simile::wasm;

namespace {

template <class Functor>
void put_float_pair(Functor functor, bool same_bits, std::span<float const> x, std::span<float const> y) {
    answer.put(same_bits ? functor(reproducible, x, y) : functor(x, y));
}

}  // namespace

EXPORT(simile_pair) std::uint32_t simile_pair(std::uint32_t op, std::uint32_t a, std::uint32_t b, std::uint32_t n) {
    return guarded([&] {
        require(n <= max_dims || op == 6, error_code::out_of_range, n, " dimensions are more than ", max_dims);
        auto const floats = [&](std::uint32_t p) { return at<float>(p, n); };
        auto const codes = [&](std::uint32_t p) { return at<std::int8_t>(p, n); };
        bool const same_bits = op >= 16;
        switch (same_bits ? op - 16 : op) {
            case 0: return put_float_pair(similarity::dot, same_bits, floats(a), floats(b));
            case 1: return put_float_pair(similarity::cosine, same_bits, floats(a), floats(b));
            case 2: return put_float_pair(similarity::squared_l2, same_bits, floats(a), floats(b));
            case 3: return answer.put(similarity::dot(codes(a), codes(b)));
            case 4: return answer.put(similarity::cosine(codes(a), codes(b)));
            case 5: return answer.put(static_cast<std::uint32_t>(similarity::squared_l2(codes(a), codes(b))));
            case 6: return answer.put(similarity::hamming(at<std::byte>(a, n), at<std::byte>(b, n)));
            default: fail(error_code::invalid_argument, "unknown pair operation ", op);
        }
    });
}

EXPORT(simile_planes) std::uint32_t simile_planes(std::uint32_t vector, std::uint32_t dims, std::uint32_t query) {
    return guarded([&] {
        require(dims >= 1 && dims <= max_dims, error_code::out_of_range, "dims must be 1 .. ", max_dims, ", got ", dims);
        using codec_type = quantize::planes_1_3_4;
        codec_type const codec(dims);
        auto const given = at<float>(vector, dims);
        require(all_finite(given), error_code::not_finite, "vector has a component that is NaN or infinite");
        std::vector<float> unit(dims);
        require(to_unit(given, unit) > 0, error_code::zero_norm, "vector is zero and has no direction");
        std::vector<codec_type::integer> codes(dims);
        std::array<byte_buffer, codec_type::levels> blocks;
        codec_type::mutable_planes to{};
        codec_type::planes from{};
        for (unsigned p = 0; p < codec_type::levels; ++p) {
            blocks[p].assign(codec.block_bytes(p), std::byte{0});
            from[p] = to[p] = blocks[p].data();
        }
        codec.encode(unit, to, 0, codes);
        std::vector<std::int8_t> const bytes(codes.begin(), codes.end());
        answer.put_all(std::span<std::int8_t const>(bytes));
        answer.pad_to_4();
        for (unsigned p = 0; p < codec_type::levels; ++p) answer.put(codec.factor(from[p], p, 0));
        if (query == 0) return;

        auto const q = at<float>(query, dims);
        require(all_finite(q), error_code::not_finite, "query has a component that is NaN or infinite");
        require(to_unit(q, unit) > 0, error_code::zero_norm, "query is zero and has no direction");
        auto const prepared = codec.prepare(unit, 1.0F);
        for (unsigned level = 1; level <= codec_type::levels; ++level) answer.put(codec.score(prepared, from, 0, level));
    });
}

EXPORT(simile_tune) std::uint32_t simile_tune([[maybe_unused]] std::uint32_t choice) {
#if defined(__wasm_relaxed_simd__)
    simd::use_relaxed_dot = choice == 1;
    return simd::use_relaxed_dot ? 1 : 0;
#else
    return 0;
#endif
}

/// What a scan does: 1 MiB of int8 rows against one query, `repetitions` times.
EXPORT(simile_probe) std::int32_t simile_probe(std::uint32_t repetitions) {
    constexpr std::size_t dims = 512, rows = 64;  // 32 KiB at a time, as a first-level cache sees it
    static std::vector<std::int8_t> const codes(rows * dims, std::int8_t{3});
    static simd::int8_row_query const query(std::vector<float>(dims, 1.0F));
    std::array<std::int32_t, rows> out{};
    std::int32_t sum = 0;
    for (std::uint32_t i = 0; i < repetitions * 32; ++i) {
        simd::dot_i8_rows(default_arch{}, query, codes.data(), rows, out.data());
        sum ^= out[i % rows];
    }
    return sum;
}
