// SPDX-License-Identifier: Apache-2.0
#include <simile/fit/product.hpp>

#include <simile/core/thread_pool.hpp>
#include <simile/index/flat.hpp>
#include <simile/quantize/product_codec.hpp>

#include "support/embeddings.hpp"
#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

using namespace simile;
using namespace simile::test;
using fit::fit_product;
using fit::product_options;
using quantize::product_quantizer;

namespace {

/// Vectors of low intrinsic dimension: what product quantization is good at.
std::vector<float> mixed(std::size_t n, std::size_t d, std::uint64_t seed) {
    std::size_t const inner = 6;
    auto const map = normal_vector(inner * d, seed), noise = normal_vector(n * d, seed + 1, 0.2F),
               source = normal_vector(n * inner, seed + 2);
    std::vector<float> out(n * d);
    for (std::size_t r = 0; r < n; ++r)
        for (std::size_t i = 0; i < d; ++i) {
            double sum{noise[r * d + i]};  // in double products are exact, so the bits are the same everywhere
            for (std::size_t j = 0; j < inner; ++j) sum += double{source[r * inner + j]} * double{map[j * d + i]};
            out[r * d + i] = static_cast<float>(sum);
        }
    return out;
}

struct errors {
    double whole = 0, weighted = 0;
};
errors errors_of(product_quantizer const& p, matrix_view<float const> rows, double eta) {
    errors out;
    std::vector<std::uint8_t> codes(p.subspaces());
    std::vector<float> y(p.dims());
    for (std::size_t r = 0; r < rows.rows(); ++r) {
        p.encode(rows[r], std::span(codes));
        p.decode(codes, y);
        double along = 0, square = 0;
        for (std::size_t i = 0; i < y.size(); ++i)
            along += (double{rows[r][i]} - double{y[i]}) * double{rows[r][i]}, square += double{rows[r][i]} * double{rows[r][i]};
        double const e = squared_l2_by_definition<float>(rows[r], y).value;
        out.whole += e;
        out.weighted += e + (eta - 1) * along * along / square;
    }
    return out;
}

}  // namespace

TEST_CASE("fitted codebooks hold the means of the parts that are nearest to them", "[fit][product]") {
    std::size_t const n = 400, d = 10, m = 3;
    auto const values = mixed(n, d, 1);
    matrix_view<float const> const rows(values.data(), n, d);
    auto const p = fit_product(rows, m, {.iterations = 300});
    auto const books = p.codebooks();
    std::vector<double> sum(16 * d);
    std::vector<std::size_t> count(16 * m);
    for (std::size_t r = 0; r < n; ++r) {
        std::vector<std::uint8_t> codes(m);
        p.encode(rows[r], std::span(codes));
        for (std::size_t s = 0; s < m; ++s) {
            ++count[16 * s + codes[s]];
            for (std::size_t i = 0; i < p.subspace_dims(s); ++i)
                sum[16 * p.first_dim(s) + codes[s] * p.subspace_dims(s) + i] += double{rows[r][p.first_dim(s) + i]};
        }
    }
    for (std::size_t s = 0; s < m; ++s)
        for (std::size_t k = 0; k < 16; ++k)
            for (std::size_t i = 0; i < p.subspace_dims(s); ++i) {
                std::size_t const at = 16 * p.first_dim(s) + k * p.subspace_dims(s) + i;
                REQUIRE(std::abs(double{books[at]} - sum[at] / static_cast<double>(count[16 * s + k])) <= 1e-5);
            }
}

TEST_CASE("more subspaces, more passes and more rows lower the error of unseen rows", "[fit][product]") {
    std::size_t const n = 2000, d = 24;
    auto const values = mixed(n + 500, d, 4);
    matrix_view<float const> const rows(values.data(), n, d), unseen(values.data() + n * d, 500, d);
    auto const error = [&](std::size_t subspaces, product_options const& options) {
        return errors_of(fit_product(rows, subspaces, options), unseen, 1).whole;
    };
    double const usual = error(8, {});
    CHECK(error(4, {}) > 1.2 * usual);
    CHECK(error(12, {}) < 0.9 * usual);
    CHECK(error(8, {.iterations = 0}) > 1.1 * usual);
    CHECK(error(8, {.sample = 40}) > 1.1 * usual);
}

TEST_CASE("a threshold lowers the weighted error at the cost of the whole one", "[fit][product]") {
    std::size_t const n = 1500, d = 20, m = 5;
    auto const values = mixed(n, d, 7);
    matrix_view<float const> const rows(values.data(), n, d);
    float const threshold = 0.5F;
    double const eta = 19 * 0.25 / 0.75;
    auto const plain = errors_of(fit_product(rows, m), rows, eta);
    auto const codes_only = errors_of(fit_product(rows, m, {.threshold = threshold, .anisotropic_rounds = 0}), rows, eta);
    auto const weighted = errors_of(fit_product(rows, m, {.threshold = threshold}), rows, eta);
    CHECK(codes_only.weighted < 0.95 * plain.weighted);
    CHECK(weighted.weighted < 0.97 * codes_only.weighted);
    CHECK(weighted.whole > plain.whole);
    double before = codes_only.weighted;
    for (std::size_t rounds = 1; rounds <= 3; ++rounds) {
        double const now = errors_of(fit_product(rows, m, {.threshold = threshold, .anisotropic_rounds = rounds}), rows, eta).weighted;
        CHECK(now < before);
        before = now;
    }
}

