// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>

#include <cassert>
#include <concepts>
#include <span>

namespace simile::similarity {

/// Compares two vectors of the same length. Axiom: s(x, y) == s(y, x) to the bit.
template <class S, class Element>
concept similarity_functor = requires(S const& s, std::span<Element const> x) {
    { s(x, x) } noexcept;
    { S::order } -> std::convertible_to<ordering>;
};

}  // namespace simile::similarity
