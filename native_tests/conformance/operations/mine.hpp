// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common.hpp"
#include "eval.hpp"
#include "reading.hpp"

#include <simile/mine/margin.hpp>

#include <string>
#include <vector>

namespace simile::conformance {

[[nodiscard]] inline mine::margin margin_of(std::string const& name) {
    if (name == "absolute") return mine::margin::absolute;
    if (name == "distance") return mine::margin::distance;
    require(name == "ratio", error_code::invalid_argument, "no margin: ", name);
    return mine::margin::ratio;
}

/// Index and score of each list, in its order.
template <class Score>
void write_lists(json& out, std::string const& name, mine::nearest_lists const& lists, Score score_of) {
    json indexes = json::array(), scores = json::array();
    for (std::size_t i = 0; i < lists.size(); ++i) {
        indexes.push_back(json::array());
        scores.push_back(json::array());
        for (hit const& h : lists[i]) {
            indexes.back().push_back(h.row);
            scores.back().push_back(score_of(static_cast<row_t>(i), h));
        }
    }
    out[name + "_index"] = indexes;
    out[name + "_scores"] = scores;
}

[[nodiscard]] inline json json_pairs(std::vector<mine::mined_pair> const& pairs) {
    json out = json::array();
    for (auto const& pair : pairs) out.push_back({pair.score, pair.x, pair.y});
    return out;
}

[[nodiscard]] inline json margin_operation(json const& in) {
    if (in.contains("is_gold")) {
        auto const found = mine::best_f1_threshold(numbers<double>(in.at("scores")), labels_of(in.at("is_gold")), count(in, "n_gold", 0));
        return {{"threshold_f1", {found.threshold, found.f1}}};
    }
    rows_of_json const x(in.at("X")), y(in.at("Y"));
    require(x.dims == y.dims, error_code::dimension_mismatch, "X has ", x.dims, " dimensions, Y ", y.dims);
    std::vector<float> scores(x.count * y.count), turned(x.count * y.count);
    for (std::size_t i = 0; i < x.count; ++i)
        for (std::size_t j = 0; j < y.count; ++j) {
            double sum = 0;
            for (std::size_t d = 0; d < x.dims; ++d) sum += double{x.matrix()[i][d]} * double{y.matrix()[j][d]};
            scores[i * y.count + j] = turned[j * x.count + i] = static_cast<float>(sum);
        }
    std::size_t const k = count(in, "k", 4);
    auto const forward = mine::nearest_columns({scores.data(), x.count, y.count}, k),
               backward = mine::nearest_columns({turned.data(), y.count, x.count}, k);
    mine::margin_miner const miner(forward, backward, margin_of(in.value("margin", "ratio")));
    json out = {{"x_mean", std::vector<double>(miner.x_means().begin(), miner.x_means().end())},
                {"y_mean", std::vector<double>(miner.y_means().begin(), miner.y_means().end())},
                {"mine_fwd", json_pairs(miner.forward())},
                {"mine_bwd", json_pairs(miner.backward())},
                {"mine_intersect", json_pairs(miner.intersection())},
                {"mine_max", json_pairs(miner.max())}};
    write_lists(out, "fwd", forward, [&](row_t i, hit const& h) { return miner.score(i, h.row, double{h.score}); });
    write_lists(out, "bwd", backward, [&](row_t j, hit const& h) { return miner.score(h.row, j, double{h.score}); });
    return out;
}

[[nodiscard]] inline operation_map mine_operations() { return {{"mine/margin", margin_operation}}; }

}  // namespace simile::conformance