TEST_CASE("fitting gives the same bits on every platform and with any number of threads", "[fit][product]") {
    auto const values = mixed(6000, 9, 2);
    matrix_view<float const> const rows(values.data(), 6000, 9);
    thread_pool three(3);
    auto const hash = [](product_quantizer const& p) {
        std::uint64_t out = 0xCBF29CE484222325U;  // FNV-1a
        for (std::byte const b : p.to_bytes()) out = (out ^ std::to_integer<std::uint64_t>(b)) * 0x100000001B3U;
        return out;
    };
    CHECK(hash(fit_product(rows, 4)) == 0x61255FCE056E9CB2U);
    CHECK(hash(fit_product(rows, 4, {.threads = &three})) == 0x61255FCE056E9CB2U);
    CHECK(hash(fit_product(rows, 4, {.seed = 9, .sample = 1000, .threshold = 0.6F})) == 0xE76C1BCFCFCA63DAU);
}

TEST_CASE("fitting refuses what it cannot learn from, and can be stopped", "[fit][product]") {
    auto values = mixed(20, 4, 3);
    matrix_view<float const> const rows(values.data(), 20, 4);
    CHECK(outcome([&] { return fit_product(rows, 4); }) == "ok");
    CHECK(outcome([&] { return fit_product({values.data(), 16, 4}, 1); }) == "ok");
    CHECK(message([&] { return fit_product({values.data(), 15, 4}, 1); }) == "a sample of 15 rows is too small for 16 centroids");
    CHECK(outcome([&] { return fit_product(rows, 2, {.sample = 15}); }) == "invalid_argument");
    CHECK(outcome([&] { return fit_product(rows, 0); }) == "out_of_range");
    CHECK(outcome([&] { return fit_product(rows, 5); }) == "out_of_range");
    CHECK(outcome([&] { return fit_product({}, 1); }) == "out_of_range");
    CHECK(outcome([&] { return fit_product(rows, 2, {.threshold = 1}); }) == "invalid_argument");
    std::vector<std::size_t> seen;
    progress watch{[&](std::size_t done, std::size_t total) { seen.push_back(10 * done + total); }, {}};
    static_cast<void>(fit_product(rows, 3, {.watch = &watch}));
    CHECK(seen == std::vector<std::size_t>{13, 23, 33});
    watch.stop = [] { return true; };
    CHECK(outcome([&] { return fit_product(rows, 3, {.watch = &watch}); }) == "cancelled");
    values[79] = std::numeric_limits<float>::infinity();
    CHECK(outcome([&] { return fit_product(rows, 2); }) == "not_finite");
}

TEST_CASE("product codes find most neighbours of real sentence vectors", "[fit][product][shared]") {
    auto const corpus = spread_rows(shared_vectors("use512-wordnet20k.npy"), 8000);
    auto const queries = spread_rows(shared_vectors("use512-revdict1000.npy"), 100);
    auto const exact = index_of(codec_kind::f32, corpus);
    struct expected {
        std::size_t subspaces;
        double direct, in_40;
    };
    // Measured 0.746 and 0.593, with the ten nearest among the best forty for 0.993 and 0.931.
    for (auto const [subspaces, direct, in_40] : {expected{128, 0.73, 0.985}, expected{64, 0.575, 0.91}}) {
        quantize::product_codec const codec(fit_product(corpus.matrix(), subspaces));
        std::vector<byte_buffer> blocks(blocks_of(corpus.rows()), byte_buffer(codec.block_bytes(), std::byte{0}));
        for (std::size_t r = 0; r < corpus.rows(); ++r) codec.encode(corpus.matrix()[r], blocks[r / block_rows].data(), r % block_rows);
        std::vector<search_result> found10(queries.rows()), found40(queries.rows());
        for (std::size_t q = 0; q < queries.rows(); ++q) {
            auto const prepared = codec.prepare(queries.matrix()[q], 1.0F);
            top_k best(40);
            quantize::block_scores scores;
            for (std::size_t b = 0; b < blocks.size(); ++b) {
                static_cast<void>(codec.scan(prepared, blocks[b].data(), best.threshold(), scores));
                best.push_block(static_cast<row_t>(b * block_rows), scores, block_mask(b, corpus.rows(), nullptr));
            }
            found40[q].hits = best.take();
            found10[q].hits.assign(found40[q].hits.begin(), found40[q].hits.begin() + 10);
        }
        CAPTURE(subspaces, recall(found10, *exact, queries.matrix(), 10), recall(found40, *exact, queries.matrix(), 10));
        CHECK(recall(found10, *exact, queries.matrix(), 10) >= direct);
        CHECK(recall(found40, *exact, queries.matrix(), 10) >= in_40);
    }
}
