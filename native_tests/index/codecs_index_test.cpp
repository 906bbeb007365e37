// SPDX-License-Identifier: Apache-2.0
#include <simile/index/file.hpp>
#include <simile/index/make_index.hpp>

#include <simile/core/thread_pool.hpp>

#include "support/codings.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>
#include <memory>
#include <string>
#include <vector>

using namespace simile;
using namespace simile::test;

namespace {

/// Of different lengths; some rows stand twice, so that scores are equal.
std::vector<std::vector<float>> make_rows(std::size_t dims, std::size_t count, std::uint64_t seed) {
    std::vector<std::vector<float>> rows;
    for (std::size_t i = 0; i < count; ++i)
        rows.push_back(i % 10 == 9 ? rows[i / 2] : normal_vector(dims, seed + i, 0.5F + static_cast<float>(i % 7)));
    return rows;
}
std::vector<float> joined(std::vector<std::vector<float>> const& rows) {
    std::vector<float> out;
    for (auto const& row : rows) out.insert(out.end(), row.begin(), row.end());
    return out;
}
std::shared_ptr<vector_index> filled(coding const& how, similarity_kind similarity, std::vector<std::vector<float>> const& rows) {
    std::shared_ptr<vector_index> index = make_index(how, rows[0].size(), similarity);
    index->add(matrix_view<float const>(joined(rows), rows[0].size()));
    return index;
}

/// Why these hits are no right answer of brute force over what the codes stand for; empty when they are.
std::string wrong_with_scores(std::span<hit const> hits, std::vector<bounded> const& scores, std::size_t k,
                              row_filter const* filter = nullptr) {
    std::vector<bool> returned(scores.size(), false);
    auto const allowed = [&](std::size_t row) { return filter == nullptr || filter->allows(static_cast<row_t>(row)); };
    std::size_t candidates = 0;
    for (std::size_t row = 0; row < scores.size(); ++row) candidates += allowed(row) ? 1U : 0U;
    if (hits.size() != std::min(k, candidates))
        return std::to_string(hits.size()) + " hits instead of " + std::to_string(std::min(k, candidates));
    for (std::size_t i = 0; i < hits.size(); ++i) {
        hit const h = hits[i];
        std::string const name = "hit " + std::to_string(i) + " (row " + std::to_string(h.row) + ")";
        if (h.row >= scores.size() || returned[h.row]) return name + " stands twice or is no row";
        if (!allowed(h.row)) return name + " is not allowed by the filter";
        if (i > 0 && !ranks_before(hits[i - 1], h)) return name + " is out of order";
        returned[h.row] = true;
        auto const [value, bound] = scores[h.row];
        if (!(std::abs(double{h.score} - value) <= bound))
            return name + " has score " + std::to_string(h.score) + ", by definition " + std::to_string(value) + " +- " +
                   std::to_string(bound);
    }
    for (std::size_t row = 0; row < scores.size() && !hits.empty(); ++row)
        if (!returned[row] && allowed(row) && scores[row].value - scores[row].bound > double{hits.back().score})
            return "row " + std::to_string(row) + " is missing";
    return {};
}

std::vector<bounded> scores_by_definition(coding const& how, similarity_kind similarity, std::vector<std::vector<float>> const& rows,
                                          std::span<float const> query) {
    coding_reference const reference(how, similarity);
    std::vector<bounded> out;
    for (auto const& row : rows) out.push_back(reference.score(row, query));
    return out;
}

}  // namespace

TEST_CASE("every coding finds what brute force over its codes finds, with any similarity", "[index][codings]") {
    for (std::size_t const dims : {std::size_t{5}, std::size_t{72}})
        for (auto const& [name, how] : all_codings(dims))
            for (similarity_kind const similarity : all_similarities) {
                auto const rows = make_rows(dims, 130, 7);
                auto const index = filled(how, similarity, rows);
                row_filter some(rows.size());
                for (row_t r = 0; r < rows.size(); ++r)
                    if (r % 3 == 1 || (r >= 64 && r < 96)) some.allow(r);
                for (std::uint64_t seed = 0; seed < 3; ++seed) {
                    // One of them is almost a row, where scores are largest.
                    auto query = normal_vector(dims, 900 + seed, seed == 0 ? 0.1F : 2.0F);
                    if (seed == 0) std::transform(query.begin(), query.end(), rows[40].begin(), query.begin(), std::plus<>());
                    auto const scores = scores_by_definition(how, similarity, rows, query);
                    CAPTURE(name, to_string(similarity), dims, seed);
                    for (std::size_t const k : {std::size_t{1}, std::size_t{10}, std::size_t{500}})
                        CHECK(wrong_with_scores(index->search(query, {.k = k, .recall = 1}).hits, scores, k) == "");
                    CHECK(wrong_with_scores(index->search(query, {.k = 12, .filter = &some, .recall = 1}).hits, scores, 12, &some) == "");
                }
            }
}

