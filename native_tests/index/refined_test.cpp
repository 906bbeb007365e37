// SPDX-License-Identifier: Apache-2.0
#include <simile/index/refined.hpp>

#include <simile/core/thread_pool.hpp>
#include <simile/fit/product.hpp>
#include <simile/index/file.hpp>

#include "support/clustered.hpp"
#include "support/embeddings.hpp"
#include "support/errors.hpp"
#include "support/exact_search.hpp"
#include "support/file_surgery.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace simile;
using namespace simile::test;

namespace {

constexpr char const* refined_names[] = {"rabitq1>int8", "eden2>f16",         "lvq4>lvq8", "int8>f32",      "int4+rotated>rabitq4",
                                         "f16>eden4",    "bf16>int8+rotated", "lvq4x4",    "lvq2x5+rotated"};

/// Of "first>second"; of "lvq4x4+rotated" the first is "lvq4+rotated".
std::string first_of(std::string const& name) {
    std::size_t const at = name.find('x');
    return name.starts_with("lvq") && at != std::string::npos ? name.substr(0, at) + name.substr(at + 2) : name.substr(0, name.find('>'));
}
std::string second_of(std::string const& name) { return name.substr(name.find('>') + 1); }
bool adds_up(std::string const& name) { return name.find('>') == std::string::npos; }

std::unique_ptr<vector_index> filled(coding how, matrix_view<float const> rows, similarity_kind similarity = similarity_kind::cosine) {
    auto index = make_index(std::move(how), rows.dims(), similarity);
    index->add(rows);
    return index;
}
std::unique_ptr<vector_index> filled(std::string const& name, matrix_view<float const> rows,
                                     similarity_kind similarity = similarity_kind::cosine) {
    return filled(coding_of(name, rows.dims()), rows, similarity);
}

coding product_over_int8(matrix_view<float const> rows) {
    std::vector<float> units(rows.values().begin(), rows.values().end());
    for (std::size_t i = 0; i < rows.rows(); ++i) to_unit(rows[i], std::span(units).subspan(i * rows.dims(), rows.dims()));
    coding first{codec_kind::product};
    first.product.emplace(fit::fit_product(matrix_view<float const>(units, rows.dims()), rows.dims() / 4));
    return {.kind = codec_kind::refined, .stages = {first, coding_of("int8", rows.dims())}};
}

/// Loaded as far as the given level.
std::shared_ptr<vector_index> refined_at(std::span<std::byte const> file, unsigned level) {
    index_loader loader;
    std::size_t at = 0;
    while (loader.level() < level) {
        std::size_t const n = std::min<std::size_t>(1000, file.size() - at);
        loader.feed(file.subspan(at, n));
        at += n;
    }
    return loader.index();
}

}  // namespace

TEST_CASE("a refined search that scores every row again has the hits of the second code, to the bit", "[index][refined]") {
    for (similarity_kind const similarity : {similarity_kind::cosine, similarity_kind::dot, similarity_kind::squared_l2})
        for (std::string const name : refined_names)
            for (std::size_t const dims : {std::size_t{5}, std::size_t{130}}) {
                if (adds_up(name)) continue;  // its second code is a part of a code
                // Under dot and squared_l2 flat f32 has no unit vectors; the others are compared to the bit.
                if (second_of(name) == "f32" && similarity != similarity_kind::cosine) continue;
                auto const values = normal_vector(300 * dims, dims);
                matrix_view<float const> const rows(values, dims);
                auto const refined = filled(name, rows, similarity), second = filled(second_of(name), rows, similarity);
                for (std::uint64_t seed = 0; seed < 5; ++seed) {
                    auto const query = normal_vector(dims, 1000 + seed, 3);
                    CAPTURE(to_string(similarity), name, dims, seed);
                    CHECK(refined->search(query, {.k = 20, .recall = 1}).hits == second->search(query, {.k = 20}).hits);
                }
                CHECK(refined->get(std::uint64_t{7}) == second->get(std::uint64_t{7}));
            }
}

