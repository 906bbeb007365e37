// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "operations/compose.hpp"
#include "operations/eval.hpp"
#include "operations/explain.hpp"
#include "operations/fixed_dimensional_encoding.hpp"
#include "operations/mine.hpp"
#include "operations/quantize.hpp"
#include "operations/relevance.hpp"
#include "operations/score.hpp"
#include "operations/similarity.hpp"

namespace simile::conformance {

[[nodiscard]] inline operation_map const& operations() {
    static operation_map const all = [] {
        operation_map merged;
        for (auto area : {
                 compose_operations(),
                 eval_operations(),
                 explain_operations(),
                 fixed_dimensional_encoding_operations(),
                 mine_operations(),
                 quantize_operations(),
                 relevance_operations(),
                 score_operations(),
                 similarity_operations(),
             })
            merged.merge(area);
        return merged;
    }();
    return all;
}

}  // namespace simile::conformance
