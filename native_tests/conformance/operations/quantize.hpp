// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common.hpp"

#include <simile/core/aligned_buffer.hpp>
#include <simile/core/norm.hpp>
#include <simile/quantize/planes.hpp>

#include <array>
#include <cstddef>

namespace simile::conformance {

[[nodiscard]] inline std::vector<float> unit_of(std::vector<float> const& x) {
    require(all_finite(x), error_code::not_finite, "a component is NaN or infinite");
    std::vector<float> out(x.size());
    require(to_unit(x, out) > 0, error_code::zero_norm, "the vector is zero");
    return out;
}

[[nodiscard]] inline json planes_operation(json const& in) {
    using codec_type = quantize::planes_codec;
    auto const x = numbers<float>(in.at("x"));
    codec_type const codec(x.size());
    std::vector<std::int8_t> codes(x.size());
    std::array<byte_buffer, codec_type::levels> blocks;
    codec_type::mutable_planes to{};
    codec_type::planes from{};
    for (unsigned p = 0; p < codec_type::levels; ++p) {
        blocks[p].assign(codec.block_bytes(p), std::byte{0});
        from[p] = to[p] = blocks[p].data();
    }
    constexpr std::size_t slot = 21;  // in the upper nibbles of plane 0
    codec.encode(unit_of(x), to, slot, codes);
    json out = {{"codes", codes}, {"factors", json::array()}};
    for (unsigned p = 0; p < codec_type::levels; ++p) out["factors"].push_back(codec.factor(from[p], p, slot));
    if (!in.contains("q")) return out;

    auto const q = numbers<float>(in.at("q"));
    require_same_size(x, q);
    auto const prepared = codec.prepare(unit_of(q), 1.0F);
    quantize::block_scores first;
    codec.scan(prepared, from[0], first);
    out["estimates"] = {first[slot], codec.score(prepared, from, slot, 2), codec.score(prepared, from, slot, 3)};
    return out;
}

[[nodiscard]] inline operation_map quantize_operations() {
    return {
        {"quantize/planes", planes_operation},
    };
}

}  // namespace simile::conformance
