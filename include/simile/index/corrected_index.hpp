// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/index/correction_fit.hpp>
#include <simile/index/index_bytes.hpp>
#include <simile/index/make_index.hpp>
#include <simile/index/row_vectors.hpp>
#include <simile/index/score_correction.hpp>
#include <simile/index/vector_index.hpp>
#include <simile/io/byte_stream.hpp>
#include <simile/score/activation_set.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace simile {

/// An index with a bank of queries that correct its scores for hubs: fit_correction() that follows every change and is saved with the index.
///
/// Exact: after any changes the corrections are, to the bit, those of an index that was made of what is left. Adding a row costs its scores with the bank,
/// removing one nothing, or, if the correction is dynamic and the row was among the best of a query of the bank, a search for each such query. Replacing a vector
/// of a dynamic correction searches the whole bank, and so does a new bank.
/// The bank is kept as int8 codes and used as these tell it, so that it is the same after loading.
/// Searches are const and may run at the same time; changes want exclusive access. A change that is refused changes nothing; without the memory to follow one that
/// was made, set_bank makes all whole again.
class corrected_index {
public:
    /// @param rows  complete; only changed through this from now on
    /// @param bank  [n][rows.dims()]; without any, scores stay as they are
    /// @throws error as fit_correction; incomplete
    corrected_index(std::shared_ptr<vector_index> rows, matrix_view<float const> bank, correction_options const& options = {})
        : rows_(std::move(rows)) {
        require(rows_ != nullptr, error_code::invalid_argument, "there is no index");
        set_bank(bank, options);
    }
    /// With a bank that was fitted by parts.
    /// @throws error as set_bank
    corrected_index(std::shared_ptr<vector_index> rows, correction_fit fit) : rows_(std::move(rows)) {
        require(rows_ != nullptr, error_code::invalid_argument, "there is no index");
        set_bank(std::move(fit));
    }

    [[nodiscard]] vector_index const& rows() const noexcept { return *rows_; }
    [[nodiscard]] std::size_t size() const noexcept { return rows_->size(); }
    /// How many queries the bank has.
    [[nodiscard]] std::size_t bank_size() const noexcept { return bank_->size(); }
    [[nodiscard]] correction_options const& options() const noexcept { return options_; }
    /// What is taken off the scores of each row.
    [[nodiscard]] std::span<float const> bias() const noexcept { return state_.bias; }
    /// Of dynamic ones, else null.
    [[nodiscard]] row_filter const* active() const noexcept { return state_.active ? &*state_.active : nullptr; }

    /// Another bank, or other options.
    /// @param options  `threads` and `watch` are used by this call only
    /// @throws error as fit_correction, and nothing has changed
    void set_bank(matrix_view<float const> bank, correction_options const& options) {
        run(correction_fit(*rows_, bank, options), options.watch);
    }
    /// The same by parts.
    /// @throws error incomplete (the fit is not finished), invalid_argument (it is of another index)
    void set_bank(correction_fit fit) {
        require(fit.finished(), error_code::incomplete, "the fit has looked at ", fit.done(), " of ", fit.total(), " rows");
        require(fit.index_ == rows_.get() && fit.total() == size(), error_code::invalid_argument, "the fit is of another index");
        bank_ = std::move(fit.bank_);
        values_ = std::move(fit.values_);
        state_ = std::move(fit.state_);
        best_ = std::move(fit.lists_);
        options_ = fit.options_;
        options_.threads = nullptr;
    }

    /// More queries for the bank, behind those that it has; all rows are looked at again.
    /// @param threads, watch  of this call
    /// @throws as set_bank
    void add_to_bank(matrix_view<float const> queries, executor* threads = nullptr, progress const* watch = nullptr) {
        auto codes = bank_copy();
        std::vector<id_ref> ids;
        for (std::uint64_t next = bank_size(); ids.size() < queries.rows(); ++next)
            if (!codes->contains(next)) ids.emplace_back(next);
        codes->add(ids, queries);
        fit(std::move(codes), threads, watch);
    }
    /// Takes queries out of the bank; the last one takes the place of each, as rows do.
    /// @param which  numbers of queries, 0 .. bank_size() - 1
    /// @throws as set_bank; out_of_range
    void remove_from_bank(std::span<std::size_t const> which, executor* threads = nullptr, progress const* watch = nullptr) {
        auto codes = bank_copy();
        std::vector<id_ref> ids;
        for (std::size_t const i : which) {
            require(i < bank_size(), error_code::out_of_range, "query ", i, " of a bank of ", bank_size());
            ids.push_back(bank_->id(static_cast<row_t>(i)));
        }
        codes->remove(ids);
        fit(std::move(codes), threads, watch);
    }

