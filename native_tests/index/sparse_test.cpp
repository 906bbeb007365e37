// SPDX-License-Identifier: Apache-2.0
#include <simile/core/thread_pool.hpp>
#include <simile/index/sparse.hpp>

#include "support/allocations.hpp"
#include "support/errors.hpp"
#include "support/file_surgery.hpp"
#include "support/random_draws.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <new>
#include <set>
#include <utility>

using namespace simile;
using namespace simile::test;

namespace {

/// A sparse index by definition.
struct naive_sparse {
    std::vector<std::map<std::uint32_t, float>> rows{};
    std::vector<std::uint32_t> lengths{};

    void add(std::vector<sparse_weight> const& terms, std::uint32_t length) {
        rows.emplace_back();
        lengths.push_back(length);
        for (auto const& t : terms)
            if (t.weight > 0) rows.back()[t.term] = t.weight;
    }
    void update(row_t row, std::vector<sparse_weight> const& terms, std::uint32_t length) {
        add(terms, length);
        remove(row);
    }
    void remove(row_t row) {
        rows[row] = rows.back(), lengths[row] = lengths.back();
        rows.pop_back(), lengths.pop_back();
    }
    template <class Rule, class Allowed>
    [[nodiscard]] std::vector<hit> search(std::map<std::uint32_t, double> const& query, std::size_t k, float least, Rule const& rule,
                                          Allowed const& allowed) const {
        std::vector<hit> out;
        for (row_t row = 0; row < rows.size(); ++row) {
            double sum = 0;
            bool found = false;
            for (auto const& [term, weight] : query) {
                auto const at = rows[row].find(term);
                if (at == rows[row].end() || weight == 0) continue;
                found = true;
                sum += weight * rule(at->second, lengths[row]);
            }
            if (found && allowed(row) && static_cast<float>(sum) >= least) out.push_back({row, static_cast<float>(sum)});
        }
        std::sort(out.begin(), out.end(), ranks_before);
        out.resize(std::min(k, out.size()));
        return out;
    }
};

/// Frequent terms are frequent, as in texts.
[[nodiscard]] std::uint32_t skewed_term(random_draws& random, std::uint32_t terms) {
    double const u = random.uniform();
    return static_cast<std::uint32_t>(u * u * u * terms);
}

[[nodiscard]] float weight_for(random_draws& random, sparse_form form) {
    if (form == sparse_form::counts) return static_cast<float>(1 + random.below(random.below(20) == 0 ? 300 : 3));
    if (form == sparse_form::bfloat16) return static_cast<float>(1 + random.below(255)) / 64;
    return static_cast<float>(random.uniform() + 1e-3);
}

[[nodiscard]] std::vector<sparse_weight> random_row(random_draws& random, sparse_form form, std::uint32_t terms, std::size_t most) {
    std::vector<sparse_weight> out;
    std::set<std::uint32_t> seen;
    for (std::size_t i = random.below(most + 1); i > 0; --i)
        if (auto const t = skewed_term(random, terms); seen.insert(t).second)
            out.push_back({t, random.below(30) == 0 ? 0.0F : weight_for(random, form)});
    return out;
}

[[nodiscard]] std::vector<sparse_weight> random_query(random_draws& random, std::uint32_t terms, std::size_t most) {
    std::vector<sparse_weight> out;
    for (std::size_t i = 1 + random.below(most); i > 0; --i)
        out.push_back({skewed_term(random, terms), static_cast<float>(random.below(9)) / 4});
    return out;
}
[[nodiscard]] std::map<std::uint32_t, double> added_up(std::vector<sparse_weight> const& query) {
    std::map<std::uint32_t, double> out;
    for (auto const& t : query)
        if (t.weight > 0) out[t.term] += t.weight;
    return out;
}

struct plain_product {
    double operator()(float value, std::uint32_t) const { return static_cast<double>(value); }
};
/// Rises with the value, falls with the length.
struct saturating_rule {
    double operator()(float value, std::uint32_t length) const {
        return static_cast<double>(value) / (static_cast<double>(value) + 0.5 + 0.1 * length);
    }
};

void same_answers(sparse_index const& index, naive_sparse const& naive, random_draws& random, std::uint32_t terms, std::size_t most) {
    auto const query = random_query(random, terms, most);
    auto const sums = added_up(query);
    std::size_t const k = std::size_t{1} + random.below(20);
    auto const all = [](row_t) { return true; };
    REQUIRE(index.search(query, {.k = k}) == naive.search(sums, k, -1e30F, plain_product{}, all));
    REQUIRE(index.search(query, {.k = k, .min_score = 1.5F}) == naive.search(sums, k, 1.5F, plain_product{}, all));
    row_filter filter(index.size());
    for (row_t row = 0; row < index.size(); ++row)
        if (random.below(3) == 0) filter.allow(row);
    auto const some = [&](row_t row) { return filter.allows(row); };
    REQUIRE(index.search(query, {.k = k, .filter = &filter}) == naive.search(sums, k, -1e30F, plain_product{}, some));
    auto const half = static_cast<row_t>(index.size() / 2), end = static_cast<row_t>(index.size());
    std::vector<row_range> const ranges = {{0, half / 2}, {half, end - (end - half) / 3}};
    auto const within = [&](row_t row) { return row < half / 2 || (row >= half && row < ranges[1].last); };
    REQUIRE(index.search(query, {.k = k, .ranges = ranges}) == naive.search(sums, k, -1e30F, plain_product{}, within));
    REQUIRE(index.search(query, {.k = k, .filter = &filter, .ranges = ranges}) ==
            naive.search(sums, k, -1e30F, plain_product{}, [&](row_t row) { return some(row) && within(row); }));
    std::vector<weighted_term> weighted;
    for (auto const& [term, weight] : sums) weighted.push_back({term, weight});
    REQUIRE(index.search_by(saturating_rule{}, weighted, {.k = k}) == naive.search(sums, k, -1e30F, saturating_rule{}, all));
}

void same_contents(sparse_index const& index, naive_sparse const& naive, std::uint32_t terms) {
    REQUIRE(index.size() == naive.rows.size());
    std::uint64_t total = 0;
    std::vector<std::size_t> counts(terms, 0);
    for (row_t row = 0; row < index.size(); ++row) {
        REQUIRE(index.length(row) == naive.lengths[row]);
        total += naive.lengths[row];
        for (auto const& [term, weight] : naive.rows[row]) ++counts[term];
    }
    REQUIRE(index.total_length() == total);
    for (std::uint32_t t = 0; t < terms; ++t) REQUIRE(index.count(t) == counts[t]);
}

/// One of every change, in any order.
void change_both(sparse_index& index, naive_sparse& naive, random_draws& random, std::uint32_t terms, std::size_t most) {
    auto const length = static_cast<std::uint32_t>(random.below(40));
    auto const what = random.below(10);
    auto const row = static_cast<row_t>(random.below(std::max<std::uint64_t>(1, index.size())));
    auto const values = random_row(random, index.form(), terms, most);
    if (what < 6 || index.size() == 0)
        index.add(values, length), naive.add(values, length);
    else if (what < 8)
        index.remove(row), naive.remove(row);
    else
        index.update(row, values, length), naive.update(row, values, length);
}

[[nodiscard]] sparse_index sample_index(sparse_form form, std::size_t rows, std::uint32_t terms, std::size_t most, std::uint64_t seed) {
    random_draws random(seed);
    sparse_index index(form);
    for (std::size_t i = 0; i < rows; ++i) index.add(random_row(random, form, terms, most), static_cast<std::uint32_t>(random.below(50)));
    return index;
}

}  // namespace

