// SPDX-License-Identifier: Apache-2.0
// How well does a search find what people judged to be right?
//
//   evaluate CORPUS.npy QUERIES.npy QRELS [--k 10] [--codec f32] [--against CODEC] [--bank BANK.npy --correct nnn|is|csls [--dynamic]]
//
// QRELS: lines of TREC (query 0 row gain), or a JSON list with an object {"row": gain} for each query; rows and queries are counted from 0.
// With --against or --bank the table has a line a measure: before, after, the interval of the difference, and the p-value of a paired test.
#include <simile/simile.hpp>

#include <simile/eval/qrels.hpp>
#include <simile/eval/report.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace simile;

struct wishes {
    std::vector<std::string> files;
    std::string codec = "f32", against, bank, correct;
    std::size_t k = 10;
    bool dynamic = false;
};

wishes read_wishes(int argc, char** argv) {
    wishes out;
    for (int i = 1; i < argc; ++i) {
        std::string_view const word = argv[i];
        if (word == "--dynamic")
            out.dynamic = true;
        else if (!word.starts_with("--"))
            out.files.emplace_back(word);
        else {
            require(i + 1 < argc, error_code::invalid_argument, word, " wants a value");
            std::string const value = argv[++i];
            if (word == "--codec")
                out.codec = value;
            else if (word == "--against")
                out.against = value;
            else if (word == "--bank")
                out.bank = value;
            else if (word == "--correct")
                out.correct = value;
            else if (word == "--k")
                out.k = static_cast<std::size_t>(std::strtoull(value.c_str(), nullptr, 10));
            else
                fail(error_code::invalid_argument, "there is no option ", word);
        }
    }
    require(out.files.size() == 3, error_code::invalid_argument, "three files are wanted: corpus, queries and judgements");
    require(out.bank.empty() == out.correct.empty() && (out.bank.empty() || out.against.empty()), error_code::invalid_argument,
            "--bank and --correct go together, and not with --against");
    return out;
}

correction_method method_of(std::string_view name) {
    if (name == "is") return correction_method::inverted_softmax;
    if (name == "nnn") return correction_method::nnn;
    require(name == "csls", error_code::invalid_argument, "--correct knows nnn, is and csls, not ", name);
    return correction_method::csls;
}

std::unique_ptr<vector_index> filled(std::string const& codec, matrix_view<float const> rows) {
    auto index = make_index(codec, rows.dims(), similarity_kind::cosine, zero_vectors::allow);  // texts without a known word
    index->add(rows);
    return index;
}

eval::retrieval_measures measure(vector_index const& index, matrix_view<float const> queries, eval::qrels const& judged,
                                 search_options options) {
    eval::retrieval_measures out(options.k);
    // MAP and the first rank look at the whole list.
    std::size_t const k = options.k;
    options.k = std::max<std::size_t>(k, std::min<std::size_t>(index.size(), 1000));
    auto const found = index.search_many(queries, options);
    for (std::size_t q = 0; q < queries.rows(); ++q) out.add(found[q].hits, judged[q]);
    return out;
}

std::string contents_of(std::string const& path) {
    std::ifstream file(path, std::ios::binary);
    require(file.is_open(), error_code::io_failure, "cannot open ", path);
    return {std::istreambuf_iterator<char>(file), {}};
}

void run(wishes const& asked) {
    auto const corpus = io::read_npy_as_float(asked.files[0]), queries = io::read_npy_as_float(asked.files[1]);
    auto const judged = eval::read_qrels(contents_of(asked.files[2]), queries.rows());
    search_options const options{.k = asked.k};
    auto const index = filled(asked.codec, corpus.matrix());
    auto const before = measure(*index, queries.matrix(), judged, options);
    if (asked.against.empty() && asked.bank.empty()) return static_cast<void>(std::fputs(eval::table(before.report()).c_str(), stdout));
    if (!asked.against.empty()) {
        auto const after = measure(*filled(asked.against, corpus.matrix()), queries.matrix(), judged, options);
        return static_cast<void>(std::fputs(eval::table(before.compared_with(after)).c_str(), stdout));
    }
    auto const correction =
        fit_correction(*index, io::read_npy_as_float(asked.bank).matrix(), {.method = method_of(asked.correct), .dynamic = asked.dynamic});
    search_options corrected = options;
    correction.apply_to(corrected);
    std::fputs(eval::table(before.compared_with(measure(*index, queries.matrix(), judged, corrected))).c_str(), stdout);
}

}  // namespace

int main(int argc, char** argv) try {
    run(read_wishes(argc, argv));
    return 0;
} catch (simile::error const& e) {
    return std::fprintf(stderr, "evaluate: %s\n", e.what()), 1;
}