    /// @throws as vector_index::add
    void add(std::span<id_ref const> ids, matrix_view<float const> vectors, on_duplicate duplicates = on_duplicate::refuse,
             progress const& watch = {}) {
        std::vector<row_t> replaced;
        for (id_ref const id : ids)
            if (auto const row = rows_->find(id)) replaced.push_back(*row);
        reserve(size() + ids.size());
        auto const before = static_cast<row_t>(size());
        rows_->add(ids, vectors, duplicates, watch);
        follow_added(before);
        follow_replaced(replaced);
    }
    void add(id_ref id, std::span<float const> vector, on_duplicate duplicates = on_duplicate::refuse) {
        add({&id, 1}, {vector.data(), 1, vector.size()}, duplicates);
    }
    void update(id_ref id, std::span<float const> vector) {
        rows_->update(id, vector);
        row_t const row = *rows_->find(id);
        follow_replaced({&row, 1});
    }
    /// All or nothing; an id that stands twice is removed once.
    void remove(std::span<id_ref const> ids) {
        for (id_ref const id : ids) require(rows_->contains(id), error_code::unknown_id, "no id ", quoted(id));
        for (id_ref const id : ids)
            if (auto const row = rows_->find(id)) remove_row(id, *row);
        refresh_active();
    }
    void remove(id_ref id) { remove(std::span(&id, 1)); }

    /// @param corrected  false: the scores of rows() as they are
    /// @throws as vector_index::search; invalid_argument when the options have a bias of their own
    [[nodiscard]] search_result search(std::span<float const> query, search_options options = {}, bool corrected = true) const {
        apply(options, corrected);
        return rows_->search(query, options);
    }
    [[nodiscard]] std::vector<search_result> search_many(matrix_view<float const> queries, search_options options = {},
                                                         bool corrected = true) const {
        apply(options, corrected);
        return rows_->search_many(queries, options);
    }

    /// The `.simile` file: that of rows() with an optional section at its end, so that other readers find an index of plain scores.
    [[nodiscard]] file_writer file() const {
        auto out = rows_->file();
        out.insert_owned(section_type::correction, section_type::correction, state_bytes(), section_entry::optional);  // at the end
        return out;
    }
    [[nodiscard]] std::vector<std::byte> to_bytes() const { return simile::to_bytes(file()); }
    /// @throws error as simile::from_bytes; invalid_argument when the file has no correction
    [[nodiscard]] static corrected_index from_bytes(std::span<std::byte const> bytes, verify_level verify = verify_level::checksum,
                                                    load_limits const& limits = {}) {
        index_loader loader(verify, limits, bytes.size());
        loader.feed(bytes);
        loader.end();
        return from_loaded(loader.index(), loader.correction(), verify, limits);
    }
    /// @param section  as index_loader::correction gives it
    [[nodiscard]] static corrected_index from_loaded(std::shared_ptr<vector_index> rows, std::span<std::byte const> section,
                                                     verify_level verify = verify_level::checksum, load_limits const& limits = {}) {
        require(!section.empty(), error_code::invalid_argument, "the file has no hub correction: use load_index");
        corrected_index out(std::move(rows));
        try {
            out.read_state(section, verify, limits);
        } catch (error const& e) {
            // The section is whole by its table, and what a constructor refuses as an argument is damage in a file.
            if (e.code() == error_code::limit_exceeded || e.code() == error_code::unsupported_version) throw;
            fail(error_code::corrupt_file, e.what());
        }
        return out;
    }

private:
    explicit corrected_index(std::shared_ptr<vector_index> rows) : rows_(std::move(rows)) {}

