// SPDX-License-Identifier: Apache-2.0
#include <simile/quantize/product.hpp>
#include <simile/quantize/product_codec.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

using namespace simile;
using namespace simile::test;
using quantize::product_codec;
using quantize::product_quantizer;
using quantize::product_scale;

namespace {

product_quantizer quantizer_of(std::size_t d, std::size_t m, float threshold = 0) {
    return {d, m, normal_vector(16 * d, d + 1000 * m, 1 / std::sqrt(static_cast<float>(d))), threshold};
}

std::vector<std::uint8_t> codes_of(product_quantizer const& p, std::span<float const> x) {
    std::vector<std::uint8_t> codes(p.subspaces());
    p.encode(x, std::span(codes));
    return codes;
}

std::vector<float> decoded(product_quantizer const& p, std::vector<std::uint8_t> const& codes) {
    std::vector<float> out(p.dims());
    p.decode(codes, out);
    return out;
}

/// |r|^2 + (eta - 1) <r, x>^2 / |x|^2 of the vector that codes stand for, by definition.
double loss(product_quantizer const& p, std::span<float const> x, std::vector<std::uint8_t> const& codes, double eta) {
    auto const y = decoded(p, codes);
    double along = 0, square = 0;
    for (std::size_t i = 0; i < x.size(); ++i) along += (double{x[i]} - double{y[i]}) * double{x[i]}, square += double{x[i]} * double{x[i]};
    return squared_l2_by_definition<float>(x, y).value + (eta - 1) * along * along / square;
}

struct shape {
    std::size_t dims, subspaces;
};
constexpr shape shapes[] = {{1, 1}, {5, 1}, {5, 2}, {7, 7}, {16, 4}, {33, 8}, {100, 13}, {384, 96}, {384, 48}};

}  // namespace

TEST_CASE("a product code has the nearest centroid of each subspace", "[quantize][product]") {
    for (auto const [d, m] : shapes) {
        auto const p = quantizer_of(d, m);
        auto const books = p.codebooks();
        CHECK(p.first_dim(m) == d);
        for (std::uint64_t seed = 0; seed < 5; ++seed) {
            auto const x = unit_vector(d, 50 * d + seed);
            auto const codes = codes_of(p, x);
            auto const y = decoded(p, codes);
            for (std::size_t s = 0; s < m; ++s) {
                CAPTURE(d, m, seed, s);
                std::size_t const at = p.first_dim(s), width = p.subspace_dims(s);
                auto const part = std::span<float const>(x).subspan(at, width);
                auto const centroid = [&](std::size_t k) { return std::span<float const>(books).subspan(16 * at + k * width, width); };
                for (std::size_t i = 0; i < width; ++i) REQUIRE(y[at + i] == centroid(codes[s])[i]);
                for (std::size_t k = 0; k < 16; ++k)
                    REQUIRE(squared_l2_by_definition(part, centroid(codes[s])).value <=
                            squared_l2_by_definition(part, centroid(k)).value + 1e-6);
            }
        }
    }
}

TEST_CASE("the tables of a query give the inner product with what a code stands for", "[quantize][product]") {
    for (auto const [d, m] : shapes) {
        auto const p = quantizer_of(d, m);
        auto const q = normal_vector(d, d + 7);
        auto const tables = p.tables(q);
        REQUIRE(tables.steps.size() == 16 * p.groups());
        REQUIRE(p.groups() % 4 == 0);
        CHECK(*std::max_element(tables.steps.begin(), tables.steps.end()) == 127);
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
            auto const codes = codes_of(p, unit_vector(d, seed));
            auto const exact = dot_by_definition<float>(q, decoded(p, codes));
            double const rounding = error_factor(static_cast<double>(d)) * exact.magnitude;
            std::size_t sum = 0;
            for (std::size_t s = 0; s < m; ++s) sum += tables.steps[16 * s + codes[s]];
            CAPTURE(d, m, seed);
            CHECK(std::abs(double{p.estimate(tables, codes)} - exact.value) <= rounding + 1e-7);
            CHECK(std::abs(double{tables.step} * static_cast<double>(sum) + double{tables.bias} - exact.value) <=
                  1.0001 * static_cast<double>(m) * double{tables.step} / 2 + rounding + 1e-6);
        }
        for (std::size_t s = 16 * m; s < 16 * p.groups(); ++s) CHECK(tables.steps[s] == 0);
    }
    std::vector<float> const zero(8, 0.0F);
    CHECK(quantizer_of(8, 2).tables(zero).step == 0);
}

