// SPDX-License-Identifier: Apache-2.0
#include <simile/index/input_rules.hpp>

#include <simile/core/random.hpp>
#include <simile/index/file.hpp>

#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>
#include <stop_token>
#include <string>
#include <vector>

using namespace simile;
using namespace simile::test;

namespace {

std::vector<float> random_rows(std::size_t count) {
    splitmix64 generator(3);
    std::vector<float> out(count);
    for (float& v : out) v = static_cast<float>(nearly_normal(generator));
    return out;
}

}  // namespace

TEST_CASE("a vector is taken exactly when its length, values and norm fit the index", "[index][input_rules]") {
    input_rules const cosine(3, similarity_kind::cosine, zero_vectors::refuse);
    input_rules const lenient(3, similarity_kind::cosine, zero_vectors::allow);
    input_rules const dot(3, similarity_kind::dot, zero_vectors::refuse);
    auto const check = [](input_rules const& rules, std::vector<float> const& v) {
        return outcome([&] { return rules.check_vector(v, "vector"); });
    };
    float const infinity = std::numeric_limits<float>::infinity(), huge = std::numeric_limits<float>::max();

    CHECK(cosine.check_vector(std::vector<float>{3, 0, 4}, "vector") == 5);
    CHECK(check(cosine, {1, 2}) == "dimension_mismatch");
    CHECK(check(cosine, {1, infinity, 0}) == "not_finite");
    CHECK(check(cosine, {1, std::nanf(""), 0}) == "not_finite");
    CHECK(check(cosine, {0, 0, -0.0F}) == "zero_norm");
    CHECK(lenient.check_vector(std::vector<float>{0, 0, 0}, "vector") == 0);
    CHECK(dot.check_vector(std::vector<float>{0, 0, 0}, "vector") == 0);
    CHECK(cosine.check_vector(std::vector<float>{huge, huge, huge}, "vector") > huge);  // a direction, however long
    CHECK(check(dot, {huge, 0, 0}) == "out_of_range");
    CHECK(outcome([] { return input_rules(0, similarity_kind::dot, zero_vectors::refuse).dims; }) == "out_of_range");
    CHECK(outcome([] { return input_rules(max_dims + 1, similarity_kind::dot, zero_vectors::refuse).dims; }) == "out_of_range");
}

TEST_CASE("the message of a refused batch says which row is wrong", "[index][input_rules]") {
    input_rules const rules(2, similarity_kind::cosine, zero_vectors::refuse);
    std::vector<float> const rows = {1, 2, 3, 4, 0, 0};
    try {
        rules.check_rows({rows, 2});
        FAIL("nothing was thrown");
    } catch (error const& e) {
        CHECK(e.code() == error_code::zero_norm);
        CHECK(std::string(e.what()).find("number 2 of this call") != std::string::npos);
    }
}

TEST_CASE("adding reports progress to the end, and stops on request with nothing changed", "[index][input_rules]") {
    constexpr std::size_t dims = 8, rows = 5000;
    auto const data = random_rows(rows * dims);
    std::vector<std::string> names;
    for (std::size_t i = 0; i < rows; ++i) names.push_back("n" + std::to_string(i));
    std::vector<id_ref> const ids(names.begin(), names.end());
    matrix_view<float const> const matrix(data, dims);

    for (auto const codec : {codec_kind::f32, codec_kind::int8, codec_kind::planes})
        for (auto const similarity : {similarity_kind::cosine, similarity_kind::squared_l2})
            for (bool const own_ids : {false, true}) {
                auto const index = make_index(codec, dims, similarity);
                auto const add = [&](matrix_view<float const> m, progress const& watch) {
                    own_ids ? index->add(std::span(ids).first(m.rows()), m, on_duplicate::refuse, watch) : index->add(m, watch);
                };
                std::stop_source source;
                progress const stopping{[&](std::size_t done, std::size_t) {
                                            if (done >= 2048) source.request_stop();
                                        },
                                        stop_when(source.get_token())};
                auto const before = to_bytes(*index);
                CHECK(outcome([&] { return add(matrix, stopping), 0; }) == "cancelled");
                CHECK(index->size() == 0);
                CHECK(to_bytes(*index) == before);

                std::size_t last = 0, calls = 0;
                bool totals = true;
                add(matrix, {[&](std::size_t done, std::size_t total) { last = done, ++calls, totals = totals && total == rows; }, {}});
                CHECK(totals);
                CHECK(last == rows);
                CHECK(calls == 5);
                CHECK(index->size() == rows);
            }
}

TEST_CASE("an id that lies in the index's own memory can be added again", "[index][input_rules]") {
    flat_index<quantize::f32_codec> index(2);
    std::vector<float> const v = {1, 0}, w = {0, 1};
    for (int i = 0; i < 100; ++i) index.add("some longer name " + std::to_string(i), v);
    for (row_t row = 0; row < 100; ++row) index.add(index.id(row), w, on_duplicate::replace);
    CHECK(index.size() == 100);
    CHECK(index.get("some longer name 41") == w);
}
