// SPDX-License-Identifier: Apache-2.0
#include <simile/index/multi_vector.hpp>

#include <simile/core/thread_pool.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

using namespace simile;
using namespace simile::test;

namespace {

constexpr std::size_t d = 24;
using document = std::vector<float>;

matrix_view<float const> view(document const& tokens) { return {tokens.data(), tokens.size() / d, d}; }

/// 1 .. 9 tokens around a direction of their own.
document make_document(std::uint64_t seed) {
    document out = normal_vector((1 + seed % 9) * d, seed, 0.8F);
    auto const middle = normal_vector(d, seed + 100000);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += middle[i % d];
    return out;
}

double similarity(similarity_kind kind, std::span<float const> x, std::span<float const> y) {
    return kind == similarity_kind::cosine ? cosine_by_definition(x, y) : dot_by_definition(x, y).value;
}

struct by_definition {
    double score = 0;
    std::size_t passage = 0;  // of the last token of the query
};
by_definition max_sim(similarity_kind kind, document const& query, document const& tokens) {
    by_definition out;
    for (std::size_t i = 0; i < view(query).rows(); ++i) {
        double best = -std::numeric_limits<double>::infinity();
        for (std::size_t j = 0; j < view(tokens).rows(); ++j)
            if (double const s = similarity(kind, view(query)[i], view(tokens)[j]); s > best) best = s, out.passage = j;
        out.score += best;
    }
    return out;
}

/// Half a step of both sides for int8, the rounding of sums for f32, for each token of the query; tokens here are shorter than 12.
double bound(token_codec codec, similarity_kind kind, std::size_t query_tokens) {
    return static_cast<double>(query_tokens) * (codec == token_codec::f32 ? 1e-5 : 0.03) * (kind == similarity_kind::dot ? 60 : 1);
}

using model = std::map<std::string, document>;
void check_search(multi_vector_index const& index, model const& documents, document const& query, multi_vector_search const& options) {
    auto const kind = index.options().similarity;
    auto const hits = index.search(view(query), options);
    REQUIRE(index.size() == documents.size());
    REQUIRE(hits.size() == std::min(options.k, documents.size()));
    double const slack = bound(index.options().codec, kind, view(query).rows());
    std::vector<double> exact;
    for (auto const& [id, tokens] : documents) exact.push_back(max_sim(kind, query, tokens).score);
    std::sort(exact.rbegin(), exact.rend());
    for (std::size_t i = 0; i < hits.size(); ++i) {
        auto const found = documents.find(to_string(index.id(hits[i].row)));
        REQUIRE(found != documents.end());
        REQUIRE(std::abs(double{hits[i].score} - max_sim(kind, query, found->second).score) <= slack);
        REQUIRE(std::abs(double{hits[i].score} - exact[i]) <= 2 * slack);
        if (i > 0) REQUIRE(ranks_before(hits[i - 1], hits[i]));
    }
}

multi_vector_options options_of(token_codec codec, similarity_kind kind = similarity_kind::cosine) {
    return {.dims = d, .similarity = kind, .codec = codec};
}

quantize::fde_options first_pass() {
    return {.num_repetitions = 10,
            .num_simhash_projections = 3,
            .projection_type = quantize::fde_projection::ams_sketch,
            .projection_dimension = 8,
            .fill_empty_partitions = true};
}

multi_vector_index filled(multi_vector_options const& options, std::size_t count, model* documents = nullptr) {
    multi_vector_index index(options);
    for (std::size_t n = 0; n < count; ++n) {
        auto const tokens = make_document(n);
        index.add("doc" + std::to_string(n), view(tokens));
        if (documents != nullptr) (*documents)["doc" + std::to_string(n)] = tokens;
    }
    return index;
}

}  // namespace

TEST_CASE("a search ranks documents by max_sim", "[index][multi_vector]") {
    auto const codec = GENERATE(token_codec::f32, token_codec::int8);
    auto const kind = GENERATE(similarity_kind::cosine, similarity_kind::dot);
    model documents;
    auto const index = filled(options_of(codec, kind), 150, &documents);
    thread_pool three(3);
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
        auto const query = make_document(7000 + seed);
        for (std::size_t const k : {1U, 10U, 1000U}) check_search(index, documents, query, {.k = k});
        CHECK(index.search(view(query), {.threads = &three}) == index.search(view(query)));
    }
    std::size_t total = 0;
    for (auto const& [id, tokens] : documents) total += view(tokens).rows();
    CHECK(index.tokens() == total);
    CHECK(index.tokens(12) == 4);
}

