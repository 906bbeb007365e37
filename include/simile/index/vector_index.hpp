// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/aligned_buffer.hpp>
#include <simile/core/error.hpp>
#include <simile/core/matrix_view.hpp>
#include <simile/core/norm.hpp>
#include <simile/core/progress.hpp>
#include <simile/core/utf8.hpp>
#include <simile/index/check_search.hpp>
#include <simile/index/coding.hpp>
#include <simile/index/coding_name.hpp>
#include <simile/index/id_batch.hpp>
#include <simile/index/id_table.hpp>
#include <simile/index/input_rules.hpp>
#include <simile/index/relevant_hits.hpp>
#include <simile/index/search.hpp>
#include <simile/index/tiled_queries.hpp>
#include <simile/io/simile_file.hpp>
#include <simile/quantize/raw.hpp>
#include <simile/score/relevance.hpp>
#include <simile/score/relevance_bytes.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace simile {

class index_loader;

/// What `add` does with an id that the index has.
enum class on_duplicate : std::uint8_t { refuse = 0, replace = 1 };

/// What every index offers: vectors with ids in, hits out. Concrete ones are flat_index and progressive_index.
///
/// Searches and look-ups are const and may run at the same time; changes want exclusive access.
/// Bad input throws `simile::error` before anything has changed; `add` of many rows is all or nothing.
/// Rows are numbered 0 .. size() - 1 in the order of adding; `remove` gives the row of a removed vector to the last one.
class vector_index {
public:
    virtual ~vector_index() = default;

    [[nodiscard]] std::size_t dims() const noexcept { return rules_.dims; }
    [[nodiscard]] std::size_t size() const noexcept { return ids_.size(); }
    [[nodiscard]] similarity_kind similarity() const noexcept { return rules_.similarity; }
    [[nodiscard]] zero_vectors zeros() const noexcept { return rules_.zeros; }
    [[nodiscard]] virtual codec_kind codec() const noexcept = 0;
    /// How the vectors are coded, with all of it; see name_of.
    [[nodiscard]] virtual std::string codec_name() const { return name_of(codec(), map(), nullptr, nullptr); }
    /// Dimensions of the codes: those of the vectors unless a transform changes their number.
    [[nodiscard]] std::size_t code_dims() const noexcept { return map_ ? map_->code_dims() : dims(); }
    /// The map from vectors to what is coded, where there is one.
    [[nodiscard]] quantize::transform const* map() const noexcept { return map_ ? &*map_ : nullptr; }
    /// Planes that searches can use now (0: not searchable yet) and in all.
    [[nodiscard]] virtual unsigned level() const noexcept { return ready_ ? 1U : 0U; }
    [[nodiscard]] virtual unsigned levels() const noexcept { return 1; }
    /// Bytes held for rows and ids.
    [[nodiscard]] std::size_t memory() const noexcept {
        return code_memory() + sizeof(float) * norms_.capacity() + ids_.memory() + metadata_.capacity();
    }

    /// Bytes of codes and factors a row, and of its norm where there is one.
    [[nodiscard]] double bytes_per_row() const noexcept {
        std::size_t block = keeps_norms() ? block_rows * sizeof(float) : 0;
        for (unsigned p = 0; p < levels(); ++p) block += block_bytes(p);
        return static_cast<double>(block) / static_cast<double>(block_rows);
    }

    /// Text that is saved with the index and means nothing to it, such as the name of a model; JSON by convention.
    [[nodiscard]] std::string const& metadata() const noexcept { return metadata_; }
    void set_metadata(std::string text) {
        require(is_utf8(text), error_code::invalid_argument, "metadata is not UTF-8");
        metadata_ = std::move(text);
    }

    /// What its scores mean; null: nobody has said.
    [[nodiscard]] score::relevance_model const* relevance() const noexcept { return relevance_.get(); }
    /// Makes searches tell how relevant their hits are. Saved with the index, as an optional section; nothing takes it away. It stays as it is when rows change.
    /// @throws error as relevance_model::check_fits
    void set_relevance(std::optional<score::relevance_model> model) {
        if (model) model->check_fits(dims(), similarity());
        relevance_ = model ? std::make_shared<score::relevance_model const>(std::move(*model)) : nullptr;
    }

    /// Takes the memory for so many rows at once, so that adding them one by one moves nothing and wastes none.
    /// @throws error limit_exceeded, out_of_memory, incomplete; std::bad_alloc
    void reserve(std::size_t rows) {
        require_complete();
        require(rows < ~row_t{0}, error_code::limit_exceeded, rows, " rows are more than 2^32 - 2");
        reserve_vectors(rows);
    }