TEST_CASE("a refined index finds the share of the second code's neighbours that it is asked for", "[index][refined]") {
    std::size_t const d = 64, n = 6000;
    auto const values = clustered_vectors(n, d, 120, 0.7F, 1, 0), asked = clustered_vectors(60, d, 120, 0.7F, 1, 1);
    matrix_view<float const> const rows(values, d), queries(asked, d);
    auto const check = [&](std::string const& name, vector_index const& refined, vector_index const& second) {
        std::size_t scored_all = 0;
        for (double const target : {0.9, 0.99, 0.999}) {
            auto const found = search_all(refined, queries, {.k = 10, .recall = target});
            double const share = recall(found, second, queries, 10);
            CAPTURE(name, target, share);
            CHECK(share >= target);
            scored_all += share == 1 ? 1 : 0;
        }
        // Few candidates are not enough: what it finds comes from the margin, not from scoring everything.
        double const hasty = recall(search_all(refined, queries, {.k = 10, .recall = 1e-6}), second, queries, 10);
        CAPTURE(name, hasty, scored_all);
        CHECK(hasty < 1);
    };
    for (std::string const name : {"rabitq1>int8", "eden2>f16", "lvq4>lvq8", "rabitq1>rabitq4", "eden1>eden4"})
        check(name, *filled(name, rows), *filled(second_of(name), rows));
    check("product>int8", *filled(product_over_int8(rows), rows), *filled("int8", rows));
}

TEST_CASE("a refined index keeps 99 % of what its second code finds in real sentence embeddings", "[index][refined][shared]") {
    auto const glosses = shared_vectors("use512-wordnet20k.npy"), queries = shared_vectors("use512-revdict1000.npy");
    auto const some = spread_rows(queries, 60);
    for (std::string const name : {"rabitq1>int8", "eden2>int8"}) {
        auto const refined = filled(name, glosses.matrix()), second = filled(second_of(name), glosses.matrix());
        double const share = recall(search_all(*refined, some.matrix(), {.k = 10}), *second, some.matrix(), 10);
        CAPTURE(name, share);
        CHECK(share >= 0.99);
    }
    auto const exact = filled("f32", glosses.matrix());
    auto const levels = filled("lvq4x4", glosses.matrix()), eight = filled("lvq8", glosses.matrix());
    double const two = recall(search_all(*levels, some.matrix(), {.k = 10}), *exact, some.matrix(), 10),
                 one = recall(search_all(*eight, some.matrix(), {.k = 10}), *exact, some.matrix(), 10);
    CAPTURE(two, one);
    CHECK(two >= one - 0.01);
}

TEST_CASE("two levels of LVQ score the sum of both, which get gives back", "[index][refined][lvq]") {
    std::size_t const d = 96, n = 200;
    auto const values = clustered_vectors(n, d, 10, 0.7F, 5, 0);
    matrix_view<float const> const rows(values, d);
    // Of codes of nearly length 1, as get gives a direction times the length of the row.
    for (std::string const name : {"lvq4x4", "lvq4x8", "lvq6x2", "lvq5x3+rotated"})
        for (similarity_kind const similarity : {similarity_kind::cosine, similarity_kind::dot, similarity_kind::squared_l2}) {
            auto const index = filled(name, rows, similarity);
            CAPTURE(name, to_string(similarity));
            std::vector<std::vector<float>> decoded;
            for (std::size_t i = 0; i < n; ++i) decoded.push_back(index->get(std::uint64_t{i}));
            auto const query = clustered_vectors(1, d, 10, 0.7F, 5, 1);
            for (hit const& h : index->search(query, {.k = n, .recall = 1}).hits) {
                double const exact = exact_score(similarity, decoded[h.row], query),
                             lengths = similarity == similarity_kind::cosine ? 1 : double{norm(decoded[h.row])} * norm(query);
                CHECK(std::abs(double{h.score} - exact) <= 0.012 * lengths);
            }
        }
}

TEST_CASE("the second level of LVQ is worth the bits that it has", "[index][refined][lvq]") {
    std::size_t const d = 128, n = 3000;
    auto const values = clustered_vectors(n, d, 60, 0.7F, 8, 0), asked = clustered_vectors(40, d, 60, 0.7F, 8, 1);
    matrix_view<float const> const rows(values, d), queries(asked, d);
    auto const exact = filled("f32", rows);
    auto const error_of = [&](std::string const& name) {
        auto const index = filled(name, rows);
        double squares = 0;
        for (std::size_t q = 0; q < queries.rows(); ++q) {
            std::vector<double> difference(n);
            for (hit const& h : exact->search(queries[q], {.k = n}).hits) difference[h.row] += double{h.score};
            for (hit const& h : index->search(queries[q], {.k = n, .recall = 1}).hits)
                squares += (difference[h.row] - double{h.score}) * (difference[h.row] - double{h.score});
        }
        return std::sqrt(squares / static_cast<double>(n * queries.rows()));
    };
    // A part of a step is 1/16 of one step of 4 bits; the step of 8 bits is 1/17. What is left is the error of the int8 query.
    double const one = error_of("lvq4"), two = error_of("lvq4x4"), eight = error_of("lvq8");
    CAPTURE(one, two, eight);
    CHECK(two < one / 6);
    CHECK(two < 1.25 * eight);
    CHECK(error_of("lvq2x2") < error_of("lvq2") / 3);
    auto const refined = filled("lvq4x4", rows);
    CHECK(recall(search_all(*refined, queries, {.k = 10}), *exact, queries, 10) >= 0.97);
}

