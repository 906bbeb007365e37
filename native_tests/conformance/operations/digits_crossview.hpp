// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inverted_softmax.hpp"
#include "score_reading.hpp"

#include <simile/eval/hubness.hpp>
#include <simile/eval/statistics.hpp>
#include <simile/score/csls.hpp>
#include <simile/score/dynamic_inverted_softmax.hpp>
#include <simile/score/globally_corrected.hpp>
#include <simile/score/nnn.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

namespace simile::conformance {

/// Rows of unit length; a zero row stays.
[[nodiscard]] inline scores_of_json unit_rows(json const& rows) {
    scores_of_json out(rows);
    for (std::size_t i = 0; i < out.count; ++i) {
        auto const row = std::span(out.values).subspan(i * out.items, out.items);
        double const length = std::sqrt(std::inner_product(row.begin(), row.end(), row.begin(), 0.0));
        if (length > 0)
            for (double& v : row) v /= length;
    }
    return out;
}

/// How well query i finds item i, and how evenly items are found.
[[nodiscard]] inline json retrieval_report(std::vector<std::vector<double>> const& scores) {
    std::size_t const items = scores.empty() ? 0 : scores.front().size(), k = 10;
    std::vector<double> ranks;
    std::vector<std::uint32_t> found(items);
    for (std::size_t q = 0; q < scores.size(); ++q) {
        auto const order = order_of(scores[q]);
        for (std::size_t i = 0; i < std::min(k, items); ++i) ++found[order[i]];
        ranks.push_back(static_cast<double>(std::find(order.begin(), order.end(), q) - order.begin()) + 1);
    }
    auto const hits = [&](double within) { return std::count_if(ranks.begin(), ranks.end(), [&](double r) { return r <= within; }); };
    auto const hubness = eval::measure_hubness(found, k);
    return {{"hits1", hits(1)},
            {"hits5", hits(5)},
            {"hits10", hits(10)},
            {"median_rank", eval::median(ranks)},
            {"skewness10", hubness.skewness},
            {"robinhood10", hubness.robin_hood},
            {"antihubs10", std::count(found.begin(), found.end(), 0U)}};
}

/// The number that follows a letter in the name of a method: "nnn_k16_a075" has k 16 and a 0.75.
[[nodiscard]] inline double named_number(std::string const& method, std::string const& letter, double otherwise) {
    auto const at = method.find("_" + letter);
    if (at == std::string::npos) return otherwise;
    std::string const digits = method.substr(at + 1 + letter.size(), method.find('_', at + 1) - at - 1 - letter.size());
    return std::stod(digits.size() > 1 && digits[0] == '0' ? "0." + digits.substr(1) : digits);
}

/// Queries that look for the item of their own row, raw and with the methods that the case names.
[[nodiscard]] inline json digits_crossview_operation(json const& in) {
    auto const queries = unit_rows(in.at("queries")), gallery = unit_rows(in.at("gallery"));
    auto const s = products_of(queries, gallery), bank = products_of(unit_rows(in.at("bank")), gallery);
    require(s.count > 0 && s.count <= s.items, error_code::dimension_mismatch, "there are ", s.count, " queries for ", s.items, " items");
    json methods = in.value("expected", json::object());
    if (methods.empty()) methods = {{"raw", 0}, {"is_beta10", 0}, {"dis_beta10_k1", 0}, {"csls_k10", 0}, {"nnn_k16_a075", 0}, {"gc", 0}};
    json out = json::object();
    for (auto const& [method, wanted] : methods.items()) {
        std::string const kind = method.substr(0, method.find('_'));
        auto const k = static_cast<std::size_t>(named_number(method, "k", kind == "dis" ? 1 : 10));
        std::vector<double> bias(s.items, 0.0);
        std::vector<bool> open(s.count, true);
        if (kind == "is" || kind == "dis") {
            bank_of_json const fitted(bank, s, s.items, named_number(method, "beta", 20), k);
            bias = fitted.bias;
            if (kind == "dis") open = fitted.open;
        } else if (kind == "csls") {
            bias = score::csls(bank.matrix(), s.items, k);
        } else if (kind == "nnn") {
            bias = score::nnn(bank.matrix(), s.items, {k, named_number(method, "a", 0.75)});
        } else {
            require(kind == "raw" || kind == "gc", error_code::invalid_argument, "unknown method ", method);
        }
        auto const falling = score::falling_bank_scores(bank.matrix(), s.items);
        out[method] = retrieval_report(each_score(s, [&](auto q, auto g) {
            if (kind == "gc") return score::corrected_score(s[q][g], score::corrected_rank(std::span<double const>(falling[g]), s[q][g]));
            return score::dynamic_score(s[q][g], bias[g], open[q]);
        }));
    }
    return out;
}

}  // namespace simile::conformance
