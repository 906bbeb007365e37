// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/hit.hpp>
#include <simile/core/resampling.hpp>
#include <simile/eval/bootstrap.hpp>
#include <simile/eval/ranking.hpp>
#include <simile/eval/statistics.hpp>
#include <simile/eval/text.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// All measures of a search over a set of queries, with their intervals, as numbers and as a table for people.
namespace simile::eval {

struct report_line {
    std::string measure;     ///< such as "nDCG@10"
    bootstrap_result value;  ///< of the mean over the queries
};

struct retrieval_report {
    std::size_t queries = 0;  ///< that have something relevant; the others have no measures
    double median_rank = 0;   ///< of the first relevant row; no_rank when most lists have none
    std::vector<report_line> lines;
};

/// One measure before and after a change, on the same queries.
struct comparison_line {
    std::string measure;
    double before, after;
    paired_result test;
};

/// Collects the lists of a search query by query.
class retrieval_measures {
public:
    /// @param k  the cut of recall, success, precision and nDCG
    /// @throws error invalid_argument when k is 0
    explicit retrieval_measures(std::size_t k = 10) : k_(k) { require(k > 0, error_code::invalid_argument, "k is 0"); }

    /// @param found   best first, at least k of them where there are as many
    /// @param judged  the judgements of the query
    /// @throws error as judged_list, and nothing is added
    void add(std::span<hit const> found, std::span<judgement const> judged) {
        std::vector<row_t> rows;
        for (hit const& h : found) rows.push_back(h.row);
        add_query(values_, judged_list(rows, judged), k_);
    }

    [[nodiscard]] ranking_values const& values() const noexcept { return values_; }
    [[nodiscard]] std::size_t k() const noexcept { return k_; }

    /// @throws error invalid_argument when no query had anything relevant, or for a senseless option
    [[nodiscard]] retrieval_report report(bootstrap_options const& options = {}) const {
        require(!values_.recall.empty(), error_code::invalid_argument, "no query has anything relevant");
        retrieval_report out{values_.recall.size(), median_rank(values_.first_rank), {}};
        for (auto const& [name, values] : named()) out.lines.push_back({name, bootstrap_mean(values, options)});
        return out;
    }

    /// @param after  of the same queries in the same order, cut at the same k
    /// @throws error dimension_mismatch when the queries or k differ, and as paired_test
    [[nodiscard]] std::vector<comparison_line> compared_with(retrieval_measures const& after, bootstrap_options const& options = {}) const {
        require(k_ == after.k_, error_code::dimension_mismatch, "cut at ", k_, " before and at ", after.k_, " after");
        std::vector<comparison_line> out;
        auto const mine = named(), other = after.named();
        for (std::size_t i = 0; i < mine.size(); ++i) {
            auto const test = paired_test(mine[i].second, other[i].second, options);
            out.push_back({mine[i].first, mean(mine[i].second), mean(other[i].second), test});
        }
        return out;
    }

private:
    [[nodiscard]] std::array<std::pair<std::string, std::span<double const>>, 7> named() const {
        std::string at = "@";  // not by +, of which g++ 12 warns wrongly
        at += std::to_string(k_);
        return {{{"nDCG" + at, values_.ndcg},
                 {"recall" + at, values_.recall},
                 {"success" + at, values_.success},
                 {"precision" + at, values_.precision},
                 {"MRR", values_.reciprocal_rank},
                 {"MAP", values_.average_precision},
                 {"R-precision", values_.r_precision}}};
    }

    std::size_t k_;
    ranking_values values_;
};

/// One line a measure: mean and interval.
[[nodiscard]] inline std::string table(retrieval_report const& report) {
    using detail::cell, detail::fixed;
    std::string const rank = report.median_rank == no_rank ? "none" : fixed(report.median_rank, 1);
    std::string out = std::to_string(report.queries) + " queries, median rank " + rank + "\n";
    out += cell("measure", -16) + cell("mean", 8) + cell("low", 9) + cell("high", 9) + "\n";
    for (auto const& [measure, value] : report.lines)
        out += cell(measure, -16) + cell(fixed(value.point), 8) + cell(fixed(value.low), 9) + cell(fixed(value.high), 9) + "\n";
    return out;
}

/// One line a measure: before, after, the interval of the difference, and the p-value of the randomisation test.
[[nodiscard]] inline std::string table(std::span<comparison_line const> lines) {
    using detail::cell, detail::fixed;
    std::string out = cell("measure", -16) + cell("before", 8) + cell("after", 9) + cell("change", 9) + cell("low", 9) + cell("high", 9) +
                      cell("p", 8) + "\n";
    for (auto const& [measure, before, after, test] : lines)
        out += cell(measure, -16) + cell(fixed(before), 8) + cell(fixed(after), 9) + cell(fixed(test.difference.point), 9) +
               cell(fixed(test.difference.low), 9) + cell(fixed(test.difference.high), 9) + cell(fixed(test.p_value), 8) + "\n";
    return out;
}

}  // namespace simile::eval
