// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/wasserstein.hpp>

#include "similarity/gaussians.hpp"
#include "similarity/ranking.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using similarity::wasserstein;

static_assert(similarity::wasserstein_fn::order == ordering::smaller_is_closer);

namespace {
double by_definition(gaussian const& x, gaussian const& y) {
    double sum = squared_l2_by_definition<float>(x.mean, y.mean).value;
    // var_1 + var_2 - 2 sqrt(var_1 var_2): the trace of the general formula.
    for (std::size_t i = 0; i < x.mean.size(); ++i)
        sum += double(x.variance[i]) + double(y.variance[i]) - 2 * std::sqrt(double(x.variance[i]) * double(y.variance[i]));
    return sum;
}
}  // namespace

TEST_CASE("wasserstein is its definition, 0 for equals, and symmetric to the bit", "[similarity][wasserstein]") {
    for (std::size_t const d : {1U, 5U, 64U, 384U})
        for (std::uint64_t seed = 0; seed < 8; ++seed) {
            gaussian const x(d, seed), y(d, seed + 40);
            REQUIRE(std::abs(wasserstein(x.view(), y.view()) / by_definition(x, y) - 1) < 1e-7);
            REQUIRE(wasserstein(x.view(), y.view()) == wasserstein(y.view(), x.view()));
            REQUIRE(wasserstein(x.view(), x.view()) == 0);
        }
}

TEST_CASE("an index of wasserstein's items ranks as it does", "[similarity][wasserstein]") {
    std::size_t const d = 24;
    gaussian const q(d, 1);
    std::vector<std::vector<float>> items;
    std::vector<double> values;
    for (std::uint64_t i = 0; i < 100; ++i) {
        gaussian const x(d, 100 + i);
        items.push_back(written(wasserstein.mapped_dims(d), [&](auto out) { wasserstein.item(x.view(), out); }));
        values.push_back(by_definition(q, x));
    }
    auto const mapped = written(wasserstein.mapped_dims(d), [&](auto out) { wasserstein.query(q.view(), out); });
    auto const hits = all_hits(similarity_kind::squared_l2, items, mapped);
    CHECK(out_of_order(hits, values, ordering::smaller_is_closer, 1e-4) == "");
    CHECK(std::abs(-hits[0].score - values[hits[0].row]) < 1e-4);
}

TEST_CASE("wasserstein refuses what is no distribution", "[similarity][wasserstein]") {
    gaussian const point({1, 2}, {0, 0}), negative({1, 2}, {-1, 0}), nan({1, std::nanf("")}, {0, 0}), longer(3, 1);
    CHECK(outcome([&] { return wasserstein(point.view(), negative.view()); }) == "invalid_argument");
    CHECK(outcome([&] { return wasserstein(nan.view(), point.view()); }) == "not_finite");
    CHECK(outcome([&] { return wasserstein(point.view(), longer.view()); }) == "dimension_mismatch");
    std::vector<float> out(3);
    CHECK(outcome([&] { return wasserstein.item(point.view(), out), 0; }) == "dimension_mismatch");
}
