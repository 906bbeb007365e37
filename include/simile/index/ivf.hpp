// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/matrix_view.hpp>
#include <simile/core/progress.hpp>
#include <simile/index/index_bytes.hpp>
#include <simile/index/make_index.hpp>
#include <simile/mine/k_means.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace simile {

/// How to part vectors into lists.
struct ivf_options {
    /// 0: 4 sqrt(rows), at most rows / 32.
    std::size_t lists = 0;
    /// Lists a search looks into unless it says otherwise. 0: lists / 64, at least 4.
    std::size_t probes = 0;
    /// Of the k-means that finds the centres of the lists.
    std::size_t iterations = 5;
    std::size_t points_per_list = 32;
    std::uint64_t seed = 1;
    /// 0, or how many times the mean size a list may have, at least 1: rows that find theirs full go to the next.
    double balance = 0;
    executor* threads = nullptr;
    progress watch{};
};

/// An inverted file: rows of one list lie one after the other in an index of any coding, so a search reads a few slices of it, and a page can fetch these alone.
///
/// Exact     never: a search may miss neighbours in lists that it does not look into. With as many probes as lists it is `rows().search`.
/// File      that of the rows with an optional section of lists: a reader without it searches everything.
class ivf_index {
public:
    /// Rows come in the order of their lists; an id is the number of the row in `vectors` unless ids are given.
    /// @param ids      one a row, or none
    /// @param vectors  [n][dims], n >= 1, finite
    /// @throws error as vector_index::add and mine::k_means; invalid_argument for more lists than rows
    [[nodiscard]] static ivf_index build(coding how, std::span<id_ref const> ids, matrix_view<float const> vectors,
                                         similarity_kind similarity = similarity_kind::cosine, ivf_options const& options = {}) {
        require(vectors.rows() >= 1, error_code::invalid_argument, "lists are made of at least one vector");
        require(ids.empty() || ids.size() == vectors.rows(), error_code::invalid_argument, ids.size(), " ids for ", vectors.rows(),
                " vectors");
        std::size_t const n = vectors.rows();
        std::size_t const lists =
            options.lists != 0 ? options.lists
                               : std::clamp<std::size_t>(static_cast<std::size_t>(4 * std::sqrt(static_cast<double>(n))), 1, (n + 31) / 32);
        require(lists <= n, error_code::invalid_argument, lists, " lists for ", n, " vectors");
        std::shared_ptr<vector_index> rows = make_index(std::move(how), vectors.dims(), similarity);
        input_rules(vectors.dims(), similarity, zero_vectors::refuse).check_rows(vectors, options.watch);
        bool const by_direction = similarity == similarity_kind::cosine;
        std::vector<float> const units = by_direction ? directions_of(vectors) : std::vector<float>{};
        matrix_view<float const> const points = by_direction ? matrix_view<float const>(units.data(), n, vectors.dims()) : vectors;
        auto const found = mine::k_means(points, {.clusters = lists,
                                                  .iterations = options.iterations,
                                                  .seed = options.seed,
                                                  .points_per_cluster = options.points_per_list,
                                                  .spherical = by_direction,
                                                  .balance = options.balance,
                                                  .threads = options.threads,
                                                  .watch = &options.watch});
        std::shared_ptr<vector_index> centres = make_index(codec_kind::int8, vectors.dims(), similarity, zero_vectors::allow);
        centres->add(found.centroids());
        auto const list = options.balance != 0 ? found.assign(points, options.balance, options.threads, options.watch)
                                               : nearest_lists(*centres, points, options);
        auto offsets = starts_of(list, lists);
        add_by_list(*rows, ids, vectors, list, offsets, options);
        return {std::move(rows), std::move(centres), std::move(offsets), options.probes};
    }

    [[nodiscard]] vector_index const& rows() const noexcept { return *rows_; }
    [[nodiscard]] std::size_t size() const noexcept { return rows_->size(); }
    [[nodiscard]] std::size_t lists() const noexcept { return offsets_.size() - 1; }
    [[nodiscard]] std::size_t probes() const noexcept { return probes_; }
    /// The rows of a list.
    [[nodiscard]] row_range list(std::size_t i) const {
        require(i < lists(), error_code::out_of_range, "list ", i, " of ", lists());
        return {offsets_[i], offsets_[i + 1]};
    }
    /// The lists a search would look into, nearest centre first.
    /// @throws error as vector_index::search
    [[nodiscard]] std::vector<std::size_t> nearest(std::span<float const> query, std::size_t probes) const {
        std::vector<std::size_t> out;
        for (hit const& h : centres_->search(query, {.k = probes == 0 ? probes_ : probes}).hits) out.push_back(h.row);
        return out;
    }

