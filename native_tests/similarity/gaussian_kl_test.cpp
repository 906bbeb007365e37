// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/gaussian_kl.hpp>

#include "similarity/gaussians.hpp"
#include "similarity/ranking.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>

using namespace simile;
using namespace simile::test;
using similarity::gaussian_kl;

static_assert(similarity::gaussian_kl_fn::order == ordering::smaller_is_closer);

namespace {

/// The definition, E_Q [log Q(x) - log D(x)], a dimension at a time, by Simpson's rule within 14 standard deviations.
double kl_by_integration(gaussian const& q, gaussian const& d) {
    double total = 0;
    for (std::size_t i = 0; i < q.mean.size(); ++i) {
        double const mq = q.mean[i], vq = q.variance[i], md = d.mean[i], vd = d.variance[i], sd = std::sqrt(vq), step = 14 * sd / 1000;
        auto const log_density = [](double x, double m, double v) {
            return -0.5 * (std::log(2 * 3.14159265358979323846 * v) + (x - m) * (x - m) / v);
        };
        for (int k = -1000; k <= 1000; ++k) {
            double const x = mq + k * step, weight = k == -1000 || k == 1000 ? 1 : k % 2 != 0 ? 4 : 2;
            total += weight * step / 3 * std::exp(log_density(x, mq, vq)) * (log_density(x, mq, vq) - log_density(x, md, vd));
        }
    }
    return total;
}

std::vector<float> item_of(gaussian const& g) {
    return written(gaussian_kl.mapped_dims(g.mean.size()), [&](auto out) { gaussian_kl.item(g.view(), out); });
}
std::vector<float> query_of(gaussian const& g) {
    return written(gaussian_kl.mapped_dims(g.mean.size()), [&](auto out) { gaussian_kl.query(g.view(), out); });
}

}  // namespace

TEST_CASE("gaussian_kl is the Kullback-Leibler divergence by its integral", "[similarity][gaussian_kl]") {
    for (std::size_t const k : {1U, 2U, 7U, 24U})
        for (std::uint64_t seed = 0; seed < 4; ++seed) {
            gaussian const q(k, seed), d(k, seed + 40);
            double const exact = kl_by_integration(q, d);
            CAPTURE(k, seed, exact);
            REQUIRE(std::abs(gaussian_kl(q.view(), d.view()) - exact) <= 1e-7 * exact + 1e-12);
        }
}

TEST_CASE("gaussian_kl is 0 for the same distribution, keeps its digits near it, and is not symmetric", "[similarity][gaussian_kl]") {
    gaussian const q(64, 1), d(64, 2);
    CHECK(gaussian_kl(q.view(), q.view()) == 0);
    CHECK(std::abs(gaussian_kl(q.view(), d.view()) - gaussian_kl(d.view(), q.view())) > 1);
    // Two variances e apart, relatively: e^2 / 4, a millionth of what cancels.
    gaussian const one(std::vector{0.0F}, {1.0F}), close(std::vector{0.0F}, {1.0009765625F});
    double const e = 1 - 1 / 1.0009765625;
    CHECK(std::abs(gaussian_kl(one.view(), close.view()) - (e * e / 4 + e * e * e / 6)) < 1e-4 * e * e);
}

TEST_CASE("the inner product of the transforms is minus twice the divergence, short of the query's part", "[similarity][gaussian_kl]") {
    for (std::size_t const k : {1U, 5U, 24U, 384U})
        for (std::uint64_t seed = 0; seed < 4; ++seed) {
            gaussian const q(k, seed), d(k, seed + 40);
            auto const a = query_of(q), b = item_of(d);
            auto const score = dot_by_definition<float>(a, b);
            double rest = static_cast<double>(k);
            for (float const v : q.variance) rest += std::log(double(v));
            double const kl = gaussian_kl(q.view(), d.view());
            CAPTURE(k, seed);
            REQUIRE(std::abs(score.value + rest + 2 * kl) <= 3 * 0x1p-24 * score.magnitude + 0x1p-23 * kl);
            REQUIRE(std::abs(gaussian_kl.from_score(static_cast<float>(score.value), q.view()) - kl) <=
                    3 * 0x1p-24 * score.magnitude + 0x1p-23 * kl);
        }
}

