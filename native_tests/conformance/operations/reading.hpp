// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common.hpp"

#include <simile/core/error.hpp>
#include <simile/core/matrix_view.hpp>
#include <simile/core/norm.hpp>

#include <cmath>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

/// The parts that the cases of several areas are made of.
namespace simile::conformance {

/// A parameter of a case: absent and null are the default.
[[nodiscard]] inline double parameter(json const& in, char const* name, double otherwise) {
    return in.contains(name) && !in.at(name).is_null() ? number(in.at(name)) : otherwise;
}
/// A count: what no size_t can hold is refused before it is converted.
[[nodiscard]] inline std::size_t count(json const& in, char const* name, std::size_t otherwise) {
    if (!in.contains(name) || in.at(name).is_null()) return otherwise;
    double const value = number(in.at(name));
    require(value >= 0 && value <= 0x1p52 && value == std::floor(value), error_code::invalid_argument, name, " is ", value);
    return static_cast<std::size_t>(value);
}

/// A vector of a case: some finite numbers.
[[nodiscard]] inline std::vector<float> vector_of(json const& values) {
    auto out = numbers<float>(values);
    require(!out.empty(), error_code::invalid_argument, "a vector of 0 dimensions");
    require(all_finite(out), error_code::not_finite, "a component is NaN or infinite");
    return out;
}
[[nodiscard]] inline std::pair<std::vector<float>, std::vector<float>> vectors_of(json const& x, json const& y) {
    std::pair out(vector_of(x), vector_of(y));
    require_same_size(out.first, out.second);
    return out;
}

/// Rows of numbers, all of one length.
struct rows_of_json {
    explicit rows_of_json(json const& rows) : count(rows.size()) {
        for (json const& row : rows) {
            auto const read = numbers<float>(row);
            if (values.empty()) dims = read.size();
            require(read.size() == dims, error_code::dimension_mismatch, "a row has ", read.size(), " elements, the first has ", dims);
            values.insert(values.end(), read.begin(), read.end());
        }
    }
    [[nodiscard]] matrix_view<float const> matrix() const { return {values.data(), count, dims}; }

    std::vector<float> values;
    std::size_t count = 0, dims = 0;
};

[[nodiscard]] inline json json_rows(matrix_view<float const> rows) {
    json out = json::array();
    for (std::size_t i = 0; i < rows.rows(); ++i) out.push_back(std::vector<float>(rows[i].begin(), rows[i].end()));
    return out;
}

/// What `write(span)` writes to so many floats.
template <class Write>
[[nodiscard]] std::vector<float> written(std::size_t size, Write write) {
    std::vector<float> out(size);
    write(std::span<float>(out));
    return out;
}

}  // namespace simile::conformance
