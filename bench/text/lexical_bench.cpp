// SPDX-License-Identifier: Apache-2.0
// Lexical search beside plain exhaustive scoring of the same postings, in the same run, and their answers compared.
//   lexical_bench [--rows 100000] [--queries 400] [--length 24] [--only bm25|learned]
// Texts are drawn from 50,000 words by Zipf's law (exponent 1); a query is 1 to 6 words of a text, most of them not the commonest. Learned codes have 32 of 4,096
// terms with skewed numbers of rows. One thread.
#include <simile/core/random.hpp>
#include <simile/text/bm25_index.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace simile;
using timer = std::chrono::steady_clock;

struct settings {
    std::size_t rows = 100000, queries = 400, length = 24;
    std::string only{};
};

double ms_since(timer::time_point start) { return std::chrono::duration<double, std::milli>(timer::now() - start).count(); }

/// Draws 0 .. n - 1 with probabilities 1 / (i + 1).
class zipf {
public:
    explicit zipf(std::size_t n) : sums_(n) {
        double sum = 0;
        for (std::size_t i = 0; i < n; ++i) sums_[i] = sum += 1 / static_cast<double>(i + 1);
    }
    template <class Generator>
    std::uint32_t operator()(Generator& g) const {
        return static_cast<std::uint32_t>(std::lower_bound(sums_.begin(), sums_.end(), uniform01(g) * sums_.back()) - sums_.begin());
    }

private:
    std::vector<double> sums_;
};

/// What is measured against: one array of (row, value) a term, an accumulator a row.
class exhaustive {
public:
    explicit exhaustive(std::size_t terms) : lists_(terms) {}
    void add(std::vector<sparse_weight> const& row, std::uint32_t length) {
        for (auto const& t : row) lists_[t.term].push_back({static_cast<row_t>(lengths_.size()), t.weight});
        lengths_.push_back(length);
        sums_.push_back(0);
    }
    [[nodiscard]] std::size_t count(std::uint32_t term) const { return lists_[term].size(); }
    template <class Rule>
    std::vector<hit> search(Rule const& rule, std::vector<weighted_term> const& query, std::size_t k) {
        std::fill(sums_.begin(), sums_.end(), 0.0);
        for (auto const& t : query)
            for (auto const& [row, value] : lists_[t.term]) sums_[row] += t.weight * rule(value, lengths_[row]);
        top_k best(k);
        for (row_t row = 0; row < sums_.size(); ++row)
            if (sums_[row] > 0) best.push(row, static_cast<float>(sums_[row]));
        return best.take();
    }

private:
    std::vector<std::vector<std::pair<row_t, float>>> lists_;
    std::vector<std::uint32_t> lengths_;
    std::vector<double> sums_;
};

struct times {
    std::vector<double> us{};
    void add(timer::time_point start) { us.push_back(1000 * ms_since(start)); }
    [[nodiscard]] double at(double part) {
        std::sort(us.begin(), us.end());
        return us[std::min(us.size() - 1, static_cast<std::size_t>(part * static_cast<double>(us.size())))];
    }
};

template <class Rule>
bool compare(char const* name, sparse_index const& index, exhaustive& plain, Rule const& rule,
             std::vector<std::vector<weighted_term>> const& queries) {
    std::map<std::size_t, std::pair<times, times>> by_terms;
    bool same = true;
    for (unsigned round = 0; round < 3; ++round)
        for (auto const& q : queries) {
            auto& [ours, theirs] = by_terms[q.size()];
            auto const start = timer::now();
            auto const found = index.search_by(rule, q, {.k = 10});
            ours.add(start);
            auto const again = timer::now();
            auto const expected = plain.search(rule, q, 10);
            theirs.add(again);
            same = same && found == expected;
        }
    std::printf("| %s | terms | queries | p50 us | p99 us | exhaustive p50 us | p99 us |\n|---|---|---|---|---|---|---|\n", name);
    times all, all_theirs;
    for (auto& [terms, t] : by_terms) {
        std::printf("| | %zu | %zu | %.0f | %.0f | %.0f | %.0f |\n", terms, t.first.us.size() / 3, t.first.at(0.5), t.first.at(0.99),
                    t.second.at(0.5), t.second.at(0.99));
        all.us.insert(all.us.end(), t.first.us.begin(), t.first.us.end());
        all_theirs.us.insert(all_theirs.us.end(), t.second.us.begin(), t.second.us.end());
    }
    std::printf("| | all | %zu | %.0f | %.0f | %.0f | %.0f |\nanswers are %s\n\n", queries.size(), all.at(0.5), all.at(0.99),
                all_theirs.at(0.5), all_theirs.at(0.99), same ? "the same" : "DIFFERENT");
    return same;
}