TEST_CASE("two levels that do not belong together are refused", "[index][refined][lvq]") {
    auto const of = [](std::string const& name) { return coding_of(name, 16); };
    coding const second = of("lvq4x3").stages[1], turned = of("lvq4x3+rotated").stages[1];
    auto const made = [&](coding first, coding other) {
        return outcome([&] { return make_index({.kind = codec_kind::refined, .stages = {first, other}}, 16); });
    };
    CHECK(made(of("lvq4"), second) == "ok");
    CHECK(made(of("lvq3"), second) == "invalid_argument");
    CHECK(made(of("int8"), second) == "invalid_argument");
    CHECK(made(of("int4"), second) == "invalid_argument");
    CHECK(made(of("lvq4"), turned) == "invalid_argument");
    CHECK(made(of("lvq4+rotated"), turned) == "ok");
    CHECK(made(second, of("int8")) == "invalid_argument");
    CHECK(outcome([&] { return make_index(second, 16); }) == "invalid_argument");
    CHECK(outcome([&] { return make_index({.kind = codec_kind::integer, .form = quantize::lvq_residual_form{0, 4}}, 16); }) ==
          "invalid_argument");
    CHECK(message([&] { return make_index({.kind = codec_kind::refined, .stages = {of("lvq3"), second}}, 16); }) ==
          "the second level belongs to lvq4, not to lvq3");
}

TEST_CASE("the deviation of a refined index is that of its two scores, and follows changes", "[index][refined]") {
    std::size_t const d = 64, n = 400;
    auto const values = normal_vector(n * d, 1);
    matrix_view<float const> const rows(values, d);
    auto const made = filled("rabitq1>f32", rows);
    auto& index = dynamic_cast<refined_index&>(*made);
    auto const first = filled("rabitq1", rows), second = filled("f32", rows);
    double sum = 0, squares = 0, count = 0;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        auto const query = normal_vector(d, 5000 + seed);
        std::vector<double> difference(n);
        for (hit const& h : second->search(query, {.k = n}).hits) difference[h.row] += double{h.score};
        for (hit const& h : first->search(query, {.k = n}).hits) difference[h.row] -= double{h.score};
        for (double const v : difference) sum += v, squares += v * v, count += 1;
    }
    double const expected = std::sqrt(squares / count - sum / count * (sum / count));
    CAPTURE(expected, index.deviation());
    CHECK(std::abs(double(index.deviation()) / expected - 1) <= 0.1);
    float const before = index.deviation();
    CHECK(dynamic_cast<refined_index&>(*from_bytes(to_bytes(index))).deviation() == before);
    // Rows that one bit tells exactly, so that the two scores are alike.
    std::vector<std::uint64_t> numbers;
    std::vector<id_ref> ids;
    std::vector<float> exact;
    quantize::rotation const turn(d);
    for (std::size_t i = 0; i < n; ++i) {
        ids.emplace_back(std::uint64_t{i});
        auto const signs = normal_vector(d, 9000 + i);
        std::vector<float> corner(d), back(d);
        for (std::size_t j = 0; j < d; ++j) corner[j] = signs[j] > 0 ? 1.0F : -1.0F;
        turn.apply_transposed(corner, back);
        exact.insert(exact.end(), back.begin(), back.end());
    }
    index.add(ids, matrix_view<float const>(exact, d), on_duplicate::replace);
    CHECK(index.deviation() < 0.1F * before);
    // Of few rows nothing is known.
    auto const few = filled("rabitq1>f32", matrix_view<float const>(std::span(values).first(63 * d), d));
    CHECK(std::isinf(dynamic_cast<refined_index&>(*few).deviation()));
}