TEST_CASE("a sparse index answers as scoring every row does, whatever was added, changed and removed", "[index][sparse]") {
    auto const form = GENERATE(sparse_form::counts, sparse_form::bfloat16, sparse_form::float32);
    auto const seed = GENERATE(1U, 2U, 3U);
    auto const [terms, most] = GENERATE(std::pair<std::uint32_t, std::size_t>{12, 6}, std::pair<std::uint32_t, std::size_t>{400, 40});
    CAPTURE(static_cast<int>(form), seed, terms);
    random_draws random(seed);
    sparse_index index(form);
    naive_sparse naive;
    for (unsigned step = 0; step < 3000; ++step) {
        change_both(index, naive, random, terms, most);
        if (step % 251 == 0) same_contents(index, naive, terms);
        if (step % 67 == 0) same_answers(index, naive, random, terms, step % 2 == 0 ? 8 : 30);
        if (step % 1000 == 999) index.compact();
        if (step % 1400 == 1399) index = sparse_index::from_bytes(index.to_bytes());
    }
    same_contents(index, naive, terms);
    for (unsigned i = 0; i < 20; ++i) same_answers(index, naive, random, terms, 8);
    while (index.size() > 0) {
        auto const row = static_cast<row_t>(random.below(index.size()));
        index.remove(row), naive.remove(row);
        if (index.size() % 97 == 0) same_contents(index, naive, terms);
    }
    CHECK(index.search(random_query(random, terms, 5)).empty());
}

