// SPDX-License-Identifier: Apache-2.0
#include <simile/fit/product.hpp>
#include <simile/index/make_index.hpp>

#include "support/embeddings.hpp"

#include <catch2/catch_test_macros.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <map>
#include <numeric>
#include <string>
#include <vector>

using namespace simile;
using namespace simile::test;

namespace {

/// 500 vectors, spread evenly, are searched for among the others.
class held_out {
public:
    explicit held_out(std::string const& name) : dims_(0) {
        auto const all = shared_vectors(name);
        dims_ = all.dims();
        std::size_t next = 0;
        for (std::size_t i = 0; i < all.rows(); ++i) {
            bool const is_query = next < 500 && i == next * all.rows() / 500;
            if (is_query) ++next;
            std::vector<float> unit(dims_);
            to_unit(all.matrix()[i], unit);
            auto& to = is_query ? queries_ : gallery_;
            to.insert(to.end(), unit.begin(), unit.end());
        }
        exact_ = make_index("f32", dims_);
        exact_->add(gallery());
        for (search_result const& r : search_all(*exact_, queries(), {.k = 10})) tenth_.push_back(r.hits.back().score);
    }

    [[nodiscard]] std::size_t dims() const noexcept { return dims_; }
    [[nodiscard]] matrix_view<float const> gallery() const { return {gallery_.data(), gallery_.size() / dims_, dims_}; }
    [[nodiscard]] matrix_view<float const> queries() const { return {queries_.data(), queries_.size() / dims_, dims_}; }

    /// recall@10: a row is right when its exact score comes within 1e-6 of the tenth.
    [[nodiscard]] double recall(vector_index const& index, double cascade = 0.99) const {
        auto const found = search_all(index, queries(), {.k = 10, .recall = cascade});
        std::size_t right = 0;
        for (std::size_t q = 0; q < found.size(); ++q)
            for (hit const& h : found[q].hits) {
                auto const x = gallery()[h.row], y = queries()[q];
                double const score = std::inner_product(x.begin(), x.end(), y.begin(), 0.0, std::plus<>(),
                                                        [](float a, float b) { return double{a} * double{b}; });
                right += score >= double{tenth_[q]} - 1e-6 ? 1U : 0U;
            }
        return static_cast<double>(right) / static_cast<double>(10 * found.size());
    }
    [[nodiscard]] double recall(coding const& how) const {
        auto const index = make_index(how, dims_);
        index->add(gallery());
        return recall(*index);
    }
    [[nodiscard]] double recall(std::string const& name) const { return recall(coding_of(name, dims_)); }

    [[nodiscard]] quantize::transform centred() const {
        std::vector<double> sum(dims_);
        for (std::size_t i = 0; i < gallery().rows(); ++i)
            for (std::size_t j = 0; j < dims_; ++j) sum[j] += double{gallery()[i][j]};
        std::vector<float> mean(dims_);
        for (std::size_t j = 0; j < dims_; ++j) mean[j] = static_cast<float>(sum[j] / static_cast<double>(gallery().rows()));
        return quantize::transform(dims_).centred(mean);
    }
    [[nodiscard]] coding rabitq_about_mean(unsigned bits) const {
        auto const map = centred().rotated();
        return {codec_kind::integer, map, quantize::rabitq_encoder(map.code_dims(), bits), {}};
    }
    [[nodiscard]] coding product(std::size_t subspaces) const {
        return {codec_kind::product,
                {},
                {},
                quantize::product_codec(fit::fit_product(gallery(), subspaces, {.iterations = 8, .sample = 2048}))};
    }
    /// 15 levels about zero: no form of an index, so what the codes stand for is searched.
    [[nodiscard]] double recall_of_symmetric(unsigned bits) const {
        std::vector<float> decoded(gallery_.size());
        std::vector<std::uint8_t> codes(dims_);
        for (std::size_t i = 0; i < gallery().rows(); ++i) {
            auto const factors = quantize::symmetric_encode(gallery()[i], bits, codes);
            quantize::decode(codes, bits, factors, std::span(decoded).subspan(i * dims_, dims_));
        }
        auto const index = make_index("f32", dims_, similarity_kind::dot);
        index->add(matrix_view<float const>(decoded, dims_));
        return recall(*index);
    }

private:
    std::size_t dims_;
    std::vector<float> queries_, gallery_;
    std::unique_ptr<vector_index> exact_;
    std::vector<float> tenth_;
};

/// nDCG@10 with linear gain and log2(rank + 1), of the queries that have a relevant document.
struct ndcg {
    double sum = 0;
    std::size_t judged = 0;
    [[nodiscard]] double mean() const noexcept { return sum / static_cast<double>(judged); }
};
ndcg ndcg10(std::span<search_result const> found, nlohmann::json const& gains) {
    ndcg out;
    for (std::size_t q = 0; q < found.size(); ++q) {
        std::map<row_t, double> gain;
        std::vector<double> best;
        for (auto const& [row, value] : gains[q].items()) {
            gain[static_cast<row_t>(std::stoul(row))] = value.get<double>();
            best.push_back(value.get<double>());
        }
        std::sort(best.rbegin(), best.rend());
        double ideal = 0, got = 0;
        for (std::size_t i = 0; i < std::min<std::size_t>(10, best.size()); ++i) ideal += best[i] / std::log2(static_cast<double>(i) + 2);
        for (std::size_t i = 0; i < found[q].hits.size(); ++i)
            if (auto const at = gain.find(found[q].hits[i].row); at != gain.end())
                got += at->second / std::log2(static_cast<double>(i) + 2);
        if (ideal == 0) continue;
        out.sum += got / ideal;
        ++out.judged;
    }
    return out;
}

}  // namespace