TEST_CASE("the vectors as printed, with products of variances, rank otherwise", "[similarity][gaussian_kl]") {
    // Equation 14: [gamma', -prod 1/var_d, -1/var_d, 2 mean_d/var_d] with [1, prod var_q, mean_q^2, mean_q].
    std::size_t const k = 24;
    gaussian const q(k, 3);
    auto const as_printed = [&](gaussian const& d) {
        double sum = 0, product = 1;
        for (std::size_t i = 0; i < k; ++i) {
            double const mq = q.mean[i], md = d.mean[i], vd = d.variance[i];
            product *= double(q.variance[i]) / vd;
            sum += -std::log(vd) - md * md / vd - mq * mq / vd + 2 * mq * md / vd;
        }
        return sum - product;
    };
    std::vector<std::vector<float>> items;
    std::vector<double> divergence, printed;
    for (std::uint64_t i = 0; i < 100; ++i) {
        gaussian const d(k, 100 + i);
        items.push_back(item_of(d));
        divergence.push_back(kl_by_integration(q, d));
        printed.push_back(as_printed(d));
    }
    auto const hits = all_hits(similarity_kind::dot, items, query_of(q));
    CHECK(out_of_order(hits, divergence, ordering::smaller_is_closer, 1e-4) == "");
    CHECK(out_of_order(hits, printed, ordering::larger_is_closer, 1e-4) != "");
    CHECK(std::abs(printed[0] + 2 * divergence[0] - (printed[1] + 2 * divergence[1])) > 1);
}

TEST_CASE("gaussian_kl stays finite where a product of variances would not", "[similarity][gaussian_kl]") {
    std::size_t const k = 768;
    gaussian q(k, 1), d(k, 2);
    for (float& v : q.variance) v *= 0.1F;
    for (float& v : d.variance) v *= 10;
    CHECK(std::isfinite(gaussian_kl(q.view(), d.view())));
    for (float const v : item_of(d)) REQUIRE(std::isfinite(v));
    for (float const v : query_of(q)) REQUIRE(std::isfinite(v));
}

TEST_CASE("gaussian_kl refuses what is no distribution", "[similarity][gaussian_kl]") {
    gaussian const good({1, 2}, {1, 1}), zero({1, 2}, {1, 0}), negative({1, 2}, {-1, 1}), nan({std::nanf(""), 2}, {1, 1}),
        ragged({1, 2}, {1}), longer(3, 1);
    gaussian const infinite({1, 2}, {1, std::numeric_limits<float>::infinity()}), nothing({}, {});
    auto const both = [&](gaussian const& g) {
        auto const first = outcome([&] { return gaussian_kl(g.view(), good.view()); });
        CHECK(first == outcome([&] { return gaussian_kl(good.view(), g.view()); }));
        return first;
    };
    CHECK(both(good) == "ok");
    CHECK(both(zero) == "invalid_argument");
    CHECK(both(negative) == "invalid_argument");
    CHECK(both(nan) == "not_finite");
    CHECK(both(infinite) == "not_finite");
    CHECK(both(ragged) == "dimension_mismatch");
    CHECK(both(longer) == "dimension_mismatch");
    CHECK(both(nothing) == "invalid_argument");
    CHECK(message([&] { return gaussian_kl(zero.view(), good.view()); }) == "variance 1 is 0.000000");
    std::vector<float> out(4);
    CHECK(outcome([&] { return gaussian_kl.item(good.view(), out), 0; }) == "dimension_mismatch");
    CHECK(outcome([&] { return gaussian_kl.query(good.view(), out), 0; }) == "dimension_mismatch");
    CHECK(outcome([&] { return gaussian_kl.item(zero.view(), out), 0; }) == "invalid_argument");
}