TEST_CASE("long lists and queries of many terms are scored exactly", "[index][sparse]") {
    auto const form = GENERATE(sparse_form::counts, sparse_form::float32);
    random_draws random(9);
    sparse_index index(form);
    naive_sparse naive;
    for (unsigned i = 0; i < 20000; ++i) {
        auto const row = random_row(random, form, 600, 12);
        auto const length = static_cast<std::uint32_t>(random.below(40));
        index.add(row, length), naive.add(row, length);
    }
    for (unsigned i = 0; i < 6; ++i) same_answers(index, naive, random, 600, i < 3 ? 3 : 60);
    index.compact();
    for (unsigned i = 0; i < 6; ++i) same_answers(index, naive, random, 600, i < 3 ? 3 : 60);
}

TEST_CASE("rows that draw level come by row", "[index][sparse]") {
    sparse_index index(sparse_form::counts);
    std::vector<sparse_weight> const one = {{5, 1}};
    for (unsigned i = 0; i < 1000; ++i) index.add(one);
    auto const hits = index.search(one, {.k = 3});
    CHECK(hits == std::vector<hit>{{0, 1}, {1, 1}, {2, 1}});
    index.remove(1);  // row 999 is row 1 now, and lies last
    CHECK(index.search(one, {.k = 3}) == hits);
    index.compact();
    CHECK(index.search(one, {.k = 3}) == hits);
    CHECK(index.search(one, {.k = 3, .min_score = 1}) == hits);
    CHECK(index.search(one, {.k = 5000}).size() == 999);
}

TEST_CASE("sums are taken in the order of the terms of the query, however their rows are found", "[index][sparse]") {
    // Beside 2^54 + 2^30 ones are lost one by one, but not three of them: then the float is the next one.
    for (std::uint32_t const ones : {3U, 11U}) {
        CAPTURE(ones);
        sparse_index index(sparse_form::counts);
        std::vector<sparse_weight> row;
        for (std::uint32_t t = 0; t <= ones; ++t) row.push_back({t, 1});
        index.add(row);
        std::vector<weighted_term> first = {{0, 0x1p54 + 0x1p30}}, last;
        for (std::uint32_t t = 1; t <= ones; ++t) first.push_back({t, 1}), last.push_back({t, 1});
        last.push_back(first[0]);
        CHECK(index.search_by(sparse_dot{}, first, {}).at(0).score == 0x1p54F);
        CHECK(index.search_by(sparse_dot{}, last, {}).at(0).score == 0x1p54F + 0x1p31F);
    }
}