TEST_CASE("quality: codes of sentence vectors find what the specification's table says", "[index][quality][shared]") {
    held_out const data("use512-wordnet20k.npy");
    struct row {
        char const* name;
        double least;  ///< recall@10 without refinement
        std::function<double()> measure;
    };
    // The table was made with 35,213 other sentences; its numbers less 0.01 where they are reached. Of these 19,500 glosses the coarsest codes find less, in
    // a second implementation in double too (a dense rotation, each row's best scale, the query unrounded): RaBitQ .693 .791 .892 with 1 .. 3 bits, signs .741.
    // There the least is what was measured less 0.005.
    row const rows[] = {
        {"int8", 0.988, [&] { return data.recall("int8"); }},
        {"int8, a range a dimension", 0.986,
         [&] { return data.recall(coding{codec_kind::integer, {}, quantize::affine_ranges::fitted(data.gallery(), 8), {}}); }},
        {"int4 symmetric", 0.943, [&] { return data.recall_of_symmetric(4); }},
        {"lvq4", 0.940, [&] { return data.recall("lvq4"); }},
        {"lvq4 about the mean", 0.940, [&] { return data.recall(coding{codec_kind::integer, data.centred(), quantize::lvq_form{4}, {}}); }},
        {"int8 cut to 4 bits", 0.960, [&] { return data.recall("int4"); }},
        {"rabitq4 about the mean", 0.944, [&] { return data.recall(data.rabitq_about_mean(4)); }},
        {"rabitq3 about the mean", 0.896, [&] { return data.recall(data.rabitq_about_mean(3)); }},  // table .923
        {"rabitq2 about the mean", 0.830, [&] { return data.recall(data.rabitq_about_mean(2)); }},  // table .857
        {"rabitq1 about the mean", 0.691, [&] { return data.recall(data.rabitq_about_mean(1)); }},  // table .755
        {"signs, query of 8 bits", 0.744, [&] { return data.recall("int1"); }},                     // table .773
        {"product codes, 128 bytes", 0.801, [&] { return data.recall(data.product(256)); }},
        {"product codes, 64 bytes", 0.746, [&] { return data.recall(data.product(128)); }},
    };
    for (row const& r : rows) {
        double const measured = r.measure();
        CAPTURE(r.name, measured);
        CHECK(measured >= r.least);
    }
}

