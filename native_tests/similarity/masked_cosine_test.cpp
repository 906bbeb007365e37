// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/masked_cosine.hpp>

#include "similarity/ranking.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using similarity::masked_cosine;

static_assert(masked_cosine::order == ordering::larger_is_closer);

namespace {
/// The cosine of the masked vectors in double, where a product of floats is exact.
double by_definition(std::vector<float> const& x, std::vector<float> const& y, std::vector<float> const& m) {
    double xy = 0, xx = 0, yy = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        double const a = double(m[i]) * double(x[i]), b = double(m[i]) * double(y[i]);
        xy += a * b;
        xx += a * a;
        yy += b * b;
    }
    return xy / std::sqrt(xx) / std::sqrt(yy);
}
std::vector<float> every_third(std::size_t d) {
    std::vector<float> out(d, 0.0F);
    for (std::size_t i = 0; i < d; i += 3) out[i] = 1;
    return out;
}
}  // namespace

TEST_CASE("masked_cosine is the cosine of the masked vectors, symmetric to the bit", "[similarity][masked_cosine]") {
    for (std::size_t const d : {1U, 2U, 16U, 33U, 512U})
        for (std::uint64_t seed = 0; seed < 6; ++seed) {
            auto const x = normal_vector(d, seed), y = normal_vector(d, seed + 40);
            for (auto const& m : {every_third(d), normal_vector(d, seed + 80)}) {
                masked_cosine const functor(m);
                REQUIRE(std::abs(functor(x, y) - by_definition(x, y, m)) <= 1e-7);
                REQUIRE(functor(x, y) == functor(y, x));
            }
        }
}

TEST_CASE("masked_cosine sees nothing of what is masked", "[similarity][masked_cosine]") {
    auto const m = every_third(16);
    auto const x = normal_vector(16, 1), y = normal_vector(16, 2);
    auto other = x;
    for (std::size_t i = 0; i < 16; ++i) other[i] += m[i] == 0 ? 100.0F : 0.0F;
    CHECK(masked_cosine(m)(x, y) == masked_cosine(m)(other, y));
}

TEST_CASE("an index of masked items ranks as masked_cosine, an index of the items themselves as its inner product",
          "[similarity][masked_cosine]") {
    std::size_t const d = 24;
    auto const m = normal_vector(d, 7), query = normal_vector(d, 1);
    masked_cosine const functor(m);
    std::vector<std::vector<float>> plain, masked;
    std::vector<double> values, inner;
    for (std::uint64_t i = 0; i < 150; ++i) {
        plain.push_back(normal_vector(d, 100 + i));
        masked.push_back(written(functor.mapped_dims(), [&](auto out) { functor.item(plain.back(), out); }));
        values.push_back(by_definition(plain.back(), query, m));
        inner.push_back(0);
        for (std::size_t j = 0; j < d; ++j) inner.back() += double(m[j]) * double(plain.back()[j]) * double(m[j]) * double(query[j]);
    }
    auto const q = written(d, [&](auto out) { functor.query(query, out); });
    CHECK(out_of_order(all_hits(similarity_kind::cosine, masked, q), values, ordering::larger_is_closer, 1e-6) == "");
    auto const late = written(d, [&](auto out) { functor.query_of_unmasked(query, out); });
    auto const hits = all_hits(similarity_kind::dot, plain, late);
    CHECK(out_of_order(hits, inner, ordering::larger_is_closer, 1e-4) == "");
    CHECK(std::abs(hits[0].score - inner[hits[0].row]) < 1e-4);
}

TEST_CASE("masked_cosine of nothing left is 0; bad masks and lengths are refused", "[similarity][masked_cosine]") {
    std::vector<float> const x{0, 2}, y{1, 1};
    CHECK(masked_cosine(std::vector{1.0F, 0.0F})(x, y) == 0);
    CHECK(std::isnan(masked_cosine(y)(x, std::vector{1.0F, std::nanf("")})));
    CHECK(outcome([] { return masked_cosine(std::vector{0.0F, 0.0F}); }) == "invalid_argument");
    CHECK(outcome([] { return masked_cosine(std::vector<float>()); }) == "invalid_argument");
    CHECK(outcome([] { return masked_cosine(std::vector{1.0F, std::nanf("")}); }) == "not_finite");
    std::vector<float> out(1);
    CHECK(outcome([&] { return masked_cosine(y).item(x, out), 0; }) == "dimension_mismatch");
    CHECK(outcome([&] { return masked_cosine(y).item(out, out), 0; }) == "dimension_mismatch");
    CHECK(outcome([&] { return masked_cosine(y).query_of_unmasked(x, out), 0; }) == "dimension_mismatch");
}