    /// @param probes  lists to look into; 0: probes()
    /// @throws error as vector_index::search; invalid_argument when the options have ranges
    [[nodiscard]] search_result search(std::span<float const> query, search_options options = {}, std::size_t probes = 0) const {
        require(options.ranges.empty(), error_code::invalid_argument, "ranges of rows and lists exclude each other: use a filter");
        auto const near = nearest(query, probes);
        auto const ranges = ranges_of(near);
        if (ranges.empty()) return {{}, rows_->level()};
        options.ranges = ranges;
        return rows_->search(query, options);
    }
    /// One search for each row; options.threads works on several queries at once, and options.watch is told after each 1,024.
    [[nodiscard]] std::vector<search_result> search_many(matrix_view<float const> queries, search_options options = {},
                                                         std::size_t probes = 0) const {
        std::vector<search_result> out(queries.rows());
        search_options one = options;
        one.threads = nullptr;
        one.watch = nullptr;
        constexpr std::size_t part = 1024;
        for (std::size_t begin = 0; begin < out.size(); begin += part) {
            std::size_t const count = std::min(part, out.size() - begin);
            auto const task = [&](std::size_t i) { out[begin + i] = search(queries[begin + i], one, probes); };
            if (options.threads == nullptr)
                for (std::size_t i = 0; i < count; ++i) task(i);
            else
                options.threads->run(count, task);
            if (options.watch != nullptr) options.watch->step(begin + count, out.size());
        }
        return out;
    }

    /// Bytes held for rows, ids and lists.
    [[nodiscard]] std::size_t memory() const noexcept { return rows_->memory() + centres_->memory() + offsets_.capacity() * sizeof(row_t); }

    /// The `.simile` file; see vector_index::file.
    [[nodiscard]] file_writer file() const {
        auto file = rows_->file();
        detail::byte_writer out;
        out.u32(static_cast<std::uint32_t>(lists()));
        out.u32(static_cast<std::uint32_t>(probes_));
        for (row_t const at : offsets_) out.u32(at);
        out.append(simile::to_bytes(*centres_));
        file.insert_owned(section_type::lists, section_type::plane0, std::move(out.bytes), section_entry::optional);
        return file;
    }
    [[nodiscard]] std::vector<std::byte> to_bytes() const { return simile::to_bytes(file()); }
    /// @throws error as simile::from_bytes; invalid_argument when the file has no lists
    [[nodiscard]] static ivf_index from_bytes(std::span<std::byte const> bytes, verify_level verify = verify_level::checksum,
                                              load_limits const& limits = {}) {
        index_loader loader(verify, limits, bytes.size());
        loader.feed(bytes);
        loader.end();
        return from_loaded(loader.index(), loader.lists(), verify, limits);
    }
    /// @param lists  the section of lists as index_loader::lists gives it
    [[nodiscard]] static ivf_index from_loaded(std::shared_ptr<vector_index> rows, std::span<std::byte const> lists,
                                               verify_level verify = verify_level::checksum, load_limits const& limits = {}) {
        require(!lists.empty(), error_code::invalid_argument, "the file has no lists: use load_index");
        detail::byte_reader in(lists);
        std::size_t const count = in.u32(), probes = in.u32();
        require(count >= 1 && count <= lists.size() / 4 && probes >= 1 && probes <= count, error_code::corrupt_file, "the file has ", count,
                " lists and probes ", probes);
        std::vector<row_t> offsets(count + 1);
        for (row_t& at : offsets) at = in.u32();
        require(offsets.front() == 0 && offsets.back() == rows->size() && std::is_sorted(offsets.begin(), offsets.end()),
                error_code::corrupt_file, "the lists do not part the rows");
        auto centres = read_centres(in.rest(), verify, limits);
        require(centres->size() == count && centres->dims() == rows->dims() && centres->similarity() == rows->similarity(),
                error_code::corrupt_file, "the centres do not fit the lists");
        return {std::move(rows), std::move(centres), std::move(offsets), probes};
    }

private:
    ivf_index(std::shared_ptr<vector_index> rows, std::shared_ptr<vector_index> centres, std::vector<row_t> offsets, std::size_t probes)
        : rows_(std::move(rows)),
          centres_(std::move(centres)),
          offsets_(std::move(offsets)),
          probes_(std::clamp<std::size_t>(probes != 0 ? probes : std::max<std::size_t>(4, lists() / 64), 1, lists())) {}