std::string word(std::uint32_t number) {
    std::string out = "w";
    for (; number > 0; number /= 26) out.push_back(static_cast<char>('a' + number % 26));
    return out;
}

bool bench_bm25(settings const& s) {
    xoshiro256 g(1);
    zipf const draw(50000);
    std::vector<std::string> texts;
    std::vector<std::vector<std::uint32_t>> words(s.rows);
    for (auto& w : words) {
        std::string text;
        for (std::size_t n = s.length / 2 + static_cast<std::size_t>(uniform01(g) * static_cast<double>(s.length)); n > 0; --n) {
            w.push_back(draw(g));
            text += word(w.back()) + ' ';
        }
        texts.push_back(std::move(text));
    }
    auto start = timer::now();
    text::bm25_index index;
    for (auto const& t : texts) index.add(t);
    double const build = ms_since(start);
    start = timer::now();
    index.compact();
    double const compact = ms_since(start);
    exhaustive plain(50000);
    std::size_t postings = 0;
    for (auto const& w : words) {
        std::map<std::uint32_t, float> counts;
        for (auto const t : w) ++counts[t];
        std::vector<sparse_weight> row;
        for (auto const& [term, f] : counts) row.push_back({term, f});
        postings += row.size();
        plain.add(row, static_cast<std::uint32_t>(w.size()));
    }
    start = timer::now();
    auto const bytes = index.to_bytes();
    double const save = ms_since(start);
    start = timer::now();
    auto const loaded = text::bm25_index::from_bytes(bytes);
    std::printf(
        "%zu texts, %zu postings: built in %.0f ms, compacted in %.0f ms, %.2f MB held (%.2f bytes a posting), %.2f MB of file, saved in "
        "%.0f ms, loaded in %.0f ms\n\n",
        s.rows, postings, build, compact, static_cast<double>(index.memory()) / 1e6,
        static_cast<double>(index.memory()) / static_cast<double>(postings), static_cast<double>(bytes.size()) / 1e6, save,
        ms_since(start));

    // Terms of the sparse index have the order of the words' bytes; those of the plain lists their own numbers.
    std::vector<std::string> names;
    for (std::uint32_t t = 0; t < 50000; ++t)
        if (plain.count(t) > 0) names.push_back(word(t));
    std::sort(names.begin(), names.end());
    text::bm25_rule const rule(index.scoring(), index.average_length());
    std::vector<std::vector<weighted_term>> queries, their_queries;
    bool same = true;
    times ours, theirs, through_text;
    std::map<std::size_t, std::vector<std::size_t>> by_terms;
    for (std::size_t i = 0; i < s.queries; ++i) {
        auto const& from = words[static_cast<std::size_t>(uniform01(g) * static_cast<double>(s.rows))];
        std::vector<std::pair<std::string, std::uint32_t>> picked;
        std::string text;
        for (std::size_t n = 1 + i % 6, tries = 0; picked.size() < n && tries < 200; ++tries) {
            auto const t = from[static_cast<std::size_t>(uniform01(g) * static_cast<double>(from.size()))];
            if (t < 10 && tries % 2 == 0) continue;
            if (std::find(picked.begin(), picked.end(), std::pair(word(t), t)) == picked.end())
                picked.emplace_back(word(t), t), text += word(t) + ' ';
        }
        std::sort(picked.begin(), picked.end());
        std::vector<weighted_term> query, their;
        for (auto const& [name, t] : picked) {
            double const idf = text::bm25_idf(s.rows, plain.count(t));
            query.push_back({static_cast<std::uint32_t>(std::lower_bound(names.begin(), names.end(), name) - names.begin()), idf});
            their.push_back({t, idf});
        }
        auto const begin = timer::now();
        auto const found = index.search(text);
        through_text.add(begin);
        auto const again = timer::now();
        auto const expected = plain.search(rule, their, 10);
        theirs.add(again);
        same = same && found == expected && loaded.search(text) == found && index.rows().search_by(rule, query, {}) == found;
        by_terms[picked.size()].push_back(i);
    }
    std::printf("| BM25, query | queries | p50 us | p99 us | exhaustive p50 us | p99 us |\n|---|---|---|---|---|---|\n");
    auto const row = [&](std::string const& name, std::vector<std::size_t> const& of, std::vector<double> const& a,
                         std::vector<double> const& b) {
        times x, y;
        for (auto const i : of) x.us.push_back(a[i]), y.us.push_back(b[i]);
        std::printf("| %s | %zu | %.0f | %.0f | %.0f | %.0f |\n", name.c_str(), of.size(), x.at(0.5), x.at(0.99), y.at(0.5), y.at(0.99));
    };
    std::vector<std::size_t> all;
    for (auto const& [n, of] : by_terms) {
        row(std::to_string(n) + " words", of, through_text.us, theirs.us);
        all.insert(all.end(), of.begin(), of.end());
    }
    row("all", all, through_text.us, theirs.us);
    std::printf("answers are %s\n\n", same ? "the same" : "DIFFERENT");
    return same;
}