    [[nodiscard]] std::shared_ptr<vector_index> bank_copy() const { return simile::from_bytes(simile::to_bytes(*bank_)); }
    /// The same options for another bank.
    void fit(std::shared_ptr<vector_index> bank, executor* threads, progress const* watch) {
        correction_options options = options_;
        options.threads = threads;
        run(correction_fit(*rows_, std::move(bank), options), watch);
    }
    void run(correction_fit fit, progress const* watch) {
        std::size_t const part = rows_a_step * (fit.options_.threads == nullptr ? 1 : fit.options_.threads->concurrency());
        while (!fit.finished()) {
            fit.step(part);
            if (watch != nullptr) watch->step(fit.done(), fit.total());
        }
        set_bank(std::move(fit));
    }
    [[nodiscard]] matrix_view<float const> bank() const noexcept { return {values_.data(), bank_->size(), rows_->dims()}; }

    /// The best rows of every query of the bank by the scores that visits give, which are those of all other steps too.
    [[nodiscard]] score::activation_set best_of(matrix_view<float const> bank, correction_options const& options) const {
        std::vector<top_k> best(bank.rows(), top_k(options.active_k));
        auto const visit = [&](row_t first, std::size_t count, std::span<quantize::block_scores const> scores) {
            for (std::size_t b = 0; b < scores.size(); ++b)
                for (std::size_t r = 0; r < count; ++r) best[b].push(first + static_cast<row_t>(r), scores[b][r]);
        };
        if (bank.rows() != 0) rows_->visit_scores(bank, visit, nullptr);
        score::activation_set out(size(), options.active_k);
        for (top_k& one : best) out.add_row(one.take());
        return out;
    }
    void refresh_active() {
        if (options_.dynamic) state_.active = detail::active_rows(best_);
    }

    void reserve(std::size_t rows) { state_.bias.reserve(std::max(rows, state_.bias.size() + state_.bias.size() / 2)); }
    void follow_added(row_t before) {
        state_.bias.resize(size(), 0.0F);
        detail::correct_rows(*rows_, bank(), options_, {before, static_cast<row_t>(size())}, state_.bias);
        if (!options_.dynamic) return;
        each_row(before, static_cast<row_t>(size()), [&](row_t, std::span<float const> scores) { best_.add_item(scores); });
        refresh_active();
    }
    void follow_replaced(std::span<row_t const> replaced) {
        for (row_t const row : replaced) detail::correct_rows(*rows_, bank(), options_, {row, row + 1}, state_.bias);
        if (!options_.dynamic || replaced.empty()) return;
        best_ = best_of(bank(), options_);
        refresh_active();
    }
    void remove_row(id_ref id, row_t row) {
        auto const last = static_cast<row_t>(size() - 1);
        std::vector<float> last_scores;
        if (options_.dynamic && row != last)
            each_row(last, last + 1, [&](row_t, std::span<float const> scores) { last_scores.assign(scores.begin(), scores.end()); });
        rows_->remove(id);
        state_.bias[row] = state_.bias[last];
        state_.bias.pop_back();
        if (!options_.dynamic) return;
        auto const stale = best_.remove_item(row, last_scores);
        if (stale.empty()) return;
        // Those bank queries alone.
        std::vector<float> asked;
        for (std::size_t const b : stale) asked.insert(asked.end(), bank()[b].begin(), bank()[b].end());
        auto const found = best_of(matrix_view<float const>(asked.data(), stale.size(), rows_->dims()), options_);
        for (std::size_t i = 0; i < stale.size(); ++i) best_.set_row(stale[i], found.best(i));
    }
    /// Calls use(row, scores with the bank) for some rows.
    template <class Use>
    void each_row(row_t first, row_t last, Use use) const {
        std::vector<float> column(bank_->size());
        auto const visit = [&](row_t begin, std::size_t count, std::span<quantize::block_scores const> scores) {
            for (std::size_t r = 0; r < count; ++r) {
                if (begin + r < first || begin + r >= last) continue;
                std::transform(scores.begin(), scores.end(), column.begin(), [&](quantize::block_scores const& s) { return s[r]; });
                use(static_cast<row_t>(begin + r), std::span<float const>(column));
            }
        };
        if (first < last) rows_->visit_scores(bank(), visit, nullptr, {}, row_range{first, last});
    }

