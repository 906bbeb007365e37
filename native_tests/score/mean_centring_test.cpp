// SPDX-License-Identifier: Apache-2.0
#include <simile/score/mean_centring.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>

using namespace simile;
using namespace simile::test;

TEST_CASE("a running mean is that of what remains", "[score][mean_centring]") {
    score::running_mean mean(3);
    CHECK(mean.mean() == std::vector<float>{0, 0, 0});
    mean.add(std::vector<float>{1, 2, 3});
    mean.add(std::vector<float>{3, 4, 0});
    mean.add(std::vector<float>{0.1F, 1e6F, 7});
    CHECK(mean.size() == 3);
    mean.remove(std::vector<float>{0.1F, 1e6F, 7});
    CHECK(mean.mean() == std::vector<float>{2, 3, 1.5F});
    mean.remove(std::vector<float>{1, 2, 3});
    mean.remove(std::vector<float>{3, 4, 0});
    CHECK(mean.mean() == std::vector<float>{0, 0, 0});
}

TEST_CASE("centred cosines from raw inner products are those of centred vectors", "[score][mean_centring]") {
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        std::size_t const d = 1 + seed % 20;
        auto const q = unit_vector(d, seed), g = unit_vector(d, seed + 100), m = normal_vector(d, seed + 200, 0.2F);
        std::vector<float> cq(d), cg(d);
        double const away = score::mean_centre(q, m, cq);
        score::mean_centre(g, m, cg);
        double const expected = dot_by_definition<float>(cq, cg).value;
        auto const query = score::mean_centring(q, m, false), item = score::mean_centring(g, m, true);
        REQUIRE(std::abs(score::centred_cosine(dot_by_definition<float>(q, g).value, query, item) - expected) <= 1e-6);
        REQUIRE(std::abs(dot_by_definition<float>(cq, cq).value - 1) <= 1e-6);
        REQUIRE(std::abs(away * query.scale - 1) <= 1e-6);
    }
}

TEST_CASE("the mean itself is close to nothing", "[score][mean_centring]") {
    std::vector<float> const m{0.5F, 0.25F};
    std::vector<float> out(2, 7.0F);
    CHECK(score::mean_centre(m, m, out) == 0);
    CHECK(out == std::vector<float>{0, 0});
    CHECK(score::centred_cosine(0.3, score::mean_centring(m, m, false), score::mean_centring(std::vector<float>{1, 0}, m, true)) == 0);
}

TEST_CASE("subtract_mean may write where it reads", "[score][mean_centring]") {
    std::vector<float> x{1, 2};
    score::subtract_mean(x, std::vector<float>{2, 2}, 0.25, x);
    CHECK(x == std::vector<float>{0.5F, 1.5F});
}

TEST_CASE("mean centring refuses what makes no sense", "[score][mean_centring]") {
    std::vector<float> const two{1, 2}, three(3), bad{1, std::nanf("")};
    std::vector<float> out(2);
    CHECK(outcome([&] { return score::mean_centre(two, three, out); }) == "dimension_mismatch");
    CHECK(outcome([&] { return score::mean_centre(three, three, out); }) == "dimension_mismatch");
    CHECK(outcome([&] { return score::mean_centre(two, bad, out); }) == "not_finite");
    CHECK(outcome([&] { return score::mean_centre(bad, two, out); }) == "not_finite");
    CHECK(outcome([&] {
              score::subtract_mean(two, two, std::numeric_limits<double>::infinity(), out);
              return 0;
          }) == "not_finite");
    CHECK(outcome([&] { return score::mean_centring(two, three, true).scale; }) == "dimension_mismatch");
    CHECK(outcome([&] { return score::mean_centring(bad, two, true).scale; }) == "not_finite");
    score::running_mean mean(2);
    CHECK(outcome([&] {
              mean.add(three);
              return 0;
          }) == "dimension_mismatch");
    CHECK(outcome([&] {
              mean.add(bad);
              return 0;
          }) == "not_finite");
    CHECK(outcome([&] {
              mean.remove(two);
              return 0;
          }) == "invalid_argument");
    CHECK(outcome([] { return score::running_mean(0).dims(); }) == "invalid_argument");
}