bool bench_learned(settings const& s) {
    xoshiro256 g(2);
    std::vector<double> sums(4096);
    double sum = 0;
    for (auto& v : sums) v = sum += std::exp(nearly_normal(g));
    auto const code = [&] {
        std::map<std::uint32_t, float> out;
        while (out.size() < 32)
            out[static_cast<std::uint32_t>(std::lower_bound(sums.begin(), sums.end(), uniform01(g) * sum) - sums.begin())] =
                static_cast<float>(std::round(64 * -std::log1p(-uniform01(g))) + 1) / 64;
        std::vector<sparse_weight> row;
        for (auto const& [t, w] : out) row.push_back({t, w});
        return row;
    };
    sparse_index index(sparse_form::float32), small;
    exhaustive plain(4096);
    for (std::size_t i = 0; i < s.rows; ++i) {
        auto const row = code();
        index.add(row), small.add(row), plain.add(row, 0);
    }
    index.compact(), small.compact();
    std::printf("%zu codes of 32 of 4,096 terms: %.2f bytes a posting as float32, %.2f as bfloat16\n\n", s.rows,
                static_cast<double>(index.memory()) / (32.0 * static_cast<double>(s.rows)),
                static_cast<double>(small.memory()) / (32.0 * static_cast<double>(s.rows)));
    std::vector<std::vector<weighted_term>> queries;
    for (std::size_t i = 0; i < s.queries / 4; ++i) {
        std::vector<weighted_term> q;
        auto row = code();
        for (auto const& t : row) q.push_back({t.term, t.weight});
        if (i % 2 == 0) q.resize(8);
        queries.push_back(std::move(q));
    }
    return compare("learned codes", index, plain, sparse_dot{}, queries);
}

}  // namespace

int main(int argc, char** argv) {
    settings s;
    for (int i = 1; i + 1 < argc; i += 2) {
        std::string_view const name = argv[i];
        if (name == "--rows")
            s.rows = std::strtoull(argv[i + 1], nullptr, 10);
        else if (name == "--queries")
            s.queries = std::strtoull(argv[i + 1], nullptr, 10);
        else if (name == "--length")
            s.length = std::strtoull(argv[i + 1], nullptr, 10);
        else if (name == "--only")
            s.only = argv[i + 1];
        else
            return std::fprintf(stderr, "lexical_bench knows --rows, --queries, --length and --only, not '%s'.\n", argv[i]), 2;
    }
    if (s.rows == 0 || s.queries < 4 || s.length < 2 || argc % 2 == 0)
        return std::fprintf(stderr, "lexical_bench wants at least a row, 4 queries and a length of 2.\n"), 2;
    bool same = true;
    if (s.only != "learned") same = bench_bm25(s);
    if (s.only != "bm25") same = bench_learned(s) && same;
    return same ? 0 : 1;
}
