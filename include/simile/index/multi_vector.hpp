// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/executor.hpp>
#include <simile/core/row_filter.hpp>
#include <simile/core/top_k.hpp>
#include <simile/index/id_table.hpp>
#include <simile/index/input_rules.hpp>
#include <simile/index/make_index.hpp>
#include <simile/index/token_store.hpp>
#include <simile/quantize/fixed_dimensional_encoding.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace simile {

struct multi_vector_options {
    std::size_t dims = 0;
    /// cosine: tokens count as directions; dot: with their lengths. squared_l2 is not offered.
    similarity_kind similarity = similarity_kind::cosine;
    token_codec codec = token_codec::int8;
    /// Keeps a fixed dimensional encoding of each document too, so that searches score only the best of those. `dimension` is set to dims.
    std::optional<quantize::fde_options> first_pass = std::nullopt;
    /// How those are held.
    codec_kind first_pass_codec = codec_kind::int8;
};

struct multi_vector_search {
    static constexpr std::size_t all = std::numeric_limits<std::size_t>::max();
    /// Hits wanted, at least 1; cut to the number of documents.
    std::size_t k = 10;
    /// Documents that the first pass hands on; 0: 10 k but at least 100; `all`, or no first pass: every document is scored.
    std::size_t candidates = 0;
    /// Documents that may be returned; all when null.
    row_filter const* filter = nullptr;
    executor* threads = nullptr;
};

/// A document and which of its tokens (0 ..) made the score.
struct passage_hit {
    row_t row;
    float score;
    std::uint32_t passage;

    friend bool operator==(passage_hit const&, passage_hit const&) = default;
};

/// Documents of several vectors: tokens of late interaction, passages, frames. Ranked by max_sim, the sum over the vectors of a query of the largest
/// inner product with a vector of the document; or by the best passage for one vector.
///
/// Rows are numbered as those of vector_index: in the order of adding, and `remove` gives the row of a removed document to the last one. Searches are
/// const and may run at the same time; changes want exclusive access. Bad input throws before anything has changed.
/// Scores are exact over the codes and the same on every platform. Under cosine max_sim is in [-m, m] for m vectors in the query.
/// Source  Khattab, Zaharia, "ColBERT", SIGIR 2020; the first pass is MUVERA's, see quantize/fixed_dimensional_encoding.hpp.
class multi_vector_index {
public:
    /// @throws error out_of_range (dims, also of the first pass), invalid_argument, limit_exceeded
    explicit multi_vector_index(multi_vector_options options)
        : options_(std::move(options)),
          rules_(options_.dims, options_.similarity, zero_vectors::refuse),
          tokens_(options_.codec, options_.dims) {
        require(options_.similarity != similarity_kind::squared_l2, error_code::invalid_argument,
                "documents are not compared by squared_l2");
        require(options_.codec == token_codec::f32 || options_.codec == token_codec::int8, error_code::invalid_argument,
                "unknown token codec ", static_cast<unsigned>(options_.codec));
        if (!options_.first_pass) return;
        options_.first_pass->dimension = options_.dims;
        encoding_.emplace(*options_.first_pass);
        first_ = make_index(options_.first_pass_codec, encoding_->output_dimension(), similarity_kind::dot);
    }

    multi_vector_index(multi_vector_index&&) = default;
    multi_vector_index& operator=(multi_vector_index&&) = default;

    [[nodiscard]] multi_vector_options const& options() const noexcept { return options_; }
    [[nodiscard]] std::size_t dims() const noexcept { return options_.dims; }
    /// Documents.
    [[nodiscard]] std::size_t size() const noexcept { return groups_.size(); }
    /// Vectors of all documents.
    [[nodiscard]] std::size_t tokens() const noexcept { return tokens_.size() - unused_; }
    [[nodiscard]] std::size_t tokens(row_t row) const {
        require(row < size(), error_code::out_of_range, "row ", row, " of ", size());
        return groups_[row].count;
    }
    [[nodiscard]] std::size_t memory() const noexcept {
        return tokens_.memory() + sizeof(group) * groups_.capacity() + ids_.memory() + (first_ ? first_->memory() : 0);
    }
    [[nodiscard]] std::optional<row_t> find(id_ref id) const { return ids_.find(id); }
    [[nodiscard]] bool contains(id_ref id) const { return find(id).has_value(); }
    /// @throws error out_of_range
    [[nodiscard]] id_ref id(row_t row) const {
        require(row < size(), error_code::out_of_range, "row ", row, " of ", size());
        return ids_[row];
    }

