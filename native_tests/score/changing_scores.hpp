// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "score/score_samples.hpp"

#include <simile/core/hit.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace simile::test {

/// Bank vectors and items that come and go at random, and all their scores.
struct changing_scores {
    score_sample scores{60, 70, 9};
    std::vector<std::size_t> rows, items;

    /// The scores of one bank vector with the items of now; of one item with the bank of now; all of them.
    [[nodiscard]] std::vector<float> row(std::size_t b) const {
        std::vector<float> out;
        for (std::size_t const g : items) out.push_back(scores.matrix()[b][g]);
        return out;
    }
    [[nodiscard]] std::vector<float> item(std::size_t g) const {
        std::vector<float> out;
        for (std::size_t const b : rows) out.push_back(scores.matrix()[b][g]);
        return out;
    }
    [[nodiscard]] matrix_view<float const> matrix() {
        all_.clear();
        for (std::size_t const b : rows)
            for (float const v : row(b)) all_.push_back(v);
        return {all_.data(), rows.size(), items.size()};
    }

    /// One change, here and in the state: remove_row(scores) takes a row out of it, after it is gone here.
    template <class State, class RemoveRow>
    void change(State& state, std::uint64_t seed, std::size_t step, RemoveRow const& remove_row) {
        splitmix64 random(seed);
        auto const pick = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
        auto const action = step < 20 ? step % 2 : pick(4);
        if (action == 0) {
            rows.push_back(pick(60));
            state.add_row(row(rows.back()));
        } else if (action == 1) {
            items.push_back(pick(70));
            state.add_item(item(items.back()));
        } else if (action == 2 && !rows.empty()) {
            std::size_t const at = pick(rows.size()), gone = rows[at];
            rows[at] = rows.back();
            rows.pop_back();
            remove_row(row(gone));
        } else if (action == 3 && !items.empty()) {
            std::size_t const at = pick(items.size());
            items[at] = items.back();
            items.pop_back();
            state.remove_item(static_cast<row_t>(at));
        }
    }

private:
    std::vector<float> all_;
};

}  // namespace simile::test
