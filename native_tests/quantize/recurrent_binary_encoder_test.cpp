// SPDX-License-Identifier: Apache-2.0
#include <simile/quantize/recurrent_binary_encoder.hpp>

#include <simile/quantize/recurrent_binary.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>

using namespace simile;
using namespace simile::test;
using quantize::dense_block;
using quantize::dense_layer;
using quantize::recurrent_binary_encoder;

namespace {

struct matrix {
    matrix(std::size_t rows, std::size_t dims, std::uint64_t seed)
        : values(normal_vector(rows * dims, seed)), view(values.data(), rows, dims) {}
    std::vector<float> values;
    matrix_view<float const> view;
};

std::vector<double> times(std::vector<double> const& x, matrix_view<float const> m) {
    std::vector<double> y(m.dims());
    for (std::size_t j = 0; j < y.size(); ++j)
        for (std::size_t i = 0; i < x.size(); ++i) y[j] += x[i] * double{m[i][j]};
    return y;
}

}  // namespace

TEST_CASE("recurrent binary codes follow the definition", "[quantize][recurrent_binary]") {
    std::size_t const d = 24, n = 20;
    for (unsigned bits = 1; bits <= 8; ++bits) {
        matrix const first(d, n, 1);
        std::vector<matrix> back, residual;
        std::vector<dense_block> back_blocks, residual_blocks;
        for (unsigned i = 0; i + 1 < bits; ++i) {
            back.emplace_back(n, d, 10 + i);
            residual.emplace_back(d, n, 30 + i);
        }
        for (auto const& m : back) back_blocks.emplace_back(m.view);
        for (auto const& m : residual) residual_blocks.emplace_back(m.view);
        recurrent_binary_encoder const encoder(dense_block(first.view), back_blocks, residual_blocks);
        CHECK(encoder.bits() == bits);
        for (std::uint64_t seed = 0; seed < 5; ++seed) {
            auto const x = unit_vector(d, 100 + seed);
            std::vector<double> const f(x.begin(), x.end());
            std::vector<double> b;
            for (double const v : times(f, first.view)) b.push_back(v > 0 ? 1 : -1);
            for (unsigned i = 0; i + 1 < bits; ++i) {
                auto g = times(b, back[i].view);
                double square = 0;
                for (double const v : g) square += v * v;
                for (std::size_t j = 0; j < d; ++j) g[j] = f[j] - g[j] / std::sqrt(square);
                auto const r = times(g, residual[i].view);
                for (std::size_t j = 0; j < n; ++j) b[j] += std::ldexp(r[j] > 0 ? 1.0 : -1.0, -int(i) - 1);
            }
            auto const codes = encoder.encode(x);
            for (std::size_t j = 0; j < n; ++j) {
                CAPTURE(bits, seed, j);
                CHECK(quantize::recurrent_level(codes[j], bits) == b[j]);
            }
        }
    }
}

TEST_CASE("a dense block is its layers with nothing negative between them", "[quantize][recurrent_binary]") {
    std::vector<float> const first{1, -1, 2, 0, 1, 1}, bias{0.5F, -10, 0}, second{1, 2, 3};
    dense_block const block({dense_layer({first.data(), 2, 3}, bias), dense_layer({second.data(), 3, 1})});
    // (1, 2): (1 + 0 + 0.5, -1 + 2 - 10, 2 + 2) -> (1.5, 0, 4) -> 1.5 + 12
    CHECK(block(std::vector<float>{1, 2}) == std::vector<float>{13.5F});
}

TEST_CASE("a recurrent binary model refuses matrices that do not fit", "[quantize][recurrent_binary]") {
    matrix const wb(4, 3, 1), bb(3, 4, 2), other(5, 3, 3);
    dense_block const w(wb.view), b(bb.view), o(other.view);
    CHECK(outcome([&] { return recurrent_binary_encoder(w, {b}, {w}); }) == "ok");
    CHECK(outcome([&] { return recurrent_binary_encoder(w, {b}, {}); }) == "invalid_argument");
    CHECK(outcome([&] { return recurrent_binary_encoder(w, std::vector(8, b), std::vector(8, w)); }) == "invalid_argument");
    CHECK(outcome([&] { return recurrent_binary_encoder(w, {w}, {w}); }) == "dimension_mismatch");
    CHECK(outcome([&] { return recurrent_binary_encoder(w, {b}, {o}); }) == "dimension_mismatch");
    CHECK(outcome([&] { return dense_layer({}); }) == "invalid_argument");
    CHECK(outcome([&] { return dense_layer(wb.view, std::vector<float>{1, 2}); }) == "dimension_mismatch");
    CHECK(outcome([&] { return dense_block(std::vector<dense_layer>{}); }) == "invalid_argument");
    CHECK(outcome([&] { return dense_block({dense_layer(wb.view), dense_layer(wb.view)}); }) == "dimension_mismatch");
    std::vector<float> const bad{1, std::numeric_limits<float>::infinity()};
    CHECK(outcome([&] { return dense_layer({bad.data(), 1, 2}); }) == "not_finite");

    recurrent_binary_encoder const encoder(w, {b}, {w});
    CHECK(outcome([&] { return encoder.encode(std::vector<float>(3)); }) == "dimension_mismatch");
    CHECK(outcome([&] { return encoder.encode(std::vector<float>{0, bad[1], 0, 0}); }) == "not_finite");
}
