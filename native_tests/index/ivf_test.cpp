// SPDX-License-Identifier: Apache-2.0
#include <simile/index/ivf.hpp>

#include <simile/core/thread_pool.hpp>

#include "support/clustered.hpp"
#include "support/errors.hpp"
#include "support/exact_search.hpp"
#include "support/file_surgery.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

using namespace simile;
using namespace simile::test;

namespace {

constexpr std::size_t list_dims = 24;

matrix_view<float const> view(std::vector<float> const& values) { return {values.data(), values.size() / list_dims, list_dims}; }

/// Around `clouds` centres, which another draw has too.
std::vector<float> clustered(std::size_t count, std::size_t d, std::size_t clouds, std::uint64_t seed, std::uint64_t draw = 0) {
    return clustered_vectors(count, d, clouds, 0.6F, seed, draw);
}

/// Scores and ids: rows are numbered by list, so only ids tell which vector a hit is.
std::vector<std::pair<std::string, float>> named(vector_index const& index, std::vector<hit> const& hits) {
    std::vector<std::pair<std::string, float>> out;
    for (hit const& h : hits) out.emplace_back(to_string(index.id(h.row)), h.score);
    std::sort(out.begin(), out.end());
    return out;
}

std::string lists_outcome(std::span<std::byte const> file, verify_level verify = verify_level::checksum) {
    return outcome([&] { return ivf_index::from_bytes(file, verify); });
}

}  // namespace

TEST_CASE("every vector is in one list, under its own id", "[index][ivf]") {
    auto const values = clustered(900, list_dims, 30, 1);
    for (similarity_kind const similarity : all_similarities)
        for (char const* const name : {"f32", "int8", "planes", "rabitq4"}) {
            auto const index = ivf_index::build(coding_of(name, list_dims), {}, view(values), similarity, {.lists = 20});
            CAPTURE(name, to_string(similarity));
            CHECK(index.size() == 900);
            CHECK(index.lists() == 20);
            row_t next = 0;
            for (std::size_t l = 0; l < index.lists(); ++l) {
                CHECK(index.list(l).first == next);
                CHECK(index.list(l).last >= next);
                next = index.list(l).last;
            }
            CHECK(next == 900);
            auto const plain = make_index(name, list_dims, similarity);
            plain->add(view(values));
            std::set<std::uint64_t> seen;
            for (row_t r = 0; r < 900; ++r) {
                auto const id = index.rows().id(r);
                REQUIRE(!id.is_text());
                seen.insert(id.number());
                REQUIRE(index.rows().get(id) == plain->get(id));
            }
            CHECK(seen.size() == 900);
            CHECK(*seen.rbegin() == 899);
        }
}

TEST_CASE("rows of a list are nearer to its centre than to others", "[index][ivf]") {
    auto const values = clustered(600, list_dims, 12, 3);
    for (similarity_kind const similarity : all_similarities) {
        auto const index = ivf_index::build(coding_of("f32", list_dims), {}, view(values), similarity, {.lists = 12});
        std::size_t own = 0;
        for (std::size_t l = 0; l < index.lists(); ++l)
            for (row_t r = index.list(l).first; r < index.list(l).last; ++r) {
                auto const near = index.nearest(view(values)[index.rows().id(r).number()], 3);
                REQUIRE(near.size() == 3);
                own += near[0] == l ? 1U : 0U;
                CHECK(std::set(near.begin(), near.end()).size() == 3);
            }
        CAPTURE(to_string(similarity), own);
        CHECK(own == 600);
    }
}