TEST_CASE("group_max ranks documents by their best passage and says which it is", "[index][multi_vector]") {
    auto const codec = GENERATE(token_codec::f32, token_codec::int8);
    model documents;
    auto const index = filled(options_of(codec), 100, &documents);
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        // Near one passage of one document.
        auto const& wanted = documents["doc" + std::to_string(7 * seed + 4)];
        std::size_t const passage = seed % view(wanted).rows();
        auto query = normal_vector(d, seed, 0.05F);
        for (std::size_t i = 0; i < d; ++i) query[i] += view(wanted)[passage][i];
        auto const hits = index.group_max(query, {.k = 3});
        REQUIRE(hits.size() == 3);
        CHECK(to_string(index.id(hits[0].row)) == "doc" + std::to_string(7 * seed + 4));
        CHECK(hits[0].passage == passage);
        for (auto const& h : hits) {
            auto const exact = max_sim(similarity_kind::cosine, query, documents[to_string(index.id(h.row))]);
            CHECK(std::abs(double{h.score} - exact.score) <= bound(codec, similarity_kind::cosine, 1));
        }
    }
}

TEST_CASE("documents are removed and replaced like the rows of an index", "[index][multi_vector]") {
    auto const codec = GENERATE(token_codec::f32, token_codec::int8);
    bool const two_passes = GENERATE(false, true);
    auto options = options_of(codec);
    if (two_passes) options.first_pass = first_pass();
    model documents;
    auto index = filled(options, 120, &documents);
    std::size_t const memory = index.memory();
    xoshiro256 random(5);
    for (std::size_t step = 0; step < 300; ++step) {
        std::string const id = "doc" + std::to_string(random() % 150);
        auto const tokens = make_document(10000 + step);
        if (documents.contains(id) && step % 3 != 0) {
            row_t const row = *index.find(id);
            std::string const last = to_string(index.id(static_cast<row_t>(index.size() - 1)));
            index.remove(id);
            documents.erase(id);
            CHECK(!index.contains(id));
            if (last != id) CHECK(*index.find(last) == row);
        } else if (documents.contains(id)) {
            index.update(id, view(tokens));
            documents[id] = tokens;
        } else {
            index.add(id, view(tokens));
            documents[id] = tokens;
        }
        if (step % 20 == 0) check_search(index, documents, make_document(20000 + step), {.candidates = multi_vector_search::all});
    }
    CHECK(index.memory() < 3 * memory);
    for (auto const& [id, tokens] : documents) {
        auto const held = index.get(*index.find(id));
        REQUIRE(held.size() == tokens.size());
        for (std::size_t t = 0; t < view(tokens).rows(); ++t) CHECK(cosine_by_definition(view(held)[t], view(tokens)[t]) > 0.9999);
    }
    while (index.size() > 0) index.remove(index.id(0));
    CHECK(index.tokens() == 0);
    CHECK(index.search(view(make_document(1))).empty());
}

TEST_CASE("the first pass hands on the documents that max_sim ranks first", "[index][multi_vector]") {
    auto options = options_of(token_codec::int8);
    options.first_pass = first_pass();
    model documents;
    auto index = filled(options, 600, &documents);
    std::size_t right = 0;
    for (std::size_t n = 0; n < 40; ++n) {
        auto query = normal_vector(documents["doc" + std::to_string(11 * n)].size(), n, 0.3F);
        for (std::size_t i = 0; i < query.size(); ++i) query[i] += documents["doc" + std::to_string(11 * n)][i];
        auto const all = index.search(view(query), {.k = 5, .candidates = multi_vector_search::all}),
                   some = index.search(view(query), {.k = 5, .candidates = 60});
        REQUIRE(all.size() == 5);
        REQUIRE(some.size() == 5);
        for (hit const& h : some) right += std::count(all.begin(), all.end(), h) == 1 ? 1U : 0U;
        CHECK(some[0] == all[0]);
    }
    CHECK(right >= 150);  // of 200
    CHECK(right < 200);   // or the first pass was not used
    // A replaced document is found by what it is now.
    auto const other = make_document(31337);
    index.update("doc3", view(other));
    CHECK(index.search(view(other), {.k = 1, .candidates = 5})[0].row == 3);
    CHECK(index.search(view(documents["doc3"]), {.k = 5, .candidates = 600}) ==
          index.search(view(documents["doc3"]), {.k = 5, .candidates = multi_vector_search::all}));
}

TEST_CASE("a filter holds in both passes", "[index][multi_vector]") {
    auto options = options_of(token_codec::f32);
    if (GENERATE(false, true)) options.first_pass = first_pass();
    auto const index = filled(options, 300);
    row_filter odd(300);
    for (row_t r = 1; r < 300; r += 2) odd.allow(r);
    auto const query = make_document(4);
    for (std::size_t const candidates : {std::size_t{0}, multi_vector_search::all}) {
        auto const hits = index.search(view(query), {.k = 20, .candidates = candidates, .filter = &odd});
        CHECK(hits.size() == 20);
        for (hit const& h : hits) CHECK(h.row % 2 == 1);
        for (auto const& h : index.group_max(view(query)[0], {.candidates = candidates, .filter = &odd})) CHECK(h.row % 2 == 1);
    }
    row_filter const none(300);
    CHECK(index.search(view(query), {.filter = &none}).empty());
}

