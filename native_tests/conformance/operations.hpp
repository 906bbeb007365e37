// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "json.hpp"

#include <simile/core/aligned_buffer.hpp>
#include <simile/core/norm.hpp>
#include <simile/quantize/planes.hpp>
#include <simile/similarity/cosine.hpp>
#include <simile/similarity/dot.hpp>
#include <simile/similarity/hamming.hpp>
#include <simile/similarity/squared_l2.hpp>

#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

/// What each operation of the conformance vectors does with the library: `in` of a case to everything that `out` may ask for.
namespace simile::conformance {

template <class T>
void require_same_size(std::vector<T> const& x, std::vector<T> const& y) {
    require(x.size() == y.size(), error_code::dimension_mismatch, "x has ", x.size(), " elements, y has ", y.size());
}

template <class T, class Functor>
[[nodiscard]] auto compare(Functor functor, json const& in) {
    auto const x = numbers<T>(in.at("x")), y = numbers<T>(in.at("y"));
    require_same_size(x, y);
    return functor(std::span<T const>(x), std::span<T const>(y));
}

template <class Functor>
[[nodiscard]] std::function<json(json const&)> pair_operation(std::string field, Functor functor) {
    return [=](json const& in) -> json {
        if (in.value("type", "f32") == "i8") return {{field, compare<std::int8_t>(functor, in)}};
        return {{field, compare<float>(functor, in)}};
    };
}

[[nodiscard]] inline json hamming_operation(json const& in) {
    auto const x = numbers<std::uint8_t>(in.at("x")), y = numbers<std::uint8_t>(in.at("y"));
    require_same_size(x, y);
    return {{"hamming", similarity::hamming(std::as_bytes(std::span(x)), std::as_bytes(std::span(y)))}};
}

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

using operation = std::function<json(json const&)>;

[[nodiscard]] inline std::map<std::string, operation> const& operations() {
    static std::map<std::string, operation> const all = {
        {"similarity/dot", pair_operation("dot", similarity::dot)},
        {"similarity/cosine", pair_operation("cosine", similarity::cosine)},
        {"similarity/squared_l2", pair_operation("squared_l2", similarity::squared_l2)},
        {"similarity/hamming", hamming_operation},
        {"quantize/planes", planes_operation},
    };
    return all;
}

}  // namespace simile::conformance
