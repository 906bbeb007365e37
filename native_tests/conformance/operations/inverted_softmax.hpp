// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "score_reading.hpp"

#include <simile/score/activation_set.hpp>
#include <simile/score/dual_inverted_softmax.hpp>
#include <simile/score/dynamic_inverted_softmax.hpp>
#include <simile/score/inverted_softmax.hpp>
#include <simile/score/log_sum_exp.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace simile::conformance {

/// A bank of inverted softmax, its activation set, and which queries it opens the gate for.
struct bank_of_json {
    bank_of_json(scores_of_json const& bank, scores_of_json const& queries, std::size_t items, double beta, std::size_t k)
        : lse(score::bank_log_sum_exp(bank.matrix(), items, beta)),
          bias(score::inverted_softmax(bank.matrix(), items, {beta})),
          set(items, k) {
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
    auto const dual = each_score(
        s, [&](auto q, auto g) { return s[q][g] - score::dual_bias(one.bias[g], two.bias[g], betas, one.open[q], two.open[q]); });
    return {{"lse", one.lse},
            {"is_log", is_log},
            {"is_order", orders_like(is_log, in, "is_order")},
            {"hub_bias_mean", one.bias},
            {"active", one.active},
            {"gate", one.open},
            {"dis_published", each_score(s, [&](auto q, auto g) { return published(one, beta, q, g); })},
            {"dis_stable", stable},
            {"dis_order", orders_like(stable, in, "dis_order")},
            {"dual_is_log",
             each_score(s, [&](auto q, auto g) { return score::dual_inverted_softmax_log(s[q][g], one.lse[g], two.lse[g], betas); })},
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
        require(std::abs(merged[g] - batch[g]) <= 1e-6 * std::max(1.0, std::abs(batch[g])), error_code::invalid_argument,
                "two halves give ", merged[g]);
    json steps = json::array();
    for (std::size_t const n : after) {
        require(n < trace.size(), error_code::out_of_range, "there are no ", n, " rows");
        steps.push_back({{"after", n}, {"lse", trace[n]}});
    }
    return {{"trace", steps}, {"batch", batch}, {"merged", merged}};
}

}  // namespace simile::conformance
