// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "indexes.hpp"

#include <simile/index/correction_fit.hpp>
#include <simile/index/row_vectors.hpp>
#include <simile/score/gallery_moments.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <variant>

namespace simile::wasm {

/// The moments of some rows, evenly spread, of an index that stays as it is meanwhile.
class moments_fit {
public:
    moments_fit(vector_index const& index, std::size_t sample)
        : index_(&index), moments_(index.dims()), rows_(index.size()), total_(std::min(sample, index.size())) {
        require(index.size() > 0, error_code::invalid_argument, "an empty index tells nothing of its scores");
        require(index.level() == index.levels(), error_code::incomplete, "the index has loaded ", index.level(), " of ", index.levels(),
                " planes");
        require(index.similarity() != similarity_kind::squared_l2, error_code::invalid_argument,
                "distances are no inner products: their moments do not follow from those of the vectors");
    }
    [[nodiscard]] std::size_t done() const noexcept { return moments_.size(); }
    [[nodiscard]] std::size_t total() const noexcept { return total_; }
    void step(std::size_t rows) {
        require(index_->size() == rows_, error_code::invalid_argument, "the index has ", index_->size(), " rows, and had ", rows_,
                " when the fit began");
        for (std::size_t end = std::min(total_, done() + rows); done() < end;) {
            auto const row = static_cast<row_t>(std::uint64_t{done()} * rows_ / total_);
            moments_.add(index_->get(index_->id(row)));
        }
    }
    [[nodiscard]] score::relevance_model model() const {
        require(done() == total_, error_code::incomplete, "the fit has looked at ", done(), " of ", total_, " rows");
        return score::relevance_model(score::surprise_relevance{moments_, rows_});
    }

private:
    vector_index const* index_;
    score::gallery_moments moments_;
    std::size_t rows_, total_;
};

/// Work on an index that TypeScript does in slices.
struct fit {
    std::shared_ptr<vector_index> rows;  // alive as long as the fit
    std::variant<correction_fit, moments_fit> work;
};

inline handles<fit> fits(2);  // 0 and 1 say something else to simile_search

[[nodiscard]] inline correction_fit& fit_of(std::uint32_t number) {
    auto* const found = std::get_if<correction_fit>(&fits[number].work);
    require(found != nullptr, error_code::invalid_argument, "fit ", number, " is not of a bank");
    return *found;
}

}  // namespace simile::wasm
