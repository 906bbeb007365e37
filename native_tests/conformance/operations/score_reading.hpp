// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reading.hpp"

#include <simile/core/matrix_view.hpp>
#include <simile/score/checks.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

/// Matrices of scores, and orders of them.
namespace simile::conformance {

/// Rows of scores in double, as the vectors have them; no rows are an empty bank.
struct scores_of_json {
    scores_of_json() = default;
    explicit scores_of_json(json const& rows) : count(rows.size()) {
        for (json const& row : rows) {
            auto const read = numbers<double>(row);
            if (&row == &rows.front()) items = read.size();
            require(read.size() == items, error_code::dimension_mismatch, "a row has ", read.size(), " elements, the first has ", items);
            values.insert(values.end(), read.begin(), read.end());
        }
        score::detail::require_finite(std::span<double const>(values), "a score");
    }
    [[nodiscard]] matrix_view<double const> matrix() const { return {values.data(), count, items}; }
    [[nodiscard]] std::span<double const> operator[](std::size_t row) const { return matrix()[row]; }

    std::vector<double> values;
    std::size_t count = 0, items = 0;
};

/// The scores of queries and those of a bank with the same items.
struct scored_items {
    explicit scored_items(json const& in, char const* bank_name = "bank") : queries(in.at("S")) {
        if (in.contains(bank_name) && !in.at(bank_name).is_null()) bank = scores_of_json(in.at(bank_name));
        items = queries.count > 0 ? queries.items : bank.items;
        require(queries.count == 0 || queries.items > 0, error_code::invalid_argument, "there are no items");
        require(bank.count == 0 || bank.items == items, error_code::dimension_mismatch, "the bank has ", bank.items, " items, not ", items);
    }
    scores_of_json queries, bank;
    std::size_t items = 0;
};

/// Positions by falling score, equal ones by position.
[[nodiscard]] inline std::vector<std::size_t> order_of(std::span<double const> scores) {
    std::vector<std::size_t> out(scores.size());
    std::iota(out.begin(), out.end(), std::size_t{0});
    std::sort(out.begin(), out.end(),
              [&](std::size_t a, std::size_t b) { return scores[a] > scores[b] || (scores[a] == scores[b] && a < b); });
    return out;
}

/// The order of these scores; the expected one when it differs only where neighbours are as good as equal.
[[nodiscard]] inline json order_like(std::span<double const> scores, json const& expected) {
    auto const ours = order_of(scores);
    if (!expected.is_array() || expected.size() != scores.size()) return ours;
    auto theirs = numbers<std::size_t>(expected);
    auto sorted = theirs;
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < sorted.size(); ++i)
        if (sorted[i] != i) return ours;
    for (std::size_t i = 1; i < theirs.size(); ++i) {
        double const before = scores[theirs[i - 1]], after = scores[theirs[i]];
        if (before == after ? theirs[i - 1] > theirs[i] : before < after - std::max(2e-6, 2e-5 * std::abs(after))) return ours;
    }
    return theirs;
}
[[nodiscard]] inline json orders_like(std::vector<std::vector<double>> const& rows, json const& in, char const* name) {
    json out = json::array();
    bool const known = in.contains("expected") && in["expected"].contains(name) && in["expected"][name].is_array() &&
                       in["expected"][name].size() == rows.size();
    for (std::size_t q = 0; q < rows.size(); ++q) out.push_back(order_like(rows[q], known ? in["expected"][name][q] : json()));
    return out;
}

/// value(q, g) for all scores of queries.
template <class Value>
[[nodiscard]] std::vector<std::vector<double>> each_score(scores_of_json const& queries, Value value) {
    std::vector<std::vector<double>> out(queries.count, std::vector<double>(queries.items));
    for (std::size_t q = 0; q < queries.count; ++q)
        for (std::size_t g = 0; g < queries.items; ++g) out[q][g] = value(q, g);
    return out;
}

/// Inner products of all rows of x with all rows of y.
[[nodiscard]] inline scores_of_json products_of(scores_of_json const& x, scores_of_json const& y) {
    require(x.count == 0 || y.count == 0 || x.items == y.items, error_code::dimension_mismatch, "there are ", x.items, " and ", y.items,
            " dimensions");
    scores_of_json out;
    out.count = x.count;
    out.items = y.count;
    for (std::size_t i = 0; i < x.count; ++i)
        for (std::size_t j = 0; j < y.count; ++j) out.values.push_back(std::inner_product(x[i].begin(), x[i].end(), y[j].begin(), 0.0));
    return out;
}

}  // namespace simile::conformance