TEST_CASE("quality: codes of word vectors and of other sentence vectors find what is known of them", "[index][quality][shared]") {
    struct set {
        char const* file;
        std::vector<std::pair<char const*, double>> least;
    };
    // Measured less 0.006. The table of the specification has, of 100,500 word vectors, .992 .893 .902 .831 .694 .456 .459 for all but the second.
    for (auto const& [file, least] : {set{"glove100-words20k.npy",
                                          {{"int8", 0.986},
                                           {"int4", 0.905},
                                           {"lvq4", 0.895},
                                           {"rabitq4", 0.927},
                                           {"rabitq3", 0.872},
                                           {"rabitq2", 0.780},
                                           {"rabitq1", 0.582},
                                           {"int1", 0.548}}},
                                      set{"minilm-real/minilm-pool4544.npy",
                                          {{"int8", 0.988},
                                           {"int4", 0.942},
                                           {"lvq4", 0.939},
                                           {"rabitq4", 0.947},
                                           {"rabitq3", 0.913},
                                           {"rabitq2", 0.860},
                                           {"rabitq1", 0.727},
                                           {"int1", 0.739}}}}) {
        held_out const data(file);
        for (auto const& [name, wanted] : least) {
            double const measured = data.recall(name);
            CAPTURE(file, name, measured);
            CHECK(measured >= wanted);
        }
    }
}

TEST_CASE("quality: cascades keep 99.5 % of what full int8 finds", "[index][quality][shared]") {
    for (char const* const file : {"use512-wordnet20k.npy", "glove100-words20k.npy", "minilm-real/minilm-pool4544.npy"}) {
        held_out const data(file);
        double const full = data.recall("int8");
        // A rotation costs these vectors a little by itself.
        for (char const* const name : {"planes", "planes2", "planes+rotated", "planes12"}) {
            double const measured = data.recall(name);
            CAPTURE(file, name, measured, full);
            CHECK(measured >= 0.995 * full);
        }
    }
}

TEST_CASE("quality: 8 bits rank labelled documents within 0.1 % of floats, and 4 bits within 0.5 %", "[index][quality][shared]") {
    struct set {
        char const *documents, *queries, *gains;
        double known;  ///< nDCG@10 of the README of the data
    };
    set const sets[] = {{"use512-cranfield-corpus.npy", "use512-cranfield-queries.npy", "cranfield-qrels.json", 0.2569},
                        {"lsa256-cranfield-corpus.npy", "lsa256-cranfield-queries.npy", "cranfield-qrels.json", 0.5318},
                        {"minilm-real/scidocs-docs1657-minilm384.npy", "minilm-real/scidocs-queries1000-minilm384.npy",
                         "minilm-real/scidocs-qrels-subset.json", 0.4535}};
    // By how much a code may lie behind, for each set and for all 523 queries. A set alone tells little: one answer that goes from the first place to the second
    // changes the mean of its 225 or 73 queries by 0.3 to 1.1 %. What is above 0.1 and 0.5 % for a set is what was measured, rounded up.
    struct limit {
        char const* name;
        double a_set, all;
        double difference = 0, total = 0;
    };
    limit limits[] = {{"f16", 0.001, 0.001},         {"int8", 0.001, 0.001},  {"planes", 0.001, 0.001}, {"planes2", 0.001, 0.001},
                      {"planes12", 0.001, 0.001},    {"bf16", 0.002, 0.001},  {"lvq8", 0.002, 0.001},   {"int8+rotated", 0.002, 0.001},
                      {"rabitq4", 0.005, 0.005},     {"eden4", 0.005, 0.005}, {"int4", 0.013, 0.005},   {"lvq4", 0.010, 0.005},
                      {"int4+rotated", 0.013, 0.005}};
    for (set const& of : sets) {
        auto const corpus = shared_vectors(of.documents), asked = shared_vectors(of.queries);
        std::ifstream file(shared_file(std::string("data/") + of.gains));
        auto const judged = nlohmann::json::parse(file);
        auto const measure = [&](char const* name) {
            auto const index = make_index(name, corpus.dims(), similarity_kind::cosine, zero_vectors::allow);
            index->add(corpus.matrix());
            return ndcg10(search_all(*index, asked.matrix(), {.k = 10}), judged);
        };
        auto const exact = measure("f32");
        CAPTURE(of.documents, exact.mean());
        CHECK(std::abs(exact.mean() - of.known) <= 1e-4);
        for (limit& l : limits) {
            auto const measured = measure(l.name);
            CAPTURE(l.name, measured.mean() / exact.mean() - 1);
            CHECK(measured.mean() >= (1 - l.a_set) * exact.mean());
            l.difference += measured.sum - exact.sum;
            l.total += exact.sum;
        }
    }
    for (limit const& l : limits) {
        CAPTURE(l.name, l.difference / l.total);
        CHECK(l.difference >= -l.all * l.total);
    }
}