TEST_CASE("a search of all lists is one of the plain index, and of its rows to the bit", "[index][ivf]") {
    auto const values = clustered(700, list_dims, 25, 5);
    for (similarity_kind const similarity : all_similarities)
        for (char const* const name : {"f32", "bf16", "int8", "planes2", "lvq4", "rabitq1"}) {
            auto const index = ivf_index::build(coding_of(name, list_dims), {}, view(values), similarity, {.lists = 16, .probes = 2});
            auto const plain = make_index(name, list_dims, similarity);
            plain->add(view(values));
            row_filter third(700);
            for (row_t r = 0; r < 700; r += 3) third.allow(r);
            for (std::uint64_t seed = 0; seed < 10; ++seed) {
                auto const query = normal_vector(list_dims, 100 + seed);
                search_options const options{.k = 25, .recall = 1};
                auto const found = index.search(query, options, 16);
                CAPTURE(name, to_string(similarity), seed);
                CHECK(found.hits == index.rows().search(query, options).hits);
                CHECK(found.level == index.rows().level());
                CHECK(named(index.rows(), index.search(query, {.k = 700, .recall = 1}, 99).hits) ==
                      named(*plain, plain->search(query, {.k = 700, .recall = 1}).hits));
                CHECK(index.search(query, {.k = 25, .filter = &third, .recall = 1}, 16).hits ==
                      index.rows().search(query, {.k = 25, .filter = &third, .recall = 1}).hits);
                // What is found in few lists is what these lists hold.
                auto const lists = index.nearest(query, 3);
                for (hit const& h : index.search(query, options, 3).hits)
                    CHECK(std::any_of(lists.begin(), lists.end(),
                                      [&](std::size_t l) { return index.list(l).first <= h.row && h.row < index.list(l).last; }));
                CHECK(index.search(query, options).hits == index.search(query, options, 2).hits);
            }
        }
}

TEST_CASE("the more lists are looked into the more neighbours are found", "[index][ivf]") {
    auto const values = clustered(6000, list_dims, 60, 7), queries = clustered(100, list_dims, 60, 7, 1);
    for (similarity_kind const similarity : {similarity_kind::cosine, similarity_kind::squared_l2}) {
        auto const index = ivf_index::build(coding_of("f32", list_dims), {}, view(values), similarity, {.lists = 64});
        std::vector<double> found;
        for (std::size_t const probes :
             {std::size_t{1}, std::size_t{2}, std::size_t{4}, std::size_t{8}, std::size_t{16}, std::size_t{64}}) {
            std::size_t right = 0;
            for (std::size_t q = 0; q < 100; ++q) {
                auto const exact = index.rows().search(view(queries)[q]).hits;
                for (hit const& h : index.search(view(queries)[q], {}, probes).hits)
                    right += std::find(exact.begin(), exact.end(), h) != exact.end() ? 1U : 0U;
            }
            found.push_back(static_cast<double>(right) / 1000);
        }
        CAPTURE(to_string(similarity), found);
        CHECK(std::is_sorted(found.begin(), found.end()));
        CHECK(found[0] > 0.4);
        CHECK(found[0] < 0.99);
        CHECK(found[3] > 0.95);
        CHECK(found[5] == 1);
    }
}

TEST_CASE("balanced lists hold no more than they may, and nothing is lost", "[index][ivf]") {
    // Half of the vectors lie in one of 30 clouds.
    auto values = clustered(1000, list_dims, 30, 9);
    auto const crowd = normal_vector(500 * list_dims, 4, 0.05F);
    auto const middle = normal_vector(list_dims, 8);
    for (std::size_t i = 0; i < crowd.size(); ++i) values[i] = middle[i % list_dims] + crowd[i];
    for (similarity_kind const similarity : all_similarities) {
        auto const sizes = [&](double balance) {
            auto const index =
                ivf_index::build(coding_of("int8", list_dims), {}, view(values), similarity, {.lists = 20, .balance = balance});
            std::vector<std::size_t> out;
            for (std::size_t l = 0; l < 20; ++l) out.push_back(index.list(l).last - index.list(l).first);
            CHECK(index.size() == 1000);
            return *std::max_element(out.begin(), out.end());
        };
        CAPTURE(to_string(similarity));
        CHECK(sizes(0) > 100);
        CHECK(sizes(1) == 50);
        CHECK(sizes(1.5) <= 75);
        CHECK(sizes(2) <= 100);
    }
}

TEST_CASE("the same vectors, options and seed give the same file, with any number of threads", "[index][ivf][threads]") {
    thread_pool pool(3);
    auto const values = clustered(3000, list_dims, 40, 11);
    for (similarity_kind const similarity : all_similarities)
        for (double const balance : {0.0, 1.5}) {
            auto const file = [&](std::uint64_t seed, executor* threads) {
                return ivf_index::build(coding_of("planes", list_dims), {}, view(values), similarity,
                                        {.lists = 30, .seed = seed, .balance = balance, .threads = threads})
                    .to_bytes();
            };
            auto const first = file(1, nullptr);
            CHECK((file(1, nullptr) == first));
            CHECK((file(1, &pool) == first));
            CHECK((file(2, nullptr) != first));
        }
    auto const index = ivf_index::build(coding_of("planes", list_dims), {}, view(values));
    auto const queries = clustered(50, list_dims, 40, 11, 1);
    auto const alone = index.search_many(view(queries)), together = index.search_many(view(queries), {.threads = &pool});
    for (std::size_t q = 0; q < 50; ++q) {
        CHECK(together[q].hits == alone[q].hits);
        CHECK(alone[q].hits == index.search(view(queries)[q]).hits);
    }
}