    /// @param tokens  [n][dims], n >= 1, finite; not zero under cosine
    /// @throws error dimension_mismatch, invalid_argument (no tokens, an id that is not UTF-8), not_finite, zero_norm, out_of_range, duplicate_id, limit_exceeded
    void add(id_ref id, matrix_view<float const> tokens) {
        input_rules::check_id(id);
        require(!contains(id), error_code::duplicate_id, "there is a document ", quoted(id));
        require(size() < ~row_t{0} - 1, error_code::limit_exceeded, size(), " documents are as many as there can be");
        auto const values = prepared(tokens);
        matrix_view<float const> const rows(values.data(), tokens.rows(), dims());
        make_room(rows.rows());
        ids_.reserve(1, id.is_text() ? id.text().size() + 10 : 10);
        groups_.reserve(size() == groups_.capacity() ? 2 * size() + 1 : size());
        if (first_) first_->add(id, encoding_->encode_document(rows));
        groups_.push_back(append(rows));
        ids_.append(id);
    }

    /// Replaces the tokens of a document.
    /// @throws error unknown_id, and those of `add`
    void update(id_ref id, matrix_view<float const> tokens) {
        row_t const row = row_of(id);
        auto const values = prepared(tokens);
        matrix_view<float const> const rows(values.data(), tokens.rows(), dims());
        make_room(rows.rows());
        if (first_) first_->update(id, encoding_->encode_document(rows));
        unused_ += groups_[row].count;
        groups_[row] = append(rows);
    }

    /// @throws error unknown_id
    void remove(id_ref id) {
        row_t const row = row_of(id);
        if (first_) first_->remove(id);
        unused_ += groups_[row].count;
        groups_[row] = groups_.back();
        groups_.pop_back();
        ids_.remove(row);
        if (2 * unused_ > tokens_.size()) compact();
    }

    /// The tokens of a document as their codes stand for them: [tokens(row)][dims].
    /// @throws error out_of_range
    [[nodiscard]] std::vector<float> get(row_t row) const {
        std::vector<float> out(tokens(row) * dims());
        for (std::size_t t = 0; t < groups_[row].count; ++t)
            tokens_.decode(groups_[row].first + t, std::span(out).subspan(t * dims(), dims()));
        return out;
    }

    /// The documents with the largest max_sim, best first.
    /// @param query  [m][dims], m >= 1
    /// @throws error dimension_mismatch, invalid_argument (no tokens, k is 0), not_finite, zero_norm, out_of_range
    [[nodiscard]] std::vector<hit> search(matrix_view<float const> query, multi_vector_search const& options = {}) const {
        check(options);
        auto const values = prepared(query);
        matrix_view<float const> const rows(values.data(), query.rows(), dims());
        auto const asked = tokens_.prepare(rows);
        return best_documents(candidates(rows, options), options, [&](row_t row, scratch& buffer) { return max_sim(asked, row, buffer); });
    }

    /// The documents with the best passage for one vector.
    /// @param query  [dims]
    /// @throws as search
    [[nodiscard]] std::vector<passage_hit> group_max(std::span<float const> query, multi_vector_search const& options = {}) const {
        matrix_view<float const> const one(query.data(), 1, query.size());
        auto const values = prepared(one);
        auto const token = tokens_.prepare({values.data(), 1, dims()});
        scratch buffer;
        std::vector<passage_hit> out;
        for (hit const& h : search(one, options)) {
            auto const scores = buffer.of(groups_[h.row].count);
            tokens_.scores(token, 0, groups_[h.row].first, scores, buffer.dots);
            auto const best = std::max_element(scores.begin(), scores.end()) - scores.begin();
            out.push_back({h.row, h.score, static_cast<std::uint32_t>(best)});
        }
        return out;
    }

