// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/compose/direction.hpp>

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace simile::compose {

/// A query of sets of sentences: x ranks by sum SIM(x, B_i) - sum SIM(x, C_j), where SIM is the mean cosine with the members of a set: "what belongs to all of
/// the B and to none of the C". It is linear, so it is one vector: score = <x, vector> for x of unit length, or `length` times the cosine.
struct set_query {
    std::vector<float> direction;  ///< [dims], of unit length; zeros when the sets cancel out
    double length;                 ///< of sum mean(B_i) - sum mean(C_j); 0 when they do
};

/// @param with     sets B [members, dims], each with a member, finite; lengths of vectors mean nothing
/// @param without  sets C likewise; one set in all is enough
/// @throws error dimension_mismatch, invalid_argument (no set, an empty set), not_finite
/// Source  Liu, "SetCSE: Set Operations using Contrastive Learning of Sentence Embeddings", ICLR 2024.
[[nodiscard]] inline set_query query_of_sets(std::span<matrix_view<float const> const> with,
                                             std::span<matrix_view<float const> const> without = {}) {
    require(!with.empty() || !without.empty(), error_code::invalid_argument, "a query of no sets");
    std::size_t const dims = with.empty() ? without[0].dims() : with[0].dims();
    std::vector<double> sum(dims);
    auto const add = [&](matrix_view<float const> members, double sign) {
        detail::require_rows(members, dims, "a set");
        for (std::size_t i = 0; i < members.rows(); ++i) detail::add_direction(sum, members[i], sign / static_cast<double>(members.rows()));
    };
    for (auto const& members : with) add(members, 1);
    for (auto const& members : without) add(members, -1);
    set_query out{std::vector<float>(dims), 0};
    out.length = detail::write_unit(sum, detail::cancelled * static_cast<double>(with.size() + without.size()), out.direction);
    return out;
}

}  // namespace simile::compose