TEST_CASE("with a threshold no change of one code makes the weighted error smaller", "[quantize][product]") {
    CHECK(std::abs(quantizer_of(100, 25, 0.2F).eta() - 4.125) < 1e-6);  // Guo et al., section 3
    CHECK(quantizer_of(100, 25).eta() == 1);
    CHECK(quantizer_of(2, 1, 0.2F).eta() == 1);
    double gained = 0;
    for (auto const [d, m] : {shape{8, 4}, shape{33, 8}, shape{100, 13}}) {
        auto const plain = quantizer_of(d, m), weighted = quantizer_of(d, m, 0.3F);
        double const eta = static_cast<double>(d - 1) * double{0.3F} * double{0.3F} / (1 - double{0.3F} * double{0.3F});
        REQUIRE(std::abs(weighted.eta() - std::max(1.0, eta)) < 1e-9 * eta);
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
            auto x = unit_vector(d, seed + d);
            for (float& v : x) v *= 0.5F;
            auto const before = codes_of(plain, x);
            auto codes = codes_of(weighted, x);
            double const least = loss(weighted, x, codes, weighted.eta()), start = loss(weighted, x, before, weighted.eta());
            CAPTURE(d, m, seed);
            REQUIRE(least <= start + 1e-5);
            gained += (start - least) / start;
            for (std::size_t s = 0; s < m; ++s) {
                auto const kept = codes[s];
                for (std::uint8_t k = 0; k < 16; ++k) {
                    codes[s] = k;
                    REQUIRE(loss(weighted, x, codes, weighted.eta()) >= least - 1e-5);
                }
                codes[s] = kept;
            }
        }
    }
    CHECK(gained > 5);  // of 60
    std::vector<float> const zero(33, 0.0F);
    CHECK(codes_of(quantizer_of(33, 8, 0.3F), zero) == codes_of(quantizer_of(33, 8), zero));
}

TEST_CASE("a product quantizer is the same after its bytes were written and read", "[quantize][product]") {
    auto const p = quantizer_of(19, 6, 0.25F);
    auto const bytes = p.to_bytes();
    CHECK(bytes.size() == 16 + 4 * 16 * 19);
    CHECK(bytes[4] == std::byte{19});
    CHECK(bytes[8] == std::byte{6});
    auto const again = product_quantizer::from_bytes(bytes);
    CHECK(again.to_bytes() == bytes);
    CHECK(again.threshold() == 0.25F);
    CHECK(again.subspaces() == 6);
    auto const x = unit_vector(19, 1);
    CHECK(codes_of(again, x) == codes_of(p, x));
}

TEST_CASE("damaged bytes of a product quantizer are refused", "[quantize][product]") {
    auto const good = quantizer_of(5, 2).to_bytes();
    auto const refused = [](std::vector<std::byte> const& bytes) { return outcome([&] { return product_quantizer::from_bytes(bytes); }); };
    for (std::size_t n = 0; n < good.size(); ++n)
        REQUIRE(refused({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n)}) == "truncated_file");
    auto const with = [&](std::size_t at, std::uint32_t word) {
        auto bytes = good;
        for (std::size_t b = 0; b < 4; ++b) bytes[at + b] = static_cast<std::byte>(word >> (8 * b) & 255U);
        return refused(bytes);
    };
    CHECK(with(0, 1) == "ok");
    CHECK(with(0, 2) == "unsupported_version");
    CHECK(with(4, 0) == "corrupt_file");
    CHECK(with(4, 4) == "corrupt_file");
    CHECK(with(4, 6) == "truncated_file");
    CHECK(with(4, 0xFFFFFFFFU) == "corrupt_file");
    CHECK(with(8, 0) == "corrupt_file");
    CHECK(with(8, 6) == "corrupt_file");
    CHECK(with(12, 0x3F800000U) == "corrupt_file");  // threshold 1
    CHECK(with(12, 0x7FC00000U) == "corrupt_file");
    CHECK(with(20, 0x7F800000U) == "corrupt_file");
    auto longer = good;
    longer.push_back(std::byte{0});
    CHECK(refused(longer) == "corrupt_file");
}

TEST_CASE("a product quantizer refuses shapes and values that make no codebooks", "[quantize][product]") {
    auto const books = normal_vector(16 * 4, 1);
    CHECK(outcome([&] { return product_quantizer(4, 2, books); }) == "ok");
    CHECK(outcome([&] { return product_quantizer(0, 1, {}); }) == "out_of_range");
    CHECK(outcome([&] { return product_quantizer(4, 0, books); }) == "out_of_range");
    CHECK(message([&] { return product_quantizer(4, 5, books); }) == "subspaces must be 1 .. 4, got 5");
    CHECK(outcome([&] { return product_quantizer(3, 2, books); }) == "invalid_argument");
    CHECK(outcome([&] { return product_quantizer(4, 2, books, 1.0F); }) == "invalid_argument");
    CHECK(outcome([&] { return product_quantizer(4, 2, books, -0.1F); }) == "invalid_argument");
    auto bad = books;
    bad[63] = std::numeric_limits<float>::quiet_NaN();
    CHECK(outcome([&] { return product_quantizer(4, 2, bad); }) == "not_finite");
}

