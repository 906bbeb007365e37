// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/executor.hpp>
#include <simile/core/matrix_view.hpp>
#include <simile/core/row_filter.hpp>
#include <simile/core/top_k.hpp>
#include <simile/index/make_index.hpp>
#include <simile/index/row_vectors.hpp>
#include <simile/index/score_correction.hpp>
#include <simile/index/vector_index.hpp>
#include <simile/score/activation_set.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace simile {

namespace detail {
[[nodiscard]] inline row_filter active_rows(score::activation_set const& best) {
    row_filter out(best.items());
    for (row_t r = 0; r < best.items(); ++r)
        if (best.active(r)) out.allow(r);
    return out;
}
}  // namespace detail

/// A bank of queries that is being fitted to the rows of an index, some rows at a time: for those who must not be kept waiting. Once it is finished, corrected_index takes it over,
/// or apply_to() makes a search use it.
///
/// The index must stay as it is until then. What is found does not depend on the parts, nor on threads.
class correction_fit {
public:
    /// @param bank     [n][index.dims()]; kept as int8 codes, and used as these tell it
    /// @param options  `threads` are used by every step, `watch` is not
    /// @throws error as fit_correction; incomplete
    correction_fit(vector_index const& index, matrix_view<float const> bank, correction_options const& options)
        : correction_fit(index, codes_of(index, bank), options) {}

    [[nodiscard]] bool finished() const noexcept { return next_ >= total(); }
    /// Rows that were looked at, and in all.
    [[nodiscard]] std::size_t done() const noexcept { return next_; }
    [[nodiscard]] std::size_t total() const noexcept { return state_.bias.size(); }
    [[nodiscard]] std::size_t bank_size() const noexcept { return bank_->size(); }

    /// Looks at about so many rows more, at least 32.
    /// @throws error invalid_argument when the number of rows has changed
    void step(std::size_t rows) {
        require(index_->size() == total(), error_code::invalid_argument, "the index has ", index_->size(), " rows, and had ", total(),
                " when the fit began");
        if (finished()) return;
        std::size_t const tasks = options_.threads == nullptr ? 1 : options_.threads->concurrency();
        std::size_t const part = std::max<std::size_t>(1, rows / block_rows / tasks) * block_rows, begin = next_;
        std::vector<std::vector<top_k>> found(tasks, std::vector<top_k>(best_.size(), top_k(options_.active_k)));
        auto const task = [&](std::size_t t) { look({row(begin + t * part), row(begin + (t + 1) * part)}, found[t]); };
        if (tasks == 1)
            task(0);
        else
            options_.threads->run(tasks, task);
        for (auto const& of_task : found)
            for (std::size_t b = 0; b < best_.size(); ++b) best_[b].merge(of_task[b]);
        next_ = row(begin + tasks * part);
        if (finished()) finish();
    }

    /// Makes a search of this index correct its scores; refers to this.
    /// @throws error incomplete unless finished
    void apply_to(search_options& options) const {
        require(finished(), error_code::incomplete, "the fit has looked at ", next_, " of ", total(), " rows");
        if (bank_size() != 0) state_.apply_to(options);
    }

private:
    friend class corrected_index;

    correction_fit(vector_index const& index, std::shared_ptr<vector_index> bank, correction_options const& options)
        : index_(&index), options_(options), bank_(std::move(bank)), values_(row_vectors(*bank_, 0, bank_->size())) {
        detail::check(options);
        require(index.level() == index.levels(), error_code::incomplete, "the index has loaded ", index.level(), " of ", index.levels(),
                " planes");
        state_.bias.assign(index.size(), 0.0F);
        if (bank_->size() == 0) next_ = index.size();
        if (options_.dynamic) best_.assign(bank_->size(), top_k(options_.active_k));
        options_.watch = nullptr;
        if (finished()) finish();
    }
    [[nodiscard]] static std::shared_ptr<vector_index> codes_of(vector_index const& index, matrix_view<float const> bank) {
        std::shared_ptr<vector_index> codes = make_index(codec_kind::int8, index.dims(), index.similarity());
        if (bank.rows() != 0) codes->add(bank);
        return codes;
    }

    [[nodiscard]] row_t row(std::size_t at) const noexcept { return static_cast<row_t>(std::min(at, total())); }
    [[nodiscard]] matrix_view<float const> bank() const noexcept { return {values_.data(), bank_->size(), index_->dims()}; }

    void look(row_range rows, std::span<top_k> best) {
        if (rows.first >= rows.last) return;
        detail::block_correction const correct(options_, index_->similarity() == similarity_kind::cosine, bank_->size());
        auto const visit = [&](row_t first, std::size_t count, std::span<quantize::block_scores const> scores) {
            correct(scores, std::span(state_.bias).subspan(first, count));
            for (std::size_t b = 0; b < best.size(); ++b)
                for (std::size_t r = 0; r < count; ++r) best[b].push(first + static_cast<row_t>(r), scores[b][r]);
        };
        index_->visit_scores(bank(), visit, nullptr, {}, rows);
    }
    void finish() {
        if (!options_.dynamic) return;
        lists_ = score::activation_set(total(), options_.active_k);
        for (top_k& one : best_) lists_.add_row(one.take());
        state_.active = detail::active_rows(lists_);
    }

    vector_index const* index_;
    correction_options options_;
    std::shared_ptr<vector_index> bank_;
    std::vector<float> values_;  // of the bank, as its codes tell
    score_correction state_;
    std::vector<top_k> best_;  // of dynamic ones: of every query of the bank
    score::activation_set lists_;
    std::size_t next_ = 0;
};

}  // namespace simile
