// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>
#include <simile/core/norm.hpp>
#include <simile/core/similarity_kind.hpp>
#include <simile/index/search.hpp>
#include <simile/score/relevance.hpp>

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

namespace simile::detail {

/// What a checked query's scores mean; nothing without a model.
[[nodiscard]] inline std::optional<score::query_relevance> meaning_of(std::span<float const> query, score::relevance_model const* model,
                                                                      similarity_kind similarity) {
    if (model == nullptr) return {};
    std::vector<float> unit(model->needs_query() && similarity == similarity_kind::cosine ? query.size() : 0);
    if (!unit.empty()) to_unit(query, unit);
    return model->of(unit.empty() ? query : std::span<float const>(unit));
}

/// Tells the relevance of hits by their similarity, and drops what has too little.
inline void weigh(search_result& result, score::query_relevance const& meaning, search_options const& options) {
    auto const of = [&](hit const& h) { return meaning(result.corrected ? h.score + options.bias[h.row] : h.score); };
    std::erase_if(result.hits, [&](hit const& h) { return double{of(h)} < options.min_relevance; });
    result.relevance.resize(result.hits.size());
    std::transform(result.hits.begin(), result.hits.end(), result.relevance.begin(), of);
}

}  // namespace simile::detail
