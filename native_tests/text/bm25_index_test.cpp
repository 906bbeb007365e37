// SPDX-License-Identifier: Apache-2.0
#include <simile/text/bm25_index.hpp>

#include "support/errors.hpp"
#include "support/file_surgery.hpp"
#include "support/random_draws.hpp"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

using namespace simile;
using namespace simile::test;
using Catch::Approx;
using simile::text::bm25_index;
using simile::text::bm25_kind;
using simile::text::bm25_options;
using simile::text::text_field;

namespace {

/// BM25 by definition over texts of words that are parted by single spaces.
struct naive_texts {
    bm25_options options{};
    std::vector<std::string> texts{};

    void remove(row_t row) {
        texts[row] = texts.back();
        texts.pop_back();
    }
    [[nodiscard]] static std::vector<std::string> split(std::string const& text) {
        std::vector<std::string> out;
        std::string word;
        for (char const c : text + " ") {
            if (c != ' ')
                word += c;
            else if (!word.empty())
                out.push_back(std::exchange(word, {}));
        }
        return out;
    }
    [[nodiscard]] double weight(double f, double length, double average) const {
        double const norm = 1 - options.b + options.b * length / average;
        if (options.kind == bm25_kind::l) return (options.k1 + 1) * (f / norm + options.delta) / (options.k1 + f / norm + options.delta);
        return f * (options.k1 + 1) / (f + options.k1 * norm) + (options.kind == bm25_kind::plus ? options.delta : 0);
    }
    [[nodiscard]] std::vector<double> scores(std::string const& query) const {
        std::vector<std::vector<std::string>> words;
        double total = 0;
        for (auto const& t : texts) words.push_back(split(t)), total += static_cast<double>(words.back().size());
        std::vector<double> out(texts.size(), 0);
        for (auto const& q : split(query)) {
            auto const times = [&](auto const& w) { return static_cast<double>(std::count(w.begin(), w.end(), q)); };
            double const df = static_cast<double>(std::count_if(words.begin(), words.end(), [&](auto const& w) { return times(w) > 0; })),
                         n = static_cast<double>(texts.size());
            for (std::size_t i = 0; i < words.size(); ++i)
                if (times(words[i]) > 0)
                    out[i] += std::log(1 + (n - df + 0.5) / (df + 0.5)) *
                              weight(times(words[i]), static_cast<double>(words[i].size()), total / n);
        }
        return out;
    }
};

[[nodiscard]] std::string random_text(random_draws& random, std::uint32_t vocabulary, std::uint32_t most) {
    std::string out;
    for (std::uint32_t n = random.below(most + 1); n > 0; --n) {
        double const u = random.uniform();
        out += "w" + std::to_string(static_cast<std::uint32_t>(u * u * u * vocabulary)) + " ";
    }
    return out;
}

/// The k best by definition, up to the rounding of sums.
void same_texts_found(bm25_index const& index, naive_texts const& naive, std::string const& query, std::size_t k) {
    auto const scores = naive.scores(query);
    auto const hits = index.search(query, {.k = k});
    auto const matching = static_cast<std::size_t>(std::count_if(scores.begin(), scores.end(), [](double s) { return s > 0; }));
    REQUIRE(hits.size() == std::min(k, matching));
    std::vector<bool> found(scores.size(), false);
    for (hit const& h : hits) {
        REQUIRE(std::abs(static_cast<double>(h.score) - scores[h.row]) <= 1e-6 * scores[h.row]);
        found[h.row] = true;
    }
    for (std::size_t row = 0; row < scores.size() && !hits.empty(); ++row)
        if (!found[row]) REQUIRE(scores[row] <= static_cast<double>(hits.back().score) * (1 + 1e-6));
    REQUIRE(std::is_sorted(hits.begin(), hits.end(), ranks_before));
}

[[nodiscard]] bm25_index sample_texts(std::size_t texts, bm25_options const& options = {}) {
    random_draws random(4);
    bm25_index out(options);
    for (std::size_t i = 0; i < texts; ++i) out.add(random_text(random, 60, 9));
    return out;
}

}  // namespace