    /// Adds rows under their ids.
    /// @param ids   one a row
    /// @param rows  [n][dims], finite
    /// @throws error dimension_mismatch, invalid_argument (ids and rows differ in number, an id is not UTF-8 or too long), not_finite, zero_norm (under
    ///         cosine, unless zero_vectors::allow), out_of_range (longer than 2^60), duplicate_id, limit_exceeded, incomplete (still loading), cancelled
    void add(std::span<id_ref const> ids, matrix_view<float const> rows, on_duplicate duplicates = on_duplicate::refuse,
             progress const& watch = {}) {
        require_complete();
        require(ids.size() == rows.rows(), error_code::invalid_argument, ids.size(), " ids for ", rows.rows(), " vectors");
        if (ids.empty()) return;
        rules_.check_rows(rows, watch);
        detail::id_batch const wanted(ids_, ids, duplicates == on_duplicate::replace);
        ids_.reserve(wanted.fresh, wanted.bytes);
        reserve_vectors(size() + wanted.fresh);
        row_scratch scratch = make_scratch();
        std::size_t const before = size();
        std::size_t done = 0;
        try {
            for (std::size_t i = 0; i < rows.rows(); ++i) {
                if (!wanted.is_fresh[i]) continue;
                write_row(append_row(wanted.id(i)), rows[i], scratch);
                if (++done % 1024 == 0) watch.step(done, rows.rows());
            }
            if (done % 1024 != 0) watch.step(done, rows.rows());
        } catch (...) {
            while (size() > before) remove_row(static_cast<row_t>(size() - 1));
            throw;
        }
        // What is replaced could not be taken back, so nothing can stop this any more.
        for (std::size_t i = 0; i < rows.rows(); ++i)
            if (!wanted.is_fresh[i]) write_row(*find(wanted.id(i)), rows[i], scratch);
    }
    void add(id_ref id, std::span<float const> row, on_duplicate duplicates = on_duplicate::refuse) {
        add({&id, 1}, {row.data(), 1, row.size()}, duplicates);
    }

    /// Adds rows under their row numbers. Only for an index whose ids are all its row numbers.
    /// @throws as the other `add`, and invalid_argument when there are other ids
    void add(matrix_view<float const> rows, progress const& watch = {}) {
        require_complete();
        require(ids_.make_plain(), error_code::invalid_argument, "this index has ids of its own: say which the new rows get");
        rules_.check_rows(rows, watch);
        require(rows.rows() < ~row_t{0} - size(), error_code::limit_exceeded, size(), " + ", rows.rows(), " rows are more than 2^32 - 2");
        reserve_vectors(size() + rows.rows());
        row_scratch scratch = make_scratch();
        std::size_t const before = size();
        try {
            for (std::size_t i = 0; i < rows.rows(); ++i) {
                auto const row = static_cast<row_t>(size());
                ids_.append_plain(1);
                append_slot(row);
                write_row(row, rows[i], scratch);
                if ((i + 1) % 1024 == 0 || i + 1 == rows.rows()) watch.step(i + 1, rows.rows());
            }
        } catch (...) {
            while (size() > before) remove_row(static_cast<row_t>(size() - 1));
            throw;
        }
    }

    /// Replaces the vector of an id.
    /// @throws error unknown_id, and those of `add`
    void update(id_ref id, std::span<float const> row) {
        require_complete();
        row_t const at = row_of(id);
        rules_.check_vector(row, "vector");
        row_scratch scratch = make_scratch();
        write_row(at, row, scratch);
    }

    /// @throws error unknown_id, incomplete
    void remove(id_ref id) { remove(std::span(&id, 1)); }

    /// All or nothing; an id that stands twice is removed once.
    void remove(std::span<id_ref const> ids) {
        require_complete();
        for (id_ref const id : ids) static_cast<void>(row_of(id));
        for (id_ref const id : ids) {
            if (auto const row = find(id)) remove_row(*row);
        }
    }

    [[nodiscard]] std::optional<row_t> find(id_ref id) const { return ids_.find(id); }
    [[nodiscard]] bool contains(id_ref id) const { return find(id).has_value(); }

    /// @throws error out_of_range
    [[nodiscard]] id_ref id(row_t row) const {
        require(row < size(), error_code::out_of_range, "row ", row, " of ", size());
        return ids_[row];
    }

