// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common.hpp"
#include "reading.hpp"

#include <simile/eval/alignment_uniformity.hpp>
#include <simile/eval/contextual_similarity.hpp>
#include <simile/eval/hubness.hpp>
#include <simile/eval/isotropy.hpp>
#include <simile/eval/verification.hpp>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace simile::conformance {

/// Labels: 0 and 1, or false and true.
[[nodiscard]] inline std::vector<std::uint8_t> labels_of(json const& values) {
    std::vector<std::uint8_t> out;
    for (json const& v : values) {
        double const label = v.is_boolean() ? double(v.get<bool>()) : number(v);
        require(label == 0 || label == 1, error_code::invalid_argument, "a label is ", label);
        out.push_back(static_cast<std::uint8_t>(label));
    }
    return out;
}

[[nodiscard]] inline json hubness_operation(json const& in) {
    rows_of_json const scores(in.at("S"));
    auto const counter = eval::count_occurrences(scores.matrix(), count(in, "k", 10), in.value("exclude_self", false));
    auto const m = counter.measures();
    return {{"occurrence", std::vector<std::uint32_t>(counter.occurrence().begin(), counter.occurrence().end())},
            {"skewness", m.skewness},
            {"robinhood", m.robin_hood},
            {"antihub_occurrence", m.antihub_occurrence},
            {"hub_occurrence", m.hub_occurrence},
            {"gini", m.gini},
            {"atkinson", m.atkinson},
            {"max_share", m.max_share}};
}

/// The number at the end of a field such as uniformity_t0.5.
[[nodiscard]] inline double number_after(std::string const& field, std::size_t prefix) {
    return std::strtod(field.c_str() + prefix, nullptr);
}

[[nodiscard]] inline json isotropy_alignment_operation(json const& in) {
    rows_of_json const x(in.at("X"));
    if (in.contains("k") || in.contains("eps")) {
        std::vector<float> scores;
        for (std::size_t i = 0; i < x.count; ++i)
            for (std::size_t j = 0; j < x.count; ++j) {
                double sum = 0;
                for (std::size_t d = 0; d < x.dims; ++d) sum += double{x.matrix()[i][d]} * double{x.matrix()[j][d]};
                scores.push_back(static_cast<float>(sum));
            }
        auto const found = eval::contextual_similarity({scores.data(), x.count, x.count}, count(in, "k", 4), parameter(in, "eps", 0.05));
        return {{"contextual", json_rows({found.data(), x.count, x.count})}};
    }
    json out = {{"isoscore", eval::iso_score(x.matrix())},
                {"partition", eval::partition_isotropy(x.matrix())},
                {"mean_pairwise_cosine", eval::mean_pairwise_cosine(x.matrix())}};
    json const wanted = in.value("expected", json::object());
    for (auto const& [field, value] : wanted.items())
        if (field.starts_with("uniformity_t")) out[field] = eval::uniformity(x.matrix(), number_after(field, 12));
    if (!in.contains("Y")) return out;
    rows_of_json const y(in.at("Y"));
    out["alpha2"] = eval::alignment(x.matrix(), y.matrix());
    for (auto const& [field, value] : wanted.items())
        if (field.starts_with("alpha")) out[field] = eval::alignment(x.matrix(), y.matrix(), number_after(field, 5));
    return out;
}

[[nodiscard]] inline json verification_operation(json const& in) {
    auto const points = eval::operating_points(numbers<float>(in.at("scores")), labels_of(in.at("labels")));
    json out = {{"threshold", json::array()}, {"fnr", json::array()}, {"fpr", json::array()}};
    for (auto const& p : points) {
        out["threshold"].push_back(p.threshold);
        out["fnr"].push_back(p.miss_rate);
        out["fpr"].push_back(p.false_accept_rate);
    }
    auto const best = eval::min_detection_cost(points, {.target_prior = parameter(in, "p_target", 0.05),
                                                        .miss_cost = parameter(in, "c_miss", 1),
                                                        .false_accept_cost = parameter(in, "c_fa", 1)});
    out["eer_max_percent"] = 100 * eval::equal_error_rate_nearest(points);
    out["eer_interp"] = eval::equal_error_rate(points);
    out["min_dcf"] = {best.cost, best.threshold};
    return out;
}

[[nodiscard]] inline operation_map eval_operations() {
    return {{"eval/hubness", hubness_operation},
            {"eval/isotropy_alignment", isotropy_alignment_operation},
            {"eval/verification", verification_operation}};
}

}  // namespace simile::conformance
