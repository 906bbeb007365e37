// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common.hpp"
#include "similarity.hpp"

#include <simile/score/activation_set.hpp>
#include <simile/score/background.hpp>
#include <simile/score/bias_top_k.hpp>
#include <simile/score/cohort.hpp>
#include <simile/score/csls.hpp>
#include <simile/score/dual_inverted_softmax.hpp>
#include <simile/score/dual_softmax.hpp>
#include <simile/score/dynamic_inverted_softmax.hpp>
#include <simile/score/globally_corrected.hpp>
#include <simile/score/inverted_softmax.hpp>
#include <simile/score/log_sum_exp.hpp>
#include <simile/score/logit_adjustment.hpp>
#include <simile/score/nnn.hpp>
#include <simile/score/sinkhorn.hpp>

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

/// Inner products of all rows of x with all rows of y.
[[nodiscard]] inline scores_of_json products_of(scores_of_json const& x, scores_of_json const& y) {
    require(x.count == 0 || y.count == 0 || x.items == y.items, error_code::dimension_mismatch, "there are ", x.items, " and ", y.items, " dimensions");
    scores_of_json out;
    out.count = x.count;
    out.items = y.count;
    for (std::size_t i = 0; i < x.count; ++i)
        for (std::size_t j = 0; j < y.count; ++j) out.values.push_back(std::inner_product(x[i].begin(), x[i].end(), y[j].begin(), 0.0));
    return out;
}

[[nodiscard]] inline json csls_nnn_gc_operation(json const& in) {
    scored_items const scores(in);
    scores_of_json const& s = scores.queries;
    std::size_t const k = count(in, "k", score::csls_published_k);
    auto const r_item = score::bank_top_means(scores.bank.matrix(), scores.items, k);
    auto const bias = score::nnn(scores.bank.matrix(), scores.items, {k, parameter(in, "alpha", 0.75)});
    auto const falling = score::falling_bank_scores(scores.bank.matrix(), scores.items);
    std::vector<double> r_query;
    for (std::size_t q = 0; q < s.count; ++q) r_query.push_back(score::top_mean(s[q], k));
    auto const csls = each_score(s, [&](auto q, auto g) { return score::csls_score(s[q][g], r_query[q], r_item[g]); });
    auto const nnn = each_score(s, [&](auto q, auto g) { return s[q][g] - bias[g]; });
    auto const rank = each_score(s, [&](auto q, auto g) {
        return static_cast<double>(score::corrected_rank(std::span<double const>(falling[g]), s[q][g]));
    });
    auto const gc = each_score(s, [&](auto q, auto g) { return score::corrected_score(s[q][g], static_cast<std::size_t>(rank[q][g])); });
    return {{"r_query", r_query},
            {"r_item", r_item},
            {"csls", csls},
            {"csls_order", orders_like(csls, in, "csls_order")},
            {"nnn", nnn},
            {"nnn_order", orders_like(nnn, in, "nnn_order")},
            {"gc_rank", rank},
            {"gc", gc},
            {"gc_order", orders_like(gc, in, "gc_order")}};
}

/// Vectors of a gallery, of queries and of a bank of reference queries, compared by inner product.
[[nodiscard]] inline json nnn_operation(json const& in) {
    scores_of_json const gallery(in.at("gallery")), queries(in.at("queries")), reference(in.at("reference"));
    auto const s = products_of(queries, gallery), bank = products_of(reference, gallery);
    require(s.items > 0, error_code::invalid_argument, "there are no items");
    auto const bias = score::nnn(bank.matrix(), s.items, {count(in, "k", 128), parameter(in, "alpha", 0.75)});
    auto const all = each_score(s, [&](auto q, auto g) { return s[q][g] - bias[g]; });
    json top1 = json::array(), best = json::array();
    for (auto const& row : all) {
        top1.push_back(order_of(row).front());
        best.push_back(row[order_of(row).front()]);
    }
    return {{"top1", top1}, {"score", best}, {"all", all}, {"bias", bias}};
}

/// `logits`: the loop of UCoFiA; `bank`: the bias of an optimal transport.
[[nodiscard]] inline json sinkhorn_operation(json const& in) {
    json out = json::object();
    if (in.contains("logits")) {
        scores_of_json const logits(in.at("logits"));
        auto const scales = score::sinkhorn(logits.matrix(), logits.items, count(in, "n_iters", 4));
        out = {{"log_a", scales.log_rows}, {"log_b", scales.log_columns}};
    }
    if (in.contains("bank")) {
        scores_of_json const bank(in.at("bank"));
        std::size_t const items = bank.count > 0 ? bank.items : count(in, "n_items", 0);
        out["bias_mean0"] = score::sinkhorn_bias(bank.matrix(), items, {parameter(in, "tau", 0.01), count(in, "n_iters", 10)});
    }
    require(!out.empty(), error_code::invalid_argument, "there are neither logits nor a bank");
    return out;
}

[[nodiscard]] inline json dual_softmax_operation(json const& in) {
    scored_items const scores(in);
    scores_of_json const& s = scores.queries;
    double const temperature = parameter(in, "temp", score::dual_softmax_published_temperature);
    if (!in.contains("bank") || in.at("bank").is_null()) {
        auto const dual = score::dual_softmax(s.matrix(), temperature);
        return {{"dual", each_score(s, [&](auto q, auto g) { return dual[q * s.items + g]; })}};
    }
    score::detail::require_positive(temperature, "the temperature");
    auto const lse = score::bank_log_sum_exp(scores.bank.matrix(), scores.items, 1 / temperature);
    auto const rows = static_cast<double>(scores.bank.count);
    return {{"dual", each_score(s, [&](auto q, auto g) { return score::online_dual_softmax(s[q][g], lse[g], rows, temperature); })}};
}