TEST_CASE("an index of documents is the same after its state was saved and loaded", "[index][multi_vector]") {
    auto options = options_of(GENERATE(token_codec::f32, token_codec::int8));
    options.first_pass = first_pass();
    auto index = filled(options, 130);
    index.remove("doc5");
    index.update("doc8", view(make_document(77)));
    auto const state = index.save();
    CHECK(state.offsets.size() == 130);
    CHECK(state.offsets.back() == index.tokens());
    auto const copy_of_first = [&] {
        auto first = make_index(codec_kind::int8, index.first_pass()->dims(), similarity_kind::dot);
        quantize::fde_options with = first_pass();
        with.dimension = d;
        quantize::fixed_dimensional_encoding const encoding(with);
        for (row_t r = 0; r < index.size(); ++r) first->add(index.id(r), encoding.encode_document(view(index.get(r))));
        return first;
    };
    auto const again = multi_vector_index::load(options, state, copy_of_first());
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
        auto const query = make_document(900 + seed);
        CHECK(again.search(view(query), {.candidates = multi_vector_search::all}) ==
              index.search(view(query), {.candidates = multi_vector_search::all}));
    }
    CHECK(again.id(3) == index.id(3));

    auto const refused = [&](auto damage, bool with_first = true) {
        auto bad = state;
        damage(bad);
        return outcome([&] { return multi_vector_index::load(options, bad, with_first ? copy_of_first() : nullptr); });
    };
    CHECK(refused([](auto&) {}) == "ok");
    CHECK(refused([](auto&) {}, false) == "corrupt_file");
    CHECK(refused([](auto& s) { s.offsets.clear(); }) == "corrupt_file");
    CHECK(refused([](auto& s) { s.offsets[0] = 1; }) == "corrupt_file");
    CHECK(refused([](auto& s) { s.offsets[4] = s.offsets[3]; }) == "corrupt_file");
    CHECK(refused([](auto& s) { ++s.offsets.back(); }) == "corrupt_file");
    CHECK(refused([](auto& s) { s.ids.pop_back(); }) == "corrupt_file");
    CHECK(refused([](auto& s) { s.ids.clear(); }) == "corrupt_file");
    CHECK(refused([](auto& s) { s.values.push_back(1); }) == "corrupt_file");
    CHECK(refused([](auto& s) { s.codes.push_back(1); }) == "corrupt_file");
    CHECK(refused([](auto& s) { (s.values.empty() ? s.factors : s.values)[7] = std::nanf(""); }) == "corrupt_file");
}

TEST_CASE("documents that make no sense are refused and change nothing", "[index][multi_vector]") {
    auto const made = [](multi_vector_options const& o) { return outcome([&] { return multi_vector_index(o); }); };
    CHECK(made({.dims = 0}) == "out_of_range");
    CHECK(made({.dims = d, .similarity = similarity_kind::squared_l2}) == "invalid_argument");
    CHECK(made({.dims = d, .codec = static_cast<token_codec>(2)}) == "invalid_argument");
    auto too_long = first_pass();
    too_long.num_repetitions = 1100;  // 1100 * 8 * 8 dims
    CHECK(made({.dims = d, .first_pass = too_long}) == "out_of_range");

    auto options = options_of(token_codec::int8);
    options.first_pass = first_pass();
    auto index = filled(options, 20);
    auto const before = index.save();
    document good = make_document(1), zero = good, infinite = good;
    std::fill_n(zero.begin(), d, 0.0F);
    infinite.back() = std::numeric_limits<float>::infinity();
    auto const add = [&](id_ref id, matrix_view<float const> tokens) {
        return outcome([&] {
            index.add(id, tokens);
            return 0;
        });
    };
    CHECK(add("doc3", view(good)) == "duplicate_id");
    CHECK(add("new", {good.data(), 0, d}) == "invalid_argument");
    CHECK(add("new", {good.data(), 2, d - 1}) == "dimension_mismatch");
    CHECK(add("new", view(zero)) == "zero_norm");
    CHECK(add("new", view(infinite)) == "not_finite");
    CHECK(add("\xFF", view(good)) == "invalid_argument");
    CHECK(outcome([&] {
              index.update("new", view(good));
              return 0;
          }) == "unknown_id");
    CHECK(outcome([&] {
              index.update("doc3", view(zero));
              return 0;
          }) == "zero_norm");
    CHECK(message([&] {
              index.remove("new");
              return 0;
          }) == "there is no document \"new\"");
    CHECK(outcome([&] { return index.id(20); }) == "out_of_range");
    CHECK(outcome([&] { return index.get(20); }) == "out_of_range");
    CHECK(outcome([&] { return index.search(view(good), {.k = 0}); }) == "invalid_argument");
    CHECK(outcome([&] { return index.search(view(zero)); }) == "zero_norm");
    CHECK(outcome([&] { return index.search({good.data(), 0, d}); }) == "invalid_argument");
    CHECK(outcome([&] { return index.group_max(std::span(good).first(d - 1)); }) == "dimension_mismatch");
    row_filter const short_filter(19);
    CHECK(outcome([&] { return index.search(view(good), {.filter = &short_filter}); }) == "dimension_mismatch");
    auto const after = index.save();
    CHECK(after.offsets == before.offsets);
    CHECK(after.codes == before.codes);
    CHECK(after.ids == before.ids);
    CHECK(add("new", view(good)) == "ok");
}
