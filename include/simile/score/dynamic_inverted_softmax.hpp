// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/score/inverted_softmax.hpp>

#include <cmath>

/// Dynamic inverted softmax: a query's scores lose the bias of inverted softmax only when its best raw item is in the activation_set of the bank (the gate
/// is open), for else the bank knows nothing of what the query asks. The gate is one decision a query, not one an item.
///
/// Source    Bogolin, Croitoru, Jin, Liu, Albanie, "Cross Modal Retrieval with Querybank Normalisation", CVPR 2022.
namespace simile::score {

/// What simile ranks by: with the gate open or shut the unit stays that of s, so rows can be compared with each other and with a threshold.
[[nodiscard]] inline double dynamic_score(double s, double bias, bool open) noexcept { return open ? s - bias : s; }

/// What was published: a ratio when the gate is open and s when it is shut. Ranks the items of one query as dynamic_score does; values of different queries
/// mean different things. 0 or infinite where the ratio under- or overflows.
[[nodiscard]] inline double published_dynamic_score(double s, double lse, double beta, bool open) noexcept {
    return open ? std::exp(inverted_softmax_log(s, lse, beta)) : s;
}

}  // namespace simile::score
