// SPDX-License-Identifier: Apache-2.0
// vector_index::visit_scores over every kind of index.
#include <simile/index/make_index.hpp>

#include <simile/core/thread_pool.hpp>

#include "support/clustered.hpp"
#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <cmath>
#include <string>
#include <vector>

using namespace simile;
using namespace simile::test;

namespace {

/// [queries][rows]
std::vector<std::vector<float>> visited_scores(vector_index const& index, matrix_view<float const> queries, executor* threads = nullptr,
                                               progress const& watch = {}) {
    std::vector<std::vector<float>> out(queries.rows(), std::vector<float>(index.size(), 99.0F));
    index.visit_scores(
        queries,
        [&](row_t first, std::size_t rows, std::span<quantize::block_scores const> scores) {
            for (std::size_t i = 0; i < scores.size(); ++i) std::copy_n(scores[i].begin(), rows, out[i].begin() + first);
        },
        threads, watch);
    return out;
}

}  // namespace

TEST_CASE("the scores that are visited are those of searches", "[index][visit_scores]") {
    std::size_t const d = 40, n = 530;
    auto const values = clustered_vectors(n, d, 20, 0.7F, 3, 0), asked = clustered_vectors(19, d, 20, 0.7F, 3, 1);
    matrix_view<float const> const rows(values, d), queries(asked, d);
    thread_pool pool(2);
    for (similarity_kind const similarity : {similarity_kind::cosine, similarity_kind::dot, similarity_kind::squared_l2})
        for (std::string const name :
             {"f32", "f16", "bf16", "int8", "int4+rotated", "lvq5", "rabitq2", "eden2", "planes", "planes12", "rabitq1>int8", "lvq4x4"}) {
            auto const index = make_index(name, d, similarity);
            index->add(rows);
            bool const is_exact = name == "int8" || name.ends_with("f16") || name == "f32";
            auto const visited = visited_scores(*index, queries);
            CHECK(visited_scores(*index, queries, &pool) == visited);
            if (name.starts_with("planes")) {
                auto const int8 = make_index("int8", d, similarity);
                int8->add(rows);
                CHECK(visited == visited_scores(*int8, queries));
            }
            for (std::size_t q = 0; q < queries.rows(); ++q)
                for (hit const& h : index->search(queries[q], {.k = n, .recall = 1}).hits) {
                    CAPTURE(to_string(similarity), name, q, h.row);
                    if (is_exact) {
                        REQUIRE(visited[q][h.row] == h.score);
                    } else {
                        // Queries of searches are rounded to 8 bits.
                        double const lengths = similarity == similarity_kind::cosine
                                                   ? 1
                                                   : std::sqrt(dot_by_definition<float>(queries[q], queries[q]).value *
                                                               dot_by_definition<float>(rows[h.row], rows[h.row]).value);
                        REQUIRE(std::abs(double{visited[q][h.row]} - double{h.score}) <= 0.02 * lengths);
                    }
                }
        }
}

TEST_CASE("a visit of scores needs good queries, tells of its progress and can be stopped", "[index][visit_scores]") {
    auto const values = normal_vector(40'000 * 4, 1);
    auto const index = make_index("int8", 4);
    index->add(matrix_view<float const>(values, 4));
    auto const query = normal_vector(8, 2);
    matrix_view<float const> const good(query, 4), other(query, 8);
    CHECK(outcome([&] { return visited_scores(*index, other); }) == "dimension_mismatch");
    std::vector<float> const zero(4, 0.0F);
    CHECK(outcome([&] { return visited_scores(*index, {zero.data(), 1, 4}); }) == "zero_norm");
    std::vector<std::size_t> told;
    progress watch;
    watch.report = [&](std::size_t done, std::size_t total) {
        CHECK(total == 40'000);
        told.push_back(done);
    };
    visited_scores(*index, good, nullptr, watch);
    CHECK((told.size() > 1 && std::is_sorted(told.begin(), told.end()) && told.back() == 40'000));
    watch.stop = [&] { return told.size() >= 4; };
    CHECK(outcome([&] { return visited_scores(*index, good, nullptr, watch); }) == "cancelled");
    // Nothing to visit.
    CHECK(visited_scores(*make_index("planes", 4), good)[0].empty());
    std::size_t visits = 0;
    index->visit_scores({query.data(), 0, 4},
                        [&](row_t, std::size_t, std::span<quantize::block_scores const> scores) { visits += scores.size() + 1; });
    CHECK(visits == 1250);
}
