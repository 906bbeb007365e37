// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common.hpp"
#include "eval.hpp"
#include "reading.hpp"

#include <simile/core/resampling.hpp>
#include <simile/eval/calibration_error.hpp>
#include <simile/score/calibration.hpp>
#include <simile/score/cosine_adapter.hpp>
#include <simile/score/fusion.hpp>
#include <simile/score/threshold.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace simile::conformance {

template <class Function>
[[nodiscard]] json each(json const& values, Function function) {
    json out = json::array();
    for (json const& v : values) {
        double const x = number(v);
        require(std::isfinite(x), error_code::not_finite, "a score is ", x);
        out.push_back(function(x));
    }
    return out;
}

[[nodiscard]] inline json isotonic_operation(json const& in) {
    auto const x = numbers<float>(in.at("x")), y = numbers<float>(in.at("y"));
    auto fitted = score::fit_isotonic(x, y);
    // Neighbouring knots of one value may be joined or not.
    if (fitted.steps.size() < in.value("expected", json::object()).value("knots", json::array()).size())
        fitted = score::fit_isotonic(x, y, false);
    json knots = json::array();
    for (auto const& s : fitted.steps) knots.push_back({s.low, s.high, s.value});
    return {{"knots", knots}, {"p", each(in.value("at", json::array()), fitted)}};
}

[[nodiscard]] inline json calibration_operation(json const& in) {
    json const at = in.value("at", json::array());
    if (in.contains("cos")) {
        score::sigmoid_calibration const given{parameter(in, "t", 118.2), parameter(in, "b", -12.7)};
        require(std::isfinite(given.scale) && std::isfinite(given.offset), error_code::not_finite, "t is ", given.scale, ", b ",
                given.offset);
        return {{"p", each(in.at("cos"), given)}};
    }
    if (in.contains("s")) return {{"p", score::softmax(numbers<float>(in.at("s")), parameter(in, "t", 0.01), count(in, "unseen", 0))}};
    if (in.contains("x")) return isotonic_operation(in);
    auto const labels = labels_of(in.at("labels"));
    if (in.contains("scores")) {
        auto const fitted = score::fit_platt(numbers<float>(in.at("scores")), labels);
        return {{"A", fitted.a}, {"B", fitted.b}, {"p", each(at, fitted)}};
    }
    auto const p = numbers<double>(in.at("p"));
    if (in.contains("bins") || in.value("expected", json::object()).contains("ece"))
        return {{"ece", eval::expected_calibration_error(
                            eval::reliability_diagram(std::vector<float>(p.begin(), p.end()), labels, count(in, "bins", 15)))}};
    auto const fitted = score::fit_beta(p, labels, parameter(in, "ridge", 1e-3));
    return {{"abc", {fitted.a, fitted.b, fitted.c}}, {"q", each(at, fitted)}};
}

/// The generator itself: its first output and twelve positions below ten.
[[nodiscard]] inline json generator_operation(json const& in) {
    auto const seed = in.at("seed").get<std::uint64_t>();
    splitmix64 first(seed), random(seed);
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(first()));
    json drawn = json::array();
    for (int i = 0; i < 12; ++i) drawn.push_back(below(random, count(in, "n", 10)));
    return {{"first_hex", {std::string(text)}}, {"below_10", drawn}, {"below_" + std::to_string(count(in, "n", 10)), drawn}};
}

[[nodiscard]] inline json threshold_operation(json const& in) {
    if (in.contains("x")) {
        bootstrap_options const options{
            .resamples = count(in, "n_boot", 1000), .level = parameter(in, "level", 0.95), .seed = in.value("seed", std::uint64_t{1})};
        auto const found = bootstrap_mean(numbers<double>(in.at("x")), options);
        return {{"point_mean_lo_hi", {found.point, found.mean, found.low, found.high}}};
    }
    if (!in.contains("neg") && in.contains("seed")) return generator_operation(in);
    auto const relevant = numbers<float>(in.value("pos", json::array())), irrelevant = numbers<float>(in.value("neg", json::array()));
    json out = json::object();
    if (in.contains("at")) {
        score::conformal_reference const reference(irrelevant);
        // As floats, which the others are too: a score that is one of them must be equal to it.
        out["p"] = each(in.at("at"), [&](double s) { return reference.p_value(double{static_cast<float>(s)}); });
    }
    if (!in.contains("alpha") && !in.contains("at")) {
        auto const best = score::youden(relevant, irrelevant);
        out["youden"] = {best.threshold, best.j};
        out["overlap"] = score::distribution_overlap(relevant, irrelevant, count(in, "bins", 50));
    }
    if (!in.contains("alpha")) return out;
    out["recall_threshold"] = score::recall_threshold(relevant, parameter(in, "alpha", 0.05));
    out["fpr_threshold"] = score::false_accept_threshold(irrelevant, parameter(in, "alpha", 0.05));
    return out;
}

