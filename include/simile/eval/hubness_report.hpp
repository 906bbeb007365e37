// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/hit.hpp>
#include <simile/core/resampling.hpp>
#include <simile/eval/bootstrap.hpp>
#include <simile/eval/hubness.hpp>
#include <simile/eval/statistics.hpp>
#include <simile/eval/text.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace simile::eval {

/// What one method of ranking does to the hubs of a sample of queries, and to the answers where these are known.
struct hubness_line {
    std::string method;
    hubness_measures measures;
    std::vector<double> quality;          ///< of each query, such as its reciprocal rank; empty when the answers are not known
    std::optional<paired_result> change;  ///< of the quality against the first method
};

/// Says whether correcting for hubs is worth it: the same sample of queries is searched without correction first, and then with each method. It often is
/// not: on sets with few hubs, or with a bank of the wrong queries, no method changes the answers by more than chance.
class hubness_report {
public:
    /// @param items  of the gallery
    /// @param k      whose k-occurrence is counted
    /// @throws error invalid_argument when one of them is 0
    hubness_report(std::size_t items, std::size_t k = 10) : items_(items), k_(k) { static_cast<void>(occurrence_counter(items, k)); }

    /// The answers of the sample under a method; those without any correction are added first.
    /// @param lists    one a query, best first, at least k of the items each
    /// @param quality  one a query, larger is better, or none
    /// @throws error invalid_argument (no queries), out_of_range (a row beyond the items), dimension_mismatch (another number of queries than before, or of
    ///         qualities than of lists), not_finite; nothing is added
    void add(std::string method, std::span<std::vector<hit> const> lists, std::span<double const> quality = {},
             bootstrap_options const& options = {}) {
        require(!lists.empty(), error_code::invalid_argument, "a sample of no queries");
        require(lines_.empty() || lists.size() == queries_, error_code::dimension_mismatch, lists.size(), " queries, the first method has ",
                queries_);
        require(quality.empty() || quality.size() == lists.size(), error_code::dimension_mismatch, quality.size(), " qualities of ",
                lists.size(), " queries");
        occurrence_counter counter(items_, k_);
        for (auto const& list : lists) counter.add(list);
        hubness_line line{std::move(method), counter.measures(), {quality.begin(), quality.end()}, {}};
        if (!quality.empty()) static_cast<void>(mean(quality));  // refuses what is not finite
        if (!lines_.empty() && !quality.empty() && !lines_[0].quality.empty())
            line.change = paired_test(lines_[0].quality, quality, options);
        queries_ = lists.size();
        lines_.push_back(std::move(line));
    }

    [[nodiscard]] std::span<hubness_line const> lines() const noexcept { return lines_; }

    /// One sentence. A change counts when its p-value is below 0.05 divided by the number of methods that were tried.
    /// @throws error invalid_argument before the first method is added
    [[nodiscard]] std::string advice() const {
        require(!lines_.empty(), error_code::invalid_argument, "no method was added");
        double const skewness = lines_[0].measures.skewness;
        std::string const raw = "the skewness of the " + std::to_string(k_) + "-occurrence is " + detail::fixed(skewness, 2);
        if (auto const* const best = best_change(); best != nullptr)
            return "Use " + best->method + ": it improves the answers from " + detail::fixed(mean(lines_[0].quality)) + " to " +
                   detail::fixed(mean(best->quality)) + " (p = " + detail::fixed(best->change->p_value) + "), and " + raw +
                   " without it and " + detail::fixed(best->measures.skewness, 2) + " with it.";
        if (skewness <= notable_skewness)
            return "Leave it off: there are few hubs, " + raw + ", and up to " + detail::fixed(notable_skewness, 1) + " is common.";
        if (tried() > 0) return "Leave it off: there are hubs, " + raw + ", but no method improves the answers by more than chance.";
        return "There are hubs, " + raw + ": try the methods on queries whose answers are known before you turn one on.";
    }

    /// One line a method.
    [[nodiscard]] std::string table() const {
        using detail::cell, detail::fixed;
        std::string out = cell("method", -20) + cell("skewness", 9) + cell("Robin Hood", 12) + cell("antihubs", 10) + cell("hubs", 8) +
                          cell("quality", 9) + cell("p", 9) + "\n";
        for (auto const& line : lines_)
            out += cell(line.method, -20) + cell(fixed(line.measures.skewness, 3), 9) + cell(fixed(line.measures.robin_hood, 3), 12) +
                   cell(fixed(line.measures.antihub_occurrence, 3), 10) + cell(fixed(line.measures.hub_occurrence, 3), 8) +
                   cell(line.quality.empty() ? "" : fixed(mean(line.quality)), 9) +
                   cell(line.change ? fixed(line.change->p_value) : "", 9) + "\n";
        return out;
    }

private:
    /// The rule of scikit-hubness.
    static constexpr double notable_skewness = 1.2;

    [[nodiscard]] std::size_t tried() const {
        std::size_t count = 0;
        for (auto const& line : lines_) count += line.change.has_value();
        return count;
    }

    [[nodiscard]] hubness_line const* best_change() const {
        hubness_line const* best = nullptr;
        for (auto const& line : lines_) {
            if (!line.change || line.change->difference.point <= 0 || line.change->p_value >= 0.05 / static_cast<double>(tried())) continue;
            if (best == nullptr || line.change->difference.point > best->change->difference.point) best = &line;
        }
        return best;
    }

    std::size_t items_, k_;
    std::size_t queries_ = 0;
    std::vector<hubness_line> lines_;
};

}  // namespace simile::eval
