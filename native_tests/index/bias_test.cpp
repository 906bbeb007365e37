// SPDX-License-Identifier: Apache-2.0
// search_options::bias, over every kind of index.
#include <simile/index/make_index.hpp>

#include <simile/core/thread_pool.hpp>
#include <simile/index/ivf.hpp>

#include "support/clustered.hpp"
#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <vector>

using namespace simile;
using namespace simile::test;

namespace {

constexpr char const* biased_codings[] = {"f32",    "f16",      "int8",         "lvq4",   "rabitq1",
                                          "planes", "planes12", "rabitq1>int8", "lvq4x4", "int8+rotated"};

/// All hits less their bias, in order.
std::vector<hit> corrected(std::vector<hit> hits, std::vector<float> const& bias) {
    for (hit& h : hits) h.score -= bias[h.row];
    std::sort(hits.begin(), hits.end(), ranks_before);
    return hits;
}
std::vector<float> some_bias(std::size_t rows, std::uint64_t seed) {
    auto out = normal_vector(rows, seed, 0.3F);
    return out;
}
/// Scores may differ by a rounding: whether the bias goes before or after what all rows have in common.
bool nearly_same(std::vector<hit> const& found, std::vector<hit> const& expected, double slack) {
    if (found.size() > expected.size()) return false;
    for (std::size_t i = 0; i < found.size(); ++i) {
        auto const same = std::find_if(expected.begin(), expected.end(), [&](hit const& h) { return h.row == found[i].row; });
        if (same == expected.end() || std::abs(double{same->score} - double{found[i].score}) > slack ||
            std::abs(double{expected[i].score} - double{found[i].score}) > slack)
            return false;
    }
    return true;
}

}  // namespace

TEST_CASE("a bias is taken off the score of its row before hits are chosen", "[index][bias]") {
    std::size_t const d = 48, n = 700;
    auto const values = clustered_vectors(n, d, 20, 0.7F, 3, 0), asked = clustered_vectors(8, d, 20, 0.7F, 3, 1);
    auto const bias = some_bias(n, 9);
    for (similarity_kind const similarity : {similarity_kind::cosine, similarity_kind::dot, similarity_kind::squared_l2})
        for (std::string const name : biased_codings) {
            auto const index = make_index(name, d, similarity);
            index->add(matrix_view<float const>(values, d));
            for (std::size_t q = 0; q < 8; ++q) {
                auto const query = std::span(asked).subspan(q * d, d);
                // Without a bias scores stay in their range; no row here is at its ends but by rounding.
                auto const expected = corrected(index->search(query, {.k = n, .recall = 1}).hits, bias);
                auto const found = index->search(query, {.k = 10, .bias = bias, .recall = 1}).hits;
                CAPTURE(to_string(similarity), name, q);
                double const scale = similarity == similarity_kind::cosine ? 1 : 4 * dot_by_definition<float>(query, query).value;
                CHECK(found.size() == 10);
                CHECK(nearly_same(found, expected, 1e-6 * std::max(1.0, scale)));
            }
        }
}

TEST_CASE("with a bias a cascade finds what an exhaustive search finds", "[index][bias]") {
    std::size_t const d = 96, n = 6000;
    auto const values = clustered_vectors(n, d, 120, 0.7F, 1, 0), asked = clustered_vectors(50, d, 120, 0.7F, 1, 1);
    auto const bias = some_bias(n, 10);
    for (std::string const name : {"planes", "planes12", "rabitq1>int8"}) {
        auto const index = make_index(name, d);
        index->add(matrix_view<float const>(values, d));
        std::size_t right = 0;
        for (std::size_t q = 0; q < 50; ++q) {
            auto const query = std::span(asked).subspan(q * d, d);
            auto const all = index->search(query, {.k = 10, .bias = bias, .recall = 1}).hits,
                       quick = index->search(query, {.k = 10, .bias = bias}).hits;
            for (hit const& h : quick) right += std::find(all.begin(), all.end(), h) != all.end() ? 1 : 0;
        }
        CAPTURE(name, right);
        CHECK(right >= 490);
    }
}

