// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/euclip.hpp>

#include "similarity/ranking.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using similarity::euclip;

static_assert(euclip::order == ordering::larger_is_closer);

TEST_CASE("euclip is minus the scaled squared distance, symmetric to the bit", "[similarity][euclip]") {
    for (std::size_t const d : {1U, 3U, 16U, 33U, 512U})
        for (std::uint64_t seed = 0; seed < 6; ++seed) {
            auto const x = normal_vector(d, seed), y = normal_vector(d, seed + 40);
            double const exact = -2.5 * squared_l2_by_definition<float>(x, y).value;
            REQUIRE(std::abs(euclip(2.5)(x, y) / exact - 1) <= error_factor(double(d) / 16 + 26));
            REQUIRE(euclip(2.5)(x, y) == euclip(2.5)(y, x));
            REQUIRE(euclip(2.5)(x, x) == 0);
        }
}

TEST_CASE("the scale of a trained model is exp(logit_scale) / dims", "[similarity][euclip]") {
    std::vector<float> const x{1, 2, 3, 4}, y{2, 2, 1, 4};
    CHECK(rounds_to(euclip::trained(std::log(100.0), 4)(x, y), -100.0 / 4 * 5));
    CHECK(euclip()(x, y) == -5);
}

TEST_CASE("an index of euclip's items ranks as it does, where the inner product alone does not", "[similarity][euclip]") {
    std::size_t const d = 24;
    auto const query = normal_vector(d, 1);
    std::vector<std::vector<float>> items;
    std::vector<double> values, inner;
    for (std::uint64_t i = 0; i < 150; ++i) {
        auto const x = normal_vector(d, 100 + i, 0.5F + 0.02F * static_cast<float>(i % 50));
        items.push_back(written(euclip::mapped_dims(d), [&](auto out) { euclip::item(x, out); }));
        values.push_back(-squared_l2_by_definition<float>(x, query).value);
        inner.push_back(dot_by_definition<float>(x, query).value);
    }
    auto const q = written(euclip::mapped_dims(d), [&](auto out) { euclip::query(query, out); });
    auto const hits = all_hits(similarity_kind::dot, items, q);
    CHECK(out_of_order(hits, values, ordering::larger_is_closer, 1e-4) == "");
    CHECK(out_of_order(hits, inner, ordering::larger_is_closer, 1e-4) != "");
    CHECK(std::abs(hits[0].score - dot_by_definition<float>(query, query).value - values[hits[0].row]) < 1e-4);
}

TEST_CASE("euclip refuses a bad scale and a wrong length", "[similarity][euclip]") {
    std::vector<float> const x{1, 2};
    std::vector<float> out(2);
    CHECK(outcome([] { return euclip(0); }) == "invalid_argument");
    CHECK(outcome([] { return euclip(std::nan("")); }) == "not_finite");
    CHECK(outcome([] { return euclip::trained(1e4, 2); }) == "not_finite");
    CHECK(outcome([] { return euclip::trained(1, 0); }) == "invalid_argument");
    CHECK(outcome([&] { return euclip::item(x, out), 0; }) == "dimension_mismatch");
    CHECK(outcome([&] { return euclip::query(x, out), 0; }) == "dimension_mismatch");
}
