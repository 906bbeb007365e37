// SPDX-License-Identifier: Apache-2.0
#include <simile/eval/report.hpp>

#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace simile;
using namespace simile::test;
using eval::retrieval_measures;

namespace {
/// 40 queries over ten rows whose right row is at rank 1 + (q + shift) % 5.
retrieval_measures measured(std::size_t shift, std::size_t k = 3) {
    retrieval_measures out(k);
    for (std::size_t q = 0; q < 40; ++q) {
        std::vector<hit> found;
        for (row_t r = 0; r < 10; ++r) found.push_back({r, 1.0F - 0.1F * static_cast<float>(r)});
        std::vector<eval::judgement> const judged{{static_cast<row_t>((q + shift) % 5), 1}};
        out.add(found, judged);
    }
    return out;
}
}  // namespace

TEST_CASE("a report has the mean of each measure and its interval", "[eval][report]") {
    auto const report = measured(0).report();
    CHECK(report.queries == 40);
    CHECK(report.median_rank == 3);
    auto const value = [&](std::string const& name) {
        auto const found = std::find_if(report.lines.begin(), report.lines.end(), [&](auto const& line) { return line.measure == name; });
        REQUIRE(found != report.lines.end());
        CHECK((found->value.low <= found->value.point && found->value.point <= found->value.high));
        return found->value.point;
    };
    CHECK(std::abs(value("recall@3") - 0.6) < 1e-12);
    CHECK(std::abs(value("success@3") - 0.6) < 1e-12);
    CHECK(std::abs(value("precision@3") - 0.2) < 1e-12);
    CHECK(std::abs(value("MRR") - (1 + 1.0 / 2 + 1.0 / 3 + 1.0 / 4 + 1.0 / 5) / 5) < 1e-12);
    CHECK(std::abs(value("MAP") - value("MRR")) < 1e-12);
    CHECK(std::abs(value("R-precision") - 0.2) < 1e-12);
    CHECK(std::abs(value("nDCG@3") - (1 + 1 / std::log2(3.0) + 0.5) / 5) < 1e-12);
}

TEST_CASE("a comparison shows what changed and whether chance could have done it", "[eval][report]") {
    auto const same = measured(0).compared_with(measured(0));
    for (auto const& line : same) CHECK((line.before == line.after && line.test.p_value == 1));
    retrieval_measures best(3);
    std::vector<hit> const first{{4, 1.0F}};
    std::vector<eval::judgement> const judged{{4, 1}};
    for (int q = 0; q < 40; ++q) best.add(first, judged);
    for (auto const& line : measured(0).compared_with(best)) {
        if (line.measure == "precision@3") continue;
        CHECK(line.after == 1);
        CHECK(line.test.p_value < 0.01);
        CHECK(line.test.difference.low > 0);
    }
}

TEST_CASE("tables have a line for each measure, in columns", "[eval][report]") {
    std::string const text = eval::table(measured(0).report());
    CHECK(text.starts_with("40 queries, median rank 3.0\n"));
    CHECK(text.find("\nrecall@3          0.6000   ") != std::string::npos);
    CHECK(std::count(text.begin(), text.end(), '\n') == 9);
    auto const lines = measured(0).compared_with(measured(1));
    std::string const both = eval::table(std::span<eval::comparison_line const>(lines));
    CHECK(std::count(both.begin(), both.end(), '\n') == 8);
    CHECK(both.find("\nMRR               0.4567   0.4567   0.0000") != std::string::npos);
    retrieval_measures lost(3);
    std::vector<eval::judgement> const judged{{4, 1}};
    lost.add({}, judged);
    CHECK(eval::table(lost.report()).starts_with("1 queries, median rank none\n"));
}

TEST_CASE("a report refuses what it cannot measure", "[eval][report]") {
    CHECK(outcome([&] { return retrieval_measures(0); }) == "invalid_argument");
    retrieval_measures none(3);
    none.add({}, {});
    CHECK(outcome([&] { return none.report(); }) == "invalid_argument");
    CHECK(outcome([&] { return measured(0).compared_with(none); }) == "dimension_mismatch");
    CHECK(outcome([&] { return measured(0).compared_with(measured(0, 4)); }) == "dimension_mismatch");
    std::vector<eval::judgement> const wrong{{1, -1}};
    CHECK(outcome([&] { return none.add({}, wrong), 0; }) == "invalid_argument");
}
