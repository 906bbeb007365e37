// SPDX-License-Identifier: Apache-2.0
#include <simile/eval/qrels.hpp>

#include "support/errors.hpp"
#include "support/shared_data.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

using namespace simile;
using namespace simile::test;
using eval::read_qrels;

namespace {
using judged_rows = std::vector<std::pair<row_t, float>>;
judged_rows rows_of(std::vector<eval::judgement> const& judged) {
    judged_rows out;
    for (auto const& [row, gain] : judged) out.emplace_back(row, gain);
    return out;
}
}  // namespace

TEST_CASE("judgements are read from lines and from a list of objects", "[eval][qrels]") {
    auto const lines = read_qrels("0 0 12 1\n2 Q0 7 0.25\r\n\n 0\t0\t3  -1", 3);
    REQUIRE(lines.size() == 3);
    CHECK(rows_of(lines[0]) == judged_rows{{12, 1.0F}, {3, -1.0F}});
    CHECK(lines[1].empty());
    CHECK(rows_of(lines[2]) == judged_rows{{7, 0.25F}});
    auto const list = read_qrels(" [ {\"12\": 1, \"3\" : 2.5},\n {} , {\"7\":.25} ]\n", 4);
    REQUIRE(list.size() == 4);
    CHECK(rows_of(list[0]) == judged_rows{{12, 1.0F}, {3, 2.5F}});
    CHECK(list[1].empty());
    CHECK(rows_of(list[2]) == judged_rows{{7, 0.25F}});
    CHECK(list[3].empty());
    auto const points = read_qrels("0 0 3 1.\n1 0 2 4", 2);
    CHECK((points[0][0].gain == 1 && points[1][0].gain == 4));
    CHECK(read_qrels("", 2).size() == 2);
    CHECK(read_qrels("[]", 0).empty());
}

TEST_CASE("judgements that cannot be read are refused with their line", "[eval][qrels]") {
    auto const refused = [](std::string const& text) { return outcome([&] { return read_qrels(text, 2); }); };
    for (auto const* text :
         {"0 0 12",  "0 0",  "0",           "a 0 1 1",    "0 0 b 1",     "0 0 1 c", "0 0 1 1x",   "0 0 1 1e3",    "0 0 1 - 5",
          "[",       "[{",   "[{\"1\":1}",  "[{\"1\":1]", "[{\"1\" 1}]", "[{1:1}]", "[{\"1\":}]", "[{\"1\":1},]", "[{\"1\":1,}]",
          "[{} {}]", "[] 1", "[{\"1\":-}]", "[{\"\":1}]"}) {
        CAPTURE(text);
        CHECK(refused(text) == "corrupt_file");
    }
    CHECK(refused("2 0 1 1") == "out_of_range");
    CHECK(refused("0 0 2147483648 1") == "out_of_range");
    CHECK(refused("0 0 99999999999999999999999 1") == "out_of_range");
    CHECK(refused("[{},{},{}]") == "out_of_range");
    CHECK(message([] { return read_qrels("0 0 1 1\n0 0 x 1", 1); }).find("line 2") != std::string::npos);
}

TEST_CASE("every prefix of a file of judgements is read or refused", "[eval][qrels]") {
    for (std::string const text : {"0 0 12 1\n1 0 7 0.25\n", "[{\"12\": 1, \"3\": 2.5}, {\"7\": 0.25}]"})
        for (std::size_t n = 0; n <= text.size(); ++n) {
            auto const ended = outcome([&] { return read_qrels(std::string_view(text).substr(0, n), 2); });
            CHECK((ended == "ok" || ended == "corrupt_file"));
        }
}

TEST_CASE("the judgements of a known set are all read", "[eval][qrels][shared]") {
    std::ifstream file(shared_file("data/cranfield-qrels.json"));
    std::string const text(std::istreambuf_iterator<char>(file), {});
    auto const read = read_qrels(text, 225);
    std::size_t count = 0;
    for (auto const& judged : read) count += judged.size();
    CHECK(count == static_cast<std::size_t>(std::count(text.begin(), text.end(), ':')));
    CHECK(!read[224].empty());
}