    void apply(search_options& options, bool corrected) const {
        require(options.bias.empty() && options.active == nullptr, error_code::invalid_argument, "this index has a bias of its own");
        if (corrected && bank_->size() != 0) state_.apply_to(options);
    }

    static constexpr std::size_t rows_a_step = 16384;

    static constexpr std::uint8_t section_version = 1;
    /// u8 version, method, whether dynamic, 0; u32 k (0: the default), active_k; f64 beta, alpha; f32 bias of each row; u32 size of the bank; of dynamic ones for each query of the
    /// bank u32 number and (u32 row, f32 score) of its best rows; the bank as a `.simile` file.
    [[nodiscard]] std::vector<std::byte> state_bytes() const {
        detail::byte_writer out;
        for (unsigned const v : {unsigned{section_version}, static_cast<unsigned>(options_.method), options_.dynamic ? 1U : 0U, 0U})
            out.u8(static_cast<std::uint8_t>(v));
        out.u32(static_cast<std::uint32_t>(std::min<std::size_t>(options_.k.value_or(0), 0xFFFFFFFFU)));
        out.u32(static_cast<std::uint32_t>(std::min<std::size_t>(options_.active_k, 0xFFFFFFFFU)));
        out.f64(options_.beta);
        out.f64(options_.alpha);
        out.floats(state_.bias);
        out.u32(static_cast<std::uint32_t>(bank_->size()));
        for (std::size_t b = 0; options_.dynamic && b < bank_->size(); ++b) {
            out.u32(static_cast<std::uint32_t>(best_.best(b).size()));
            for (hit const& h : best_.best(b)) {
                out.u32(h.row);
                out.floats({&h.score, 1});
            }
        }
        out.append(simile::to_bytes(*bank_));
        return std::move(out.bytes);
    }
    void read_state(std::span<std::byte const> section, verify_level verify, load_limits const& limits) {
        detail::byte_reader in(section);
        unsigned const version = in.u8(), method = in.u8(), dynamic = in.u8(), zero = in.u8();
        require(version == section_version, error_code::unsupported_version, "a hub correction of version ", version);
        require(method <= static_cast<unsigned>(correction_method::csls) && dynamic <= 1 && zero == 0, error_code::corrupt_file,
                "a hub correction by method ", method);
        options_.method = static_cast<correction_method>(method);
        options_.dynamic = dynamic != 0;
        if (std::uint32_t const k = in.u32(); k != 0) options_.k = k;
        options_.active_k = in.u32();
        options_.beta = in.f64();
        options_.alpha = in.f64();
        detail::check(options_);
        state_.bias = in.floats(size());
        require(std::all_of(state_.bias.begin(), state_.bias.end(), [](float b) { return std::isfinite(b); }), error_code::corrupt_file,
                "a bias is not finite");
        std::size_t const count = in.u32();
        best_ = score::activation_set(options_.dynamic ? size() : 0, options_.active_k);
        for (std::size_t b = 0; options_.dynamic && b < count; ++b) {
            std::size_t const n = in.u32();
            require(n <= in.left() / 8, error_code::corrupt_file, "the best rows end early");
            std::vector<hit> best(n);
            for (hit& h : best) {
                h.row = in.u32();
                h.score = in.floats(1)[0];
            }
            best_.add_row(best);
        }
        bank_ = simile::from_bytes(in.rest(), verify, limits);
        require(bank_->size() == count && bank_->dims() == rows_->dims() && bank_->similarity() == rows_->similarity() &&
                    bank_->level() == bank_->levels(),
                error_code::corrupt_file, "a bank of ", bank_->size(), " queries does not fit");
        values_ = row_vectors(*bank_, 0, bank_->size());
        rows_->visit_scores(bank(), [](auto const&...) {}, nullptr, {}, row_range{0, 0});  // none is zero or not finite
        refresh_active();
    }

    std::shared_ptr<vector_index> rows_, bank_;
    std::vector<float> values_;  // of the bank, as its codes tell
    correction_options options_;
    score_correction state_;
    score::activation_set best_;
};

}  // namespace simile