    /// The stored vector, as exactly as its codes tell: under cosine its direction.
    /// @throws error unknown_id, incomplete
    [[nodiscard]] std::vector<float> get(id_ref id) const {
        require(level() > 0, error_code::incomplete, "the index is still loading its first plane");
        row_t const row = row_of(id);
        std::vector<float> code(code_dims()), out(rules_.dims);
        decode_row(row, code);
        if (map_)
            map_->unmap(code, out);
        else
            out = std::move(code);
        if (!keeps_directions()) return out;
        std::vector<float> direction(rules_.dims);
        if (to_unit(out, direction) > 0) out.swap(direction);
        if (keeps_norms())
            for (float& v : out) v *= norms_[row];
        return out;
    }

    /// The k best rows for a query, best first.
    /// @throws error dimension_mismatch (query, filter, bias, active set or relevance model), not_finite, zero_norm, out_of_range, invalid_argument (k = 0; least relevance
    ///         not in 0 .. 1, or without a model), incomplete (nothing loaded yet)
    [[nodiscard]] search_result search(std::span<float const> query, search_options const& options = {}) const {
        require(level() > 0, error_code::incomplete, "the index is still loading its first plane");
        check_options(options);
        double const length = check_query(query);
        if (size() == 0) return {{}, level()};
        auto const meaning = detail::meaning_of(query, model_of(options), similarity());
        search_options cut = options;
        cut.k = std::min(options.k, size());
        if (meaning && options.bias.empty()) cut.min_score = std::max(options.min_score, meaning->least_score(options.min_relevance));
        std::vector<float> unit;
        auto const prepared = prepare(query, length, cut, unit);
        auto result = search_rows(prepared.values, prepared.scale, cut, prepared.rule);
        finish(result, prepared.rule, cut.min_score);
        if (meaning) detail::weigh(result, *meaning, options);
        return result;
    }

    /// One search for each row of `queries`; options.threads works on several queries at once.
    /// @throws as `search`, before the first one; cancelled
    [[nodiscard]] std::vector<search_result> search_many(matrix_view<float const> queries, search_options const& options = {}) const {
        require(level() > 0, error_code::incomplete, "the index is still loading its first plane");
        check_options(options);
        std::vector<search_result> results(queries.rows(), search_result{{}, level()});
        std::vector<double> lengths(queries.rows());
        for (std::size_t i = 0; i < queries.rows(); ++i) lengths[i] = check_query(queries[i]);
        if (size() == 0) return results;
        search_options cut = options;
        cut.k = std::min(options.k, size());
        cut.threads = nullptr;
        auto const* const model = model_of(options);
        if (model != nullptr && !model->needs_query() && options.bias.empty())
            cut.min_score = std::max(options.min_score, model->of({}).least_score(options.min_relevance));
        // Parts are large enough for a batch to pay and small enough to tell of progress, and to bound the memory they need.
        std::size_t const tasks = options.threads == nullptr ? 1 : options.threads->concurrency();
        std::size_t const part = std::clamp<std::size_t>((queries.rows() + tasks - 1) / tasks, 1, batch_part);
        for (std::size_t first = 0; first < results.size(); first += tasks * part) {
            auto const task = [&](std::size_t t) {
                std::size_t const begin = std::min(results.size(), first + t * part), end = std::min(results.size(), begin + part);
                search_part(queries, lengths, cut, begin, std::span(results).subspan(begin, end - begin));
            };
            if (options.threads == nullptr)
                task(0);
            else
                options.threads->run(tasks, task);
            if (options.watch != nullptr) options.watch->step(std::min(results.size(), first + tasks * part), results.size());
        }
        return results;
    }

    /// The scores of some rows with all queries of a call, `scores[i][r]` of query i with row first + r; 0 where there is no such row.
    using score_visitor = std::function<void(row_t first, std::size_t rows, std::span<quantize::block_scores const> scores)>;