TEST_CASE("numbers of lists and probes follow from the rows unless they are given", "[index][ivf]") {
    auto const built = [&](std::size_t n, ivf_options const& options = {}) {
        auto const values = clustered(n, list_dims, 10, 2);
        auto const index = ivf_index::build(coding_of("int8", list_dims), {}, view(values), similarity_kind::cosine, options);
        return std::pair(index.lists(), index.probes());
    };
    CHECK(built(1) == std::pair<std::size_t, std::size_t>{1, 1});
    CHECK(built(32) == std::pair<std::size_t, std::size_t>{1, 1});
    CHECK(built(33) == std::pair<std::size_t, std::size_t>{2, 2});
    CHECK(built(900) == std::pair<std::size_t, std::size_t>{29, 4});
    CHECK(built(3600) == std::pair<std::size_t, std::size_t>{113, 4});
    CHECK(built(50, {.lists = 50, .probes = 7}) == std::pair<std::size_t, std::size_t>{50, 7});
    CHECK(built(50, {.lists = 3, .probes = 7}) == std::pair<std::size_t, std::size_t>{3, 3});
}

TEST_CASE("lists take ids of their own, and vectors that are all alike", "[index][ivf]") {
    auto const values = clustered(200, list_dims, 10, 6);
    std::vector<std::string> names;
    for (std::size_t i = 0; i < 200; ++i) names.push_back("row " + std::to_string(i));
    std::vector<id_ref> const ids(names.begin(), names.end());
    auto const index = ivf_index::build(coding_of("f32", list_dims), ids, view(values), similarity_kind::dot, {.lists = 8});
    for (std::size_t i = 0; i < 200; ++i)
        CHECK(index.rows().get(names[i]) == std::vector<float>(view(values)[i].begin(), view(values)[i].end()));
    std::vector<float> const same(100 * list_dims, 0.5F);
    auto const alike = ivf_index::build(coding_of("planes", list_dims), {}, view(same), similarity_kind::cosine, {.lists = 10});
    CHECK(alike.size() == 100);
    CHECK(alike.search(std::span(same).first(list_dims), {.k = 100}, 10).hits.size() == 100);
}

TEST_CASE("what cannot be parted is refused", "[index][ivf]") {
    auto values = clustered(100, list_dims, 10, 6);
    auto const built = [&](coding const& how, ivf_options const& options = {}, std::span<id_ref const> ids = {},
                           similarity_kind similarity = similarity_kind::cosine) {
        return outcome([&] { return ivf_index::build(how, ids, view(values), similarity, options); });
    };
    auto const int8 = coding_of("int8", list_dims);
    CHECK(built(int8) == "ok");
    CHECK(built(int8, {.lists = 101}) == "invalid_argument");
    CHECK(built(int8, {.balance = 0.5}) == "invalid_argument");
    CHECK(built(coding_of("int8", list_dims + 1)) == "ok");  // a kind alone fits any number of dimensions
    CHECK(built(coding_of("rabitq4", list_dims + 1)) == "dimension_mismatch");
    CHECK(built({codec_kind::integer, {}, {}, {}}) == "invalid_argument");
    std::vector<id_ref> const few{1U, 2U};
    CHECK(built(int8, {}, few) == "invalid_argument");
    std::vector<id_ref> const twice(100, id_ref(7U));
    CHECK(built(int8, {}, twice) == "duplicate_id");
    CHECK(outcome([&] { return ivf_index::build(int8, {}, {values.data(), 0, list_dims}); }) == "invalid_argument");
    auto const index = ivf_index::build(int8, {}, view(values));
    std::vector<row_range> const ranges{{0, 5}};
    CHECK(outcome([&] { return index.search(view(values)[0], {.ranges = ranges}); }) == "invalid_argument");
    CHECK(outcome([&] { return index.search(std::span(values).first(3)); }) == "dimension_mismatch");
    CHECK(outcome([&] { return index.search(std::vector<float>(list_dims, 0.0F)); }) == "zero_norm");
    CHECK(outcome([&] { return index.list(index.lists()); }) == "out_of_range");
    std::fill_n(values.begin() + 5 * list_dims, list_dims, 0.0F);
    CHECK(built(int8) == "zero_norm");
    CHECK(built(int8, {}, {}, similarity_kind::dot) == "ok");
    values[3] = std::numeric_limits<float>::quiet_NaN();
    CHECK(built(int8) == "not_finite");
}

