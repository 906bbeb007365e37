// SPDX-License-Identifier: Apache-2.0
#include <simile/eval/hubness_report.hpp>

#include <simile/io/npy.hpp>
#include <simile/similarity/dot.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"
#include "support/shared_data.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace simile;
using namespace simile::test;
using eval::hubness_report;

namespace {

using sampled_lists = std::vector<std::vector<hit>>;

/// 60 queries for 60 items, two rows each. Even: every row as often as any other; else row 0 is always there.
sampled_lists lists_of(bool even) {
    sampled_lists out;
    for (row_t q = 0; q < 60; ++q) out.push_back({{even ? q : 0, 1.0F}, {(q + 1) % 60, 0.5F}});
    return out;
}

/// 0 for the first queries, 1 for the others.
std::vector<double> quality_of(std::size_t wrong) {
    std::vector<double> out(60, 1.0);
    std::fill_n(out.begin(), wrong, 0.0);
    return out;
}

}  // namespace

TEST_CASE("without hubs the advice is to leave the correction off", "[eval][hubness_report]") {
    hubness_report report(60, 2);
    report.add("none", lists_of(true));
    report.add("nnn", lists_of(true));
    CHECK(report.advice().starts_with("Leave it off: there are few hubs"));
    CHECK(report.lines()[0].measures.skewness == 0);
}

TEST_CASE("hubs alone are a reason to try, answers that get better one to use a method", "[eval][hubness_report]") {
    hubness_report unknown(60, 2);
    unknown.add("none", lists_of(false));
    unknown.add("nnn", lists_of(true));
    CHECK(unknown.advice().starts_with("There are hubs, the skewness of the 2-occurrence is 7."));

    hubness_report better(60, 2);
    better.add("none", lists_of(false), quality_of(40));
    better.add("csls", lists_of(true), quality_of(30));
    better.add("nnn", lists_of(true), quality_of(10));
    CHECK(better.advice().starts_with("Use nnn: it improves the answers from 0.3333 to 0.8333 (p = 0.0010)"));
    CHECK(better.lines()[2].change->p_value < 0.01);

    hubness_report chance(60, 2);
    chance.add("none", lists_of(false), quality_of(40));
    chance.add("nnn", lists_of(true), quality_of(38));
    CHECK(chance.advice().starts_with("Leave it off: there are hubs"));
    hubness_report worse(60, 2);
    worse.add("none", lists_of(false), quality_of(10));
    worse.add("nnn", lists_of(true), quality_of(40));
    CHECK(worse.advice().starts_with("Leave it off: there are hubs"));
}

TEST_CASE("a table has a line for each method", "[eval][hubness_report]") {
    hubness_report report(60, 2);
    report.add("none", lists_of(false), quality_of(30));
    report.add("nnn", lists_of(true));
    std::string const text = report.table();
    CHECK(std::count(text.begin(), text.end(), '\n') == 3);
    CHECK(text.find("\nnone                ") != std::string::npos);
    CHECK(text.find("0.5000") != std::string::npos);
    CHECK(text.find("\nnnn                     0.000       0.000     0.000   0.000") != std::string::npos);
}

TEST_CASE("a hubness report refuses what does not belong together", "[eval][hubness_report]") {
    CHECK(outcome([&] { return hubness_report(0, 2); }) == "invalid_argument");
    CHECK(outcome([&] { return hubness_report(5, 0); }) == "invalid_argument");
    hubness_report report(60, 2);
    CHECK(outcome([&] { return report.advice(); }) == "invalid_argument");
    CHECK(outcome([&] { return report.add("none", {}), 0; }) == "invalid_argument");
    report.add("none", lists_of(false), quality_of(30));
    auto const add = [&](sampled_lists const& lists, std::vector<double> const& quality) {
        return outcome([&] { return report.add("nnn", lists, quality), 0; });
    };
    auto beyond = lists_of(true), fewer = lists_of(true);
    beyond[3][0].row = 60;
    fewer.pop_back();
    CHECK(add(beyond, {}) == "out_of_range");
    CHECK(add(fewer, {}) == "dimension_mismatch");
    CHECK(add(lists_of(true), {1, 2}) == "dimension_mismatch");
    auto bad = quality_of(3);
    bad[7] = NAN;
    CHECK(add(lists_of(true), bad) == "not_finite");
    CHECK(report.lines().size() == 1);
}

TEST_CASE("on words mapped into gloss space the report advises the inverted softmax, which doubles the right answers",
          "[eval][hubness_report][shared]") {
    auto const read = [](std::string const& name) { return io::read_npy<float>(shared_file("data/cross-" + name + "2000.npy")); };
    auto const queries = read("queries"), gallery = read("gallery"), bank = read("querybank");
    double const beta = 20;
    std::vector<double> bias(gallery.rows());
    for (std::size_t g = 0; g < gallery.rows(); ++g) {
        double sum = 0;
        for (std::size_t b = 0; b < bank.rows(); ++b)
            sum += std::exp(beta * (double{similarity::dot(bank.matrix()[b], gallery.matrix()[g])} - 1));
        bias[g] = 1 + std::log(sum / double(bank.rows())) / beta;
    }
    hubness_report report(gallery.rows(), 10);
    for (bool const corrected : {false, true}) {
        sampled_lists lists;
        std::vector<double> right;
        for (std::size_t q = 0; q < queries.rows(); ++q) {
            std::vector<hit> row;
            for (std::size_t g = 0; g < gallery.rows(); ++g) {
                double const s = double{similarity::dot(queries.matrix()[q], gallery.matrix()[g])};
                row.push_back({static_cast<row_t>(g), static_cast<float>(corrected ? s - bias[g] : s)});
            }
            std::partial_sort(row.begin(), row.begin() + 10, row.end(), ranks_before);
            right.push_back(row[0].row == q);
            lists.emplace_back(row.begin(), row.begin() + 10);
        }
        report.add(corrected ? "inverted softmax" : "none", lists, right, {.resamples = 200});
    }
    CHECK(std::abs(eval::mean(report.lines()[0].quality) - 0.0790) < 1e-9);
    CHECK(std::abs(eval::mean(report.lines()[1].quality) - 0.1840) < 1e-9);
    CHECK(report.lines()[0].measures.skewness > 5);
    CHECK(report.lines()[1].measures.skewness < 2);
    CHECK(report.advice().starts_with("Use inverted softmax"));
}
