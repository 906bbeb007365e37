// SPDX-License-Identifier: Apache-2.0
// What the normalizers, thresholds and calibrations of score/ do to real embeddings, as tables in Markdown. Measures answers, not time.
//   scores_bench [--only ranking|banks|thresholds|calibration]
// The data does not belong to the repository: the folder that SIMILE_SHARED names has it, or `shared` beside the repository.
#include "../support/load_sets.hpp"
#include "answers.hpp"
#include "calibrations.hpp"

#include <simile/eval/bootstrap.hpp>
#include <simile/score/threshold.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace simile;
using namespace simile::bench;

void not_measured(std::string_view what) {
    for (FILE* const out : {stdout, stderr}) std::fprintf(out, "\nNOT MEASURED: %.*s\n", static_cast<int>(what.size()), what.data());
}

/// What the project promises of these tables, and whether it was so.
class bars {
public:
    void add(std::string const& what, std::string const& wanted, std::string const& measured, bool reached) {
        lines_.push_back("| " + what + " | " + wanted + " | " + measured + " | " + (reached ? "reached" : "**missed**") + " |");
    }
    void print() const {
        if (lines_.empty()) return;
        std::printf("\n## Against the bars\n\n| what | wanted | measured | |\n|---|---|---|---|\n");
        for (auto const& line : lines_) std::printf("%s\n", line.c_str());
    }

private:
    std::vector<std::string> lines_;
};

std::string fixed(double value, int digits = 4) {
    char text[32];
    std::snprintf(text, sizeof text, "%.*f", digits, value);
    return text;
}

struct loaded_sets {
    std::vector<real_set> all;
    unit_rows far;  ///< queries that have nothing to do with the others

    [[nodiscard]] real_set const* named(std::string_view name) const {
        auto const at = std::find_if(all.begin(), all.end(), [&](real_set const& s) { return s.name == name; });
        return at == all.end() ? nullptr : &*at;
    }
};

loaded_sets load_sets(shared_data const& data) {
    loaded_sets out;
    auto const take = [&](std::string_view name, std::optional<real_set> set) {
        if (set)
            out.all.push_back(std::move(*set));
        else
            not_measured(std::string(name) + ": a file of it is not in " + data.folder().string());
    };
    take("cross", load_cross(data));
    take("reverse dictionary", load_reverse_dictionary(data));
    take("sentence pairs", load_sentence_pairs(data));
    take("Cranfield, lsa256", load_cranfield(data, "lsa256"));
    take("Cranfield, use512", load_cranfield(data, "use512"));
    take("SciDocs, MiniLM", load_scidocs(data));
    if (data.has(std::array<std::string_view, 1>{"use512-cranfield-queries.npy"})) out.far = data.rows("use512-cranfield-queries.npy");
    return out;
}

/// 1 or -1 when what is after is better or worse than what was before by more than chance, at 0.05 over the number of methods; else 0.
int change(std::vector<double> const& before, std::vector<double> const& after, std::size_t methods) {
    auto const test = eval::paired_test(before, after, {.resamples = 2000});
    if (test.p_value >= 0.05 / static_cast<double>(methods)) return 0;
    return test.difference.point > 0 ? 1 : -1;
}
std::string marked(std::vector<double> const& values, int change) {
    return fixed(eval::mean(values)) + (change > 0 ? " ▲" : change < 0 ? " ▼" : "");
}

void add_ranking_bars(bars& out, real_set const& set, std::vector<normalizer> const& methods, std::vector<answers> const& found,
                      int worse) {
    if (set.name == "reverse dictionary")
        out.add("reverse dictionary: measures that a normalizer makes worse by more than chance", "0", std::to_string(worse), worse == 0);
    if (set.name != "cross") return;
    double const raw = eval::mean(found[0].first);
    for (std::size_t m = 0; m < methods.size(); ++m) {
        if (methods[m].name != "inverted softmax" && methods[m].name != "dynamic inverted softmax") continue;
        double const first = eval::mean(found[m].first), skewness = found[m].found.measures().skewness;
        out.add("cross, " + methods[m].name + ": R@1", ">= " + fixed(2 * raw), fixed(first), first >= 2 * raw);
        out.add("cross, " + methods[m].name + ": skewness", "< 2", fixed(skewness), skewness < 2);
    }
}

