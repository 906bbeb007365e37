// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common.hpp"
#include "similarity.hpp"

#include <simile/score/activation_set.hpp>
#include <simile/score/dual_inverted_softmax.hpp>
#include <simile/score/dynamic_inverted_softmax.hpp>
#include <simile/score/inverted_softmax.hpp>
#include <simile/score/log_sum_exp.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <string>
#include <vector>

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
    std::sort(out.begin(), out.end(), [&](std::size_t a, std::size_t b) { return scores[a] > scores[b] || (scores[a] == scores[b] && a < b); });
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
    bool const known = in.contains("expected") && in["expected"].contains(name) && in["expected"][name].is_array() && in["expected"][name].size() == rows.size();
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

/// A bank of inverted softmax, its activation set, and which queries it opens the gate for.
struct bank_of_json {
    bank_of_json(scores_of_json const& bank, scores_of_json const& queries, std::size_t items, double beta, std::size_t k)
        : lse(score::bank_log_sum_exp(bank.matrix(), items, beta)), bias(score::inverted_softmax(bank.matrix(), items, {beta})), set(items, k) {
        for (std::size_t b = 0; b < bank.count; ++b) {
            std::vector<hit> best;
            for (std::size_t const g : order_of(bank[b])) best.push_back({static_cast<row_t>(g), -static_cast<float>(best.size())});
            set.add_row(best);
        }
        for (std::size_t q = 0; q < queries.count; ++q) open.push_back(set.active(static_cast<row_t>(order_of(queries[q]).front())));
        for (std::size_t g = 0; g < items; ++g) active.push_back(set.active(static_cast<row_t>(g)));
    }
    std::vector<double> lse, bias;
    score::activation_set set;
    std::vector<bool> open, active;
};

[[nodiscard]] inline json inverted_softmax_operation(json const& in) {
    scored_items const scores(in);
    scored_items const other(in, "gallery_bank");
    double const beta = parameter(in, "beta", 20), beta2 = parameter(in, "beta2", 3);
    std::size_t const k = count(in, "k", 1);
    scores_of_json const& s = scores.queries;
    bank_of_json const one(scores.bank, s, scores.items, beta, k), two(other.bank, s, scores.items, beta2, k);
    score::dual_inverse_temperatures const betas{beta, beta2};
    auto const is_log = each_score(s, [&](auto q, auto g) { return score::inverted_softmax_log(s[q][g], one.lse[g], beta); });
    auto const stable = each_score(s, [&](auto q, auto g) { return score::dynamic_score(s[q][g], one.bias[g], one.open[q]); });
    auto const published = [&](bank_of_json const& bank, double inverse_temperature, auto q, auto g) {
        return score::published_dynamic_score(s[q][g], bank.lse[g], inverse_temperature, bank.open[q]);
    };
    auto const dual = each_score(s, [&](auto q, auto g) {
        return s[q][g] - score::dual_bias(one.bias[g], two.bias[g], betas, one.open[q], two.open[q]);
    });
    return {{"lse", one.lse},
            {"is_log", is_log},
            {"is_order", orders_like(is_log, in, "is_order")},
            {"hub_bias_mean", one.bias},
            {"active", one.active},
            {"gate", one.open},
            {"dis_published", each_score(s, [&](auto q, auto g) { return published(one, beta, q, g); })},
            {"dis_stable", stable},
            {"dis_order", orders_like(stable, in, "dis_order")},
            {"dual_is_log", each_score(s, [&](auto q, auto g) { return score::dual_inverted_softmax_log(s[q][g], one.lse[g], two.lse[g], betas); })},
            {"dual_dis_published", each_score(s, [&](auto q, auto g) { return published(one, beta, q, g) * published(two, beta2, q, g); })},
            {"dual_dis_stable", dual},
            {"dual_dis_order", orders_like(dual, in, "dual_dis_order")},
            {"gate_query_bank", one.open},
            {"gate_gallery_bank", two.open}};
}

/// The sums after some of the rows, of all rows, and of two halves merged.
[[nodiscard]] inline json streaming_lse_operation(json const& in) {
    scores_of_json const rows(in.at("rows"));
    double const beta = parameter(in, "beta", 20);
    std::vector<std::size_t> after{1, 2, rows.count / 2 + 1, rows.count};
    if (in.contains("expected") && in["expected"].contains("trace")) {
        after.clear();
        for (json const& step : in["expected"]["trace"]) after.push_back(count(step, "after", 0));
    }
    auto const batch = score::bank_log_sum_exp(rows.matrix(), rows.items, beta);
    auto const values_of = [](std::vector<score::log_sum_exp> const& sums) {
        std::vector<double> out;
        for (auto const& sum : sums) out.push_back(sum.value());
        return out;
    };
    std::vector<score::log_sum_exp> whole(rows.items), halves[2]{whole, whole};
    std::vector<std::vector<double>> trace{values_of(whole)};
    for (std::size_t b = 0; b < rows.count; ++b) {
        for (std::size_t g = 0; g < rows.items; ++g) {
            whole[g].add(beta * rows[b][g]);
            halves[2 * b < rows.count ? 0 : 1][g].add(beta * rows[b][g]);
        }
        trace.push_back(values_of(whole));
    }
    for (std::size_t g = 0; g < rows.items; ++g) halves[0][g].merge(halves[1][g]);
    auto const merged = values_of(halves[0]);
    for (std::size_t g = 0; g < rows.items; ++g)
        require(std::abs(merged[g] - batch[g]) <= 1e-6 * std::max(1.0, std::abs(batch[g])), error_code::invalid_argument, "two halves give ", merged[g]);
    json steps = json::array();
    for (std::size_t const n : after) {
        require(n < trace.size(), error_code::out_of_range, "there are no ", n, " rows");
        steps.push_back({{"after", n}, {"lse", trace[n]}});
    }
    return {{"trace", steps}, {"batch", batch}, {"merged", merged}};
}

[[nodiscard]] inline operation_map score_operations() {
    return {
        {"score/inverted_softmax", inverted_softmax_operation},
        {"score/inverted_softmax_overflow", inverted_softmax_operation},
        {"score/streaming_lse", streaming_lse_operation},
    };
}

}  // namespace simile::conformance