[[nodiscard]] inline score::adapter_form form_of(std::string const& name) {
    using enum score::adapter_form;
    if (name == "raw") return raw;
    if (name == "linear") return linear;
    if (name == "sqrt" || name == "root" || name == "square_root") return square_root;
    if (name == "square" || name == "quadratic") return square;
    require(name == "power", error_code::invalid_argument, "no form of an adapter: ", name);
    return power;
}

[[nodiscard]] inline json cosine_adapter_operation(json const& in) {
    if (in.contains("W1")) {
        rows_of_json const w1(in.at("W1")), w2(in.at("W2"));
        score::cosine_adapter const adapter{
            w1.dims, w1.count, w1.values, numbers<float>(in.at("b1")), w2.values, numbers<float>(in.at("b2"))};
        adapter.check();
        auto const map = adapter.map_of(numbers<float>(in.at("q")));
        return {{"a_b_p", {map.a, map.b, map.p}}};
    }
    score::adapter_map const map{form_of(in.value("kind", "power")), parameter(in, "a", 1), parameter(in, "b", 0), parameter(in, "p", 1)};
    map.check();
    json out = json::object();
    if (in.contains("cos")) out["y"] = each(in.at("cos"), map);
    char const* const threshold = in.contains("threshold") ? "threshold" : "t";
    if (in.contains(threshold)) out["cutoff"] = out["cut_off"] = out["c"] = map.cut_off(number(in.at(threshold)));
    return out;
}

/// Lists of ids, or of [ids, scores].
[[nodiscard]] inline std::vector<std::vector<hit>> hit_lists(json const& lists, bool scored) {
    std::vector<std::vector<hit>> out;
    for (json const& list : lists) {
        auto const ids = numbers<row_t>(scored ? list.at(0) : list);
        auto const scores = scored ? numbers<float>(list.at(1)) : std::vector<float>(ids.size(), 0.0F);
        require_same_size(std::vector<float>(ids.size()), scores);
        auto& hits = out.emplace_back();
        for (std::size_t i = 0; i < ids.size(); ++i) hits.push_back({ids[i], scores[i]});
    }
    return out;
}

[[nodiscard]] inline score::list_norm norm_of(json const& in) {
    using enum score::list_norm;
    if (!in.contains("norm") || in.at("norm").is_null()) return none;
    auto const name = in.at("norm").get<std::string>();
    if (name == "none") return none;
    if (name == "dbsf" || name == "distribution") return distribution;
    require(name == "relative" || name == "minmax" || name == "min_max" || name == "relative_score", error_code::invalid_argument,
            "no norm: ", name);
    return relative;
}

[[nodiscard]] inline json fusion_operation(json const& in) {
    if (in.contains("chunk_cos")) {
        score::hybrid_boosts const boosts{parameter(in, "bm25_boost", 0.3), parameter(in, "host_boost", 0.1)};
        return {
            {"score", score::hybrid_score(numbers<float>(in.at("chunk_cos")), parameter(in, "bm25", 0), parameter(in, "host", 0), boosts)}};
    }
    json const& given = in.at("lists");
    // A list of ids, or one of ids and one of scores.
    bool const scored = in.contains("norm") ||
                        std::any_of(given.begin(), given.end(), [](json const& list) { return !list.empty() && list[0].is_array(); });
    auto const lists = hit_lists(given, scored);
    std::vector<std::span<hit const>> const views(lists.begin(), lists.end());
    auto const weights = in.contains("weights") && !in.at("weights").is_null() ? numbers<double>(in.at("weights")) : std::vector<double>();
    auto const found =
        scored ? score::score_fusion(views, weights, norm_of(in)) : score::reciprocal_rank_fusion(views, weights, parameter(in, "k", 60));
    json fused = json::array();
    for (hit const& h : found) fused.push_back({h.row, h.score});
    return {{"fused", fused}};
}

[[nodiscard]] inline operation_map relevance_operations() {
    return {{"score/calibration", calibration_operation},
            {"score/threshold", threshold_operation},
            {"score/cosine_adapter", cosine_adapter_operation},
            {"score/fusion", fusion_operation}};
}

}  // namespace simile::conformance
