// SPDX-License-Identifier: Apache-2.0
#include <simile/index/vector_index.hpp>

#include <simile/index/file.hpp>
#include <simile/index/make_index.hpp>

#include "support/errors.hpp"
#include "support/exact_search.hpp"
#include "support/temporary_folder.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include <functional>
#include <limits>
#include <string>

using namespace simile;
using namespace simile::test;

namespace {

constexpr std::size_t few_dims = 5;
float const not_a_number = std::numeric_limits<float>::quiet_NaN();
float const infinity = std::numeric_limits<float>::infinity();

std::unique_ptr<vector_index> make_three(codec_kind codec, similarity_kind similarity, zero_vectors zeros = zero_vectors::refuse) {
    auto index = make_index(codec, few_dims, similarity, zeros);
    for (int i = 0; i < 3; ++i)
        index->add(std::string(1, static_cast<char>('a' + i)), normal_vector(few_dims, static_cast<std::uint64_t>(i)));
    return index;
}

// A call with bad input, and the code of its refusal; `by_similarity` where that depends on it.
struct refusal {
    std::string what;
    std::function<void(vector_index&)> call;
    std::string code;
};

std::vector<float> with(float value) {
    std::vector<float> x(few_dims, 1.0F);
    x[few_dims - 2] = value;
    return x;
}

std::vector<refusal> refusals(similarity_kind similarity) {
    static std::vector<float> const good(few_dims, 1.0F), empty, shorter(few_dims - 1, 1.0F), longer(few_dims + 1, 1.0F),
        zero(few_dims, 0.0F), huge(few_dims, 0x1p60F);
    static std::vector<float> const two(2 * few_dims, 1.0F);
    std::string const of_zero = similarity == similarity_kind::cosine ? "zero_norm" : "ok";
    std::string const of_huge = similarity == similarity_kind::cosine ? "ok" : "out_of_range";
    static row_filter const fitting(3), other(4);
    static std::string const not_utf8 = "\xC3(", too_long(65536, 'x');
    static std::uint64_t const beyond = std::uint64_t{1} << 53;
    static id_ref const x_y[] = {"x", "y"}, x_x[] = {"x", "x"}, x_a[] = {"x", "a"};
    static auto const two_with = [](float value) {
        auto rows = two;
        rows.back() = value;
        return rows;
    };
    return {
        {"add: empty vector", [](auto& i) { i.add("x", empty); }, "dimension_mismatch"},
        {"add: one dim too few", [](auto& i) { i.add("x", shorter); }, "dimension_mismatch"},
        {"add: one dim too many", [](auto& i) { i.add("x", longer); }, "dimension_mismatch"},
        {"add: NaN", [](auto& i) { i.add("x", with(not_a_number)); }, "not_finite"},
        {"add: infinity", [](auto& i) { i.add("x", with(infinity)); }, "not_finite"},
        {"add: minus infinity", [](auto& i) { i.add("x", with(-infinity)); }, "not_finite"},
        {"add: zero vector", [](auto& i) { i.add("x", zero); }, of_zero},
        {"add: longer than 2^60", [](auto& i) { i.add("x", huge); }, of_huge},
        {"add: id is there", [](auto& i) { i.add("a", good); }, "duplicate_id"},
        {"add: id is not UTF-8", [](auto& i) { i.add(not_utf8, good); }, "invalid_argument"},
        {"add: id is too long", [](auto& i) { i.add(too_long, good); }, "limit_exceeded"},
        {"add: id is above 2^53 - 1", [](auto& i) { i.add(beyond, good); }, "out_of_range"},
        {"add many: two ids, one vector", [](auto& i) { i.add(x_y, {good, few_dims}); }, "invalid_argument"},
        {"add many: one id, two vectors", [](auto& i) { i.add(std::span(x_y).first(1), {two, few_dims}); }, "invalid_argument"},
        {"add many: rows of other dims", [](auto& i) { i.add(std::span(x_y).first(1), {two, 2 * few_dims}); }, "dimension_mismatch"},
        {"add many: the same new id twice", [](auto& i) { i.add(x_x, {two, few_dims}); }, "duplicate_id"},
        {"add many: second id is there", [](auto& i) { i.add(x_a, {two, few_dims}); }, "duplicate_id"},
        {"add many: NaN in the last row", [](auto& i) { i.add(x_y, matrix_view<float const>(two_with(not_a_number), few_dims)); },
         "not_finite"},
        {"add rows: the index has ids of its own", [](auto& i) { i.add(matrix_view<float const>(two, few_dims)); }, "invalid_argument"},
        {"update: unknown id", [](auto& i) { i.update("x", good); }, "unknown_id"},
        {"update: a number is no text", [](auto& i) { i.update(0, good); }, "unknown_id"},
        {"update: wrong dims", [](auto& i) { i.update("a", longer); }, "dimension_mismatch"},
        {"update: NaN", [](auto& i) { i.update("a", with(not_a_number)); }, "not_finite"},
        {"update: zero vector", [](auto& i) { i.update("a", zero); }, of_zero},
        {"update: longer than 2^60", [](auto& i) { i.update("a", huge); }, of_huge},
        {"remove: unknown id", [](auto& i) { i.remove("x"); }, "unknown_id"},
        {"remove many: second id unknown", [](auto& i) { i.remove(std::array<id_ref, 2>{"a", "x"}); }, "unknown_id"},
        {"get: unknown id", [](auto& i) { static_cast<void>(i.get("x")); }, "unknown_id"},
        {"id: row out of range", [](auto& i) { static_cast<void>(i.id(3)); }, "out_of_range"},
        {"set_metadata: not UTF-8", [](auto& i) { i.set_metadata(not_utf8); }, "invalid_argument"},
        {"search: empty query", [](auto& i) { static_cast<void>(i.search(empty)); }, "dimension_mismatch"},
        {"search: wrong dims", [](auto& i) { static_cast<void>(i.search(shorter)); }, "dimension_mismatch"},
        {"search: NaN", [](auto& i) { static_cast<void>(i.search(with(not_a_number))); }, "not_finite"},
        {"search: infinity", [](auto& i) { static_cast<void>(i.search(with(-infinity))); }, "not_finite"},
        {"search: zero query", [](auto& i) { static_cast<void>(i.search(zero)); }, of_zero},
        {"search: longer than 2^60", [](auto& i) { static_cast<void>(i.search(huge)); }, of_huge},
        {"search: k = 0", [](auto& i) { static_cast<void>(i.search(good, {.k = 0})); }, "invalid_argument"},
        {"search: k > rows",
         [](auto& i) {
             if (i.search(good, {.k = 1'000'000'000}).hits.size() != i.size()) throw std::runtime_error("k was not cut");
         },
         "ok"},
        {"search: filter of another size", [](auto& i) { static_cast<void>(i.search(good, {.filter = &other})); }, "dimension_mismatch"},
        {"search: filter allows nothing",
         [](auto& i) {
             if (!i.search(good, {.filter = &fitting}).hits.empty()) throw std::runtime_error("hits");
         },
         "ok"},
        {"search_many: wrong dims", [](auto& i) { static_cast<void>(i.search_many({two.data(), 1, 2 * few_dims})); }, "dimension_mismatch"},
        {"search_many: NaN in the last query",
         [](auto& i) { static_cast<void>(i.search_many(matrix_view<float const>(two_with(not_a_number), few_dims))); }, "not_finite"},
        {"search_many: k = 0", [](auto& i) { static_cast<void>(i.search_many({two, few_dims}, {.k = 0})); }, "invalid_argument"},
    };
}

}  // namespace

TEST_CASE("every entry point refuses bad input with its code and nothing has changed", "[index][policy]") {
    for (codec_kind const codec : all_codecs)
        for (similarity_kind const similarity : all_similarities)
            for (refusal const& r : refusals(similarity)) {
                auto const index = make_three(codec, similarity);
                auto const before = to_bytes(*index);
                CAPTURE(to_string(codec), to_string(similarity), r.what);
                CHECK(outcome([&] {
                          r.call(*index);
                          return 0;
                      }) == r.code);
                if (r.code == "ok") continue;
                CHECK(to_bytes(*index) == before);
                CHECK(message([&] {
                          r.call(*index);
                          return 0;
                      }) != "");
            }
}

TEST_CASE("an index of impossible dims or an unknown kind is refused", "[index][policy]") {
    for (codec_kind const codec : all_codecs) {
        CHECK(outcome([&] { return make_index(codec, 0); }) == "out_of_range");
        CHECK(outcome([&] { return make_index(codec, max_dims + 1); }) == "out_of_range");
        CHECK(outcome([&] { return make_index(codec, std::numeric_limits<std::size_t>::max()); }) == "out_of_range");
        CHECK(outcome([&] { return make_index(codec, max_dims); }) == "ok");
        CHECK(outcome([&] { return make_index(codec, 3, static_cast<similarity_kind>(0)); }) == "invalid_argument");
        CHECK(outcome([&] { return make_index(codec, 3, static_cast<similarity_kind>(4)); }) == "invalid_argument");
    }
    CHECK(outcome([] { return make_index(static_cast<codec_kind>(200), 3); }) == "invalid_argument");
    for (codec_kind const fitted : {codec_kind::integer, codec_kind::product})
        CHECK(outcome([&] { return make_index(fitted, 3); }) == "invalid_argument");
}

TEST_CASE("the message of a refusal says the numbers of the case", "[index][policy]") {
    auto const index = make_three(codec_kind::f32, similarity_kind::cosine);
    CHECK(message([&] { return index->search(std::vector<float>(4, 1.0F)); }) == "query has 4 dimensions, index has 5");
    auto rows = normal_vector(3 * few_dims, 1);
    rows[2 * few_dims] = not_a_number;
    id_ref const ids[] = {1, 2, 3};
    CHECK(message([&] {
              index->add(ids, matrix_view<float const>(rows, few_dims));
              return 0;
          }).find("number 2") != std::string::npos);
    CHECK(message([&] {
              index->add("b", rows);
              return 0;
          }).find("15") != std::string::npos);
    rows[2 * few_dims] = 1;
    CHECK(message([&] {
              index->add("b", std::span(rows).first(few_dims));
              return 0;
          }).find("\"b\"") != std::string::npos);
}

TEST_CASE("a zero vector that is allowed scores 0 under cosine and comes back as zero", "[index][policy]") {
    for (codec_kind const codec : all_codecs) {
        auto const index = make_three(codec, similarity_kind::cosine, zero_vectors::allow);
        std::vector<float> const zero(few_dims, 0.0F), minus_zero(few_dims, -0.0F);
        index->add("zero", zero);
        index->add("minus", minus_zero);
        auto const hits = index->search(normal_vector(few_dims, 0), {.k = 5}).hits;
        CAPTURE(to_string(codec));
        for (hit const& h : hits)
            if (h.row >= 3) CHECK(h.score == 0);
        CHECK(hits.size() == 5);
        CHECK(index->get("zero") == zero);
        for (hit const& h : index->search(zero, {.k = 5}).hits) CHECK(h.score == 0);
    }
}

TEST_CASE("scores under cosine stay in [-1, 1] and distances never become positive", "[index][policy]") {
    for (codec_kind const codec : all_codecs)
        for (std::uint64_t seed = 0; seed < 200; ++seed) {
            auto const x = normal_vector(7, seed, 100);
            auto opposite = x;
            for (float& v : opposite) v = -v;
            for (similarity_kind const similarity : {similarity_kind::cosine, similarity_kind::squared_l2}) {
                auto const index = make_index(codec, 7, similarity);
                index->add(0, x);
                index->add(1, opposite);
                auto const hits = index->search(x).hits;
                CAPTURE(to_string(codec), seed);
                REQUIRE(hits.size() == 2);
                REQUIRE(hits[0].row == 0);
                if (similarity == similarity_kind::cosine)
                    REQUIRE((hits[0].score <= 1 && hits[1].score >= -1));
                else
                    REQUIRE((hits[0].score <= 0 && !std::signbit(hits[0].score + 0.0F) == (hits[0].score == 0)));
            }
        }
}

TEST_CASE("lengths from the smallest float to 2^60 are searched without overflow", "[index][policy]") {
    for (codec_kind const codec : all_codecs)
        for (similarity_kind const similarity : all_similarities)
            for (float const scale : {0x1p-140F, 0x1p-60F, 1.0F, 0x1p55F}) {
                auto const index = make_index(codec, 16, similarity);
                std::vector<std::vector<float>> rows;
                for (std::uint64_t i = 0; i < 40; ++i) {
                    rows.push_back(normal_vector(16, i, scale));
                    index->add(i, rows.back());
                }
                auto const query = normal_vector(16, 1000, scale);
                auto const hits = index->search(query, {.k = 40, .recall = 1}).hits;
                CAPTURE(to_string(codec), to_string(similarity), scale);
                REQUIRE(hits.size() == 40);
                for (hit const& h : hits) CHECK(std::isfinite(h.score));
                // Below 2^-60 squares of components vanish: dot and squared_l2 of f32 are 0 there, which is within the rounding of their unit.
                if (scale >= 0x1p-60F || similarity == similarity_kind::cosine)
                    CHECK(wrong_with(hits, rows, query, 40, codec, similarity) == "");
            }
}

TEST_CASE("get gives back the vector, or its direction under cosine, as exactly as the codec keeps it", "[index][get]") {
    for (codec_kind const codec : all_codecs)
        for (similarity_kind const similarity : all_similarities) {
            auto const index = make_index(codec, 40, similarity);
            auto const x = normal_vector(40, 3, 50);
            index->add("x", x);
            auto const back = index->get("x");
            double const length = std::sqrt(dot_by_definition<float>(x, x).value);
            double const unit = similarity == similarity_kind::cosine ? length : 1;
            bool const coarse = is_coarse(codec);
            double const largest = 50.0 * 6;
            for (std::size_t i = 0; i < x.size(); ++i) {
                CAPTURE(to_string(codec), to_string(similarity), i);
                double const tolerance = codec == codec_kind::f32 ? 1e-7 * std::abs(double(x[i]))
                                         : coarse                 ? largest / 255
                                                                  : 0x1p-10 * std::abs(double(x[i])) + 0x1p-24 * length;
                CHECK(std::abs(double(back[i]) * unit - double(x[i])) <= tolerance);
            }
            if (codec == codec_kind::f32 && similarity != similarity_kind::cosine) CHECK(back == x);
        }
}

TEST_CASE("an empty index answers with nothing and an index that became empty too", "[index]") {
    for (codec_kind const codec : all_codecs) {
        auto const index = make_index(codec, few_dims);
        auto const query = normal_vector(few_dims, 1);
        CHECK(index->search(query).hits.empty());
        index->add(7, query);
        index->remove(7);
        CHECK(index->size() == 0);
        CHECK(index->search(query).hits.empty());
        index->add({}, matrix_view<float const>());
        index->add("x", query);
        CHECK(index->search(query).hits.size() == 1);
    }
}

TEST_CASE("replace on add overwrites the vector of an id and the last of several in one call wins", "[index]") {
    auto const index = make_three(codec_kind::f32, similarity_kind::dot);
    std::vector<float> rows;
    for (std::uint64_t i = 0; i < 4; ++i) {
        auto const x = normal_vector(few_dims, 50 + i);
        rows.insert(rows.end(), x.begin(), x.end());
    }
    id_ref const ids[] = {"b", "new", "b", "new"};
    index->add(ids, matrix_view<float const>(rows, few_dims), on_duplicate::replace);
    CHECK(index->size() == 4);
    CHECK(index->get("b") == normal_vector(few_dims, 52));
    CHECK(index->get("new") == normal_vector(few_dims, 53));
    CHECK(index->get("a") == normal_vector(few_dims, 0));
    CHECK(index->id(1) == id_ref("b"));
}

TEST_CASE("rows can be added under their numbers as long as all ids are that, whatever was tried in between", "[index]") {
    auto const values = normal_vector(2 * few_dims, 1);
    matrix_view<float const> const rows(values, few_dims);
    auto const index = make_index(codec_kind::f32, few_dims);
    index->add(rows);
    bool asked = false;
    progress const watch{{}, [&] { return std::exchange(asked, true); }};
    id_ref const ids[] = {"x", "y"};
    CHECK(outcome([&] {
              index->add(ids, rows, on_duplicate::refuse, watch);
              return 0;
          }) == "cancelled");
    index->add(rows);
    index->add(4, rows[0]);
    index->add(rows);
    CHECK(index->size() == 7);
    CHECK(index->find(6) == row_t{6});
    index->add("x", rows[0]);
    CHECK(outcome([&] {
              index->add(rows);
              return 0;
          }) == "invalid_argument");
    index->remove("x");
    index->add(rows);
    CHECK(index->size() == 9);
    CHECK(to_bytes(*index) == to_bytes(*from_bytes(to_bytes(*index))));
}

TEST_CASE("what an index says of itself is what it was made with", "[index]") {
    for (codec_kind const codec : all_codecs)
        for (similarity_kind const similarity : all_similarities) {
            auto const index = make_three(codec, similarity, zero_vectors::allow);
            CHECK(index->dims() == few_dims);
            CHECK(index->size() == 3);
            CHECK(index->codec() == codec);
            CHECK(index->similarity() == similarity);
            CHECK(index->zeros() == zero_vectors::allow);
            CHECK(index->level() == index->levels());
            CHECK(index->levels() == (codec == codec_kind::planes12                                 ? 4
                                      : codec == codec_kind::planes || codec == codec_kind::planes2 ? 3
                                                                                                    : 1));
            CHECK(index->memory() >= 3 * few_dims);
            index->set_metadata("{\"model\": \"\xC3\xA9\"}");
            CHECK(index->metadata() == "{\"model\": \"\xC3\xA9\"}");
        }
}