void rank(real_set const& set, bars& out) {
    auto const methods = normalizers();
    auto const found = ask_all(set, methods);
    int worse = 0;
    std::printf("\n**%s**: %zu queries, %zu items, %zu in a bank\n\n", set.name.c_str(), found[0].first.size(), set.gallery.matrix().rows(),
                set.folds[0].bank.size());
    std::printf("| normalizer | R@1 | R@10 | MRR | skewness | one threshold |\n|---|---|---|---|---|---|\n");
    for (std::size_t m = 0; m < methods.size(); ++m) {
        auto const cell = [&](std::vector<double> answers::* measure) {
            int const sign = change(found[0].*measure, found[m].*measure, methods.size() - 1);
            worse += sign < 0 ? 1 : 0;
            return marked(found[m].*measure, sign);
        };
        std::printf("| %s | %s | %s | %s | %.2f | %.4f |\n", methods[m].name.c_str(), cell(&answers::first).c_str(),
                    cell(&answers::ten).c_str(), cell(&answers::reciprocal).c_str(), found[m].found.measures().skewness,
                    found[m].one_threshold());
    }
    add_ranking_bars(out, set, methods, found, worse);
}

void rank_all(loaded_sets const& sets, bars& out) {
    std::printf(
        "\n## Ranking with each normalizer\n\n"
        "▲ ▼: better or worse than raw by more than chance (paired randomisation test, p < 0.05 over the number of normalizers). Skewness: "
        "of the\n"
        "10-occurrence. One threshold: area under the precision-recall curve of the ten best of all queries together. Settings are the "
        "defaults; inverse\n"
        "temperatures are 20. A bank has other queries of the same kind.\n");
    for (auto const& set : sets.all) rank(set, out);
}

/// Only the normalizers that the robustness of the dynamic form is about.
std::vector<normalizer> plain_and_dynamic() {
    auto all = normalizers();
    std::erase_if(
        all, [](normalizer const& n) { return n.name != "raw" && n.name != "inverted softmax" && n.name != "dynamic inverted softmax"; });
    return all;
}

/// The bank in the place of the set's own.
void try_bank(real_set set, std::string const& name, unit_rows bank, bars& out) {
    set.bank = std::move(bank);
    for (auto& part : set.folds) part.bank = first_numbers(set.bank.matrix().rows());
    auto const found = ask_all(set, plain_and_dynamic(), 1);
    std::printf("| %s | %s, %zu |", set.name.c_str(), name.c_str(), set.bank.matrix().rows());
    for (auto const& [measure, label] : {std::pair(&answers::first, "R@1"), std::pair(&answers::ten, "R@10")}) {
        auto const &raw = found[0].*measure, &plain = found[1].*measure, &dynamic = found[2].*measure;
        int const plain_change = change(raw, plain, 1);
        std::string share;
        if (plain_change < 0) {
            double const part = std::max(0.0, eval::mean(raw) - eval::mean(dynamic)) / (eval::mean(raw) - eval::mean(plain));
            share = fixed(part, 2);
            out.add(set.name + ", bank of " + name + ": share of the loss of " + label, "<= 1/3", share, part <= 1.0 / 3);
        }
        std::printf(" %s | %s | %s | %s |", fixed(eval::mean(raw)).c_str(), marked(plain, plain_change).c_str(),
                    marked(dynamic, change(raw, dynamic, 1)).c_str(), share.c_str());
    }
    std::printf("\n");
}

/// Rows of a set's bank that come first of all, or of its gallery.
unit_rows head(unit_rows const& rows, std::size_t n) { return rows.picked(first_numbers(std::min(n, rows.matrix().rows()))); }

void try_banks(loaded_sets const& sets, bars& out) {
    std::printf(
        "\n## Banks that fit and banks that do not\n\n"
        "Inverted softmax with the bias for every query (plain), and only for queries whose best item is one of the bank's (dynamic). "
        "Share: of the loss\n"
        "by the plain form that the dynamic one has too, where that loss is more than chance. ▲ ▼: better or worse than raw, p < 0.05.\n\n"
        "| set | bank | raw R@1 | plain | dynamic | share | raw R@10 | plain | dynamic | share "
        "|\n|---|---|---|---|---|---|---|---|---|---|\n");
    for (char const* name : {"cross", "reverse dictionary"}) {
        real_set const* const set = sets.named(name);
        if (set == nullptr) continue;
        if (std::strcmp(name, "cross") == 0) {
            try_bank(*set, "its own", set->bank, out);
            try_bank(*set, "a few of its own", head(set->bank, 20), out);
        }
        if (sets.far.dims == set->gallery.dims) try_bank(*set, "questions about aircraft", sets.far, out);
        if (auto const* const other = sets.named("sentence pairs"); other != nullptr)
            try_bank(*set, "captions and news", other->queries, out);
        try_bank(*set, "the first items of the gallery", head(set->gallery, 50), out);
    }
}