TEST_CASE("BM25 follows texts exactly as they are added, changed and removed", "[text][bm25_index]") {
    auto const kind = GENERATE(bm25_kind::okapi, bm25_kind::plus, bm25_kind::l);
    bm25_options const options{.kind = kind, .k1 = 0.9, .b = 0.4, .delta = 0.7};
    random_draws random(static_cast<std::uint64_t>(kind));
    bm25_index index(options);
    naive_texts naive{options};
    for (unsigned step = 0; step < 1500; ++step) {
        auto const what = random.below(10);
        auto const row = static_cast<row_t>(random.below(std::max<std::size_t>(1, index.size())));
        auto const text = random_text(random, 200, 30);
        if (what < 6 || index.size() == 0)
            index.add(text), naive.texts.push_back(text);
        else if (what < 8)
            index.remove(row), naive.remove(row);
        else
            index.update(row, text), naive.texts[row] = text;
        if (step % 50 == 49) same_texts_found(index, naive, random_text(random, 200, 6), 1 + random.below(30));
        if (step % 400 == 399) index.compact();
        if (step % 500 == 499) {
            auto const loaded = bm25_index::from_bytes(index.to_bytes());
            for (unsigned i = 0; i < 10; ++i) {
                auto const query = random_text(random, 200, 8);
                REQUIRE(loaded.search(query, {.k = 12}) == index.search(query, {.k = 12}));
            }
            index = loaded;
        }
    }
    for (unsigned i = 0; i < 20; ++i) same_texts_found(index, naive, random_text(random, 200, 6), 10);
}

TEST_CASE("statistics are those of the texts that are there", "[text][bm25_index]") {
    bm25_index index;
    CHECK(index.average_length() == 0);
    CHECK(index.search("anything").empty());
    index.add("one two two");
    index.add("two three");
    index.add("");
    CHECK(index.count("two") == 2);
    CHECK(index.average_length() == 5.0 / 3);
    index.remove(0);
    CHECK(index.count("two") == 1);
    CHECK(index.count("one") == 0);
    CHECK(index.average_length() == 1);
    CHECK(index.search("one").empty());
    CHECK(index.search("three").at(0).row == 1);
    index.update(1, "four");
    CHECK(index.count("three") == 0);
    CHECK(index.search("four three").size() == 1);
}

TEST_CASE("a field of weight w counts as if it stood there w times", "[text][bm25_index]") {
    bm25_index weighted, plain;
    std::vector<text_field> const fields = {{"red shoes", 3}, {"shoes for running in red mud"}, {"never", 0}};
    weighted.add(fields);
    weighted.add("blue shoes");
    plain.add("red shoes red shoes red shoes shoes for running in red mud");
    plain.add("blue shoes");
    CHECK(weighted.search("red shoes") == plain.search("red shoes"));
    CHECK(weighted.to_bytes() != bm25_index().to_bytes());
    CHECK(weighted.to_bytes() == plain.to_bytes());
    CHECK(weighted.count("never") == 0);
}

TEST_CASE("the scale of a query is the score of a text of mean length with all of its terms", "[text][bm25_index]") {
    auto const kind = GENERATE(bm25_kind::okapi, bm25_kind::plus, bm25_kind::l);
    naive_texts naive{{kind, 1.7, 0.4, 0.3}, {"cat dog", "cat bird", "x y", "z w"}};
    bm25_index index(naive.options);
    for (auto const& text : naive.texts) index.add(text);
    CHECK(index.scale("cat dog") == Approx(naive.scores("cat dog")[0]).epsilon(1e-12));
    CHECK(index.scale("cat cat dog") == Approx(naive.scores("cat cat dog")[0]).epsilon(1e-12));
    CHECK(index.scale("nowhere") == Approx(std::log(1 + 4.5 / 0.5) * naive.weight(1, 2, 2)).epsilon(1e-12));
    CHECK(index.scale("cat nowhere") == Approx(index.scale("cat") + index.scale("nowhere")).epsilon(1e-12));
    CHECK(index.scale(" - ") == 0);
    CHECK(bm25_index().scale("cat") == Approx(std::log(2.0)).epsilon(1e-12));
}

TEST_CASE("words of scripts without spaces, of other cases and with accents are found", "[text][bm25_index]") {
    bm25_index index;
    index.add("東京都は日本の首都です");
    index.add("Crème brûlée");
    index.add("__proto__ constructor");
    CHECK(index.search("首都").at(0).row == 0);
    CHECK(index.search("都").at(0).row == 0);
    CHECK(index.search("CREME").at(0).row == 1);
    CHECK(index.search("constructor").at(0).row == 2);
    CHECK(index.search("\xFF\xFE").empty());
}

