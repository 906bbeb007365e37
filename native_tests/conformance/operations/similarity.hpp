// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common.hpp"

#include <simile/similarity/cosine.hpp>
#include <simile/similarity/dot.hpp>
#include <simile/similarity/hamming.hpp>
#include <simile/similarity/squared_l2.hpp>

#include <cstdint>
#include <span>

namespace simile::conformance {

template <class T, class Functor>
[[nodiscard]] auto compare(Functor functor, json const& in) {
    auto const x = numbers<T>(in.at("x")), y = numbers<T>(in.at("y"));
    require_same_size(x, y);
    return functor(std::span<T const>(x), std::span<T const>(y));
}

template <class Functor>
[[nodiscard]] operation pair_operation(std::string field, Functor functor) {
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

[[nodiscard]] inline operation_map similarity_operations() {
    return {
        {"similarity/dot", pair_operation("dot", similarity::dot)},
        {"similarity/cosine", pair_operation("cosine", similarity::cosine)},
        {"similarity/squared_l2", pair_operation("squared_l2", similarity::squared_l2)},
        {"similarity/hamming", hamming_operation},
    };
}

}  // namespace simile::conformance
