// SPDX-License-Identifier: Apache-2.0
// What the normalizers do to a set with strong real hubness: word vectors mapped into the space of glosses, row i belongs to row i.
#include <simile/score/activation_set.hpp>
#include <simile/score/dynamic_inverted_softmax.hpp>
#include <simile/score/gallery_moments.hpp>
#include <simile/score/inverted_softmax_bank.hpp>
#include <simile/score/nnn.hpp>

#include "support/shared_data.hpp"

#include <simile/eval/hubness.hpp>
#include <simile/io/npy.hpp>
#include <simile/similarity/dot.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

using namespace simile;
using namespace simile::test;

namespace {
struct score_table {
    std::vector<float> values;
    std::size_t items = 0;

    [[nodiscard]] matrix_view<float const> matrix() const { return {values.data(), values.size() / items, items}; }
    /// value(q, g, score) in the place of each score.
    template <class Value>
    [[nodiscard]] score_table changed(Value value) const {
        auto out = *this;
        for (std::size_t i = 0; i < values.size(); ++i) out.values[i] = static_cast<float>(value(i / items, i % items, double{values[i]}));
        return out;
    }
};
score_table cosines_of(matrix_view<float const> queries, matrix_view<float const> gallery) {
    score_table out{{}, gallery.rows()};
    for (std::size_t q = 0; q < queries.rows(); ++q)
        for (std::size_t g = 0; g < gallery.rows(); ++g)
            out.values.push_back(std::clamp(similarity::dot(queries[q], gallery[g]), -1.0F, 1.0F));
    return out;
}

/// The share of queries that have their own item among the first k.
double recall_of_own(score_table const& table, std::size_t k) {
    std::size_t found = 0;
    for (std::size_t q = 0; q < table.matrix().rows(); ++q) {
        auto const row = table.matrix()[q];
        std::size_t before = 0;
        for (std::size_t g = 0; g < row.size(); ++g) before += row[g] > row[q] || (row[g] == row[q] && g < q) ? 1 : 0;
        found += before < k ? 1 : 0;
    }
    return static_cast<double>(found) / static_cast<double>(table.matrix().rows());
}
double occurrence_skewness(score_table const& table) { return eval::count_occurrences(table.matrix(), 10, false).measures().skewness; }
}  // namespace

TEST_CASE("on real cross-modal vectors a bank of queries more than doubles what is found first", "[score][shared]") {
    auto const load = [](char const* name) { return io::read_npy<float>(shared_file(std::string("data/cross-") + name + "2000.npy")); };
    auto const queries = load("queries"), gallery = load("gallery"), bank = load("querybank");
    auto const raw = cosines_of(queries.matrix(), gallery.matrix()), banked = cosines_of(bank.matrix(), gallery.matrix());
    CHECK(std::abs(recall_of_own(raw, 1) - 0.0790) < 0.0006);
    CHECK(std::abs(recall_of_own(raw, 10) - 0.2615) < 0.0006);
    CHECK(occurrence_skewness(raw) > 5);

    score::inverted_softmax_bank state(raw.items);
    score::activation_set active(raw.items);
    for (std::size_t b = 0; b < banked.matrix().rows(); ++b) {
        state.add_row(banked.matrix()[b]);
        active.add_row_scores(banked.matrix()[b]);
    }
    auto const bias = score::inverted_softmax(banked.matrix(), banked.items);
    for (row_t g = 0; g < raw.items; ++g) REQUIRE(std::abs(state.bias(g) - bias[g]) <= 1e-6);

    auto const plain = raw.changed([&](auto, auto g, double s) { return s - bias[g]; });
    CHECK(std::abs(recall_of_own(plain, 1) - 0.1840) < 0.0011);
    CHECK(std::abs(recall_of_own(plain, 10) - 0.4610) < 0.0011);
    CHECK(occurrence_skewness(plain) < 2);

    std::vector<bool> open;
    for (std::size_t q = 0; q < raw.matrix().rows(); ++q) {
        auto const row = raw.matrix()[q];
        open.push_back(active.active(static_cast<row_t>(std::max_element(row.begin(), row.end()) - row.begin())));
    }
    auto const dynamic = raw.changed([&](auto q, auto g, double s) { return score::dynamic_score(s, bias[g], open[q]); });
    CHECK(recall_of_own(dynamic, 1) >= 2 * 0.0790);
    CHECK(occurrence_skewness(dynamic) < 2);

    auto const nearest = score::nnn(banked.matrix(), banked.items);
    auto const corrected = raw.changed([&](auto, auto g, double s) { return s - nearest[g]; });
    CHECK(recall_of_own(corrected, 1) >= 2 * 0.0790);
    CHECK(occurrence_skewness(corrected) < 2);
}

TEST_CASE("mean and deviation of real queries over a real gallery are known without a scan", "[score][shared]") {
    auto const queries = io::read_npy<float>(shared_file("data/cross-queries2000.npy")),
               gallery = io::read_npy<float>(shared_file("data/cross-gallery2000.npy"));
    score::gallery_moments moments(gallery.dims());
    moments.add(gallery.matrix());
    for (std::size_t q = 0; q < 20; ++q) {
        std::vector<double> scores;
        for (std::size_t g = 0; g < gallery.rows(); ++g) {
            scores.push_back(0);
            for (std::size_t i = 0; i < gallery.dims(); ++i)
                scores.back() += double{queries.matrix()[q][i]} * double{gallery.matrix()[g][i]};
        }
        double mean = 0, squares = 0;
        for (double const s : scores) mean += s / static_cast<double>(scores.size());
        for (double const s : scores) squares += (s - mean) * (s - mean) / static_cast<double>(scores.size());
        auto const found = moments.of_scores(queries.matrix()[q]);
        REQUIRE(std::abs(found.mean - mean) <= 1e-10);
        REQUIRE(std::abs(found.deviation - std::sqrt(squares)) <= 1e-9);
    }
}