    /// Visits the scores of every row with every query, 32 rows at a time: what a bank of queries says of the rows of an index, in memory for one block.
    /// The scores are those of search() for f32, f16, bf16 and int8, and to the bit those of int8 for planes; else of the vectors that get() gives, which differ by the
    /// rounding of the query. They are the same on every platform.
    ///
    /// @param queries  [n][dims]; 128 n bytes are held for each thread
    /// @param threads  runs parts at the same time: then `visit` is called by several threads, each with rows of its own
    /// @param watch    told of rows
    /// @param only     the whole blocks that hold these rows
    /// @throws as search_many; out_of_range (rows beyond the last), cancelled
    void visit_scores(matrix_view<float const> queries, score_visitor const& visit, executor* threads = nullptr, progress const& watch = {},
                      std::optional<row_range> only = {}) const {
        require(level() > 0, error_code::incomplete, "the index is still loading its first plane");
        std::vector<std::vector<float>> units(queries.rows());
        std::vector<prepared_query> prepared;
        for (std::size_t i = 0; i < queries.rows(); ++i) prepared.push_back(prepare(queries[i], check_query(queries[i]), {}, units[i]));
        row_range const range = only.value_or(row_range{0, static_cast<row_t>(size())});
        require(range.last <= size(), error_code::out_of_range, "rows up to ", range.last, " of ", size());
        std::size_t const blocks = (std::size_t{range.last} + block_rows - 1) / block_rows,
                          tasks = threads == nullptr ? 1 : threads->concurrency();
        auto const take = [&](std::size_t b, std::span<quantize::block_scores> scores) {
            std::size_t const first = b * block_rows, rows = std::min(block_rows, size() - first);
            for (std::size_t i = 0; i < scores.size(); ++i) {
                for (std::size_t r = 0; r < rows; ++r) scores[i][r] = prepared[i].rule.finished(prepared[i].rule(scores[i][r], first + r));
                std::fill(scores[i].begin() + static_cast<std::ptrdiff_t>(rows), scores[i].end(), 0.0F);
            }
            visit(static_cast<row_t>(first), rows, scores);
        };
        for (std::size_t begin = range.first / block_rows; begin < blocks; begin += tasks * blocks_a_step) {
            auto const task = [&](std::size_t t) {
                std::size_t const from = std::min(blocks, begin + t * blocks_a_step);
                score_blocks(prepared, from, std::min(blocks, from + blocks_a_step), take);
            };
            if (threads == nullptr)
                task(0);
            else
                threads->run(tasks, task);
            watch.step(std::min(size(), (begin + tasks * blocks_a_step) * block_rows), size());
        }
    }

    /// The `.simile` file of this index; it refers to the index's memory. Most programs call save_index or to_bytes of index/file.hpp.
    /// @throws error incomplete (still loading)
    [[nodiscard]] file_writer file() const {
        require_complete();
        file_header header;
        header.kind = levels() > 1 ? file_header::progressive : file_header::flat;
        header.codec = static_cast<std::uint8_t>(codec());
        header.similarity = static_cast<std::uint8_t>(rules_.similarity);
        header.flags = static_cast<std::uint8_t>(rules_.zeros);
        header.dims = static_cast<std::uint32_t>(rules_.dims);
        header.rows = size();
        file_writer file(header);
        file.add_owned(section_type::coding, coding_section());
        file.add(section_type::metadata, std::as_bytes(std::span(metadata_)));
        file.add(section_type::plane0, plane_view(0));
        file.add(section_type::norms, std::as_bytes(std::span(norms_)));
        file.add_owned(section_type::ids, ids_.encoded());
        if (levels() > 1) file.add(section_type::plane1, plane_view(1));
        if (levels() > 2) file.add(section_type::plane2, plane_view(2));
        if (levels() > 3) file.add(section_type::plane3, plane_view(3));
        if (relevance_)
            file.insert_owned(section_type::relevance, section_type::plane0, score::to_bytes(*relevance_), section_entry::optional);
        return file;
    }

protected:
    friend class index_loader;

    vector_index(std::size_t dims, similarity_kind similarity, zero_vectors zeros) : rules_(dims, similarity, zeros) {}
    vector_index(quantize::transform map, similarity_kind similarity, zero_vectors zeros) : rules_(map.input_dims(), similarity, zeros) {
        if (!map.is_identity()) map_ = std::move(map);
    }
    vector_index(vector_index const&) = default;
    vector_index(vector_index&&) = default;
    vector_index& operator=(vector_index const&) = default;
    vector_index& operator=(vector_index&&) = default;