TEST_CASE("a block of product codes is scored within half a step of each table", "[quantize][product]") {
    for (auto const [d, m] : shapes)
        for (auto const scale : {product_scale::plain, product_scale::exact_along}) {
            auto const p = quantizer_of(d, m);
            product_codec const codec(p, scale);
            std::vector<std::byte> block(codec.block_bytes(), std::byte{0});
            REQUIRE(block.size() == 16 * p.groups() + 64);
            for (std::size_t slot = 0; slot < block_rows; ++slot) codec.encode(unit_vector(d, 99 * d + slot), block.data(), slot);
            auto const q = unit_vector(d, d + 5);
            quantize::block_scores scores, doubled;
            auto const mask = codec.scan(codec.prepare(q, 1.0F), block.data(), 0.1F, scores);
            for (std::size_t r = 0; r < block_rows; ++r) CHECK((mask >> r & 1U) == (scores[r] >= 0.1F ? 1U : 0U));
            static_cast<void>(codec.scan(codec.prepare(q, 2.0F), block.data(), 0.0F, doubled));
            double const step = double{p.tables(q).step};
            for (std::size_t slot = 0; slot < block_rows; ++slot) {
                auto const x = unit_vector(d, 99 * d + slot);
                auto const codes = codes_of(p, x);
                auto const y = decoded(p, codes);
                double const along = dot_by_definition<float>(x, y).value;
                double const wanted = scale == product_scale::plain ? 1.0 : along > 0 ? 1 / along : 0.0;
                CAPTURE(d, m, slot, wanted);
                CHECK(std::abs(double{codec.factor(block.data(), slot)} - wanted) <= 0x1p-11 * wanted + 1e-6 * wanted * wanted);
                double const exact = dot_by_definition<float>(q, y).value;
                CHECK(std::abs(double{scores[slot]} - wanted * exact) <=
                      wanted * (1.01 * static_cast<double>(m) * step / 2 + 1e-3 * std::abs(exact) + 1e-5) + 1e-5 * wanted * wanted);
                CHECK(std::abs(doubled[slot] - 2 * scores[slot]) <= 1e-6F * std::abs(doubled[slot]));
            }
            CHECK(codec.well_formed(block.data(), block_rows));
        }
    CHECK(product_codec(quantizer_of(16, 4)).block_bytes() == product_codec(quantizer_of(16, 2)).block_bytes());
}

TEST_CASE("product codes are scaled by themselves from one bit a dim on", "[quantize][product]") {
    auto const x = unit_vector(64, 3);
    for (std::size_t const m : {16U, 15U}) {
        product_codec const codec(quantizer_of(64, m));
        std::vector<std::byte> block(codec.block_bytes(), std::byte{0});
        codec.encode(x, block.data(), 4);
        CHECK((codec.factor(block.data(), 4) == 1) == (m == 15));
    }
}

TEST_CASE("the product codec moves, decodes and clears single rows and leaves the others alone", "[quantize][product]") {
    std::size_t const d = 37, m = 10;
    product_codec const codec(quantizer_of(d, m));
    std::vector<std::byte> block(codec.block_bytes()), other(codec.block_bytes());
    std::vector<std::vector<float>> rows(block_rows, std::vector<float>(d));
    for (std::size_t slot = 0; slot < block_rows; ++slot) {
        auto const x = unit_vector(d, slot);
        codec.encode(unit_vector(d, slot + 5000), block.data(), slot);  // over an older code
        codec.encode(x, block.data(), slot);
        codec.decode(block.data(), slot, rows[slot]);
        auto const y = decoded(codec.quantizer(), codes_of(codec.quantizer(), x));
        CHECK(rows[slot] == y);
    }
    codec.move(block.data(), 5, other.data(), 31);
    codec.move(block.data(), 31, block.data(), 2);
    codec.clear(block.data(), 31);
    std::vector<float> out(d);
    for (std::size_t slot = 0; slot < block_rows; ++slot) {
        codec.decode(block.data(), slot, out);
        CHECK(out == (slot == 31 ? std::vector<float>(d, 0.0F) : rows[slot == 2 ? 31 : slot]));
    }
    codec.decode(other.data(), 31, out);
    CHECK(out == rows[5]);

    codec.encode(std::vector<float>(d, 0.0F), block.data(), 7);
    quantize::block_scores scores;
    static_cast<void>(codec.scan(codec.prepare(unit_vector(d, 1), 1.0F), block.data(), 0.0F, scores));
    CHECK(scores[7] == 0);
    codec.decode(block.data(), 7, out);
    CHECK(out == std::vector<float>(d, 0.0F));

    for (std::size_t slot = 0; slot < block_rows; ++slot) codec.clear(block.data(), slot);
    CHECK(block == std::vector<std::byte>(codec.block_bytes()));
    std::memset(block.data() + codec.block_bytes() - 64 + 2 * 2, 0xFF, 2);  // NaN in slot 2
    CHECK(codec.well_formed(block.data(), 2));
    CHECK(!codec.well_formed(block.data(), 3));
}