TEST_CASE("a batch of any size has the bits of single searches in every coding", "[index][codings]") {
    std::size_t const dims = 40;
    for (auto const& [name, how] : all_codings(dims))
        for (similarity_kind const similarity : all_similarities) {
            auto const index = filled(how, similarity, make_rows(dims, 150, 3));
            row_filter odd(150);
            for (row_t r = 1; r < 150; r += 2) odd.allow(r);
            std::vector<row_range> const ranges{{3, 40}, {64, 100}, {149, 150}};
            for (std::size_t const count : {std::size_t{1}, std::size_t{8}, std::size_t{19}}) {
                auto const queries = normal_vector(count * dims, 70 + count);
                for (search_options const& options :
                     {search_options{.k = 7}, {.k = 7, .filter = &odd}, {.k = 7, .ranges = ranges}, {.k = 200, .min_score = -0.1F}}) {
                    auto const many = index->search_many({queries.data(), count, dims}, options);
                    CAPTURE(name, to_string(similarity), count);
                    REQUIRE(many.size() == count);
                    for (std::size_t q = 0; q < count; ++q)
                        CHECK(many[q].hits == index->search(std::span(queries).subspan(q * dims, dims), options).hits);
                }
            }
        }
}

TEST_CASE("an index of any coding is what its rows make it, whatever was added, replaced and removed before", "[index][codings]") {
    std::size_t const dims = 24;
    for (auto const& [name, how] : all_codings(dims))
        for (similarity_kind const similarity : all_similarities) {
            auto const rows = make_rows(dims, 100, 20);
            auto const index = make_index(how, dims, similarity), fresh = make_index(how, dims, similarity);
            for (std::size_t i = 0; i < rows.size(); ++i) index->add("row " + std::to_string(i), normal_vector(dims, i, 3));
            for (std::size_t i = 0; i < rows.size(); ++i) index->update("row " + std::to_string(i), rows[i]);
            // The last row goes to the place of a removed one.
            index->remove("row 7");
            index->remove("row 98");
            index->remove("row 0");
            index->add("row 98", rows[98]);
            std::vector<std::size_t> order;
            for (std::size_t i = 0; i < rows.size(); ++i)
                if (i != 98) order.push_back(i);
            order[7] = 99;
            order.pop_back();
            order[0] = order.back();
            order.pop_back();
            order.push_back(98);
            for (std::size_t const i : order) fresh->add("row " + std::to_string(i), rows[i]);
            CAPTURE(name, to_string(similarity));
            CHECK((to_bytes(*index) == to_bytes(*fresh)));
            auto const query = normal_vector(dims, 4);
            CHECK(index->search(query, {.k = 20}).hits == fresh->search(query, {.k = 20}).hits);
            for (std::size_t at = 0; at < order.size(); ++at)
                CHECK(to_string(index->id(static_cast<row_t>(at))) == "row " + std::to_string(order[at]));
            CHECK(outcome([&] {
                      index->add("row 5", rows[5]);
                      return 0;
                  }) == "duplicate_id");
            CHECK(outcome([&] {
                      index->update("row 7", rows[5]);
                      return 0;
                  }) == "unknown_id");
        }
}