/// Scores of queries less what their scores with noise say; with `prior` also less what the items' priors say.
[[nodiscard]] inline json background_operation(json const& in) {
    scores_of_json const s(in.at("S"));
    json out = json::object();
    if (in.contains("noise")) {
        json const& noise = in.at("noise");
        require(noise.empty() || noise.size() == s.count, error_code::dimension_mismatch, "there are ", noise.size(), " rows of noise for ", s.count, " queries");
        std::vector<double> bias;
        for (std::size_t q = 0; q < s.count; ++q) {
            auto const row = noise.empty() ? std::vector<double>() : numbers<double>(noise[q]);
            bias.push_back(score::background_bias(std::span(row), {parameter(in, "beta", 1), count(in, "k", 1), count(in, "first", 0)}));
        }
        out = {{"bias", bias}, {"scores", each_score(s, [&](auto q, auto g) { return s[q][g] - bias[q]; })}};
    }
    if (in.contains("prior")) {
        auto const prior = numbers<double>(in.at("prior"));
        require(prior.size() == s.items, error_code::dimension_mismatch, "there are ", prior.size(), " priors for ", s.items, " items");
        double const scale = parameter(in, "scale", 1);
        auto const bias = score::logit_adjustment(prior, {parameter(in, "tau", 1), scale});
        out["logit_adjust"] = each_score(s, [&](auto q, auto g) { return scale * (s[q][g] - bias[g]); });
    }
    require(!out.empty(), error_code::invalid_argument, "there is neither noise nor a prior");
    return out;
}

/// Trials: a score each, and the scores of both sides with the cohort.
[[nodiscard]] inline json cohort_operation(json const& in) {
    auto const s = numbers<double>(in.at("score"));
    json const &items = in.at("enrol_cohort"), &queries = in.at("test_cohort");
    require(items.size() == s.size() && queries.size() == s.size(), error_code::dimension_mismatch, "there are ", s.size(), " scores, ", items.size(), " and ",
            queries.size(), " cohorts");
    score::detail::require_finite(std::span(s), "a score");
    std::size_t const n = count(in, "top_n", 100);
    double const floor = parameter(in, "std_floor", score::smallest_cohort_deviation);
    json out;
    for (char const* name : {"enrol_mean", "enrol_std", "test_mean", "test_std", "z", "t", "s", "as2"}) out[name] = json::array();
    for (std::size_t i = 0; i < s.size(); ++i) {
        auto const item = numbers<double>(items[i]), query = numbers<double>(queries[i]);
        auto const z = score::cohort_moments_of(std::span(item), n, floor), t = score::cohort_moments_of(std::span(query), n, floor);
        out["enrol_mean"].push_back(z.mean);
        out["enrol_std"].push_back(z.deviation);
        out["test_mean"].push_back(t.mean);
        out["test_std"].push_back(t.deviation);
        out["z"].push_back(z.normalized(s[i]));
        out["t"].push_back(t.normalized(s[i]));
        out["s"].push_back(score::symmetric_norm(s[i], z, t));
        out["as2"].push_back(score::adaptive_symmetric_norm_2(s[i], std::span(item), std::span(query), n, floor));
    }
    return out;
}

/// `order`: which places of the list the new ones had.
[[nodiscard]] inline json bias_top_k_operation(json const& in) {
    auto const ids = numbers<double>(in.at("ids"));
    auto const scores = numbers<float>(in.at("scores")), bias = numbers<float>(in.at("bias"));
    require(ids.size() == scores.size(), error_code::dimension_mismatch, "there are ", ids.size(), " ids and ", scores.size(), " scores");
    std::vector<hit> raw;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        require(ids[i] >= 0 && ids[i] < 0x1p32 && ids[i] == std::floor(ids[i]), error_code::invalid_argument, "an id is ", ids[i]);
        raw.push_back({static_cast<row_t>(ids[i]), scores[i]});
    }
    double const least = bias.empty() ? 0.0 : static_cast<double>(*std::min_element(bias.begin(), bias.end()));
    auto const least_bias = static_cast<float>(parameter(in, "bias_min", least));
    auto const found = in.contains("raw_floor") ? score::bias_top_k(raw, bias, least_bias, static_cast<float>(number(in.at("raw_floor"))))
                                                : score::bias_top_k(raw, bias, least_bias);
    json order = json::array(), rescored = json::array();
    for (hit const& h : found.hits) {
        auto const at = std::find_if(raw.begin(), raw.end(), [&](hit const& r) { return r.row == h.row; });
        order.push_back(at - raw.begin());
        rescored.push_back(h.score);
    }
    return {{"order", order}, {"scores", rescored}, {"certain", found.certain}};
}

[[nodiscard]] inline operation_map score_operations() {
    return {
        {"score/background", background_operation},
        {"score/bias_top_k", bias_top_k_operation},
        {"score/cohort", cohort_operation},
        {"score/csls_nnn_gc", csls_nnn_gc_operation},
        {"score/dual_softmax", dual_softmax_operation},
        {"score/inverted_softmax", inverted_softmax_operation},
        {"score/inverted_softmax_overflow", inverted_softmax_operation},
        {"score/nnn", nnn_operation},
        {"score/sinkhorn", sinkhorn_operation},
        {"score/streaming_lse", streaming_lse_operation},
    };
}

}  // namespace simile::conformance
