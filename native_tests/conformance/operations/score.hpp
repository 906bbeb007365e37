// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "digits_crossview.hpp"
#include "inverted_softmax.hpp"
#include "score_reading.hpp"

#include <simile/core/hit.hpp>
#include <simile/score/background.hpp>
#include <simile/score/bias_top_k.hpp>
#include <simile/score/cohort.hpp>
#include <simile/score/csls.hpp>
#include <simile/score/dual_softmax.hpp>
#include <simile/score/globally_corrected.hpp>
#include <simile/score/logit_adjustment.hpp>
#include <simile/score/nnn.hpp>
#include <simile/score/sinkhorn.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace simile::conformance {

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
    auto const rank = each_score(
        s, [&](auto q, auto g) { return static_cast<double>(score::corrected_rank(std::span<double const>(falling[g]), s[q][g])); });
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
        // An empty bank does not say how many items there are: the expected answer does.
        json const wanted = in.value("expected", json::object()).value("bias_mean0", json::array());
        std::size_t const items = bank.count > 0 ? bank.items : count(in, "n_items", wanted.size());
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
    if (in.contains("noise") && !in.at("noise").is_null()) {
        json const& noise = in.at("noise");
        require(noise.empty() || noise.size() == s.count, error_code::dimension_mismatch, "there are ", noise.size(), " rows of noise for ",
                s.count, " queries");
        std::vector<double> bias;
        for (std::size_t q = 0; q < s.count; ++q) {
            auto const row = noise.empty() ? std::vector<double>() : numbers<double>(noise[q]);
            bias.push_back(score::background_bias(std::span(row), {parameter(in, "beta", 1), count(in, "k", 1), count(in, "first", 0)}));
        }
        out = {{"bias", bias}, {"scores", each_score(s, [&](auto q, auto g) { return s[q][g] - bias[q]; })}};
    }
    if (in.contains("prior") && !in.at("prior").is_null()) {
        auto const prior = numbers<double>(in.at("prior"));
        require(prior.size() == s.items, error_code::dimension_mismatch, "there are ", prior.size(), " priors for ", s.items, " items");
        double const scale = parameter(in, "scale", 1);
        auto const bias = score::logit_adjustment(prior, {parameter(in, "tau", 1), scale});
        out["logit_adjust"] = each_score(s, [&](auto q, auto g) { return scale * (s[q][g] - bias[g]); });
        // Without noise that is what the case is about.
        if (!out.contains("scores")) out["scores"] = out["logit_adjust"], out["bias"] = bias;
    }
    require(!out.empty(), error_code::invalid_argument, "there is neither noise nor a prior");
    return out;
}

/// Trials: a score each, and the scores of both sides with the cohort.
[[nodiscard]] inline json cohort_operation(json const& in) {
    auto const s = numbers<double>(in.at("score"));
    json const &items = in.at("enrol_cohort"), &queries = in.at("test_cohort");
    require(items.size() == s.size() && queries.size() == s.size(), error_code::dimension_mismatch, "there are ", s.size(), " scores, ",
            items.size(), " and ", queries.size(), " cohorts");
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
        {"score/digits_crossview", digits_crossview_operation},
        {"score/dual_softmax", dual_softmax_operation},
        {"score/inverted_softmax", inverted_softmax_operation},
        {"score/inverted_softmax_overflow", inverted_softmax_operation},
        {"score/nnn", nnn_operation},
        {"score/sinkhorn", sinkhorn_operation},
        {"score/streaming_lse", streaming_lse_operation},
    };
}

}  // namespace simile::conformance