TEST_CASE("rows without a term of the query are never found, those that score 0 are", "[index][sparse]") {
    struct nothing {
        double operator()(float, std::uint32_t) const { return 0; }
    };
    sparse_index index(sparse_form::counts);
    for (std::uint32_t row = 0; row < 50; ++row) index.add(std::vector<sparse_weight>{{row, 1}, {100, 1}});
    for (std::size_t const terms : {2U, 12U}) {
        std::vector<sparse_weight> query;
        std::vector<weighted_term> weighted;
        for (std::uint32_t t = 0; t < terms; ++t) query.push_back({3 * t, 2}), weighted.push_back({3 * t, 2});
        CHECK(index.search(query, {.k = 40}).size() == terms);
        CHECK(index.search(query, {.k = 40, .min_score = 0}).size() == terms);
        CHECK(index.search_by(nothing{}, weighted, {.k = 40}).size() == terms);
    }
}

TEST_CASE("a bfloat16 weight is within 2^-8 of what was given", "[index][sparse]") {
    random_draws random(4);
    for (unsigned i = 0; i < 500; ++i) {
        auto const weight = static_cast<float>(std::exp(random.uniform() * 160 - 80));
        sparse_index index;
        std::vector<sparse_weight> const row = {{7, weight}}, query = {{7, 1}};
        index.add(row);
        CHECK(std::abs(index.search(query).at(0).score - weight) <= weight * 0x1p-8F);
    }
    for (float const extreme : {3.4e38F, 1e-45F}) {
        sparse_index index;
        std::vector<sparse_weight> const row = {{7, extreme}}, query = {{7, 1}};
        index.add(row);
        auto const score = index.search(query).at(0).score;
        CHECK((score > 0 && std::isfinite(score)));
    }
}

TEST_CASE("a sparse file depends on the rows alone, and reads back the same", "[index][sparse]") {
    auto const form = GENERATE(sparse_form::counts, sparse_form::bfloat16, sparse_form::float32);
    random_draws random(11);
    sparse_index changed(form);
    naive_sparse naive;
    for (unsigned i = 0; i < 700; ++i) change_both(changed, naive, random, 90, 9);
    sparse_index straight(form);
    for (row_t row = 0; row < naive.rows.size(); ++row) {
        std::vector<sparse_weight> terms;
        for (auto const& [term, weight] : naive.rows[row]) terms.push_back({term, weight});
        std::reverse(terms.begin(), terms.end());
        straight.add(terms, naive.lengths[row]);
    }
    auto const bytes = changed.to_bytes();
    CHECK(bytes == straight.to_bytes());
    auto const again = sparse_index::from_bytes(bytes);
    CHECK(again.to_bytes() == bytes);
    same_contents(again, naive, 90);
    for (unsigned i = 0; i < 10; ++i) same_answers(again, naive, random, 90, 6);
    auto const empty = sparse_index(form).to_bytes();
    CHECK(sparse_index::from_bytes(empty).size() == 0);
    CHECK(sparse_index::from_bytes(empty).to_bytes() == empty);
}

TEST_CASE("a sparse file is refused after any flip of a bit and at any shorter length", "[index][sparse]") {
    auto const good = sample_index(sparse_form::bfloat16, 40, 30, 6, 3).to_bytes();
    REQUIRE(outcome([&] { return sparse_index::from_bytes(good); }) == "ok");
    for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
        auto bytes = good;
        bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        auto const how = outcome([&] { return sparse_index::from_bytes(bytes); });
        if (how == "ok") FAIL("bit " << bit << " changed and nobody saw it");
    }
    for (std::size_t length = 0; length < good.size(); ++length)
        if (outcome([&] { return sparse_index::from_bytes(std::span(good).first(length)); }) != "truncated_file")
            FAIL("cut to " << length << " bytes");
    auto longer = good;
    longer.push_back(std::byte{0});
    CHECK(outcome([&] { return sparse_index::from_bytes(longer); }) == "corrupt_file");
}