TEST_CASE("batches, threads, filters, ranges and lists know the bias too", "[index][bias]") {
    std::size_t const d = 32, n = 3000;
    auto const values = clustered_vectors(n, d, 40, 0.7F, 4, 0), asked = clustered_vectors(9, d, 40, 0.7F, 4, 1);
    matrix_view<float const> const rows(values, d), queries(asked, d);
    auto const bias = some_bias(n, 11);
    row_filter odd(n);
    for (row_t r = 1; r < n; r += 2) odd.allow(r);
    std::vector<row_range> const ranges{{100, 900}, {1500, 2999}};
    thread_pool pool(2);
    for (std::string const name : {"f32", "int8", "planes", "lvq4"}) {
        auto const index = make_index(name, d, similarity_kind::dot);
        index->add(rows);
        auto const one_by_one = [&](search_options const& options) {
            std::vector<std::vector<hit>> out;
            for (std::size_t q = 0; q < queries.rows(); ++q) out.push_back(index->search(queries[q], options).hits);
            return out;
        };
        auto const together = [&](search_options const& options) {
            std::vector<std::vector<hit>> out;
            for (auto& r : index->search_many(queries, options)) out.push_back(std::move(r.hits));
            return out;
        };
        search_options options{.k = 12, .filter = &odd, .ranges = ranges, .bias = bias, .recall = 1};
        auto const plain = one_by_one(options);
        CAPTURE(name);
        for (auto const& hits : plain) {
            REQUIRE(hits.size() == 12);
            for (hit const& h : hits) CHECK((odd.allows(h.row) && (h.row < 900 || h.row >= 1500)));
        }
        CHECK(together(options) == plain);
        options.threads = &pool;
        CHECK(one_by_one(options) == plain);
        CHECK(together(options) == plain);
        // The sixth best and what is better.
        search_options least = options;
        least.min_score = plain[0][5].score;
        CHECK(index->search(queries[0], least).hits == std::vector<hit>(plain[0].begin(), plain[0].begin() + 6));
    }
    auto const lists = ivf_index::build(coding_of("int8", d), {}, rows, similarity_kind::cosine, {.lists = 20});
    auto const hits = lists.search(queries[0], {.k = n}, 20).hits;
    CHECK(nearly_same(lists.search(queries[0], {.k = 10, .bias = bias}, 20).hits, corrected(hits, bias), 1e-6));
}

TEST_CASE("where the best row is not active, nothing is taken off", "[index][bias]") {
    std::size_t const d = 48, n = 900;
    auto const values = clustered_vectors(n, d, 30, 0.7F, 6, 0), asked = clustered_vectors(20, d, 30, 0.7F, 6, 1);
    matrix_view<float const> const rows(values, d), queries(asked, d);
    auto const bias = some_bias(n, 12);
    row_filter active(n), even(n);
    for (row_t r = 0; r < n; ++r) {
        if (r % 3 == 0) active.allow(r);
        if (r % 2 == 0) even.allow(r);
    }
    thread_pool pool(2);
    for (similarity_kind const similarity : {similarity_kind::cosine, similarity_kind::squared_l2})
        for (std::string const name : biased_codings) {
            auto const index = make_index(name, d, similarity);
            index->add(rows);
            std::size_t open = 0;
            for (bool const filtered : {false, true}) {
                search_options plain{.k = 7, .filter = filtered ? &even : nullptr, .recall = 1}, with = plain, dynamic = plain;
                with.bias = dynamic.bias = bias;
                dynamic.active = &active;
                auto const many = index->search_many(queries, dynamic);
                for (std::size_t q = 0; q < queries.rows(); ++q) {
                    CAPTURE(to_string(similarity), name, filtered, q);
                    auto const raw = index->search(queries[q], plain);
                    bool const corrected = active.allows(raw.hits[0].row);
                    open += corrected ? 1 : 0;
                    auto const found = index->search(queries[q], dynamic);
                    CHECK(found.corrected == corrected);
                    CHECK_FALSE(raw.corrected);
                    CHECK(found.hits == (corrected ? index->search(queries[q], with).hits : raw.hits));
                    CHECK(many[q].hits == found.hits);
                    CHECK(many[q].corrected == corrected);
                    dynamic.threads = &pool;
                    CHECK(index->search(queries[q], dynamic).hits == found.hits);
                    dynamic.threads = nullptr;
                    // A least score above that of the best row changes nothing of what is decided.
                    search_options least = dynamic;
                    least.min_score = raw.hits[0].score + 0.01F;
                    auto const few = index->search(queries[q], least);
                    CHECK(few.corrected == corrected);
                    if (!corrected) CHECK(few.hits.empty());
                }
            }
            CHECK((open > 5 && open < 35));
        }
    row_filter const other(n - 1);
    auto const index = make_index("int8", d);
    index->add(rows);
    CHECK(outcome([&] { return index->search(queries[0], {.bias = bias, .active = &other}); }) == "dimension_mismatch");
    // A set alone does nothing.
    CHECK(index->search(queries[0], {.active = &active}).hits == index->search(queries[0]).hits);
}

TEST_CASE("a bias says what it can and what it cannot", "[index][bias]") {
    auto const values = normal_vector(5 * 8, 1);
    auto const index = make_index("int8", 8);
    index->add(matrix_view<float const>(values, 8));
    std::vector<float> bias(5, 0.0F), other(4, 0.0F);
    auto const query = normal_vector(8, 2);
    CHECK(index->search(query, {.bias = bias}).hits == index->search(query).hits);
    CHECK(message([&] { return index->search(query, {.bias = other}); }) == "a bias for 4 rows, the index has 5");
    CHECK(outcome([&] { return index->search_many({query.data(), 1, 8}, {.bias = other}); }) == "dimension_mismatch");
    // Scores leave the range of cosines.
    std::fill(bias.begin(), bias.end(), -3.0F);
    CHECK(index->search(query, {.k = 1, .bias = bias}).hits[0].score > 1);
    bias[2] = std::numeric_limits<float>::quiet_NaN();
    auto const found = index->search(query, {.k = 5, .bias = bias}).hits;
    CHECK(found.size() == 4);
    CHECK(std::none_of(found.begin(), found.end(), [](hit const& h) { return h.row == 2; }));
}