    // What a concrete index provides. Rows are < size(); `encode_row` overwrites whatever a row held.
    [[nodiscard]] virtual bool keeps_directions() const noexcept = 0;
    [[nodiscard]] virtual std::size_t code_memory() const noexcept = 0;
    virtual void reserve_rows(std::size_t rows) = 0;
    virtual void append_slot(row_t row) = 0;
    virtual void encode_row(std::span<float const> values, row_t row) = 0;
    virtual void decode_row(row_t row, std::span<float> out) const = 0;
    virtual void move_row(row_t from, row_t to) = 0;
    virtual void drop_last_row(row_t last) = 0;
    /// @param scale  multiplies every estimate
    [[nodiscard]] virtual search_result search_rows(std::span<float const> query, float scale, search_options const& options,
                                                    score_rule const& rule) const = 0;
    /// A checked query as search_rows takes it.
    struct prepared_query {
        std::span<float const> values;
        float scale;
        score_rule rule;
    };
    virtual void search_batch(std::span<prepared_query const> queries, search_options const& options,
                              std::span<search_result> results) const {
        for (std::size_t i = 0; i < queries.size(); ++i)
            results[i] = search_rows(queries[i].values, queries[i].scale, options, queries[i].rule);
    }
    using block_taker = std::function<void(std::size_t block, std::span<quantize::block_scores> scores)>;
    /// Estimates of the blocks first .. last - 1 for all queries; here of codes of directions, by what they stand for.
    virtual void score_blocks(std::span<prepared_query const> queries, std::size_t first, std::size_t last, block_taker const& take) const {
        quantize::f32_codec const codec(code_dims(), similarity_kind::dot);
        detail::tiled_queries const tiled(codec, queries.size(),
                                          [&](std::size_t i) { return codec.prepare(queries[i].values, queries[i].scale); });
        std::vector<quantize::block_scores> scores(queries.size());
        byte_buffer decoded(codec.block_bytes());
        std::vector<float> row(code_dims());
        for (std::size_t b = first; b < last; ++b) {
            for (std::size_t r = 0; r < std::min(block_rows, size() - b * block_rows); ++r) {
                decode_row(static_cast<row_t>(b * block_rows + r), row);
                codec.encode(row, decoded.data(), r);
            }
            tiled(decoded.data(), scores);
            take(b, scores);
        }
    }
    /// What coding and decoding need beyond the kind, as it stands in a file: nothing for most.
    [[nodiscard]] virtual std::vector<std::byte> coding_section() const { return coding_bytes(map(), nullptr, nullptr); }
    // Loading: a partly filled plane becomes usable once all its bytes are in.
    [[nodiscard]] virtual std::size_t block_bytes(unsigned plane) const noexcept = 0;
    [[nodiscard]] virtual byte_buffer& plane(unsigned plane) noexcept = 0;
    [[nodiscard]] virtual std::span<std::byte const> plane_view(unsigned plane) const noexcept = 0;
    [[nodiscard]] virtual bool plane_well_formed(unsigned plane) const = 0;
    virtual void planes_ready(unsigned count) { ready_ = count > 0; }

    /// Bytes of a plane with so many rows, in 64 bits also where memory is addressed with 32.
    [[nodiscard]] std::uint64_t plane_bytes(unsigned plane, std::uint64_t rows) const noexcept {
        return (rows + block_rows - 1) / block_rows * std::uint64_t{block_bytes(plane)};
    }
    /// Makes room for rows in a plane's buffer, half as much again as it has when it must grow.
    void reserve_plane(byte_buffer& buffer, unsigned plane, std::size_t rows) const {
        std::uint64_t const bytes = plane_bytes(plane, rows);
        require(bytes <= buffer.max_size(), error_code::out_of_memory, rows, " rows need ", bytes,
                " bytes, more than this machine can address");
        if (buffer.capacity() < bytes)
            buffer.reserve(
                std::max(static_cast<std::size_t>(bytes), buffer.size() + std::min(buffer.size() / 2, buffer.max_size() - buffer.size())));
    }
    void resize_plane(byte_buffer& buffer, unsigned plane, std::size_t rows) const {
        buffer.resize(static_cast<std::size_t>(plane_bytes(plane, rows)), std::byte{0});
    }

    [[nodiscard]] bool is_mapped() const noexcept { return map_.has_value(); }
    [[nodiscard]] bool keeps_norms() const noexcept { return keeps_directions() && rules_.similarity != similarity_kind::cosine; }

private:
    [[nodiscard]] bool stores_units() const noexcept { return keeps_directions() || rules_.similarity == similarity_kind::cosine; }

    void require_complete() const {
        require(level() == levels(), error_code::incomplete, "the index has loaded ", level(), " of ", levels(),
                " planes: it can be searched, not changed");
    }
    [[nodiscard]] row_t row_of(id_ref id) const {
        auto const row = find(id);
        require(row.has_value(), error_code::unknown_id, "no id ", quoted(id));
        return *row;
    }