struct range {
    double sum = 0, low = 1, high = 0, n = 0, inside = 0;
    void add(double share) {
        sum += share;
        low = std::min(low, share);
        high = std::max(high, share);
        inside += share >= 0.93 && share <= 0.97 ? 1 : 0;
        ++n;
    }
};

/// Half of the queries set the threshold, the others are kept by it or not.
void cover(real_set const& set, bars& out) {
    auto const methods = plain_and_dynamic();
    auto const found = ask_all(set, methods, 1);
    for (std::size_t m = 0; m < methods.size(); ++m) {
        range kept;
        for (std::uint64_t seed = 1; seed <= 50; ++seed) {
            auto scores = found[m].right_scores;
            shuffle(std::span(scores), seed);
            auto const half = std::span<float const>(scores).first(scores.size() / 2),
                       rest = std::span<float const>(scores).subspan(scores.size() / 2);
            double const cut = score::recall_threshold(half, 0.05);
            kept.add(static_cast<double>(std::count_if(rest.begin(), rest.end(), [&](float s) { return double{s} >= cut; })) /
                     static_cast<double>(rest.size()));
        }
        std::printf("| %s | %s | %zu | %.4f | %.4f .. %.4f | %.0f of %.0f |\n", set.name.c_str(), methods[m].name.c_str(),
                    found[m].right_scores.size() / 2, kept.sum / kept.n, kept.low, kept.high, kept.inside, kept.n);
        // With few queries the promise holds on average only.
        double const mean = kept.sum / kept.n;
        if (found[m].right_scores.size() >= 1000)
            out.add(set.name + ", " + methods[m].name + ": kept of 95 %", "0.93 .. 0.97", fixed(mean), mean >= 0.93 && mean <= 0.97);
    }
}

void cover_all(loaded_sets const& sets, bars& out) {
    std::printf(
        "\n## Thresholds that keep 95 %%\n\n"
        "The conformal threshold of 95 %% recall from the right answers of half of the queries, kept of the right answers of the others; "
        "50 splits.\n\n"
        "| set | scores | queries a half | kept, mean | lowest .. highest | within 93 .. 97 %% |\n|---|---|---|---|---|---|\n");
    for (auto const& set : sets.all) cover(set, out);
}

void calibrate_all(loaded_sets const& sets, bars& out) {
    std::printf(
        "\n## Calibration\n\n"
        "ECE (15 bins) and Brier's score of the ten best of each query, fitted on half of the queries and held out on the others; means of "
        "10 splits. As it\n"
        "is: (1 + score) / 2. Always the same: the share of right ones, which ECE cannot tell from a good calibration and Brier's score "
        "can. Temperature: softmax\n"
        "over the 200 best, which takes one answer a query for right.\n\n"
        "| set | scores | calibration | ECE, mean | worst | Brier |\n|---|---|---|---|---|---|\n");
    for (auto const& set : sets.all)
        for (auto const& line : calibrate(set)) {
            std::printf("| %s | %s | %s | %.4f | %.4f | %.4f |\n", set.name.c_str(), line.scores.c_str(), line.method.c_str(), line.error,
                        line.worst, line.brier);
            bool const fitted = line.method != "as it is" && line.method != "always the same";
            if (fitted && set.name == "reverse dictionary")
                out.add(set.name + ", " + line.scores + ", " + line.method + ": ECE", "<= 0.05", fixed(line.error), line.error <= 0.05);
        }
}

}  // namespace

int main(int argc, char** argv) {
    std::string_view const only = argc > 2 && std::strcmp(argv[1], "--only") == 0 ? argv[2] : "";
    shared_data const data(SIMILE_DEFAULT_SHARED);
    if (!std::filesystem::exists(data.folder())) {
        not_measured("there is no folder " + data.folder().string() +
                     " with real embeddings; set SIMILE_SHARED to the folder that has `data`");
        return 0;
    }
    auto const sets = load_sets(data);
    bars against;
    std::pair<std::string_view, void (*)(loaded_sets const&, bars&)> const sections[] = {
        {"ranking", rank_all}, {"banks", try_banks}, {"thresholds", cover_all}, {"calibration", calibrate_all}};
    for (auto const& [name, section] : sections)
        if (only.empty() || only == name) section(sets, against);
    against.print();
}
