// SPDX-License-Identifier: Apache-2.0
// What `get` gives back where codes live in a space of their own.
#include <simile/fit/product.hpp>
#include <simile/index/file.hpp>

#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace simile;
using namespace simile::test;

namespace {

constexpr std::size_t item_dims = 64, item_rows = 40;

/// Directions that lie close to their mean, as those of e5 do.
std::vector<float> narrow_directions() {
    auto const mean = unit_vector(item_dims, 1);
    std::vector<float> out;
    for (std::size_t i = 0; i < item_rows; ++i) {
        auto x = unit_vector(item_dims, 100 + i);
        for (std::size_t j = 0; j < item_dims; ++j) x[j] = mean[j] + 0.3F * x[j];
        double const length = norm(x);
        for (float const v : x) out.push_back(static_cast<float>(v / length));
    }
    return out;
}
std::vector<float> mean_of(std::span<float const> values) {
    std::vector<float> mean(item_dims);
    for (std::size_t j = 0; j < item_dims; ++j) {
        double sum = 0;
        for (std::size_t i = 0; i < item_rows; ++i) sum += values[i * item_dims + j];
        mean[j] = static_cast<float>(sum / item_rows);
    }
    return mean;
}

/// The largest |x' - x| / |x - mean| over the rows, x' what the index gives for x.
double worst_error(vector_index& index, std::vector<float> const& values, std::vector<float> const& mean, float length) {
    for (std::size_t i = 0; i < item_rows; ++i) {
        std::vector<float> x(values.begin() + static_cast<std::ptrdiff_t>(i * item_dims),
                             values.begin() + static_cast<std::ptrdiff_t>((i + 1) * item_dims));
        for (float& v : x) v *= length;
        index.add(std::uint64_t{i}, x);
    }
    double worst = 0;
    for (std::size_t i = 0; i < item_rows; ++i) {
        auto got = index.get(std::uint64_t{i});
        for (float& v : got) v /= length;
        auto const x = std::span(values).subspan(i * item_dims, item_dims);
        worst = std::max(worst, std::sqrt(squared_l2_by_definition<float>(got, x).value / squared_l2_by_definition<float>(x, mean).value));
    }
    return worst;
}

}  // namespace

TEST_CASE("get finds rows back that were centred before coding, as exactly as their codes tell", "[index][get]") {
    auto const values = narrow_directions();
    auto const mean = mean_of(values);
    struct code {
        char const* name;
        double error;  // tangent of the angle between a row and its code, of the worst of 40 rows
    };
    // 4 bits err by about 0.1, 8 bits by 0.01: twice that at worst, more where the largest value sets the range. The one scale for all vectors of rabitq8
    // cuts off the largest values of some.
    for (code const c : {code{"int8", 0.02},
                         {"planes", 0.02},
                         {"planes2", 0.02},
                         {"planes12", 0.002},
                         {"int4", 0.3},
                         {"int7", 0.04},
                         {"lvq4", 0.25},
                         {"lvq8", 0.02},
                         {"rabitq4", 0.2},
                         {"rabitq8", 0.15},
                         {"eden4", 0.16},
                         {"f16", 0.002},
                         {"bf16", 0.02},
                         {"rabitq1>int8", 0.02},
                         {"int8>f16", 0.002}})
        for (bool const turned : {false, true})
            for (similarity_kind const similarity : {similarity_kind::cosine, similarity_kind::dot}) {
                auto how = coding_of(c.name, item_dims);
                bool const rotates = turned || how.map.has_value();
                auto map = quantize::transform(item_dims).centred(mean);
                if (rotates) map = map.rotated();
                if (how.stages.empty())
                    how.map = map;
                else
                    for (coding& stage : how.stages) stage.map = map;
                auto const index = make_index(how, item_dims, similarity);
                double const error = worst_error(*index, values, mean, similarity == similarity_kind::dot ? 7.0F : 1.0F);
                CAPTURE(c.name, turned, to_string(similarity), error);
                CHECK(error <= c.error);
                CHECK(error > 0);
                // And the scores go with it.
                auto const query = unit_vector(item_dims, 9);
                for (hit const& h : index->search(query, {.k = 5}).hits)
                    CHECK(std::abs(double(h.score) / (similarity == similarity_kind::dot ? 7 : 1) -
                                   dot_by_definition<float>(std::span(values).subspan(h.row * item_dims, item_dims), query).value) <=
                          0.35 * c.error + 0.005);
            }
}

TEST_CASE("get of centred product codes is nearer than the mean", "[index][get]") {
    auto const values = narrow_directions();
    auto const mean = mean_of(values);
    coding how{codec_kind::product};
    how.map = quantize::transform(item_dims).centred(mean);
    std::vector<float> mapped(item_rows * item_dims);
    for (std::size_t i = 0; i < item_rows; ++i)
        how.map->map_row(std::span(values).subspan(i * item_dims, item_dims), std::span(mapped).subspan(i * item_dims, item_dims));
    // 16 centroids for 40 rows in two dims each: most rows are close to one.
    how.product.emplace(fit::fit_product(matrix_view<float const>(mapped, item_dims), item_dims / 2));
    auto const index = make_index(how, item_dims);
    double const error = worst_error(*index, values, mean, 1);
    CAPTURE(error);
    CHECK(error <= 0.5);
}
