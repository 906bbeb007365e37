// SPDX-License-Identifier: Apache-2.0
#include <simile/score/bias_top_k.hpp>

#include "score/score_samples.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>

using namespace simile;
using namespace simile::test;

TEST_CASE("what is certain is what a scan of all items gives", "[score][bias_top_k]") {
    std::size_t certain = 0, uncertain = 0;
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        std::size_t const n = 40, k = seed % 41;
        score_sample scores(1, n, seed), biases(1, n, seed + 1000);
        if (seed % 3 == 0)  // many are equal
            for (auto* s : {&scores, &biases})
                for (float& v : s->values()) v = std::round(v * 4) / 4;
        for (float& v : biases.values()) v = 0.5F + v / 4;
        std::vector<hit> raw, full;
        for (row_t g = 0; g < n; ++g) {
            raw.push_back({g, scores.row(0)[g]});
            full.push_back({g, scores.row(0)[g] - biases.row(0)[g]});
        }
        std::sort(raw.begin(), raw.end(), ranks_before);
        std::sort(full.begin(), full.end(), ranks_before);
        raw.resize(k);
        float const least = *std::min_element(biases.values().begin(), biases.values().end());
        auto const found = score::bias_top_k(raw, biases.row(0), least);
        REQUIRE(found.hits.size() == k);
        REQUIRE(found.certain <= k);
        REQUIRE((k < n || found.certain == k));
        for (std::size_t i = 0; i < found.certain; ++i) REQUIRE(found.hits[i] == full[i]);
        certain += found.certain;
        uncertain += k - found.certain;
    }
    CHECK(certain > 500);
    CHECK(uncertain > 500);
}

TEST_CASE("a list of nothing is certain of nothing", "[score][bias_top_k]") {
    std::vector<float> const bias{0.1F};
    CHECK(score::bias_top_k({}, bias, 0.1F).certain == 0);
    CHECK(score::bias_top_k({}, {}, 0).hits.empty());
}

TEST_CASE("equal to what lies beyond the list is not certain", "[score][bias_top_k]") {
    std::vector<float> const bias{0, 0};
    CHECK(score::bias_top_k(std::vector<hit>{{1, 0.5F}}, bias, 0).certain == 0);
    CHECK(score::bias_top_k(std::vector<hit>{{1, 0.5F}}, bias, 0.25F, 0.5F).certain == 1);
}

TEST_CASE("the biased list refuses what makes no sense", "[score][bias_top_k]") {
    std::vector<float> bias{0.5F, 0.25F};
    auto const with = [&](std::vector<hit> const& raw, float least = 0.25F, float floor = 0) {
        return outcome([&] { return score::bias_top_k(raw, bias, least, floor).certain; });
    };
    CHECK(with({{0, 1}}) == "ok");
    CHECK(with({{2, 1}}) == "out_of_range");
    CHECK(with({{0, std::nanf("")}}) == "not_finite");
    CHECK(with({{0, 1}}, std::nanf("")) == "not_finite");
    CHECK(with({{0, 1}}, 0.25F, std::nanf("")) == "not_finite");
    CHECK(with({{0, 1}}, 0.25F, -std::numeric_limits<float>::infinity()) == "ok");
    bias[0] = std::numeric_limits<float>::infinity();
    CHECK(with({{0, 1}}) == "not_finite");
}
