// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/csd.hpp>

#include "similarity/gaussians.hpp"
#include "similarity/ranking.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using similarity::csd;

static_assert(similarity::csd_fn::order == ordering::smaller_is_closer);
static_assert(similarity::csd_match::order == ordering::larger_is_closer);

namespace {
double csd_by_definition(gaussian const& x, gaussian const& y) {
    double sum = squared_l2_by_definition<float>(x.mean, y.mean).value;
    for (float const v : x.variance) sum += v;
    for (float const v : y.variance) sum += v;
    return sum;
}
gaussian unit_gaussian(std::size_t d, std::uint64_t seed) {
    gaussian out(d, seed);
    out.mean = unit_vector(d, seed);
    for (float& v : out.variance) v /= static_cast<float>(d);
    return out;
}
}  // namespace

TEST_CASE("csd is its definition and symmetric to the bit", "[similarity][csd]") {
    for (std::size_t const d : {1U, 2U, 7U, 64U, 513U})
        for (std::uint64_t seed = 0; seed < 8; ++seed) {
            gaussian const x(d, seed), y(d, seed + 40);
            CAPTURE(d, seed);
            REQUIRE(rounds_to(csd(x.view(), y.view()), csd_by_definition(x, y)));
            REQUIRE(csd(x.view(), y.view()) == csd(y.view(), x.view()));
        }
}

TEST_CASE("csd is the mean squared distance of independent draws", "[similarity][csd]") {
    std::size_t const d = 4;
    gaussian const x(d, 1), y(d, 2);
    xoshiro256 random(3);
    double sum = 0;
    int const draws = 100000;
    for (int n = 0; n < draws; ++n)
        for (std::size_t i = 0; i < d; ++i) {
            double const a = x.mean[i] + std::sqrt(double(x.variance[i])) * nearly_normal(random),
                         b = y.mean[i] + std::sqrt(double(y.variance[i])) * nearly_normal(random);
            sum += (a - b) * (a - b);
        }
    CHECK(std::abs(sum / draws / csd(x.view(), y.view()) - 1) < 0.02);
}

TEST_CASE("an index of csd's items ranks as csd, and as cosine less half of the variance", "[similarity][csd]") {
    std::size_t const d = 32;
    gaussian const q = unit_gaussian(d, 1);
    std::vector<std::vector<float>> items;
    std::vector<double> values, corrected, cosines;
    for (std::uint64_t i = 0; i < 200; ++i) {
        gaussian const x = unit_gaussian(d, 100 + i);
        items.push_back(written(csd.mapped_dims(d), [&](auto out) { csd.item(x.view(), out); }));
        values.push_back(csd_by_definition(q, x));
        cosines.push_back(cosine_by_definition<float>(q.mean, x.mean));
        corrected.push_back(cosines.back());
        for (float const v : x.variance) corrected.back() -= 0.5 * v;
    }
    auto const mapped = written(csd.mapped_dims(d), [&](auto out) { csd.query(q.mean, out); });
    auto const hits = all_hits(similarity_kind::dot, items, mapped);
    CHECK(out_of_order(hits, values, ordering::smaller_is_closer, 1e-6) == "");
    CHECK(out_of_order(hits, corrected, ordering::larger_is_closer, 1e-6) == "");
    CHECK(out_of_order(hits, cosines, ordering::larger_is_closer, 1e-6) != "");
    double spread = dot_by_definition<float>(q.mean, q.mean).value;
    for (float const v : q.variance) spread += v;
    CHECK(std::abs(spread - 2 * hits[0].score - values[hits[0].row]) < 1e-6);
}

TEST_CASE("csd_match is the logistic of b - a csd", "[similarity][csd]") {
    gaussian const x({0.5F, 0}, {0.25F, 0.25F}), y({0, 0.5F}, {0, 0.5F});
    double const distance = 0.25 + 0.25 + 1.0;
    REQUIRE(csd(x.view(), y.view()) == 1.5F);
    CHECK(rounds_to(similarity::csd_match().logit(x.view(), y.view()), 5 - 5 * distance));
    CHECK(rounds_to(similarity::csd_match()(x.view(), y.view()), 1 / (1 + std::exp(2.5))));
    CHECK(rounds_to(similarity::csd_match(2, 7)(x.view(), y.view()), 1 / (1 + std::exp(-4.0))));
    CHECK(similarity::csd_match(1e30, 0)(x.view(), y.view()) == 0);
    CHECK(similarity::csd_match(1, 1e30)(x.view(), y.view()) == 1);
    CHECK(outcome([] { return similarity::csd_match(0); }) == "invalid_argument");
    CHECK(outcome([] { return similarity::csd_match(-1); }) == "invalid_argument");
    CHECK(outcome([] { return similarity::csd_match(1, std::nan("")); }) == "not_finite");
}

TEST_CASE("csd takes points, and refuses what is no distribution", "[similarity][csd]") {
    gaussian const point({1, 2}, {0, 0}), other({1, 4}, {0, 0}), negative({1, 2}, {-1, 0}), nan({1, std::nanf("")}, {0, 0}), longer(3, 1);
    CHECK(csd(point.view(), other.view()) == 4);
    CHECK(outcome([&] { return csd(point.view(), negative.view()); }) == "invalid_argument");
    CHECK(outcome([&] { return csd(nan.view(), point.view()); }) == "not_finite");
    CHECK(outcome([&] { return csd(point.view(), longer.view()); }) == "dimension_mismatch");
    std::vector<float> out(2);
    CHECK(outcome([&] { return csd.item(point.view(), out), 0; }) == "dimension_mismatch");
    CHECK(outcome([&] { return csd.query(point.mean, out), 0; }) == "dimension_mismatch");
}