    /// The section is whole by its table, so a file in it that ends early is damage.
    [[nodiscard]] static std::shared_ptr<vector_index> read_centres(std::span<std::byte const> bytes, verify_level verify,
                                                                    load_limits const& limits) {
        try {
            return simile::from_bytes(bytes, verify, limits);
        } catch (error const& e) {
            require(e.code() != error_code::truncated_file, error_code::corrupt_file, "centres of lists: ", e.what());
            throw;
        }
    }
    [[nodiscard]] static std::vector<float> directions_of(matrix_view<float const> vectors) {
        std::vector<float> units(vectors.rows() * vectors.dims());
        for (std::size_t i = 0; i < vectors.rows(); ++i) to_unit(vectors[i], std::span(units).subspan(i * vectors.dims(), vectors.dims()));
        return units;
    }
    [[nodiscard]] static std::vector<row_t> nearest_lists(vector_index const& centres, matrix_view<float const> vectors,
                                                          ivf_options const& options) {
        std::vector<row_t> out;
        out.reserve(vectors.rows());
        constexpr std::size_t part = 8192;
        for (std::size_t begin = 0; begin < vectors.rows(); begin += part) {
            std::size_t const count = std::min(part, vectors.rows() - begin);
            matrix_view<float const> const some(vectors[begin].data(), count, vectors.dims());
            for (search_result const& r : centres.search_many(some, {.k = 1, .threads = options.threads})) out.push_back(r.hits[0].row);
            options.watch.step(begin + count, vectors.rows());
        }
        return out;
    }
    [[nodiscard]] static std::vector<row_t> starts_of(std::vector<row_t> const& list, std::size_t lists) {
        std::vector<row_t> starts(lists + 1, 0);
        for (row_t const l : list) ++starts[l + 1];
        std::partial_sum(starts.begin(), starts.end(), starts.begin());
        return starts;
    }
    static void add_by_list(vector_index& rows, std::span<id_ref const> ids, matrix_view<float const> vectors,
                            std::vector<row_t> const& list, std::vector<row_t> next, ivf_options const& options) {
        std::vector<row_t> order(vectors.rows());
        for (std::size_t i = 0; i < order.size(); ++i) order[next[list[i]]++] = static_cast<row_t>(i);
        rows.reserve(order.size());
        constexpr std::size_t part = 4096;
        std::vector<float> values;
        std::vector<id_ref> part_ids;
        for (std::size_t begin = 0; begin < order.size(); begin += part) {
            auto const some = std::span(order).subspan(begin, std::min(part, order.size() - begin));
            values.clear();
            part_ids.clear();
            for (row_t const row : some) {
                values.insert(values.end(), vectors[row].begin(), vectors[row].end());
                part_ids.push_back(ids.empty() ? id_ref(std::uint64_t{row}) : ids[row]);
            }
            rows.add(part_ids, {values.data(), some.size(), vectors.dims()});
            options.watch.step(begin + some.size(), order.size());
        }
    }

    /// Rising and without empty ones; neighbours are joined.
    [[nodiscard]] std::vector<row_range> ranges_of(std::vector<std::size_t> lists) const {
        std::sort(lists.begin(), lists.end());
        std::vector<row_range> out;
        for (std::size_t const l : lists) {
            row_range const r{offsets_[l], offsets_[l + 1]};
            if (r.first == r.last) continue;
            if (!out.empty() && out.back().last == r.first)
                out.back().last = r.last;
            else
                out.push_back(r);
        }
        return out;
    }

    std::shared_ptr<vector_index> rows_;
    std::shared_ptr<vector_index> centres_;
    std::vector<row_t> offsets_;
    std::size_t probes_;
};

}  // namespace simile