TEST_CASE("forged sparse files with right checksums are refused, or searched within their bounds", "[index][sparse]") {
    auto const form = GENERATE(sparse_form::counts, sparse_form::bfloat16, sparse_form::float32);
    auto const good = sample_index(form, 300, 40, 6, 5).to_bytes();
    random_draws random(6);
    std::size_t refused = 0;
    for (unsigned i = 0; i < 3000; ++i) {
        auto parts = take_apart(good);
        auto& section = parts.sections[static_cast<std::size_t>(random.below(parts.sections.size()))].bytes;
        auto const at = static_cast<std::size_t>(random.below(section.size()));
        if (i % 10 == 0)
            section.resize(at + 1);
        else
            section[at] ^= static_cast<std::byte>(1 + random.below(255));
        auto const forged = join(parts);
        auto const how = outcome([&] {
            auto const index = sparse_index::from_bytes(forged, verify_level::structure);
            for (std::uint32_t t = 0; t < 40; ++t) static_cast<void>(index.search(std::vector<sparse_weight>{{t, 1}, {t / 2, 2}}));
            return index.to_bytes();
        });
        CHECK((how == "ok" || how == "corrupt_file" || how == "truncated_file"));
        refused += how == "ok" ? 0U : 1U;
    }
    CHECK(refused > 1000);
    // What blocks say of themselves decides what a search skips, so all of it is checked.
    auto const whole = take_apart(good);
    auto const blocks =
        std::find_if(whole.sections.begin(), whole.sections.end(), [](auto const& s) { return s.type == 42; }) - whole.sections.begin();
    for (std::size_t at = 0; at < whole.sections[static_cast<std::size_t>(blocks)].bytes.size(); ++at) {
        auto parts = whole;
        parts.sections[static_cast<std::size_t>(blocks)].bytes[at] ^= std::byte{1};
        if (outcome([&] { return sparse_index::from_bytes(join(parts)); }) != "corrupt_file") FAIL("byte " << at << " of the blocks");
    }
    auto other = take_apart(good);
    other.header[11] = std::byte{9};
    CHECK(outcome([&] { return sparse_index::from_bytes(join(other)); }) == "unsupported_version");
    other = take_apart(good);
    other.header[10] = std::byte{1};
    CHECK(outcome([&] { return sparse_index::from_bytes(join(other)); }) == "corrupt_file");
    CHECK(outcome([&] { return sparse_index::from_bytes(good, verify_level::checksum, {.max_rows = 299}); }) == "limit_exceeded");
}

TEST_CASE("a sparse index refuses what it cannot hold or find, and stays as it was", "[index][sparse]") {
    auto index = sample_index(sparse_form::counts, 10, 20, 5, 2);
    auto const before = index.to_bytes();
    using row = std::vector<sparse_weight>;
    auto const adding = [&](row const& r) {
        return outcome([&] {
            index.add(r);
            return 0;
        });
    };
    CHECK(adding({{1, std::nanf("")}}) == "not_finite");
    CHECK(adding({{1, HUGE_VALF}}) == "not_finite");
    CHECK(adding({{1, -1}}) == "invalid_argument");
    CHECK(adding({{1, 1.5F}}) == "invalid_argument");
    CHECK(adding({{1, 16777218.0F}}) == "invalid_argument");
    CHECK(adding({{1, 1}, {2, 1}, {1, 1}}) == "invalid_argument");
    CHECK(outcome([&] {
              index.remove(10);
              return 0;
          }) == "out_of_range");
    CHECK(outcome([&] {
              index.update(10, row{});
              return 0;
          }) == "out_of_range");
    CHECK(outcome([&] {
              index.update(1, row{{1, -2}});
              return 0;
          }) == "invalid_argument");
    CHECK(outcome([&] { return index.length(10); }) == "out_of_range");
    CHECK(index.to_bytes() == before);

    row const query = {{1, 1}};
    row_filter const other(11);
    std::vector<row_range> const beyond = {{0, 11}}, backwards = {{4, 5}, {2, 3}};
    CHECK(outcome([&] { return index.search(query, {.k = 0}); }) == "invalid_argument");
    CHECK(outcome([&] { return index.search(query, {.min_score = std::nanf("")}); }) == "not_finite");
    CHECK(outcome([&] { return index.search(query, {.filter = &other}); }) == "dimension_mismatch");
    CHECK(outcome([&] { return index.search(query, {.ranges = beyond}); }) == "out_of_range");
    CHECK(outcome([&] { return index.search(query, {.ranges = backwards}); }) == "invalid_argument");
    CHECK(outcome([&] { return index.search(row{{1, -1}}); }) == "invalid_argument");
    CHECK(outcome([&] { return index.search(row{{1, std::nanf("")}}); }) == "not_finite");
    CHECK(index.search(row{}).empty());
    CHECK(index.search(row{{4000000000U, 1}}).empty());
    CHECK(index.search(row{{1, 0}}).empty());
}

