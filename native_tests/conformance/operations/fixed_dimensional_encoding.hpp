// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common.hpp"

#include <simile/quantize/fixed_dimensional_encoding.hpp>

#include <cstddef>
#include <utility>

namespace simile::conformance {

/// Rows of equal length, one after the other.
struct point_set {
    std::vector<float> values;
    std::size_t dims = 0;

    point_set(json const& rows, std::size_t expected) : dims(rows.empty() ? expected : rows.front().size()) {
        for (json const& row : rows) {
            require(row.size() == dims, error_code::dimension_mismatch, "rows of ", dims, " and of ", row.size());
            auto const more = numbers<float>(row);
            values.insert(values.end(), more.begin(), more.end());
        }
    }
    [[nodiscard]] matrix_view<float const> view() const { return {values.data(), dims == 0 ? 0 : values.size() / dims, dims}; }
};

[[nodiscard]] inline quantize::count_sketch sketch_of(json const& in) {
    quantize::count_sketch out;
    out.index = numbers<std::uint32_t>(in.at("index"));
    out.sign = numbers<float>(in.at("sign"));
    return out;
}

/// With `simhash` the matrices are those given, else drawn from `seed`.
[[nodiscard]] inline quantize::fixed_dimensional_encoding encoding_of(json const& in) {
    auto const text = in.value("projection_type", "identity");
    require(text == "identity" || text == "ams_sketch", error_code::invalid_argument, "unknown projection_type ", text);
    quantize::fde_options const options{
        .dimension = in.at("dimension"),
        .num_repetitions = in.value("num_repetitions", std::size_t{1}),
        .num_simhash_projections = in.value("num_simhash_projections", std::size_t{0}),
        .seed = in.value("seed", std::uint64_t{1}),
        .projection_type = text == "identity" ? quantize::fde_projection::identity : quantize::fde_projection::ams_sketch,
        .projection_dimension = in.value("projection_dimension", std::size_t{0}),
        .fill_empty_partitions = in.value("fill_empty_partitions", false),
        .final_projection_dimension = in.value("final_projection_dimension", std::size_t{0}),
    };
    if (!in.contains("simhash")) return quantize::fixed_dimensional_encoding(options);
    quantize::fde_matrices matrices;
    for (json const& partition : in.at("simhash")) matrices.simhash.push_back(point_set(partition, options.num_simhash_projections).values);
    for (json const& sketch : in.value("projection", json::array())) matrices.projection.push_back(sketch_of(sketch));
    if (in.contains("final_projection")) matrices.final_projection = sketch_of(in.at("final_projection"));
    return {options, std::move(matrices)};
}

[[nodiscard]] inline json fixed_dimensional_encoding_operation(json const& in) {
    auto const encoding = encoding_of(in);
    json out;
    std::vector<float> query, document;
    if (in.contains("query")) out["query"] = query = encoding.encode_query(point_set(in.at("query"), encoding.options().dimension).view());
    if (in.contains("document"))
        out["document"] = document = encoding.encode_document(point_set(in.at("document"), encoding.options().dimension).view());
    if (query.empty() || document.empty()) return out;
    double score = 0;
    for (std::size_t i = 0; i < query.size(); ++i) score += double{query[i]} * double{document[i]};
    out["score"] = score;
    return out;
}

[[nodiscard]] inline operation_map fixed_dimensional_encoding_operations() {
    return {{"quantize/fixed_dimensional_encoding", fixed_dimensional_encoding_operation}};
}

}  // namespace simile::conformance
