// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/matrix_view.hpp>
#include <simile/index/ivf.hpp>
#include <simile/index/make_index.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace simile::bench {

/// An index with its rows in it.
class built_index {
public:
    virtual ~built_index() = default;
    [[nodiscard]] virtual double bytes_a_row() const = 0;
    /// One query is one search, several are one batch. rows: [queries][k], best first, -1 where there is no hit.
    /// @param setting  number of one of the contestant's settings
    virtual void search(matrix_view<float const> queries, std::size_t setting, std::size_t k, std::int64_t* rows) const = 0;
};

/// What the table of whole searches compares: here and in the harness with peers.
struct contestant {
    std::string name;
    std::vector<std::string> settings;
    std::function<std::unique_ptr<built_index>(matrix_view<float const> rows)> build;
};

namespace detail {

struct named_options {
    std::string name;
    search_options options;
};
using index_maker = std::function<std::unique_ptr<vector_index>(std::size_t dims)>;

class built_vector_index final : public built_index {
public:
    built_vector_index(std::unique_ptr<vector_index> index, matrix_view<float const> rows, std::vector<named_options> settings)
        : index_(std::move(index)), settings_(std::move(settings)) {
        index_->reserve(rows.rows());
        index_->add(rows);
    }
    [[nodiscard]] double bytes_a_row() const override {
        return static_cast<double>(index_->memory()) / static_cast<double>(index_->size());
    }
    void search(matrix_view<float const> queries, std::size_t setting, std::size_t k, std::int64_t* rows) const override {
        search_options options = settings_[setting].options;
        options.k = k;
        if (queries.rows() == 1) return write(index_->search(queries[0], options), k, rows);
        auto const found = index_->search_many(queries, options);
        for (std::size_t q = 0; q < found.size(); ++q) write(found[q], k, rows + q * k);
    }

private:
    static void write(search_result const& found, std::size_t k, std::int64_t* rows) {
        for (std::size_t i = 0; i < k; ++i) rows[i] = i < found.hits.size() ? std::int64_t{found.hits[i].row} : -1;
    }
    std::unique_ptr<vector_index> index_;
    std::vector<named_options> settings_;
};

inline contestant of_index(std::string name, index_maker make, std::vector<named_options> settings) {
    contestant out{std::move(name), {}, {}};
    for (named_options const& s : settings) out.settings.push_back(s.name);
    out.build = [make = std::move(make), settings = std::move(settings)](matrix_view<float const> rows) -> std::unique_ptr<built_index> {
        return std::make_unique<built_vector_index>(make(rows.dims()), rows, settings);
    };
    return out;
}

/// Rows of lists; an answer is the number of the row as it was given.
class built_ivf final : public built_index {
public:
    built_ivf(std::string const& codec, matrix_view<float const> rows, std::size_t lists, std::vector<std::size_t> probes)
        : index_(ivf_index::build(coding_of(codec, rows.dims()), {}, rows, similarity_kind::cosine, {.lists = lists})),
          probes_(std::move(probes)) {}
    [[nodiscard]] double bytes_a_row() const override { return static_cast<double>(index_.memory()) / static_cast<double>(index_.size()); }
    void search(matrix_view<float const> queries, std::size_t setting, std::size_t k, std::int64_t* rows) const override {
        if (queries.rows() == 1) return write(index_.search(queries[0], {.k = k}, probes_[setting]), k, rows);
        auto const found = index_.search_many(queries, {.k = k}, probes_[setting]);
        for (std::size_t q = 0; q < found.size(); ++q) write(found[q], k, rows + q * k);
    }

private:
    void write(search_result const& found, std::size_t k, std::int64_t* rows) const {
        for (std::size_t i = 0; i < k; ++i)
            rows[i] = i < found.hits.size() ? static_cast<std::int64_t>(index_.rows().id(found.hits[i].row).number()) : -1;
    }
    ivf_index index_;
    std::vector<std::size_t> probes_;
};

inline contestant partitioned(std::string codec, std::size_t lists, std::vector<std::size_t> probes) {
    contestant out{"ivf" + std::to_string(lists) + " " + codec, {}, {}};
    for (std::size_t const p : probes) out.settings.push_back(std::to_string(p) + " probes");
    out.build = [=](matrix_view<float const> rows) -> std::unique_ptr<built_index> {
        return std::make_unique<built_ivf>(codec, rows, lists, probes);
    };
    return out;
}

inline contestant flat(std::string const& codec) {
    return of_index("flat " + codec, [codec](std::size_t dims) { return make_index(codec, dims); }, {{"-", {}}});
}

inline contestant cascade(std::string const& codec, std::vector<char const*> const& recalls) {
    std::vector<named_options> settings;
    for (char const* const recall : recalls) {
        search_options options;
        options.recall = std::strtod(recall, nullptr);
        settings.push_back({std::string("recall ") + recall, options});
    }
    return of_index("cascade " + codec, [codec](std::size_t dims) { return make_index(codec, dims); }, std::move(settings));
}

}  // namespace detail

/// Every index in every form that is worth a line. Rows are unit vectors, so cosine ranks as the inner product does.
/// @param rows  how many there are: decides how many lists are worth having
[[nodiscard]] inline std::vector<contestant> contestants(std::size_t rows) {
    using namespace detail;
    std::vector<contestant> out;
    for (char const* const codec : {"f32", "f16", "bf16", "int8", "int4", "rabitq4", "lvq8", "rabitq1"}) out.push_back(flat(codec));
    out.push_back(cascade("planes", {"0.9", "0.95", "0.99"}));
    out.push_back(cascade("planes12", {"0.9", "0.95", "0.99"}));
    out.push_back(rows < 500'000 ? partitioned("int8", 1024, {2, 4, 8}) : partitioned("int8", 4096, {4, 8, 16, 32}));
    return out;
}

}  // namespace simile::bench
