// SPDX-License-Identifier: Apache-2.0
#include <simile/index/score_correction.hpp>

#include <simile/core/thread_pool.hpp>
#include <simile/eval/hubness.hpp>
#include <simile/index/make_index.hpp>

#include "support/clustered.hpp"
#include "support/embeddings.hpp"
#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

using namespace simile;
using namespace simile::test;

namespace {

double corrected_by_definition(correction_options const& options, std::vector<double> scores) {
    double const n = static_cast<double>(scores.size());
    if (options.method == correction_method::inverted_softmax) {
        double const largest = *std::max_element(scores.begin(), scores.end());
        double sum = 0;
        for (double const s : scores) sum += std::exp(options.beta * (s - largest));
        return largest + std::log(sum / n) / options.beta;
    }
    std::sort(scores.begin(), scores.end(), std::greater<>());
    scores.resize(std::min(scores.size(), *options.k));
    double sum = 0;
    for (double const s : scores) sum += s;
    return (options.method == correction_method::csls ? 0.5 : options.alpha) * sum / static_cast<double>(scores.size());
}

/// Skewness of how often each row is among the ten best.
double skewness_of_ten(vector_index const& index, matrix_view<float const> queries, search_options options) {
    options.k = 10;
    std::vector<std::uint32_t> occurrence(index.size());
    for (auto const& found : index.search_many(queries, options))
        for (hit const& h : found.hits) ++occurrence[h.row];
    return eval::measure_hubness(occurrence, 10).skewness;
}

/// How often the row of a query's own number comes first.
double first_hits(vector_index const& index, matrix_view<float const> queries, search_options options) {
    options.k = 1;
    std::size_t right = 0;
    auto const found = index.search_many(queries, options);
    for (std::size_t q = 0; q < found.size(); ++q) right += found[q].hits[0].row == q ? 1 : 0;
    return static_cast<double>(right) / static_cast<double>(queries.rows());
}

}  // namespace

TEST_CASE("a correction is what its definition says of the scores of a bank", "[index][score_correction]") {
    std::size_t const d = 24, n = 333;
    auto const values = clustered_vectors(n, d, 12, 0.7F, 3, 0), asked = clustered_vectors(61, d, 12, 0.7F, 3, 1);
    matrix_view<float const> const rows(values, d), bank(asked, d);
    thread_pool pool(2);
    for (similarity_kind const similarity : {similarity_kind::cosine, similarity_kind::dot})
        for (std::string const name : {"f32", "int8", "planes"}) {
            auto const index = make_index(name, d, similarity);
            index->add(rows);
            std::vector<std::vector<double>> scores(n);
            index->visit_scores(bank, [&](row_t first, std::size_t count, std::span<quantize::block_scores const> s) {
                for (std::size_t r = 0; r < count; ++r)
                    for (auto const& of_query : s) scores[first + r].push_back(double{of_query[r]});
            });
            for (auto options :
                 {correction_options{.method = correction_method::inverted_softmax},
                  correction_options{.method = correction_method::inverted_softmax, .beta = 400}, correction_options{.k = 5},
                  correction_options{.k = 500, .alpha = 0.3}, correction_options{.method = correction_method::csls, .k = 10}}) {
                auto const fitted = fit_correction(*index, bank, options);
                CHECK_FALSE(fitted.active.has_value());
                for (std::size_t r = 0; r < n; ++r) {
                    CAPTURE(to_string(similarity), name, static_cast<int>(options.method), options.beta, r);
                    double const exact = corrected_by_definition(options, scores[r]);
                    REQUIRE(std::abs(double{fitted.bias[r]} - exact) <= 2e-6 * std::max(1.0, std::abs(exact)));
                }
                options.threads = &pool;
                CHECK(fit_correction(*index, bank, options).bias == fitted.bias);
            }
            // Defaults of k.
            CHECK(fit_correction(*index, bank).bias == fit_correction(*index, bank, {.k = 128}).bias);
            CHECK(fit_correction(*index, bank, {.method = correction_method::csls}).bias ==
                  fit_correction(*index, bank, {.method = correction_method::csls, .k = 10}).bias);
        }
}

