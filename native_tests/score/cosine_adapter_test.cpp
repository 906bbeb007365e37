// SPDX-License-Identifier: Apache-2.0
#include <simile/score/cosine_adapter.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <vector>

using namespace simile;
using namespace simile::test;
using score::adapter_form;
using score::adapter_map;

namespace {
std::vector<adapter_map> adapter_maps() {
    std::vector<adapter_map> out{{adapter_form::raw, 1, 0, 1}};
    for (auto const form : {adapter_form::linear, adapter_form::square_root, adapter_form::square, adapter_form::power})
        for (double const a : {1e-3, 0.3, 1.0, 2.5})
            for (double const b : {-0.7, -0.1, 0.0, 0.4})
                for (double const p : {1e-3, 0.2, 1.0, 3.7, 40.0}) out.push_back({form, a, b, p});
    return out;
}
}  // namespace

TEST_CASE("an adapter map is the clipped power of the cosine", "[score][cosine_adapter]") {
    for (auto const& map : adapter_maps())
        for (double c = -1; c <= 1; c += 0.05) {
            double const power = map.form == adapter_form::square_root ? 0.5
                                 : map.form == adapter_form::square    ? 2
                                 : map.form == adapter_form::power     ? map.p
                                                                       : 1;
            double const y =
                map.form == adapter_form::raw ? c : std::min(1.0, std::max(0.0, map.a * std::pow(std::max(c, 0.0), power) + map.b));
            REQUIRE(std::abs(map(c) - y) < 1e-14);
        }
}

TEST_CASE("a cut-off keeps exactly the cosines that the map puts at or above the threshold", "[score][cosine_adapter]") {
    for (auto const& map : adapter_maps())
        for (double const threshold : {-0.5, 0.0, 1e-9, 0.1, 0.35, 0.5, 0.9, 1.0, 1.5}) {
            float const cut = map.cut_off(threshold);
            CAPTURE(static_cast<int>(map.form), map.a, map.b, map.p, threshold, cut);
            for (int i = -200; i <= 200; ++i) {
                float const c = static_cast<float>(i) / 200;
                REQUIRE((c >= cut) == (map(double{c}) >= threshold));
            }
            if (!std::isfinite(cut)) continue;
            REQUIRE(map(double{cut}) >= threshold);
            REQUIRE(map(double{std::nextafter(cut, -2.0F)}) < threshold);
        }
}

TEST_CASE("an adapter's head is two layers, and its parameters stay away from flat maps", "[score][cosine_adapter]") {
    std::size_t const d = 7, h = 5;
    score::cosine_adapter const adapter{d, h, normal_vector(h * d, 1), normal_vector(h, 2), normal_vector(3 * h, 3), normal_vector(3, 4)};
    adapter.check();
    auto const q = unit_vector(d, 9);
    double out[3];
    for (std::size_t o = 0; o < 3; ++o) {
        out[o] = double{adapter.b2[o]};
        for (std::size_t i = 0; i < h; ++i) {
            double const unit = double{adapter.b1[i]} + dot_by_definition<float>(std::span(adapter.w1).subspan(i * d, d), q).value;
            out[o] += double{adapter.w2[o * h + i]} * std::max(unit, 0.0);
        }
    }
    auto const map = adapter.map_of(q);
    CHECK(std::abs(map.a - std::log(1 + std::exp(out[0]))) < 1e-12);
    CHECK(std::abs(map.b - out[1]) < 1e-12);
    CHECK(std::abs(map.p - std::log(1 + std::exp(out[2]))) < 1e-12);
    auto flat = adapter;
    flat.b2 = {-1e4F, 0, -1e4F};
    CHECK((flat.map_of(q).a == 1e-3 && flat.map_of(q).p == 1e-3));
    flat.b2 = {1e4F, 0, 0};
    CHECK(std::abs(flat.map_of(q).a - (1e4 + out[0] - double{adapter.b2[0]})) < 1e-9);
}

TEST_CASE("an adapter refuses parts that do not fit and queries that are not its own", "[score][cosine_adapter]") {
    score::cosine_adapter const good{2, 1, {1, 2}, {0}, {1, 1, 1}, {0, 0, 0}};
    std::vector<float> const q{1, 0}, longer{1, 0, 0}, bad{1, NAN};
    CHECK(outcome([&] { return good.check(), 0; }) == "ok");
    CHECK(outcome([&] { return good.map_of(longer); }) == "dimension_mismatch");
    CHECK(outcome([&] { return good.map_of(bad); }) == "not_finite");
    auto wrong = good;
    wrong.w2.pop_back();
    CHECK(outcome([&] { return wrong.check(), 0; }) == "dimension_mismatch");
    wrong = good;
    wrong.w1[0] = NAN;
    CHECK(outcome([&] { return wrong.check(), 0; }) == "not_finite");
    wrong = good;
    wrong.hidden = 0;
    CHECK(outcome([&] { return wrong.check(), 0; }) == "invalid_argument");
    CHECK(outcome([&] { return adapter_map{.a = 0}.check(), 0; }) == "invalid_argument");
    CHECK(outcome([&] { return adapter_map{.p = -1}.check(), 0; }) == "invalid_argument");
    CHECK(outcome([&] { return adapter_map{.b = NAN}.check(), 0; }) == "not_finite");
}