TEST_CASE("a refined index changed row by row is one made of what is left", "[index][refined]") {
    std::size_t const d = 24;
    auto const values = normal_vector(150 * d, 2);
    auto const row = [&](std::size_t i) { return std::span(values).subspan(i * d, d); };
    for (std::string const name : refined_names) {
        auto const changed = make_index(name, d, similarity_kind::dot), made = make_index(name, d, similarity_kind::dot);
        for (std::size_t i = 0; i < 100; ++i) changed->add(std::uint64_t{i}, row(i));
        // Row 99 goes where 3 was, 98 where 40 was; 5 has another vector.
        changed->remove(std::uint64_t{3});
        changed->remove(std::uint64_t{40});
        changed->update(std::uint64_t{5}, row(120));
        for (std::size_t i = 0; i < 98; ++i) {
            std::size_t const from = i == 3 ? 99 : i == 40 ? 98 : i;
            made->add(std::uint64_t{from}, row(i == 5 ? 120 : from));
        }
        CAPTURE(name);
        CHECK(to_bytes(*changed) == to_bytes(*made));
        auto const query = normal_vector(d, 77);
        CHECK(changed->search(query, {.k = 98}).hits == made->search(query, {.k = 98}).hits);
        std::vector<id_ref> all;
        for (row_t r = 0; r < changed->size(); ++r) all.push_back(changed->id(r));
        std::vector<id_ref> const copies = all;
        changed->remove(copies);
        CHECK(changed->size() == 0);
        CHECK(changed->search(query).hits.empty());
    }
}

TEST_CASE("filters, ranges and least scores hold for both stages of a refined index", "[index][refined]") {
    std::size_t const d = 32, n = 1000;
    auto const values = clustered_vectors(n, d, 20, 0.7F, 3, 0);
    matrix_view<float const> const rows(values, d);
    auto const refined = filled("rabitq1>int8", rows, similarity_kind::squared_l2),
               second = filled("int8", rows, similarity_kind::squared_l2);
    row_filter odd(n);
    for (row_t r = 1; r < n; r += 2) odd.allow(r);
    std::vector<row_range> const ranges{{10, 50}, {333, 700}};
    thread_pool pool(2);
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        auto const query = clustered_vectors(1, d, 20, 0.7F, 3, 10 + seed);
        // A little less than that of the tenth, because it is compared before |q|^2 comes off.
        float const tenth = second->search(query, {.k = 10}).hits.back().score - 1e-4F;
        for (bool const filtered : {false, true})
            for (bool const ranged : {false, true})
                for (float const least : {-std::numeric_limits<float>::infinity(), tenth}) {
                    search_options options{.k = least == tenth ? n : 15, .min_score = least, .recall = 0.9999};
                    if (filtered) options.filter = &odd;
                    if (ranged) options.ranges = ranges;
                    auto const expected = second->search(query, options).hits;
                    CAPTURE(seed, filtered, ranged, least, expected.size());
                    CHECK(refined->search(query, options).hits == expected);
                    options.threads = &pool;
                    CHECK(refined->search(query, options).hits == expected);
                    if (!filtered && !ranged && least == tenth) CHECK(expected.size() == 10);
                }
    }
    auto const queries = clustered_vectors(9, d, 20, 0.7F, 3, 99);
    auto const many = refined->search_many(matrix_view<float const>(queries, d), {.k = 5, .threads = &pool});
    for (std::size_t q = 0; q < 9; ++q) CHECK(many[q].hits == refined->search(std::span(queries).subspan(q * d, d), {.k = 5}).hits);
}

TEST_CASE("a file of two stages can be searched by the first while the second is coming", "[index][refined]") {
    std::size_t const d = 40, n = 500;
    auto const values = normal_vector(n * d, 4);
    matrix_view<float const> const rows(values, d);
    for (std::string const name : refined_names)
        for (similarity_kind const similarity : {similarity_kind::cosine, similarity_kind::dot}) {
            auto const index = filled(name, rows, similarity);
            index->set_metadata("{}");
            auto const file = to_bytes(*index);
            auto const loaded = from_bytes(file, verify_level::full);
            auto const query = normal_vector(d, 5);
            CAPTURE(name);
            CHECK(to_bytes(*loaded) == file);
            CHECK(loaded->codec() == codec_kind::refined);
            CHECK(loaded->search(query, {.k = 9}).hits == index->search(query, {.k = 9}).hits);
            CHECK(loaded->get(std::uint64_t{8}) == index->get(std::uint64_t{8}));
            auto const early = refined_at(file, 1);
            CHECK(early->level() == 1);
            auto const result = early->search(query, {.k = 9});
            CHECK(result.level == 1);
            std::string const first = first_of(name);
            CHECK(result.hits == filled(first, rows, similarity)->search(query, {.k = 9}).hits);
            CHECK(early->get(std::uint64_t{8}) == filled(first, rows, similarity)->get(std::uint64_t{8}));
            CHECK(outcome([&] { return early->add(std::uint64_t{n}, query), 0; }) == "incomplete");
        }
    // The first stage's bytes come first: most of the file is still to come.
    auto const file = to_bytes(*filled("rabitq1>f32", rows));
    index_loader loader;
    std::size_t at = 0;
    for (; loader.level() == 0; at += 64) loader.feed(std::span(file).subspan(at, 64));
    CHECK(at < file.size() / 4);
}

