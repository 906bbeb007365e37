// SPDX-License-Identifier: Apache-2.0
#include <simile/eval/ranking.hpp>

#include <simile/io/npy.hpp>
#include <simile/similarity/cosine.hpp>

#include "support/errors.hpp"
#include "support/shared_data.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <string>

using namespace simile;
using namespace simile::test;
using eval::judged_list;
using eval::judgement;

namespace {
bool near(double a, double b) { return std::abs(a - b) < 1e-12; }
// Ranks of the relevant rows: 2 (gain 3), 3 (gain 1), 6 (gain 2); row 80 is relevant and absent, row 11 judged not relevant.
std::vector<row_t> const known_rows{10, 20, 30, 11, 40, 50, 60};
std::vector<judgement> const known_gains{{50, 2}, {20, 3}, {80, 1}, {30, 1}, {11, 0}};
}  // namespace

TEST_CASE("ranking measures are those of their definitions", "[eval][ranking]") {
    judged_list const list(known_rows, known_gains);
    CHECK(list.relevant() == 4);
    CHECK((list.recall(1) == 0 && list.recall(3) == 0.5 && list.recall(100) == 0.75));
    CHECK((list.success(1) == 0 && list.success(2) == 1));
    CHECK((list.precision(2) == 0.5 && near(list.precision(3), 2.0 / 3) && list.precision(10) == 0.3));
    CHECK(list.r_precision() == 0.5);
    CHECK(list.first_rank() == 2);
    CHECK((list.reciprocal_rank() == 0.5 && list.reciprocal_rank(1) == 0));
    CHECK(near(list.average_precision(), (1.0 / 2 + 2.0 / 3 + 3.0 / 6) / 4));
    CHECK(near(list.average_precision(3), (1.0 / 2 + 2.0 / 3) / 3));
    double const found = 3 / std::log2(3.0) + 1 / std::log2(4.0), best = 3 + 2 / std::log2(3.0) + 1 / std::log2(4.0);
    CHECK(near(list.ndcg(3), found / best));
    CHECK(near(list.ndcg(10), (found + 2 / std::log2(7.0)) / (best + 1 / std::log2(5.0))));
}

TEST_CASE("the best order has the best measures and a list without anything relevant the worst", "[eval][ranking]") {
    std::vector<row_t> const ideal{20, 50, 80, 30, 7};
    judged_list const best(ideal, known_gains), worst(std::vector<row_t>{1, 2, 3}, known_gains), empty({}, known_gains),
        nothing(known_rows, {});
    CHECK((best.ndcg(10) == 1 && best.average_precision() == 1 && best.r_precision() == 1 && best.recall(4) == 1 &&
           best.reciprocal_rank() == 1));
    for (auto const& list : {worst, empty, nothing})
        CHECK((list.ndcg(10) == 0 && list.average_precision() == 0 && list.recall(9) == 0 && list.reciprocal_rank() == 0 &&
               list.r_precision() == 0));
    CHECK(worst.first_rank() == eval::no_rank);
    CHECK(best.precision(0) == 0);
}

TEST_CASE("a row that is listed twice counts once", "[eval][ranking]") {
    judged_list const list(std::vector<row_t>{20, 20, 30}, known_gains);
    CHECK(list.recall(3) == 0.5);
    CHECK(list.precision(2) == 0.5);
}

TEST_CASE("measures are collected a query at a time and leave out queries without relevant rows", "[eval][ranking]") {
    eval::ranking_values values;
    CHECK(eval::add_query(values, judged_list(known_rows, known_gains), 3));
    CHECK(!eval::add_query(values, judged_list(known_rows, {}), 3));
    CHECK(eval::add_query(values, judged_list(std::vector<row_t>{1}, known_gains), 3));
    CHECK(values.recall == std::vector<double>{0.5, 0});
    CHECK(values.first_rank == std::vector<double>{2, eval::no_rank});
    CHECK(values.ndcg.size() == 2);
    CHECK(eval::median_rank(values.first_rank) == eval::no_rank);
    CHECK(eval::median_rank(std::vector<double>{7, 1, 3}) == 3);
    CHECK(eval::median_rank(std::vector<double>{4, 1, 3, eval::no_rank}) == 3.5);
}

TEST_CASE("judgements that contradict themselves are refused", "[eval][ranking]") {
    auto const with = [](std::vector<judgement> const& bad) { return outcome([&] { return judged_list(known_rows, bad); }); };
    CHECK(with({{1, -1}}) == "invalid_argument");
    CHECK(with({{1, NAN}}) == "not_finite");
    CHECK(with({{1, 1}, {1, 2}}) == "duplicate_id");
    eval::ranking_values values;
    CHECK(outcome([&] { return eval::add_query(values, judged_list(known_rows, known_gains), 0); }) == "invalid_argument");
    CHECK(values.recall.empty());
    CHECK(outcome([&] { return eval::median_rank({}); }) == "invalid_argument");
    CHECK(outcome([&] { return eval::median_rank(std::vector<double>{NAN}); }) == "not_finite");
}

TEST_CASE("known sets have their known measures", "[eval][ranking][shared]") {
    std::ifstream file(shared_file("data/cranfield-qrels.json"));
    auto const qrels = nlohmann::json::parse(file);
    struct known {
        char const* name;
        double ndcg, recall;
    };
    for (auto const& [name, ndcg, recall] : {known{"use512", 0.2569, 0.5179}, known{"lsa256", 0.5318, 0.7978}}) {
        std::string const prefix = std::string("data/") + name + "-cranfield-";
        auto const corpus = io::read_npy<float>(shared_file(prefix + "corpus.npy")),
                   queries = io::read_npy<float>(shared_file(prefix + "queries.npy"));
        eval::ranking_values at_ten, at_hundred;
        for (std::size_t q = 0; q < queries.rows(); ++q) {
            std::vector<hit> found;
            for (std::size_t i = 0; i < corpus.rows(); ++i)
                found.push_back({static_cast<row_t>(i), similarity::cosine(queries.matrix()[q], corpus.matrix()[i])});
            std::sort(found.begin(), found.end(), ranks_before);
            std::vector<row_t> rows;
            for (hit const& h : found) rows.push_back(h.row);
            std::vector<judgement> gains;
            for (auto const& [row, gain] : qrels[q].items()) gains.push_back({static_cast<row_t>(std::stoul(row)), gain.get<float>()});
            judged_list const list(rows, gains);
            eval::add_query(at_ten, list, 10);
            eval::add_query(at_hundred, list, 100);
        }
        CAPTURE(name);
        CHECK(std::abs(eval::mean(at_ten.ndcg) - ndcg) < 1e-4);
        CHECK(std::abs(eval::mean(at_hundred.recall) - recall) < 1e-4);
    }
}
