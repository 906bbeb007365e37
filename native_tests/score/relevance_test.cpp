// SPDX-License-Identifier: Apache-2.0
#include <simile/score/relevance.hpp>

#include <simile/score/relevance_bytes.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

using namespace simile;
using namespace simile::test;

namespace {

constexpr std::size_t relevance_dims = 4;

score::cosine_adapter small_adapter(score::adapter_form form = score::adapter_form::power) {
    auto const w = normal_vector(2 * relevance_dims + 2 + 6 + 3, 8);
    auto const part = [&](std::size_t first, std::size_t n) {
        return std::vector<float>(w.begin() + std::ptrdiff_t(first), w.begin() + std::ptrdiff_t(first + n));
    };
    return {relevance_dims, 2, part(0, 8), part(8, 2), part(10, 6), part(16, 3), form};
}
score::surprise_relevance small_surprise() {
    score::gallery_moments moments(relevance_dims);
    moments.add(matrix_view<float const>(normal_vector(40 * relevance_dims, 2), relevance_dims));
    return {moments, 500};
}
std::vector<score::relevance_model> all_relevance_models() {
    std::vector<score::relevance_model> out;
    out.emplace_back(score::sigmoid_calibration{});
    out.emplace_back(score::platt_calibration{-12, 4});
    out.emplace_back(score::platt_calibration{0, 0.5});
    out.emplace_back(score::beta_calibration{3, 0.5, -1});
    out.emplace_back(score::isotonic_calibration{{{-0.5, -0.25, 0.125}, {0.1, 0.1, 0.5}, {0.3, 0.6, 1}}});
    out.emplace_back(score::isotonic_calibration{});
    for (auto const form : {score::adapter_form::raw, score::adapter_form::linear, score::adapter_form::square_root,
                            score::adapter_form::square, score::adapter_form::power})
        out.emplace_back(small_adapter(form));
    out.emplace_back(small_surprise());
    return out;
}

}  // namespace

TEST_CASE("the relevance of a score is what its calibration says, and rises with it", "[score][relevance]") {
    auto const query = unit_vector(relevance_dims, 5);
    CHECK(score::relevance_model(score::sigmoid_calibration{10, -5}).of({})(0.5F) == 0.5F);
    CHECK(std::abs(double{score::relevance_model(score::platt_calibration{-2, 1}).of({})(2.0F)} - 1 / (1 + std::exp(-3.0))) < 1e-7);
    CHECK(std::abs(double{score::relevance_model(score::beta_calibration{1, 1, 0}).of({})(0.5F)} - 0.75) < 1e-7);
    CHECK(score::relevance_model(score::isotonic_calibration{{{0, 1, 0.25}, {2, 3, 0.75}}}).of({})(1.5F) == 0.5F);
    auto const adapter = small_adapter();
    CHECK(double{score::relevance_model(adapter).of(query)(0.4F)} == double{static_cast<float>(adapter.map_of(query)(double{0.4F}))});
    auto const outliers = small_surprise();
    auto const moments = outliers.moments.of_scores(query);
    CHECK(std::abs(double{score::relevance_model(outliers).of(query)(3.0F)} -
                   score::surprise((3 - moments.mean) / moments.deviation, 500)) < 1e-7);
    for (auto const& model : all_relevance_models()) {
        auto const relevance = model.of(query);
        float last = 0;
        for (int i = -400; i <= 400; ++i) {
            float const r = relevance(static_cast<float>(i) / 100);
            REQUIRE((r >= last && r <= 1));
            last = r;
        }
    }
}

TEST_CASE("the least score of a relevance is exactly that: the float below it has less", "[score][relevance]") {
    constexpr float infinite = std::numeric_limits<float>::infinity();
    auto const query = unit_vector(relevance_dims, 6);
    for (auto const& model : all_relevance_models())
        for (double const wanted : {1e-9, 0.1, 0.125, 0.5, 0.75, 0.999, 1.0}) {
            auto const relevance = model.of(query);
            float const least = relevance.least_score(wanted);
            CAPTURE(model.parameters().index(), wanted, least);
            if (least == infinite)
                CHECK(double{relevance(std::numeric_limits<float>::max())} < wanted);
            else if (least == -infinite)
                CHECK(double{relevance(std::numeric_limits<float>::lowest())} >= wanted);
            else {
                CHECK(double{relevance(least)} >= wanted);
                CHECK(double{relevance(std::nextafter(least, -infinite))} < wanted);
            }
        }
    for (auto const& model : all_relevance_models()) CHECK(model.of(query).least_score(0) == -infinite);
    // The adapter's own cut-off says the same, but for the rounding of relevance to a float.
    score::cosine_adapter const adapter{relevance_dims, 1, std::vector<float>(relevance_dims, 0.0F), {0}, {0, 0, 0}, {0.5F, -0.2F, 0.3F}};
    float const cut = adapter.map_of(query).cut_off(0.4);
    CHECK((cut > 0 && cut < 1));
    CHECK(std::abs(score::relevance_model(adapter).of(query).least_score(0.4) - cut) < 1e-6F);
}

