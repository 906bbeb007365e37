// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common.hpp"
#include "reading.hpp"

#include <simile/compose/analogy.hpp>
#include <simile/compose/query_scored_pooling.hpp>
#include <simile/compose/set_query.hpp>
#include <simile/compose/slerp.hpp>
#include <simile/compose/weighted_sum.hpp>
#include <simile/score/fusion.hpp>
#include <simile/score/gallery_moments.hpp>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

namespace simile::conformance {

/// The cosines of rows with a vector times its length: what is linear in a composed query.
[[nodiscard]] inline std::vector<double> linear_scores(matrix_view<float const> rows, std::vector<float> const& direction, double length) {
    std::vector<double> out;
    for (std::size_t i = 0; i < rows.rows(); ++i)
        out.push_back(length * std::inner_product(direction.begin(), direction.end(), compose::detail::direction(rows[i]).begin(), 0.0));
    return out;
}

[[nodiscard]] inline json analogy_operation(json const& in) {
    rows_of_json const v(in.at("V"));
    auto const rows = v.matrix();
    std::size_t const a = count(in, "a", 0), b = count(in, "b", 0), c = count(in, "c", 0);
    for (std::size_t const row : {a, b, c}) require(row < rows.rows(), error_code::out_of_range, "row ", row, " of ", rows.rows());
    std::vector<double> scores;
    if (in.value("kind", "add") == "add") {
        std::vector<float> query(rows.dims());
        double const length = compose::analogy_query(rows[a], rows[b], rows[c], query);
        scores = linear_scores(rows, query, length);
    } else {
        auto const cosine = [&](std::size_t x, std::size_t y) {
            return compose::detail::dot(compose::detail::direction(rows[x]), compose::detail::direction(rows[y]));
        };
        double const eps = parameter(in, "eps", 1e-3);
        require(eps > 0 && std::isfinite(eps), error_code::invalid_argument, "eps is ", eps);
        for (std::size_t x = 0; x < rows.rows(); ++x)
            scores.push_back(compose::three_cos_mul(cosine(x, a), cosine(x, b), cosine(x, c), eps));
    }
    for (std::size_t const row : {a, b, c}) scores[row] = -std::numeric_limits<double>::infinity();
    return {{"scores", scores}, {"best", std::max_element(scores.begin(), scores.end()) - scores.begin()}};
}

[[nodiscard]] inline json set_operation(json const& in) {
    rows_of_json const x(in.at("X"));
    std::vector<rows_of_json> sets;
    for (char const* name : {"inter", "diff"})
        for (json const& set : in.value(name, json::array())) sets.emplace_back(set);
    std::vector<matrix_view<float const>> views;
    for (auto const& set : sets) views.push_back(set.matrix());
    std::size_t const with = in.value("inter", json::array()).size();
    auto const query = compose::query_of_sets(std::span(views).first(with), std::span(views).subspan(with));
    require(x.dims == query.direction.size(), error_code::dimension_mismatch, "X has ", x.dims, " dimensions, the sets ",
            query.direction.size());
    auto const scores = linear_scores(x.matrix(), query.direction, query.length);
    std::vector<std::size_t> order(scores.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(),
              [&](std::size_t i, std::size_t j) { return scores[i] > scores[j] || (scores[i] == scores[j] && i < j); });
    return {{"score", scores}, {"order", order}};
}

/// Over n - 1, as the vectors have it; gallery_moments has those of the population.
[[nodiscard]] inline json moments_operation(json const& in) {
    rows_of_json const gallery(in.at("gallery"));
    score::gallery_moments moments(gallery.dims);
    moments.add(gallery.matrix());
    double const n = static_cast<double>(gallery.count), factor = gallery.count > 1 ? n / (n - 1) : 0;
    json mu = json::array(), cov = json::array();
    for (std::size_t i = 0; i < gallery.dims; ++i) {
        mu.push_back(moments.mean(i));
        cov.push_back(json::array());
        for (std::size_t j = 0; j < gallery.dims; ++j) cov[i].push_back(factor * moments.covariance(i, j));
    }
    auto const found = moments.of_scores(numbers<float>(in.at("q")));
    return {{"mu", mu}, {"cov", cov}, {"mean_sd", {found.mean, found.deviation * std::sqrt(factor)}}};
}

/// The rest of a projection may be asked for as it is or at unit length.
[[nodiscard]] inline json projection_operation(json const& in) {
    auto const first_of = [&](std::initializer_list<char const*> names) -> json const& {
        for (char const* name : names)
            if (in.contains(name)) return in.at(name);
        fail(error_code::invalid_argument, "a vector is missing");
    };
    auto const q = numbers<float>(first_of({"q", "v", "query", "a", "x"}));
    json const& given = first_of({"n", "negatives", "negative", "neg", "b"});
    rows_of_json const negatives(!given.empty() && given[0].is_array() ? given : json::array({given}));
    std::vector<float> v(q.size());
    compose::project_out(q, negatives.matrix(), v);
    auto const wanted = numbers<float>(in.value("expected", json::object()).value("v", json::array()));
    if (std::abs(norm(wanted) - 1) < 1e-5) to_unit(v, v);
    return {{"v", v}};
}

[[nodiscard]] inline json composed_operation(json const& in) {
    if (in.contains("s_img")) {
        auto const image = numbers<float>(in.at("s_img")), text = numbers<float>(in.at("s_txt"));
        return {{"cdf_img", score::gallery_cdf(image)},
                {"cdf_txt", score::gallery_cdf(text)},
                {"fused", score::weighted_cdf_fusion(image, text, parameter(in, "lambda", 0.5))}};
    }
    if (in.contains("gallery")) return moments_operation(in);
    if (in.contains("V")) return analogy_operation(in);
    if (in.contains("X")) return set_operation(in);
    if (in.contains("frames")) {
        rows_of_json const frames(in.at("frames"));
        auto const found = compose::query_scored_pooling(numbers<float>(in.at("q")), frames.matrix(), parameter(in, "tau", 0.1));
        return {{"weights", found.weights}, {"pooled", found.pooled}, {"cos", found.cosine}};
    }
    if (in.contains("vectors")) {
        rows_of_json const vectors(in.at("vectors"));
        auto const weights = in.contains("weights") && !in.at("weights").is_null() ? numbers<float>(in.at("weights"))
                                                                                   : std::vector<float>(vectors.count, 1.0F);
        return {{"v", written(vectors.dims, [&](auto out) { compose::weighted_sum(vectors.matrix(), weights, out); })}};
    }
    if (!in.contains("t")) return projection_operation(in);
    auto const a = numbers<float>(in.at("a")), b = numbers<float>(in.at("b"));
    return {{"v", written(a.size(), [&](auto out) { compose::slerp(a, b, parameter(in, "t", 0.5), out); })}};
}

[[nodiscard]] inline operation_map compose_operations() { return {{"compose/composed", composed_operation}}; }

}  // namespace simile::conformance