TEST_CASE("sparse searches may run at the same time, also the first after a change", "[index][sparse][threads]") {
    auto const index = sample_index(sparse_form::counts, 3000, 60, 8, 8);
    random_draws random(1);
    std::vector<std::vector<sparse_weight>> queries;
    for (unsigned i = 0; i < 64; ++i) queries.push_back(random_query(random, 60, 5));
    thread_pool pool(3);
    auto const together = index.search_many(queries, {.k = 7, .threads = &pool});
    auto const alone = index.search_many(queries, {.k = 7});
    CHECK(together == alone);
}

TEST_CASE("counts take less than two bytes a posting in long lists", "[index][sparse]") {
    random_draws random(3);
    sparse_index index(sparse_form::counts);
    for (unsigned i = 0; i < 20000; ++i) {
        auto row = random_row(random, sparse_form::counts, 300, 30);
        for (auto& t : row) t.weight = static_cast<float>(1 + random.below(3));
        index.add(row);
    }
    index.compact();
    std::size_t postings = 0;
    for (std::uint32_t t = 0; t < 300; ++t) postings += index.count(t);
    CHECK(index.memory() - 12 * index.size() < 3 * postings / 2);
}

TEST_CASE("a sparse index that runs out of memory is as it was before the change, or as it should be after", "[index][sparse]") {
    sparse_index start(sparse_form::counts);
    random_draws random(12);
    for (unsigned i = 0; i < 2047; ++i) start.add(random_row(random, sparse_form::counts, 9, 3), 4);  // one more makes two segments one
    std::vector<sparse_weight> const row = {{1, 2}, {70, 1}};
    std::vector<std::function<void(sparse_index&)>> const changes = {
        [&](auto& i) { i.add(row, 9); },
        [&](auto& i) { i.update(5, row, 9); },
        [&](auto& i) { i.update(1500, row, 9); },
        [&](auto& i) { i.remove(5); },
        [&](auto& i) { i.remove(2046); },
        [&](auto& i) { i.compact(); },
        [&](auto& i) { static_cast<void>(i.search(row)); },
    };
    auto const before = start.to_bytes();
    for (auto const& change : changes) {
        auto done = start;
        change(done);
        auto const after = done.to_bytes();
        bool refused = true;
        for (std::size_t n = 1; refused && n < 2000; ++n) {
            auto index = start;
            bool thrown = false;
            allocations::fail_at(n, false);
            try {
                change(index);
            } catch (std::bad_alloc const&) {
                thrown = true;
            }
            refused = allocations::failed();
            allocations::fail_at(0, false);
            REQUIRE((!thrown || refused));
            REQUIRE(index.to_bytes() == (thrown ? before : after));
        }
        CHECK(!refused);
    }
}