TEST_CASE("a dynamic correction leaves queries alone whose best row no query of the bank knows", "[index][score_correction]") {
    std::size_t const d = 32, n = 400;
    auto const values = clustered_vectors(n, d, 16, 0.7F, 5, 0), asked = clustered_vectors(30, d, 16, 0.7F, 5, 1),
               others = clustered_vectors(25, d, 16, 0.7F, 5, 2);
    matrix_view<float const> const rows(values, d), bank(asked, d), queries(others, d);
    auto const index = make_index("int8", d);
    index->add(rows);
    auto const fitted = fit_correction(*index, bank, {.method = correction_method::inverted_softmax, .dynamic = true, .active_k = 2});
    std::vector<bool> known(n, false);
    for (std::size_t b = 0; b < bank.rows(); ++b)
        for (hit const& h : index->search(bank[b], {.k = 2}).hits) known[h.row] = true;
    REQUIRE(fitted.active.has_value());
    for (row_t r = 0; r < n; ++r) CHECK(fitted.active->allows(r) == known[r]);
    search_options options{.k = 5};
    fitted.apply_to(options);
    std::size_t corrected = 0;
    for (std::size_t q = 0; q < queries.rows(); ++q) {
        auto const raw = index->search(queries[q], {.k = 5}), found = index->search(queries[q], options);
        CHECK(found.corrected == known[raw.hits[0].row]);
        if (!found.corrected) CHECK(found.hits == raw.hits);
        corrected += found.corrected ? 1 : 0;
    }
    CHECK((corrected > 0 && corrected < queries.rows()));
}

TEST_CASE("a correction by an empty bank changes nothing, and bad options are refused", "[index][score_correction]") {
    auto const values = normal_vector(50 * 8, 1);
    auto const index = make_index("int8", 8);
    index->add(matrix_view<float const>(values, 8));
    matrix_view<float const> const bank(values.data(), 5, 8), empty(values.data(), 0, 8), other(values.data(), 10, 4);
    auto const query = normal_vector(8, 2);
    for (bool const dynamic : {false, true}) {
        auto const nothing = fit_correction(*index, empty, {.dynamic = dynamic});
        search_options options;
        nothing.apply_to(options);
        CHECK(index->search(query, options).hits == index->search(query).hits);
    }
    double const infinite = std::numeric_limits<double>::infinity();
    auto const refused = [&](correction_options const& options) { return outcome([&] { return fit_correction(*index, bank, options); }); };
    CHECK(refused({}) == "ok");
    CHECK(refused({.beta = 0}) == "invalid_argument");
    CHECK(refused({.beta = infinite}) == "not_finite");
    CHECK(refused({.k = 0}) == "invalid_argument");
    CHECK(refused({.alpha = -0.1}) == "invalid_argument");
    CHECK(refused({.alpha = infinite}) == "not_finite");
    CHECK(refused({.active_k = 0}) == "invalid_argument");
    CHECK(outcome([&] { return fit_correction(*index, other); }) == "dimension_mismatch");
    auto bad = std::vector<float>(values.begin(), values.begin() + 40);
    bad[13] = std::numeric_limits<float>::quiet_NaN();
    CHECK(outcome([&] { return fit_correction(*index, matrix_view<float const>(bad, 8)); }) == "not_finite");
    progress stopped;
    stopped.stop = [] { return true; };
    CHECK(refused({.watch = &stopped}) == "cancelled");
}

TEST_CASE("inverted softmax doubles the right first hits where hubs are strong", "[index][score_correction][shared]") {
    auto const gallery = shared_vectors("cross-gallery2000.npy"), queries = shared_vectors("cross-queries2000.npy"),
               bank = shared_vectors("cross-querybank2000.npy");
    for (std::string const name : {"f32", "int8", "planes"}) {
        auto const index = make_index(name, gallery.matrix().dims());
        index->add(gallery.matrix());
        double const raw = first_hits(*index, queries.matrix(), {});
        CAPTURE(name, raw);
        CHECK(std::abs(raw - 0.079) <= 0.004);
        CHECK(skewness_of_ten(*index, queries.matrix(), {}) > 5);
        for (bool const dynamic : {false, true}) {
            auto const fitted = fit_correction(*index, bank.matrix(), {.method = correction_method::inverted_softmax, .dynamic = dynamic});
            search_options options;
            fitted.apply_to(options);
            double const corrected = first_hits(*index, queries.matrix(), options);
            CAPTURE(dynamic, corrected);
            CHECK(corrected >= 2 * raw);
            if (!dynamic) CHECK(std::abs(corrected - 0.184) <= 0.006);
            CHECK(skewness_of_ten(*index, queries.matrix(), options) < 2);
        }
    }
}
