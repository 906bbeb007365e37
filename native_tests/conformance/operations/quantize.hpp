// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common.hpp"

#include <simile/core/aligned_buffer.hpp>
#include <simile/core/norm.hpp>
#include <simile/quantize/planes.hpp>
#include <simile/quantize/rotation.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

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

/// Strings of 0 and 1, one a round, as packed bits.
[[nodiscard]] inline std::vector<std::uint8_t> flips_of(json const& rounds, std::size_t padded) {
    require(rounds.size() == quantize::rotation::rounds, error_code::invalid_argument, "there are ", rounds.size(), " rounds of flips");
    std::vector<std::uint8_t> bytes(rounds.size() * padded / 8);
    std::size_t bit = 0;
    for (json const& round : rounds) {
        auto const& text = round.get_ref<std::string const&>();
        require(text.size() == padded && text.find_first_not_of("01") == std::string::npos, error_code::invalid_argument, "a round of flips is not ", padded,
                " times 0 or 1");
        for (char const c : text) {
            bytes[bit / 8] |= static_cast<std::uint8_t>((c - '0') << bit % 8);
            ++bit;
        }
    }
    return bytes;
}

[[nodiscard]] inline json rotation_operation(json const& in) {
    auto const x = numbers<float>(in.at("x"));
    auto const dims = in.value("dim", x.size()), padded = quantize::rotation::padded_dims(dims);
    require(dims != 0, error_code::invalid_argument, "there are no dimensions");
    require(x.size() == dims, error_code::dimension_mismatch, "x has ", x.size(), " elements, not ", dims);
    require(in.value("padded", padded) == padded, error_code::invalid_argument, dims, " dimensions are padded to ", padded);
    require(all_finite(x), error_code::not_finite, "a component is NaN or infinite");
    quantize::rotation const rotation(dims, flips_of(in.at("flips"), padded), std::bit_floor(dims));
    std::vector<float> y(padded), back(dims);
    rotation.apply(x, y);
    rotation.apply_transposed(y, back);
    return {{"y", y}, {"back", back}};
}

[[nodiscard]] inline operation_map quantize_operations() {
    return {
        {"quantize/planes", planes_operation},
        {"quantize/rotation", rotation_operation},
    };
}

}  // namespace simile::conformance
