// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/snr.hpp>

#include "similarity/ranking.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>

using namespace simile;
using namespace simile::test;
using similarity::snr;

static_assert(similarity::snr_fn::order == ordering::smaller_is_closer);

namespace {
double variance(std::vector<double> const& x) {
    double mean = 0, sum = 0;
    for (double const v : x) mean += v / static_cast<double>(x.size());
    for (double const v : x) sum += (v - mean) * (v - mean);
    return sum / static_cast<double>(x.size() - 1);
}
double snr_by_definition(std::vector<float> const& anchor, std::vector<float> const& other) {
    std::vector<double> noise(anchor.size());
    for (std::size_t i = 0; i < noise.size(); ++i) noise[i] = double(other[i]) - double(anchor[i]);
    return variance(noise) / variance({anchor.begin(), anchor.end()});
}
}  // namespace

TEST_CASE("snr is the variance of the difference over that of the anchor", "[similarity][snr]") {
    for (std::size_t const d : {2U, 3U, 16U, 33U, 384U, 4096U})
        for (std::uint64_t seed = 0; seed < 8; ++seed) {
            auto const x = normal_vector(d, seed), y = normal_vector(d, seed + 50);
            CAPTURE(d, seed);
            REQUIRE(std::abs(snr(x, y) / snr_by_definition(x, y) - 1) < 1.2e-7);
        }
}

TEST_CASE("snr ignores what is added to all dimensions, also when it is 10^4 standard deviations", "[similarity][snr]") {
    auto const x = normal_vector(384, 1), y = normal_vector(384, 2);
    auto shifted = y;
    for (float& v : shifted) v += 10000;
    CHECK(std::abs(snr(x, shifted) / snr_by_definition(x, shifted) - 1) < 1.2e-7);
    CHECK(std::abs(snr(x, shifted) / snr(x, y) - 1) < 1e-3);  // what adding 10000 rounds away
}

TEST_CASE("snr is not symmetric", "[similarity][snr]") {
    auto const x = normal_vector(64, 1), y = normal_vector(64, 2, 3.0F);
    CHECK(snr(x, y) > 4 * snr(y, x));
}

TEST_CASE("snr of constants", "[similarity][snr]") {
    std::vector<float> const flat(5, 2.0F), ramp{1, 2, 3, 4, 5}, raised{2, 3, 4, 5, 6};
    CHECK(snr(flat, ramp) == std::numeric_limits<float>::infinity());
    CHECK(snr(ramp, flat) == 1);
    CHECK(snr(flat, flat) == 0);
    CHECK(snr(ramp, raised) == 0);
    CHECK(std::isnan(snr(ramp, std::vector<float>(5, std::nanf("")))));
}

TEST_CASE("an index of centred vectors ranks as snr, and gives it back", "[similarity][snr]") {
    std::size_t const d = 48;
    auto query = normal_vector(d, 1);
    std::vector<std::vector<float>> items;
    std::vector<double> values;
    for (std::uint64_t i = 0; i < 100; ++i) {
        auto x = normal_vector(d, 10 + i, 0.5F + 0.01F * static_cast<float>(i));
        for (float& v : x) v += static_cast<float>(i % 7);
        values.push_back(snr_by_definition(query, x));
        items.push_back(written(snr.mapped_dims(d), [&](auto out) { snr.item(x, out); }));
    }
    auto const q = written(d, [&](auto out) { snr.query(query, out); });
    auto const hits = all_hits(similarity_kind::squared_l2, items, q);
    CHECK(out_of_order(hits, values, ordering::smaller_is_closer, 1e-5) == "");
    double const signal = dot_by_definition<float>(q, q).value;
    CHECK(std::abs(-hits[0].score / signal - values[hits[0].row]) < 1e-5);
    CHECK(outcome([&] { return snr.item(query, std::span<float>(query).first(3)), 0; }) == "dimension_mismatch");
}
