// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/rbf_mixture.hpp>

#include "similarity/ranking.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using similarity::rbf_mixture;

static_assert(rbf_mixture::order == ordering::larger_is_closer);

TEST_CASE("rbf_mixture is the mean of its kernels, and ranks as squared_l2", "[similarity][rbf_mixture]") {
    std::size_t const d = 24;
    rbf_mixture const kernel{0.01, 0.04, 0.16};
    auto const query = normal_vector(d, 1);
    std::vector<std::vector<float>> items;
    std::vector<double> values;
    for (std::uint64_t i = 0; i < 100; ++i) {
        items.push_back(normal_vector(d, 100 + i));
        double const apart = squared_l2_by_definition<float>(items.back(), query).value;
        values.push_back((std::exp(-0.01 * apart) + std::exp(-0.04 * apart) + std::exp(-0.16 * apart)) / 3);
        REQUIRE(std::abs(kernel(query, items.back()) / values.back() - 1) < 1e-5);
        REQUIRE(kernel(query, items.back()) == kernel(items.back(), query));
    }
    auto const hits = all_hits(similarity_kind::squared_l2, items, query);
    CHECK(out_of_order(hits, values, ordering::larger_is_closer, 1e-6) == "");
    CHECK(std::abs(kernel.from_score(hits[0].score) / values[hits[0].row] - 1) < 1e-5);
    CHECK(kernel(query, query) == 1);
}

TEST_CASE("rbf_mixture refuses no kernels and bad ones", "[similarity][rbf_mixture]") {
    CHECK(outcome([] { return rbf_mixture(std::span<double const>()); }) == "invalid_argument");
    CHECK(outcome([] { return rbf_mixture{1, 0}; }) == "invalid_argument");
    CHECK(outcome([] { return rbf_mixture{1, std::nan("")}; }) == "not_finite");
}