TEST_CASE("parting into lists tells of its progress and can be stopped at any moment", "[index][ivf]") {
    auto const values = clustered(9000, 4, 10, 6);
    matrix_view<float const> const rows(values.data(), 9000, 4);
    std::size_t asked = 0, ended = 0, stages = 0;
    ivf_options options{.lists = 20};
    options.watch.report = [&](std::size_t done, std::size_t total) {
        CHECK(done <= total);
        ended = done == total ? 1 : 0;
        stages += ended;
    };
    options.watch.stop = [&] {
        ++asked;
        return false;
    };
    static_cast<void>(ivf_index::build(coding_of("int8", 4), {}, rows, similarity_kind::cosine, options));
    CHECK(ended == 1);
    CHECK(stages >= 3);  // centres, lists, rows
    CHECK(asked >= 8);
    std::size_t const all = asked;
    for (std::size_t stop_at = 1; stop_at <= all; ++stop_at) {
        asked = 0;
        options.watch.stop = [&] { return ++asked == stop_at; };
        CHECK(outcome([&] { return ivf_index::build(coding_of("int8", 4), {}, rows, similarity_kind::cosine, options); }) == "cancelled");
    }
    auto const index = ivf_index::build(coding_of("int8", 4), {}, rows, similarity_kind::cosine, {.lists = 20});
    std::vector<std::size_t> seen;
    progress watch{[&](std::size_t done, std::size_t total) { seen.push_back(done * 10'000 + total); }, {}};
    static_cast<void>(index.search_many({values.data(), 2500, 4}, {.k = 1, .watch = &watch}));
    CHECK(seen == std::vector<std::size_t>{1024 * 10'000 + 2500, 2048 * 10'000 + 2500, 2500 * 10'000 + 2500});
    watch.stop = [&] { return true; };
    CHECK(outcome([&] { return index.search_many({values.data(), 2500, 4}, {.k = 1, .watch = &watch}); }) == "cancelled");
}

TEST_CASE("lists come back from a file, which without them is that of the rows", "[index][ivf]") {
    auto const values = clustered(400, list_dims, 20, 13);
    for (similarity_kind const similarity : all_similarities)
        for (char const* const name : {"f32", "int8", "planes", "planes12", "rabitq2", "int4+rotated"}) {
            auto const index = ivf_index::build(coding_of(name, list_dims), {}, view(values), similarity, {.lists = 15, .probes = 3});
            auto const file = index.to_bytes();
            CAPTURE(name, to_string(similarity));
            for (verify_level const verify : {verify_level::structure, verify_level::checksum, verify_level::full}) {
                auto const again = ivf_index::from_bytes(file, verify);
                CHECK(again.probes() == 3);
                CHECK((again.to_bytes() == file));
                for (std::uint64_t seed = 0; seed < 5; ++seed) {
                    auto const query = normal_vector(list_dims, seed);
                    CHECK(again.search(query).hits == index.search(query).hits);
                    CHECK(again.nearest(query, 5) == index.nearest(query, 5));
                }
            }
            // Whoever knows nothing of lists searches everything.
            auto const rows = from_bytes(file);
            auto const query = normal_vector(list_dims, 3);
            CHECK(rows->search(query).hits == index.rows().search(query).hits);
            CHECK((to_bytes(*rows) == to_bytes(index.rows())));
            CHECK(outcome([&] { return ivf_index::from_bytes(to_bytes(*rows)); }) == "invalid_argument");
            // In pieces: lists are there before the first plane is.
            index_loader loader;
            for (std::size_t at = 0; loader.level() == 0; at += 100)
                loader.feed(std::span(file).subspan(at, std::min<std::size_t>(100, file.size() - at)));
            auto const early = ivf_index::from_loaded(loader.index(), loader.lists());
            CHECK(early.search(query).level == loader.level());
            CHECK(!early.search(query).hits.empty());
        }
}

TEST_CASE("a file of lists with any bit flipped or any end missing is refused", "[index][ivf][damage]") {
    auto const values = clustered(12, list_dims, 3, 13);
    auto const file = ivf_index::build(coding_of("rabitq1", list_dims), {}, view(values), similarity_kind::cosine, {.lists = 3}).to_bytes();
    for (std::size_t bit = 0; bit < 8 * file.size(); ++bit) {
        auto damaged = file;
        damaged[bit / 8] ^= std::byte{1} << (bit % 8);
        auto const result = lists_outcome(damaged);
        if (result != "corrupt_file") FAIL("bit " << bit % 8 << " of byte " << bit / 8 << ": " << result);
    }
    for (std::size_t length = 0; length < file.size(); ++length) {
        auto const result = lists_outcome(std::span(file).first(length));
        if (result != "truncated_file") FAIL("first " << length << " bytes: " << result);
    }
}

TEST_CASE("a section of lists that does not part the rows is refused although every checksum is right", "[index][ivf][damage]") {
    auto const values = clustered(60, list_dims, 6, 13);
    auto const file =
        ivf_index::build(coding_of("int8", list_dims), {}, view(values), similarity_kind::cosine, {.lists = 5, .probes = 2}).to_bytes();
    auto const damaged = [&](auto change) {
        auto parts = take_apart(file);
        for (auto& s : parts.sections)
            if (s.type == 4) change(s.bytes);
        return lists_outcome(join(parts), verify_level::full);
    };
    auto const set = [](std::size_t word, std::uint32_t value) {
        return [=](std::vector<std::byte>& b) { set_number(std::span(b), 4 * word, value); };
    };
    CHECK(damaged([](auto&) {}) == "ok");
    CHECK(damaged(set(0, 0)) == "corrupt_file");
    CHECK(damaged(set(0, 4)) == "corrupt_file");
    CHECK(damaged(set(0, 6)) == "corrupt_file");
    CHECK(damaged(set(0, 0xFFFFFFFF)) == "corrupt_file");
    CHECK(damaged(set(1, 0)) == "corrupt_file");
    CHECK(damaged(set(1, 6)) == "corrupt_file");
    CHECK(damaged(set(2, 1)) == "corrupt_file");
    CHECK(damaged(set(4, 0xFFFFFFFF)) == "corrupt_file");
    CHECK(damaged(set(7, 59)) == "corrupt_file");
    CHECK(damaged(set(7, 61)) == "corrupt_file");
    CHECK(damaged([](auto& b) { b.resize(b.size() - 1); }) == "corrupt_file");
    CHECK(damaged([](auto& b) { b.push_back(std::byte{0}); }) == "corrupt_file");
    CHECK(damaged([](auto& b) { b.resize(4); }) == "corrupt_file");
    CHECK(damaged([](auto& b) { b.resize(32); }) == "corrupt_file");
    // Centres of other dimensions, of another number or for another similarity.
    auto const centres = [&](std::size_t d, std::size_t count, similarity_kind similarity) {
        auto const index = make_index("int8", d, similarity);
        auto const rows = normal_vector(count * d, 2);
        index->add(matrix_view<float const>(rows, d));
        return [bytes = to_bytes(*index)](std::vector<std::byte>& b) {
            b.resize(32);
            b.insert(b.end(), bytes.begin(), bytes.end());
        };
    };
    CHECK(damaged(centres(list_dims, 5, similarity_kind::cosine)) == "ok");
    CHECK(damaged(centres(list_dims, 4, similarity_kind::cosine)) == "corrupt_file");
    CHECK(damaged(centres(list_dims + 1, 5, similarity_kind::cosine)) == "corrupt_file");
    CHECK(damaged(centres(list_dims, 5, similarity_kind::dot)) == "corrupt_file");
    // Any bit, checked by structure alone: refused, or searched without harm.
    auto parts = take_apart(file);
    auto const lists = std::find_if(parts.sections.begin(), parts.sections.end(), [](auto const& s) { return s.type == 4; });
    REQUIRE(lists != parts.sections.end());
    for (std::size_t bit = 0; bit < 8 * lists->bytes.size(); ++bit) {
        lists->bytes[bit / 8] ^= std::byte{1} << (bit % 8);
        auto const result = outcome([&] {
            auto const index = ivf_index::from_bytes(join(parts), verify_level::structure);
            static_cast<void>(index.search(normal_vector(list_dims, 1), {.k = 60}));
            return 0;
        });
        CAPTURE(bit);
        if (result != "ok")
            CHECK(
                (result == "corrupt_file" || result == "truncated_file" || result == "unsupported_version" || result == "limit_exceeded"));
        lists->bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    }
}
