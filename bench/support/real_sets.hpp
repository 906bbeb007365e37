// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>
#include <simile/core/matrix_view.hpp>
#include <simile/core/norm.hpp>
#include <simile/io/npy.hpp>

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Labelled sets of real embeddings. They do not belong to the repository: the folder that SIMILE_SHARED names has them, or `shared` beside the repository.
namespace simile::bench {

/// Vectors of unit length.
struct unit_rows {
    std::vector<float> values;
    std::size_t dims = 0;

    [[nodiscard]] matrix_view<float const> matrix() const { return {values.data(), dims == 0 ? 0 : values.size() / dims, dims}; }
    void add(std::span<float const> row) {
        dims = row.size();
        values.insert(values.end(), row.begin(), row.end());
        to_unit(std::span(values).last(dims), std::span(values).last(dims));
    }
    [[nodiscard]] unit_rows picked(std::span<std::size_t const> which) const {
        unit_rows out;
        for (std::size_t const i : which) out.add(matrix()[i]);
        return out;
    }
};

/// Some queries that are asked, and some that make up the bank; never the same ones.
struct fold {
    std::vector<std::size_t> asked, bank;
};

struct real_set {
    std::string name;
    unit_rows gallery, queries;
    unit_rows bank;                         ///< what folds pick their banks from
    std::vector<std::vector<row_t>> right;  ///< rows of the gallery that answer each query; a query without any is not asked
    std::vector<fold> folds;
};

/// Reads the files of the folder and says which one is missing.
class shared_data {
public:
    explicit shared_data(char const* otherwise) {
        char const* const named = std::getenv("SIMILE_SHARED");
        folder_ = std::filesystem::path(named != nullptr ? named : otherwise) / "data";
    }
    [[nodiscard]] std::filesystem::path const& folder() const noexcept { return folder_; }
    [[nodiscard]] bool has(std::span<std::string_view const> names) const {
        for (auto const name : names)
            if (!std::filesystem::exists(folder_ / name)) return false;
        return true;
    }
    [[nodiscard]] unit_rows rows(std::string_view name) const {
        auto const read = io::read_npy<float>(folder_ / name);
        unit_rows out;
        for (std::size_t i = 0; i < read.rows(); ++i) out.add(read.matrix()[i]);
        return out;
    }
    [[nodiscard]] std::string text(std::string_view name) const {
        std::ifstream file(folder_ / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }

private:
    std::filesystem::path folder_;
};

/// The numbers up to a mark of a text, whatever lies between them.
[[nodiscard]] inline std::vector<double> numbers_until(std::string_view& text, char end) {
    std::vector<double> out;
    while (!text.empty() && text[0] != end) {
        char* after = nullptr;
        double const value = std::strtod(text.data(), &after);
        std::size_t const read = static_cast<std::size_t>(after - text.data());
        if (read > 0) out.push_back(value);
        text.remove_prefix(read > 0 ? read : 1);
    }
    return out;
}

/// Every second query is asked while the others are the bank, and the other way round.
[[nodiscard]] inline std::vector<fold> two_folds(std::size_t queries) {
    std::vector<fold> out(2);
    for (std::size_t q = 0; q < queries; ++q) {
        out[q % 2].asked.push_back(q);
        out[1 - q % 2].bank.push_back(q);
    }
    return out;
}

}  // namespace simile::bench