    /// What a file has to hold besides the options; the first pass is an index of its own with the same rows.
    struct state {
        std::vector<std::uint32_t> offsets;  ///< [size() + 1]: the tokens of row r are offsets[r] .. offsets[r + 1] - 1
        std::vector<float> values;           ///< f32: [tokens][dims]
        std::vector<std::int8_t> codes;      ///< int8: [tokens][dims]
        std::vector<float> factors;          ///< int8: [tokens]
        std::vector<std::byte> ids;          ///< as id_table writes them; empty when every id is its row number
    };
    [[nodiscard]] state save() const {
        state out{{0}, {}, {}, {}, ids_.encoded()};
        auto const take = [](auto& to, auto const& from, group g, std::size_t width) {
            if (!from.empty())
                to.insert(to.end(), from.begin() + static_cast<std::ptrdiff_t>(g.first * width),
                          from.begin() + static_cast<std::ptrdiff_t>((g.first + std::size_t{g.count}) * width));
        };
        for (group const& g : groups_) {
            out.offsets.push_back(out.offsets.back() + g.count);
            take(out.values, tokens_.values(), g, dims());
            take(out.codes, tokens_.codes(), g, dims());
            take(out.factors, tokens_.factors(), g, 1);
        }
        return out;
    }
    [[nodiscard]] vector_index const* first_pass() const noexcept { return first_.get(); }

    /// @param first_pass  what first_pass() was; null exactly when the options have none
    /// @throws error corrupt_file, and those of the constructor
    [[nodiscard]] static multi_vector_index load(multi_vector_options const& options, state from,
                                                 std::shared_ptr<vector_index> first_pass) {
        multi_vector_index out(options);
        auto const sound = [](bool ok, char const* what) { require(ok, error_code::corrupt_file, what); };
        sound(!from.offsets.empty() && from.offsets[0] == 0, "documents do not begin with token 0");
        for (std::size_t r = 1; r < from.offsets.size(); ++r) sound(from.offsets[r] > from.offsets[r - 1], "a document has no tokens");
        std::size_t const rows = from.offsets.size() - 1;
        out.tokens_.assign(from.values, from.codes, from.factors);
        sound(out.tokens_.size() == from.offsets[rows], "documents have another number of tokens");
        out.ids_ = from.ids.empty() ? id_table::row_numbers(rows) : id_table::from_encoded(std::move(from.ids), rows);
        sound(!out.ids_.has_duplicates(), "two documents have the same id");
        for (std::size_t r = 0; r < rows; ++r) out.groups_.push_back({from.offsets[r], from.offsets[r + 1] - from.offsets[r]});
        sound((first_pass != nullptr) == (out.first_ != nullptr), "the first pass is missing, or not wanted");
        if (!first_pass) return out;
        sound(first_pass->size() == rows && first_pass->dims() == out.first_->dims() && first_pass->similarity() == similarity_kind::dot &&
                  first_pass->codec() == out.first_->codec(),
              "the first pass is one of other documents");
        for (std::size_t r = 0; r < rows; ++r)
            sound(first_pass->id(static_cast<row_t>(r)) == out.ids_[static_cast<row_t>(r)], "the first pass has other ids");
        out.first_ = std::move(first_pass);
        return out;
    }

private:
    struct group {
        std::uint32_t first, count;
    };
    /// Reused from document to document.
    struct scratch {
        std::vector<float> scores;
        std::vector<std::int32_t> dots;
        std::span<float> of(std::size_t n) {
            if (scores.size() < n) scores.resize(n);
            return std::span(scores).first(n);
        }
    };

    [[nodiscard]] row_t row_of(id_ref id) const {
        auto const row = find(id);
        require(row.has_value(), error_code::unknown_id, "there is no document ", quoted(id));
        return *row;
    }
    /// Checked tokens, of unit length under cosine.
    [[nodiscard]] std::vector<float> prepared(matrix_view<float const> tokens) const {
        require(tokens.rows() >= 1, error_code::invalid_argument, "no tokens");
        rules_.check_rows(tokens);
        std::vector<float> out(tokens.values().begin(), tokens.values().end());
        matrix_view<float> const rows(out.data(), tokens.rows(), dims());
        for (std::size_t t = 0; t < rows.rows() && options_.similarity == similarity_kind::cosine; ++t) to_unit(rows[t], rows[t]);
        return out;
    }
    void check(multi_vector_search const& options) const {
        require(options.k >= 1, error_code::invalid_argument, "k must be at least 1");
        require(options.filter == nullptr || options.filter->rows() == size(), error_code::dimension_mismatch, "a filter of ",
                options.filter == nullptr ? 0 : options.filter->rows(), " rows for ", size(), " documents");
    }

