// SPDX-License-Identifier: Apache-2.0
#include <simile/mine/margin.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <limits>
#include <set>
#include <tuple>
#include <utility>

using namespace simile;
using namespace simile::test;
using mine::margin;
using mine::margin_miner;
using mine::mined_pair;
using mine::nearest_columns;

namespace {

/// Cosines of two sets of unit vectors; row i of Y is row i of X with some noise, as a translation would be.
struct margin_sample {
    margin_sample(std::size_t rows_x, std::size_t rows_y, std::size_t d, std::uint64_t seed)
        : n(rows_x), m(rows_y), scores(n * m), turned(n * m) {
        auto const x = normal_vector(n * d, seed), noise = normal_vector(m * d, seed + 1);
        std::vector<float> y = noise;
        for (std::size_t i = 0; i < std::min(n, m) * d; ++i) y[i] = x[i] + 0.8F * noise[i];
        matrix_view<float const> const a(x, d), b(y, d);
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < m; ++j)
                scores[i * m + j] = turned[j * n + i] = static_cast<float>(cosine_by_definition<float>(a[i], b[j]));
    }
    [[nodiscard]] margin_miner miner(std::size_t k, margin kind) const {
        return {nearest_columns({scores.data(), n, m}, k), nearest_columns({turned.data(), m, n}, k), kind};
    }
    [[nodiscard]] double at(std::size_t i, std::size_t j) const { return double{scores[i * m + j]}; }
    std::size_t n, m;
    std::vector<float> scores, turned;
};

/// The dense definition: all margins, without lists.
struct margin_definition {
    margin_definition(margin_sample const& s, std::size_t k, margin kind)
        : sample(s), x_means(s.n), y_means(s.m), x_cut(s.n), y_cut(s.m), kind_(kind) {
        for (std::size_t i = 0; i < s.n; ++i) std::tie(x_means[i], x_cut[i]) = mean_of_largest(row_of(s.scores, i, s.m), k);
        for (std::size_t j = 0; j < s.m; ++j) std::tie(y_means[j], y_cut[j]) = mean_of_largest(row_of(s.turned, j, s.n), k);
    }
    static std::vector<float> row_of(std::vector<float> const& values, std::size_t row, std::size_t size) {
        auto const begin = values.begin() + static_cast<std::ptrdiff_t>(row * size);
        return {begin, begin + static_cast<std::ptrdiff_t>(size)};
    }
    static std::pair<double, float> mean_of_largest(std::vector<float> row, std::size_t k) {
        std::sort(row.rbegin(), row.rend());
        row.resize(std::min(k, row.size()));
        double sum = 0;
        for (float const v : row) sum += double{v};
        return {sum / double(row.size()), row.back()};
    }
    [[nodiscard]] double score(std::size_t i, std::size_t j) const {
        double const a = sample.at(i, j), b = (x_means[i] + y_means[j]) / 2;
        return kind_ == margin::absolute ? a : kind_ == margin::distance || b <= 1e-6 ? a - b : a / b;
    }
    /// The best y of x among its k nearest, and the best x of y.
    [[nodiscard]] std::size_t best_y(std::size_t i) const {
        std::size_t best = sample.m;
        for (std::size_t j = 0; j < sample.m; ++j)
            if (sample.scores[i * sample.m + j] >= x_cut[i] && (best == sample.m || score(i, j) > score(i, best))) best = j;
        return best;
    }
    [[nodiscard]] std::size_t best_x(std::size_t j) const {
        std::size_t best = sample.n;
        for (std::size_t i = 0; i < sample.n; ++i)
            if (sample.turned[j * sample.n + i] >= y_cut[j] && (best == sample.n || score(i, j) > score(best, j))) best = i;
        return best;
    }
    margin_sample const& sample;
    std::vector<double> x_means, y_means;
    std::vector<float> x_cut, y_cut;
    margin kind_;
};

}  // namespace

TEST_CASE("every way of mining finds what the dense definition says", "[mine][margin]") {
    for (auto const kind : {margin::absolute, margin::distance, margin::ratio})
        for (std::size_t const k : {1U, 4U, 100U})
            for (auto const& [n, m] : std::vector<std::pair<std::size_t, std::size_t>>{{20, 20}, {8, 30}, {30, 7}, {1, 1}}) {
                margin_sample const sample(n, m, 6, 10 * k + n);
                margin_definition const expected(sample, k, kind);
                auto const miner = sample.miner(k, kind);
                CAPTURE(static_cast<int>(kind), k, n, m);
                std::vector<mined_pair> forward, backward, both;
                for (std::size_t i = 0; i < n; ++i)
                    forward.push_back({row_t(i), row_t(expected.best_y(i)), expected.score(i, expected.best_y(i))});
                for (std::size_t j = 0; j < m; ++j)
                    backward.push_back({row_t(expected.best_x(j)), row_t(j), expected.score(expected.best_x(j), j)});
                for (auto const& pair : forward)
                    if (expected.best_x(pair.y) == pair.x) both.push_back(pair);
                auto const same = [](std::vector<mined_pair> const& a, std::vector<mined_pair> const& b) {
                    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](auto const& p, auto const& q) {
                        return p.x == q.x && p.y == q.y && std::abs(p.score - q.score) < 1e-9 * (1 + std::abs(q.score));
                    });
                };
                CHECK(same(miner.forward(), forward));
                CHECK(same(miner.backward(), backward));
                CHECK(same(miner.intersection(), both));
                // Greedy: no pair left out has both ends free at its turn, and none uses an end twice.
                auto const taken = miner.max();
                std::set<row_t> xs, ys;
                for (std::size_t i = 0; i < taken.size(); ++i) {
                    CHECK((xs.insert(taken[i].x).second && ys.insert(taken[i].y).second));
                    CHECK((i == 0 || taken[i].score <= taken[i - 1].score));
                }
                forward.insert(forward.end(), backward.begin(), backward.end());
                for (auto const& pair : forward) {
                    bool const blocked = std::any_of(taken.begin(), taken.end(), [&](mined_pair const& t) {
                        return (t.x == pair.x || t.y == pair.y) && t.score >= pair.score - 1e-9;
                    });
                    CHECK(blocked);
                }
            }
}