TEST_CASE("an index of no rows has two stages too", "[index][refined]") {
    auto const index = make_index("rabitq1>int8", 8);
    auto const loaded = from_bytes(to_bytes(*index), verify_level::full);
    CHECK(loaded->level() == 2);
    CHECK(loaded->search(normal_vector(8, 1)).hits.empty());
    loaded->add(std::uint64_t{4}, normal_vector(8, 2));
    CHECK(loaded->search(normal_vector(8, 2)).hits.size() == 1);
}

TEST_CASE("every single-bit flip and every truncation of a file of two stages is refused", "[index][refined][damage]") {
    auto const values = normal_vector(7 * 3, 1);
    for (std::string const name : {"lvq1>lvq2", "int8>f16", "lvq1x2"}) {
        auto const file = to_bytes(*filled(name, matrix_view<float const>(values, 3), similarity_kind::dot));
        INFO(name << ", " << file.size() << " bytes");
        for (std::size_t bit = 0; bit < 8 * file.size(); ++bit) {
            auto damaged = file;
            damaged[bit / 8] ^= std::byte{1} << (bit % 8);
            auto const result = outcome([&] { return from_bytes(damaged); });
            if (result != "corrupt_file") FAIL("bit " << bit % 8 << " of byte " << bit / 8 << ": " << result);
        }
        for (std::size_t length = 0; length < file.size(); ++length)
            if (auto const result = outcome([&] { return from_bytes(std::span(file).first(length)); }); result != "truncated_file")
                FAIL("first " << length << " bytes: " << result);
    }
}

TEST_CASE("a damaged coding of two stages is refused with right checksums too, or searched without harm", "[index][refined][damage]") {
    auto const values = normal_vector(70 * 3, 1);
    auto const parts = take_apart(to_bytes(*filled("eden1>lvq2", matrix_view<float const>(values, 3))));
    REQUIRE(parts.sections[0].type == static_cast<std::uint32_t>(section_type::coding));
    std::size_t const size = parts.sections[0].bytes.size();
    for (std::size_t length = 1; length < size; ++length) {
        auto cut = parts;
        cut.sections[0].bytes.resize(length);
        CHECK(outcome([&] { return from_bytes(join(cut)); }) == "corrupt_file");
    }
    std::size_t refused = 0;
    for (std::size_t at = 0; at < size; ++at)
        for (int const value : {0, 1, 2, 11, 12, 255}) {
            auto changed = parts;
            changed.sections[0].bytes[at] = static_cast<std::byte>(value);
            auto const result = outcome([&] {
                auto const index = from_bytes(join(changed));
                return index->search(normal_vector(3, 2)).hits.size();
            });
            if (result != "ok") ++refused;
            if (result != "ok" && result != "corrupt_file" && result != "unsupported_version" && result != "limit_exceeded")
                FAIL("byte " << at << " as " << value << ": " << result);
        }
    CHECK(refused > size);
    // Numbers that no encoder writes are seen by a full check, in either stage.
    for (std::uint32_t const type : {16U, 19U}) {
        auto changed = parts;
        for (auto& s : changed.sections)
            if (s.type == type) std::fill(s.bytes.begin(), s.bytes.end(), std::byte{255});
        CHECK(outcome([&] { return from_bytes(join(changed), verify_level::full); }) == "corrupt_file");
        CHECK(outcome([&] { return from_bytes(join(changed))->search(normal_vector(3, 2)).hits.size(); }) == "ok");
    }
}

TEST_CASE("two stages are made of single codes alone", "[index][refined]") {
    for (char const* name : {"planes>f32", "int8>planes2", "int8>f16>f32", "int8>", ">int8", "int8>none", "f32+rotated>int8"})
        CHECK(outcome([&] { return make_index(name, 64); }) == "invalid_argument");
    CHECK(outcome([] { return make_index(coding{codec_kind::refined}, 8); }) == "invalid_argument");
    CHECK(outcome([] {
              return make_index(coding{.kind = codec_kind::refined, .stages = {coding_of("int8", 8), coding_of("rabitq4", 9)}}, 8);
          }) == "dimension_mismatch");
    CHECK(outcome([] { return make_index(coding{.kind = codec_kind::int8, .stages = {coding_of("int8", 8)}}, 8); }) == "invalid_argument");
}