TEST_CASE("an index of any coding is the same after it was saved, and comes in pieces of any size", "[index][codings]") {
    std::size_t const dims = 36;
    for (auto const& [name, how] : all_codings(dims))
        for (similarity_kind const similarity : all_similarities) {
            auto const rows = make_rows(dims, 90, 31);
            std::shared_ptr<vector_index> const index = make_index(how, dims, similarity);
            for (std::size_t i = 0; i < rows.size(); ++i) index->add("row " + std::to_string(i), rows[i]);
            index->set_metadata("{\"model\":\"none\"}");
            auto const file = to_bytes(*index);
            auto const query = normal_vector(dims, 2);
            auto const expected = index->search(query, {.k = 15}).hits;
            CAPTURE(name, to_string(similarity));
            for (verify_level const verify : {verify_level::structure, verify_level::checksum, verify_level::full}) {
                auto const again = from_bytes(file, verify);
                CHECK(again->search(query, {.k = 15}).hits == expected);
                CHECK((to_bytes(*again) == file));
                CHECK(again->bytes_per_row() == index->bytes_per_row());
                // And it is no worse to change than the first one.
                again->remove("row 3");
                again->add("new", rows[3]);
                CHECK(again->get("new") == index->get("row 3"));
            }
            for (std::size_t const piece : {std::size_t{37}, std::size_t{1001}}) {
                index_loader loader;
                for (std::size_t at = 0; at < file.size(); at += piece) {
                    loader.feed(std::span(file).subspan(at, std::min(piece, file.size() - at)));
                    if (loader.level() > 0 && piece > 37) CHECK(loader.index()->search(query, {.k = 15}).hits.size() == 15);
                }
                loader.end();
                CHECK(loader.index()->search(query, {.k = 15}).hits == expected);
            }
        }
}

TEST_CASE("what an index gives back is near what was put in, by the bits of its coding", "[index][codings]") {
    std::size_t const dims = 64;
    auto const rows = make_rows(dims, 40, 77);
    for (std::string const& name : coding_names())
        for (similarity_kind const similarity : all_similarities) {
            auto const index = filled(coding_of(name, dims), similarity, rows);
            double least = 1;
            for (row_t r = 0; r < rows.size(); ++r) {
                auto const got = index->get(index->id(r));
                least = std::min(least, cosine_by_definition<float>(got, rows[r]));
                double const length = std::sqrt(dot_by_definition<float>(got, got).value),
                             wanted =
                                 similarity == similarity_kind::cosine ? 1 : std::sqrt(dot_by_definition<float>(rows[r], rows[r]).value);
                CHECK(std::abs(length - wanted) <= 1e-5 * wanted);
            }
            char const last = name.substr(0, name.find('+')).back();
            // Of normal rows at 1 .. 8 bits; names without a number of bits keep at least 8. RaBitQ's one scale for all rows cuts off what lies far out.
            double const known[]{0, 0.6, 0.85, 0.95, 0.985, 0.995, 0.998, 0.9995, 0.9998};
            bool const few = name.starts_with("lvq") || name.starts_with("eden") || name.starts_with("rabitq") ||
                             (name.starts_with("int") && last != '8');
            double const wanted = few ? known[last - '0'] : 0.9998;
            CAPTURE(name, to_string(similarity), least);
            CHECK(least >= (name.starts_with("rabitq") ? std::min(wanted, 0.985) : wanted));
        }
}

TEST_CASE("threads do not change any bit of an answer of any coding", "[index][codings][threads]") {
    thread_pool pool(3);
    std::size_t const dims = 12;
    for (auto const& [name, how] : all_codings(dims)) {
        auto const index = filled(how, similarity_kind::dot, make_rows(dims, 4500, 5));
        std::vector<row_range> const ranges{{1, 33}, {500, 2511}, {2511, 2512}, {4000, 4500}};
        auto const queries = normal_vector(5 * dims, 8);
        for (search_options options : {search_options{.k = 30}, {.k = 30, .ranges = ranges}, {.k = 4500, .min_score = 0.5F}}) {
            auto const alone = index->search_many({queries.data(), 5, dims}, options);
            auto together = options;
            together.threads = &pool;
            auto const many = index->search_many({queries.data(), 5, dims}, together);
            CAPTURE(name);
            for (std::size_t q = 0; q < 5; ++q) {
                CHECK(many[q].hits == alone[q].hits);
                CHECK(index->search(std::span(queries).subspan(q * dims, dims), together).hits == alone[q].hits);
            }
        }
    }
}
