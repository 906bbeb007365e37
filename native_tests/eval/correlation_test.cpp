// SPDX-License-Identifier: Apache-2.0
#include <simile/eval/correlation.hpp>

#include <simile/io/npy.hpp>
#include <simile/similarity/cosine.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"
#include "support/shared_data.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <fstream>

using namespace simile;
using namespace simile::test;
using eval::average_ranks;
using eval::pearson;
using eval::spearman;

TEST_CASE("equal values share the mean of their ranks", "[eval][correlation]") {
    CHECK(average_ranks(std::vector<double>{3, 1, 3, 2, 3, 1}) == std::vector<double>{5, 1.5, 5, 3, 5, 1.5});
    CHECK(average_ranks({}).empty());
}

TEST_CASE("correlations are those of their definitions", "[eval][correlation]") {
    std::vector<double> x, y;
    xoshiro256 random(2);
    for (int i = 0; i < 200; ++i) {
        x.push_back(std::round(4 * nearly_normal(random)));
        y.push_back(std::round(x.back() + 6 * nearly_normal(random)));
    }
    auto const by_definition = [](std::vector<double> const& a, std::vector<double> const& b) {
        double n = double(a.size()), sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0;
        for (std::size_t i = 0; i < a.size(); ++i) {
            sa += a[i];
            sb += b[i];
            saa += a[i] * a[i];
            sbb += b[i] * b[i];
            sab += a[i] * b[i];
        }
        return (n * sab - sa * sb) / std::sqrt((n * saa - sa * sa) * (n * sbb - sb * sb));
    };
    CHECK(std::abs(pearson(x, y) - by_definition(x, y)) < 1e-12);
    std::vector<double> rx, ry;  // 1/2 + #smaller + #equal / 2
    for (auto const& [values, ranks] : {std::pair(&x, &rx), std::pair(&y, &ry)})
        for (double const v : *values) {
            double rank = 0.5;
            for (double const w : *values) rank += w < v ? 1 : w == v ? 0.5 : 0;
            ranks->push_back(rank);
        }
    CHECK(std::abs(spearman(x, y) - by_definition(rx, ry)) < 1e-12);
}

TEST_CASE("correlations reach both ends, whatever the scale, and only the order counts for ranks", "[eval][correlation]") {
    std::vector<double> const x{1, 2, 3, 4}, up{1, 10, 100, 1000}, down{-1, -2, -3, -4};
    CHECK(std::abs(spearman(x, up) - 1) < 1e-15);
    CHECK(std::abs(spearman(up, down) + 1) < 1e-15);
    CHECK(std::abs(pearson(x, down) + 1) < 1e-15);
    CHECK(pearson(x, up) < 0.9);
    for (double const scale : {1e-200, 1e200}) {
        std::vector<double> scaled;
        for (double const v : up) scaled.push_back(v * scale);
        CHECK(std::abs(pearson(x, scaled) - pearson(x, up)) < 1e-14);
    }
}

TEST_CASE("a correlation that is not defined is refused", "[eval][correlation]") {
    std::vector<double> const x{1, 2, 3}, flat{2, 2, 2}, two{1, 2};
    for (auto const function : {&pearson, &spearman}) {
        CHECK(outcome([&] { return function(x, two); }) == "dimension_mismatch");
        CHECK(outcome([&] { return function(x, flat); }) == "invalid_argument");
        CHECK(outcome([&] { return function(std::vector<double>{1}, std::vector<double>{2}); }) == "invalid_argument");
        CHECK(outcome([&] { return function(x, std::vector<double>{1, NAN, 2}); }) == "not_finite");
    }
}

TEST_CASE("the STS benchmark's development set has its known correlation", "[eval][correlation][shared]") {
    auto const a = io::read_npy<float>(shared_file("data/use512-stsb-dev-a.npy")),
               b = io::read_npy<float>(shared_file("data/use512-stsb-dev-b.npy"));
    std::ifstream stream(shared_file("data/stsb-dev-gold.json"));
    auto const gold = nlohmann::json::parse(stream).get<std::vector<double>>();
    std::vector<double> cosines;
    for (std::size_t i = 0; i < gold.size(); ++i) cosines.push_back(double{similarity::cosine(a.matrix()[i], b.matrix()[i])});
    CHECK(std::abs(spearman(cosines, gold) - 0.7838) < 5e-5);
}