    void make_room(std::size_t tokens) {
        require(tokens < ~std::uint32_t{0} - tokens_.size(), error_code::limit_exceeded, tokens_.size(), " + ", tokens,
                " tokens are more than 2^32 - 2");
        tokens_.reserve(tokens_.size() + tokens);
    }
    group append(matrix_view<float const> tokens) noexcept {
        group const out{static_cast<std::uint32_t>(tokens_.size()), static_cast<std::uint32_t>(tokens.rows())};
        for (std::size_t t = 0; t < tokens.rows(); ++t) tokens_.append(tokens[t]);
        return out;
    }
    /// Closes the gaps that removed and replaced documents left.
    void compact() {
        std::vector<row_t> order(size());
        for (row_t r = 0; r < order.size(); ++r) order[r] = r;
        std::sort(order.begin(), order.end(), [&](row_t a, row_t b) { return groups_[a].first < groups_[b].first; });
        std::uint32_t end = 0;
        for (row_t const r : order) {
            tokens_.move_down(groups_[r].first, end, groups_[r].count);
            groups_[r].first = std::exchange(end, end + groups_[r].count);
        }
        tokens_.cut(end);
        unused_ = 0;
    }

    [[nodiscard]] float max_sim(token_query const& query, row_t row, scratch& buffer) const {
        auto const scores = buffer.of(groups_[row].count);
        double sum = 0;
        for (std::size_t i = 0; i < query.count; ++i) {
            tokens_.scores(query, i, groups_[row].first, scores, buffer.dots);
            sum += double{*std::max_element(scores.begin(), scores.end())};
        }
        return static_cast<float>(sum);
    }

    /// Rows to score, or nothing for all.
    [[nodiscard]] std::optional<std::vector<row_t>> candidates(matrix_view<float const> query, multi_vector_search const& options) const {
        std::size_t const wanted =
            options.candidates == 0 ? std::max<std::size_t>(100, 10 * options.k) : std::max(options.candidates, options.k);
        if (!first_ || wanted >= size()) return std::nullopt;
        auto const found =
            first_->search(encoding_->encode_query(query), {.k = wanted, .filter = options.filter, .threads = options.threads});
        std::vector<row_t> out;
        for (hit const& h : found.hits) out.push_back(h.row);
        std::sort(out.begin(), out.end());
        return out;
    }

    template <class Score>
    [[nodiscard]] std::vector<hit> best_documents(std::optional<std::vector<row_t>> const& rows, multi_vector_search const& options,
                                                  Score score) const {
        std::size_t const count = rows ? rows->size() : size(), k = std::min(options.k, std::max<std::size_t>(1, size()));
        auto const search_range = [&](std::size_t first, std::size_t last) {
            top_k best(k);
            scratch buffer;
            for (std::size_t i = first; i < last; ++i) {
                row_t const row = rows ? (*rows)[i] : static_cast<row_t>(i);
                if (options.filter == nullptr || options.filter->allows(row)) best.push(row, score(row, buffer));
            }
            return best;
        };
        std::size_t const tasks = options.threads == nullptr ? 1 : std::clamp<std::size_t>(count / 16, 1, options.threads->concurrency());
        if (tasks == 1) return search_range(0, count).take();
        std::vector<top_k> parts(tasks, top_k(0));
        options.threads->run(tasks, [&](std::size_t t) { parts[t] = search_range(count * t / tasks, count * (t + 1) / tasks); });
        for (std::size_t t = 1; t < tasks; ++t) parts[0].merge(parts[t]);
        return parts[0].take();
    }

    multi_vector_options options_;
    input_rules rules_;
    token_store tokens_;
    std::vector<group> groups_;
    id_table ids_;
    std::size_t unused_ = 0;  // tokens of no document
    std::optional<quantize::fixed_dimensional_encoding> encoding_;
    std::shared_ptr<vector_index> first_;  // ours alone: shared as the loader hands it out
};

}  // namespace simile
