// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "exports.hpp"

#include <simile/index/corrected_index.hpp>
#include <simile/index/loader.hpp>
#include <simile/score/relevance.hpp>

#include <memory>
#include <optional>
#include <span>
#include <utility>

namespace simile::wasm {

/// An index as TypeScript holds it: rows and what makes their scores mean something.
struct scored_index {
    std::shared_ptr<vector_index> rows;
    /// Once there is one, rows change through it alone.
    std::optional<corrected_index> correction{};
    /// For searches that ask for relevance where the index itself has no model.
    std::optional<score::relevance_model> unlabelled{};

    void add(std::span<id_ref const> ids, matrix_view<float const> vectors, on_duplicate duplicates) {
        if (correction)
            correction->add(ids, vectors, duplicates);
        else
            rows->add(ids, vectors, duplicates);
    }
    void remove(std::span<id_ref const> ids) {
        if (correction)
            correction->remove(ids);
        else
            rows->remove(ids);
    }
    [[nodiscard]] file_writer file() const { return correction ? correction->file() : rows->file(); }
};

inline handles<scored_index> indexes;

}  // namespace simile::wasm