    double check_query(std::span<float const> query) const { return rules_.check_vector(query, "query"); }

    void reserve_vectors(std::size_t rows) {
        reserve_rows(rows);
        if (keeps_norms()) norms_.reserve(std::max(rows, std::min(norms_.size() + norms_.size() / 2, norms_.max_size())));
    }
    void remove_row(row_t row) {
        auto const last = static_cast<row_t>(size() - 1);
        ids_.remove(row);
        if (row != last) move_row(last, row);
        if (keeps_norms()) {
            norms_[row] = norms_[last];
            norms_.pop_back();
        }
        drop_last_row(last);
    }
    row_t append_row(id_ref id) {
        auto const row = static_cast<row_t>(size());
        ids_.append(id);
        append_slot(row);
        return row;
    }
    // `values` were checked and there is room: nothing below can fail.
    struct row_scratch {
        std::vector<float> unit, mapped, steps;
    };
    [[nodiscard]] row_scratch make_scratch() const {
        return {std::vector<float>(dims()), std::vector<float>(map_ ? code_dims() : 0),
                std::vector<float>(map_ ? map_->scratch_floats() : 0)};
    }
    void write_row(row_t row, std::span<float const> values, row_scratch& scratch) {
        if (keeps_norms()) {
            if (norms_.size() < size()) norms_.resize(size());
            norms_[row] = static_cast<float>(norm(values));
        }
        if (stores_units()) {
            to_unit(values, scratch.unit);
            values = scratch.unit;
        }
        if (map_) {
            map_->map_row(values, scratch.mapped, scratch.steps);
            values = scratch.mapped;
        }
        encode_row(values, row);
    }

    void check_options(search_options const& options) const {
        detail::check(options, size());
        require(options.min_relevance == 0 || model_of(options) != nullptr, error_code::invalid_argument,
                "the index has no relevance model: see set_relevance");
        if (options.relevance != nullptr) options.relevance->check_fits(dims(), similarity());
    }
    /// @param unit  holds the values where the index compares directions
    [[nodiscard]] prepared_query prepare(std::span<float const> query, double length, search_options const& options,
                                         std::vector<float>& unit) const {
        score_rule rule{rules_.similarity, keeps_norms() ? norms_.data() : nullptr, static_cast<float>(length * length), 0,
                        options.bias.empty() ? nullptr : options.bias.data()};
        if (!stores_units()) return {query, 1.0F, rule};
        float const scale = rules_.similarity == similarity_kind::cosine ? 1.0F : static_cast<float>(length);
        unit.resize(rules_.dims);
        to_unit(query, unit);
        if (map_) {
            std::vector<float> mapped(code_dims());
            rule.shift = static_cast<float>(map_->map_query(unit, mapped)) * scale;
            unit.swap(mapped);
        }
        return {unit, scale, rule};
    }
    static constexpr std::size_t batch_part = 1024, blocks_a_step = 512;
    void search_part(matrix_view<float const> queries, std::span<double const> lengths, search_options const& options, std::size_t begin,
                     std::span<search_result> results) const {
        std::vector<std::vector<float>> units(results.size());
        std::vector<prepared_query> prepared;
        prepared.reserve(results.size());
        for (std::size_t i = 0; i < results.size(); ++i)
            prepared.push_back(prepare(queries[begin + i], lengths[begin + i], options, units[i]));
        search_batch(prepared, options, results);
        for (std::size_t i = 0; i < results.size(); ++i) {
            finish(results[i], prepared[i].rule, options.min_score);
            if (auto const meaning = detail::meaning_of(queries[begin + i], model_of(options), similarity()))
                detail::weigh(results[i], *meaning, options);
        }
    }
    [[nodiscard]] score::relevance_model const* model_of(search_options const& options) const noexcept {
        return options.relevance != nullptr ? options.relevance : relevance_.get();
    }
    static void finish(search_result& result, score_rule const& rule, float least) {
        (result.corrected ? rule : rule.without_bias()).finish(result.hits, least);
    }

    input_rules rules_;
    std::optional<quantize::transform> map_;
    bool ready_ = true;
    id_table ids_;
    aligned_vector<float> norms_;  // one a row under dot and squared_l2 when codes are directions
    std::string metadata_;
    std::shared_ptr<score::relevance_model const> relevance_;
};

}  // namespace simile