TEST_CASE("a margin finds translations that the cosine alone misses", "[mine][margin]") {
    // Noisy copies, and one hub of Y that is close to everything.
    std::size_t const n = 60;
    margin_sample sample(n, n, 12, 3);
    for (std::size_t i = 0; i < n; ++i) sample.scores[i * n + 7] = sample.turned[7 * n + i] = 0.9F;
    auto const right = [&](margin kind) {
        auto const found = sample.miner(4, kind).forward();
        return std::count_if(found.begin(), found.end(), [](mined_pair const& p) { return p.x == p.y; });
    };
    CHECK(right(margin::absolute) < 10);
    CHECK(right(margin::ratio) > 30);
    CHECK(right(margin::distance) > 30);
}

TEST_CASE("a ratio over nothing becomes a distance", "[mine][margin]") {
    CHECK(mine::margin_score(0.5, 0.25, margin::ratio) == 2);
    CHECK(mine::margin_score(0.5, 0, margin::ratio) == 0.5);
    CHECK(mine::margin_score(0.5, -0.25, margin::ratio) == 0.75);
    CHECK(mine::margin_score(0.5, 1e-6, margin::ratio) == 0.5 - 1e-6);
    CHECK(mine::margin_score(0.5, 0.25, margin::distance) == 0.25);
    CHECK(mine::margin_score(0.5, 0.25, margin::absolute) == 0.5);
}

TEST_CASE("ties go to the nearer and then the smaller row, and lists may be short or empty", "[mine][margin]") {
    std::vector<float> const flat(9, 0.5F);
    auto const lists = nearest_columns({flat.data(), 3, 3}, 2);
    CHECK(lists[2][0] == hit{0, 0.5F});
    margin_miner const equal(lists, lists, margin::ratio);
    CHECK(equal.max() == std::vector<mined_pair>{{0, 0, 1}});
    mine::nearest_lists x, y;
    std::vector<hit> const one{{1, 0.75F}};
    x.add({});
    x.add(one);
    y.add({});
    y.add(one);
    margin_miner const sparse(x, y, margin::distance);
    CHECK(sparse.forward() == std::vector<mined_pair>{{1, 1, 0}});
    CHECK(sparse.max().size() == 1);
    CHECK(sparse.x_means()[0] == 0);
    CHECK(margin_miner({}, {}).max().empty());
}

TEST_CASE("the best cut of mined pairs is the one with the best F1", "[mine][margin]") {
    std::vector<double> const scores{1.3, 1.2, 1.1, 1.05, 1.0, 0.9};
    std::vector<std::uint8_t> const gold{1, 1, 0, 1, 0, 0};
    auto const found = mine::best_f1_threshold(scores, gold, 4);
    CHECK(std::abs(found.threshold - 1.025) < 1e-12);
    CHECK(found.f1 == 0.75);
    auto const all = mine::best_f1_threshold(scores, std::vector<std::uint8_t>(6, std::uint8_t{1}), 6);
    CHECK((all.threshold == 0.9 && all.f1 == 1));
    auto const none = mine::best_f1_threshold(scores, std::vector<std::uint8_t>(6, std::uint8_t{0}), 6);
    CHECK((none.threshold == 1.3 && none.f1 == 0));
    // Equal scores cannot be told apart by a cut.
    auto const tied = mine::best_f1_threshold(std::vector<double>{2, 2, 1}, std::vector<std::uint8_t>{1, 0, 0}, 1);
    CHECK((tied.threshold == 1.5 && tied.f1 == 2.0 / 3));
}

TEST_CASE("margins refuse what makes no sense", "[mine][margin]") {
    std::vector<float> scores{1, 2, 3, 4};
    CHECK(outcome([&] { return nearest_columns({scores.data(), 2, 2}, 0); }) == "invalid_argument");
    scores[1] = NAN;
    CHECK(outcome([&] { return nearest_columns({scores.data(), 2, 2}, 1); }) == "not_finite");
    mine::nearest_lists lists, other;
    std::vector<hit> const bad{{0, NAN}}, far{{5, 1}};
    CHECK(outcome([&] { return lists.add(bad), 0; }) == "not_finite");
    CHECK(lists.size() == 0);
    lists.add(far);
    other.add({});
    CHECK(outcome([&] { return margin_miner(lists, other); }) == "out_of_range");
    CHECK(outcome([&] { return margin_miner(other, lists); }) == "out_of_range");
    std::vector<double> const rising{1, 2}, nan{1, NAN};
    std::vector<std::uint8_t> const gold{1, 0};
    CHECK(outcome([&] { return mine::best_f1_threshold(rising, gold, 2); }) == "invalid_argument");
    CHECK(outcome([&] { return mine::best_f1_threshold(nan, gold, 2); }) == "not_finite");
    CHECK(outcome([&] { return mine::best_f1_threshold({}, {}, 2); }) == "invalid_argument");
    CHECK(outcome([&] { return mine::best_f1_threshold(std::vector<double>{2, 1}, gold, 0); }) == "invalid_argument");
    CHECK(outcome([&] { return mine::best_f1_threshold(std::vector<double>{2}, gold, 2); }) == "dimension_mismatch");
}