TEST_CASE("the bytes of texts do not depend on how they came to be", "[text][bm25_index]") {
    bm25_index straight, changed;
    for (char const* const t : {"b a", "c c", "d"}) straight.add(t);
    for (char const* const t : {"gone terms", "c c", "wrong", "b a"}) changed.add(t);
    changed.update(2, "d");
    changed.remove(0);
    CHECK(changed.to_bytes() == straight.to_bytes());
    CHECK(bm25_index::from_bytes(straight.to_bytes()).to_bytes() == straight.to_bytes());
    changed.compact();
    CHECK(changed.to_bytes() == straight.to_bytes());
    CHECK(bm25_index::from_bytes(bm25_index().to_bytes()).size() == 0);
}

TEST_CASE("options are in the file, and of a rewriting function that there was one", "[text][bm25_index]") {
    text::tokenizer_options tokens{.fold_accents = false, .unspaced = text::unspaced_terms::bigrams, .max_term_bytes = 20};
    auto const plain = bm25_index::from_bytes(bm25_index({.kind = bm25_kind::l, .k1 = 2, .b = 0.5, .delta = 0.25}, tokens).to_bytes());
    CHECK(plain.scoring() == bm25_options{.kind = bm25_kind::l, .k1 = 2, .b = 0.5, .delta = 0.25});
    CHECK(plain.tokens().options().max_term_bytes == 20);
    CHECK(!plain.tokens().options().fold_accents);
    CHECK(plain.tokens().options().unspaced == text::unspaced_terms::bigrams);
    tokens.rewrite = [](std::string& term) { return term != "the"; };
    bm25_index stopped({}, tokens);
    stopped.add("the end");
    auto const bytes = stopped.to_bytes();
    CHECK(outcome([&] { return bm25_index::from_bytes(bytes); }) == "invalid_argument");
    CHECK(outcome([&] { return bm25_index::from_bytes(bytes, tokens.rewrite); }) == "ok");
    CHECK(outcome([&] { return bm25_index::from_bytes(plain.to_bytes(), tokens.rewrite); }) == "invalid_argument");
}

TEST_CASE("a file of texts is refused after any flip of a bit and at any shorter length", "[text][bm25_index]") {
    auto const good = sample_texts(12).to_bytes();
    for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
        auto bytes = good;
        bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        if (outcome([&] { return bm25_index::from_bytes(bytes); }) == "ok") FAIL("bit " << bit << " changed and nobody saw it");
    }
    for (std::size_t length = 0; length < good.size(); ++length)
        if (outcome([&] { return bm25_index::from_bytes(std::span(good).first(length)); }) != "truncated_file")
            FAIL("cut to " << length << " bytes");
}

TEST_CASE("forged files of texts with right checksums are refused, or searched within their bounds", "[text][bm25_index]") {
    auto const good = sample_texts(60).to_bytes();
    random_draws random(6);
    std::size_t refused = 0;
    for (unsigned i = 0; i < 4000; ++i) {
        auto parts = take_apart(good);
        auto& section = i % 2 == 0 ? parts.sections.back().bytes : parts.sections[random.below(parts.sections.size())].bytes;
        auto const at = static_cast<std::size_t>(random.below(section.size()));
        if (i % 10 == 0)
            section.resize(at + 1);
        else
            section[at] ^= static_cast<std::byte>(1 + random.below(255));
        auto const forged = join(parts);
        auto const how = outcome([&] {
            auto const index = bm25_index::from_bytes(forged);
            static_cast<void>(index.search("w0 w1 w2 w3 w9"));
            return index.to_bytes();
        });
        CHECK((how == "ok" || how == "corrupt_file" || how == "invalid_argument"));
        refused += how == "ok" ? 0U : 1U;
    }
    CHECK(refused > 2000);
    CHECK(outcome([&] { return bm25_index::from_bytes(sparse_index(sparse_form::counts).to_bytes()); }) == "invalid_argument");
    CHECK(outcome([&] { return sparse_index::from_bytes(good); }) == "invalid_argument");
}

TEST_CASE("an index of texts refuses rows and options that there are not", "[text][bm25_index]") {
    auto index = sample_texts(5);
    CHECK(outcome([&] {
              index.remove(5);
              return 0;
          }) == "out_of_range");
    CHECK(outcome([&] {
              index.update(5, "x");
              return 0;
          }) == "out_of_range");
    CHECK(outcome([&] { return index.search("w1", {.k = 0}); }) == "invalid_argument");
    CHECK(outcome([] { return bm25_index({.k1 = -1}); }) == "invalid_argument");
    std::vector<text_field> const heavy = {{"a b", 4294967295U}};
    CHECK(outcome([&] {
              index.add(heavy);
              return 0;
          }) == "limit_exceeded");
    CHECK(index.size() == 5);
}
