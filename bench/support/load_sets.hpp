// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "real_sets.hpp"

#include <simile/eval/qrels.hpp>

#include <array>
#include <cstddef>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

/// The sets that have right answers, each with a bank of queries of its own kind; nothing where a file is missing.
namespace simile::bench {

[[nodiscard]] inline std::vector<std::size_t> first_numbers(std::size_t n) {
    std::vector<std::size_t> out(n);
    std::iota(out.begin(), out.end(), std::size_t{0});
    return out;
}

/// Word vectors mapped into the space of glosses: row i belongs to row i, and there is a bank apart. Real and strong hubness.
[[nodiscard]] inline std::optional<real_set> load_cross(shared_data const& data) {
    std::array<std::string_view, 3> const names{"cross-queries2000.npy", "cross-gallery2000.npy", "cross-querybank2000.npy"};
    if (!data.has(names)) return std::nullopt;
    real_set out{"cross", data.rows(names[1]), data.rows(names[0]), data.rows(names[2]), {}, {}};
    for (row_t q = 0; q < out.queries.matrix().rows(); ++q) out.right.push_back({q});
    out.folds = {{first_numbers(out.right.size()), first_numbers(out.bank.matrix().rows())}};
    return out;
}

/// Definitions of one dictionary, to be found among the glosses of another.
[[nodiscard]] inline std::optional<real_set> load_reverse_dictionary(shared_data const& data) {
    std::array<std::string_view, 3> const names{"use512-revdict1000.npy", "use512-wordnet20k.npy", "revdict1000.json"};
    if (!data.has(names)) return std::nullopt;
    real_set out{"reverse dictionary", data.rows(names[1]), data.rows(names[0]), {}, {}, {}};
    out.bank = out.queries;
    auto const text = data.text(names[2]);
    std::string_view rest = text;
    constexpr std::string_view mark = "\"rows\":";
    for (auto at = rest.find(mark); at != std::string_view::npos; at = rest.find(mark)) {
        rest.remove_prefix(at + mark.size());
        out.right.emplace_back();
        for (double const row : numbers_until(rest, ']')) out.right.back().push_back(static_cast<row_t>(row));
    }
    require(out.right.size() == out.queries.matrix().rows(), error_code::corrupt_file, names[2], " has ", out.right.size(), " answers");
    out.folds = two_folds(out.right.size());
    return out;
}

[[nodiscard]] inline std::vector<std::vector<row_t>> judged_right(std::string_view text, std::size_t queries) {
    std::vector<std::vector<row_t>> out;
    for (auto const& judged : eval::read_qrels(text, queries)) {
        out.emplace_back();
        for (auto const& [row, gain] : judged)
            if (gain > 0) out.back().push_back(row);
    }
    return out;
}

[[nodiscard]] inline std::optional<real_set> load_cranfield(shared_data const& data, std::string_view model) {
    std::string const corpus = std::string(model) + "-cranfield-corpus.npy", queries = std::string(model) + "-cranfield-queries.npy";
    if (!data.has(std::array<std::string_view, 3>{corpus, queries, "cranfield-qrels.json"})) return std::nullopt;
    real_set out{"Cranfield, " + std::string(model), data.rows(corpus), data.rows(queries), {}, {}, {}};
    out.bank = out.queries;
    out.right = judged_right(data.text("cranfield-qrels.json"), out.queries.matrix().rows());
    out.folds = two_folds(out.right.size());
    return out;
}

/// Few of the queries are judged; the others are the bank.
[[nodiscard]] inline std::optional<real_set> load_scidocs(shared_data const& data) {
    std::array<std::string_view, 3> const names{"minilm-real/scidocs-docs1657-minilm384.npy",
                                                "minilm-real/scidocs-queries1000-minilm384.npy", "minilm-real/scidocs-qrels-subset.json"};
    if (!data.has(names)) return std::nullopt;
    real_set out{"SciDocs, MiniLM", data.rows(names[0]), data.rows(names[1]), {}, {}, std::vector<fold>(1)};
    out.bank = out.queries;
    out.right = judged_right(data.text(names[2]), out.queries.matrix().rows());
    for (std::size_t q = 0; q < out.right.size(); ++q) (out.right[q].empty() ? out.folds[0].bank : out.folds[0].asked).push_back(q);
    return out;
}

/// The second sentence of each pair that people call alike (4 or 5 of 5), among all second sentences; the first ones of the other pairs are the bank.
[[nodiscard]] inline std::optional<real_set> load_sentence_pairs(shared_data const& data) {
    std::array<std::string_view, 3> const names{"use512-stsb-dev-a.npy", "use512-stsb-dev-b.npy", "stsb-dev-gold.json"};
    if (!data.has(names)) return std::nullopt;
    real_set out{"sentence pairs", data.rows(names[1]), data.rows(names[0]), {}, {}, std::vector<fold>(1)};
    out.bank = out.queries;
    auto const text = data.text(names[2]);
    std::string_view rest = text;
    auto const gold = numbers_until(rest, ']');
    require(gold.size() == out.queries.matrix().rows(), error_code::corrupt_file, names[2], " has ", gold.size(), " scores");
    for (row_t q = 0; q < gold.size(); ++q) {
        out.right.push_back(gold[q] >= 4 ? std::vector<row_t>{q} : std::vector<row_t>{});
        (gold[q] >= 4 ? out.folds[0].asked : out.folds[0].bank).push_back(q);
    }
    return out;
}

}  // namespace simile::bench