TEST_CASE("maps that fall, or that are no maps, are refused", "[score][relevance]") {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    using map = score::relevance_model::map;
    auto const refused = [](map const& by) { return outcome([&] { return score::relevance_model(by); }); };
    CHECK(refused(score::sigmoid_calibration{-1, 0}) == "invalid_argument");
    CHECK(refused(score::sigmoid_calibration{nan, 0}) == "not_finite");
    CHECK(refused(score::platt_calibration{0.1, 0}) == "invalid_argument");
    CHECK(refused(score::platt_calibration{-1, nan}) == "not_finite");
    CHECK(refused(score::beta_calibration{-1, 1, 0}) == "invalid_argument");
    CHECK(refused(score::isotonic_calibration{{{0, 1, 0.5}, {1, 2, 0.75}}}) == "invalid_argument");
    CHECK(refused(score::isotonic_calibration{{{0, 1, 0.5}, {2, 3, 0.25}}}) == "invalid_argument");
    CHECK(refused(score::isotonic_calibration{{{0, 1, 1.5}}}) == "invalid_argument");
    CHECK(refused(score::isotonic_calibration{{{1, 0, 0.5}}}) == "invalid_argument");
    auto broken = small_adapter();
    broken.w2.pop_back();
    CHECK(refused(broken) == "dimension_mismatch");
    CHECK(refused(score::surprise_relevance{score::gallery_moments(3), 5}) == "invalid_argument");
    auto none = small_surprise();
    none.items = 0;
    CHECK(refused(none) == "invalid_argument");
    score::relevance_model const adapter(small_adapter()), outliers(small_surprise()), beta(score::beta_calibration{});
    CHECK(outcome([&] {
              adapter.check_fits(5, similarity_kind::cosine);
              return 0;
          }) == "dimension_mismatch");
    CHECK(outcome([&] {
              adapter.check_fits(4, similarity_kind::dot);
              return 0;
          }) == "invalid_argument");
    CHECK(outcome([&] {
              beta.check_fits(4, similarity_kind::squared_l2);
              return 0;
          }) == "invalid_argument");
    CHECK(outcome([&] {
              outliers.check_fits(5, similarity_kind::dot);
              return 0;
          }) == "dimension_mismatch");
    CHECK(outcome([&] {
              outliers.check_fits(4, similarity_kind::squared_l2);
              return 0;
          }) == "invalid_argument");
    CHECK(outcome([&] {
              outliers.check_fits(4, similarity_kind::dot);
              return 0;
          }) == "ok");
}

TEST_CASE("a relevance model comes back from its bytes, and damage makes another model or an error", "[score][relevance][damage]") {
    auto const query = unit_vector(relevance_dims, 7);
    for (auto const& model : all_relevance_models()) {
        auto const bytes = score::to_bytes(model);
        auto const back = score::relevance_from_bytes(bytes);
        CAPTURE(model.parameters().index(), bytes.size());
        CHECK(score::to_bytes(back) == bytes);
        CHECK(back.of(query)(0.3F) == model.of(query)(0.3F));
        for (std::size_t length = 0; length < bytes.size(); ++length)
            CHECK(outcome([&] { return score::relevance_from_bytes(std::span(bytes).first(length)); }) == "corrupt_file");
        auto longer = bytes;
        longer.push_back(std::byte{0});
        CHECK(outcome([&] { return score::relevance_from_bytes(longer); }) == "corrupt_file");
        for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
            auto damaged = bytes;
            damaged[bit / 8] ^= std::byte{1} << (bit % 8);
            auto const result = outcome([&] { return score::relevance_from_bytes(damaged).of(query).least_score(0.5); });
            // Sums that are finite but absurd make scores that are not.
            if (result != "ok" && result != "corrupt_file" && result != "unsupported_version" && result != "not_finite" &&
                result != "dimension_mismatch")
                FAIL("bit " << bit << ": " << result);
        }
    }
}
