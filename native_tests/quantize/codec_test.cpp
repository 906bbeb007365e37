// SPDX-License-Identifier: Apache-2.0
#include <simile/quantize/codec.hpp>
#include <simile/quantize/int8.hpp>
#include <simile/quantize/raw.hpp>

#include "support/reference.hpp"

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cstring>
#include <limits>

using namespace simile;
using namespace simile::test;
using quantize::block_scores;

namespace {

// What the docstrings of the codecs promise for |score - <x, q>| of unit vectors.
template <class Codec>
double error_of(std::size_t d, std::span<float const> x, std::span<float const> q) {
    double const sum = error_factor(std::ceil(static_cast<double>(d) / 16) + 6) * dot_by_definition<float>(x, q).magnitude;
    if constexpr (Codec::kind == codec_kind::f32) return sum;
    // Halves below 2^-14 have a fixed step of 2^-24.
    if constexpr (Codec::kind == codec_kind::f16) return 1.001 * sum + 0x1p-11 + static_cast<double>(d) * 0x1p-25;
    // Half a step of either side in each product: max|x| / 255 |q_i| + max|q| / 254 |x_i|.
    auto const largest = [](std::span<float const> v) {
        double most = 0;
        for (float const e : v) most = std::max(most, std::abs(double(e)));
        return most;
    };
    double l1_x = 0, l1_q = 0;
    for (std::size_t i = 0; i < d; ++i) {
        l1_x += std::abs(double(x[i]));
        l1_q += std::abs(double(q[i]));
    }
    double const worst = largest(x) / 255 * l1_q + largest(q) / 254 * l1_x;
    return 1.1 * worst + static_cast<double>(d) * largest(x) / 255 * largest(q) / 254;
}

// Of one component of a unit vector: half a step of the largest code, or half a unit in the last place.
template <class Codec>
constexpr float component_error = Codec::kind == codec_kind::f32   ? 0.0F
                                  : Codec::kind == codec_kind::f16 ? 0x1p-12F
                                                                   : 1.3F / 255;

}  // namespace

TEST_CASE("the codecs have the numbers of the file and their names", "[quantize][codec]") {
    CHECK(static_cast<int>(codec_kind::f32) == 1);
    CHECK(static_cast<int>(codec_kind::planes) == 4);
    CHECK(static_cast<int>(codec_kind::planes2) == 5);
    CHECK(static_cast<int>(codec_kind::planes12) == 6);
    CHECK(to_string(codec_kind::f16) == "f16");
    CHECK(to_string(codec_kind::planes12) == "planes12");
    CHECK(static_cast<int>(codec_kind::bf16) == 7);
    CHECK(static_cast<int>(codec_kind::integer) == 8);
    CHECK(static_cast<int>(codec_kind::product) == 9);
    CHECK(to_string(codec_kind::product) == "product");
    CHECK(static_cast<int>(codec_kind::eden) == 10);
    CHECK(to_string(codec_kind::eden) == "eden");
    CHECK(static_cast<int>(codec_kind::refined) == 11);
    CHECK(to_string(codec_kind::refined) == "refined");
    CHECK(to_string(static_cast<codec_kind>(12)) == "unknown");
}

TEMPLATE_TEST_CASE("a codec scores every row of a block within its documented error", "[quantize][codec]", quantize::f32_codec,
                   quantize::f16_codec, quantize::int8_codec) {
    for (std::size_t const d : {std::size_t{1}, std::size_t{2}, std::size_t{15}, std::size_t{16}, std::size_t{17}, std::size_t{63},
                                std::size_t{100}, std::size_t{384}, std::size_t{1027}}) {
        TestType const codec(d, similarity_kind::cosine);
        std::vector<std::byte> block(codec.block_bytes());
        std::vector<std::vector<float>> rows;
        for (std::size_t slot = 0; slot < block_rows; ++slot) {
            rows.push_back(unit_vector(d, 100 * d + slot));
            codec.encode(rows[slot], block.data(), slot);
        }
        auto const q = unit_vector(d, d + 7777);
        block_scores scores, scaled;
        auto const mask = codec.scan(codec.prepare(q, 1.0F), block.data(), 0.01F, scores);
        CHECK(codec.scan(codec.prepare(q, 4.0F), block.data(), -std::numeric_limits<float>::infinity(), scaled) == ~std::uint32_t{0});
        for (std::size_t slot = 0; slot < block_rows; ++slot) {
            CAPTURE(d, slot);
            CHECK(std::abs(scores[slot] - dot_by_definition<float>(rows[slot], q).value) <= error_of<TestType>(d, rows[slot], q));
            CHECK(scaled[slot] == 4 * scores[slot]);
            CHECK((mask >> slot & 1U) == (scores[slot] >= 0.01F ? 1U : 0U));
        }
        CHECK(codec.well_formed(block.data(), block_rows));
    }
}

TEMPLATE_TEST_CASE("a tile of queries has the scores of its queries one by one, to the bit", "[quantize][codec]", quantize::f32_codec,
                   quantize::f16_codec, quantize::int8_codec) {
    for (similarity_kind const similarity : {similarity_kind::cosine, similarity_kind::squared_l2})
        for (std::size_t const d : {std::size_t{1}, std::size_t{5}, std::size_t{16}, std::size_t{33}, std::size_t{100}, std::size_t{384}})
            for (std::size_t const count : {std::size_t{1}, std::size_t{7}, std::size_t{8}}) {
                TestType const codec(d, similarity);
                std::vector<std::byte> block(codec.block_bytes());
                for (std::size_t slot = 0; slot < block_rows; ++slot) codec.encode(unit_vector(d, slot), block.data(), slot);
                std::vector<typename TestType::query> queries;
                for (std::size_t i = 0; i < count; ++i)
                    queries.push_back(codec.prepare(unit_vector(d, 500 + i), 1.0F + static_cast<float>(i)));
                quantize::tile_floats thresholds{};
                for (std::size_t i = 0; i < count; ++i) thresholds[i] = 0.05F * static_cast<float>(i) - 0.1F;
                quantize::tile_scores scores;
                quantize::tile_masks masks;
                codec.scan_tile(codec.prepare_tile(queries), block.data(), thresholds, scores, masks);
                for (std::size_t i = 0; i < count; ++i) {
                    block_scores alone;
                    CAPTURE(to_string(similarity), d, count, i);
                    CHECK(masks[i] == codec.scan(queries[i], block.data(), thresholds[i], alone));
                    CHECK(std::memcmp(scores[i].data(), alone.data(), sizeof(alone)) == 0);
                }
            }
}

TEMPLATE_TEST_CASE("a codec moves, decodes and clears single rows and leaves the others alone", "[quantize][codec]", quantize::f32_codec,
                   quantize::f16_codec, quantize::int8_codec) {
    std::size_t const d = 37;
    TestType const codec(d, similarity_kind::cosine);
    std::vector<std::byte> block(codec.block_bytes()), other(codec.block_bytes());
    std::vector<std::vector<float>> decoded(block_rows, std::vector<float>(d));
    for (std::size_t slot = 0; slot < block_rows; ++slot) {
        codec.encode(unit_vector(d, slot), block.data(), slot);
        codec.decode(block.data(), slot, decoded[slot]);
        auto const x = unit_vector(d, slot);
        for (std::size_t i = 0; i < d; ++i) CHECK(std::abs(decoded[slot][i] - x[i]) <= component_error<TestType>);
    }
    codec.move(block.data(), 5, other.data(), 31);
    codec.move(block.data(), 31, block.data(), 2);
    codec.clear(block.data(), 31);
    std::vector<float> out(d);
    for (std::size_t slot = 0; slot < block_rows; ++slot) {
        codec.decode(block.data(), slot, out);
        CHECK(out == (slot == 31 ? std::vector<float>(d, 0.0F) : decoded[slot == 2 ? 31 : slot]));
    }
    codec.decode(other.data(), 31, out);
    CHECK(out == decoded[5]);

    // A cleared block is as it was before anything was written.
    for (std::size_t slot = 0; slot < block_rows; ++slot) codec.clear(block.data(), slot);
    CHECK(block == std::vector<std::byte>(codec.block_bytes()));
}

TEMPLATE_TEST_CASE("a codec sees numbers in a block that no encoder writes", "[quantize][codec]", quantize::f32_codec, quantize::f16_codec,
                   quantize::int8_codec) {
    std::size_t const d = 3;
    TestType const codec(d, similarity_kind::cosine);
    std::vector<std::byte> block(codec.block_bytes());
    for (std::size_t slot = 0; slot < block_rows; ++slot) codec.encode(unit_vector(d, slot), block.data(), slot);
    // The last number of slot 2: an element, or for int8 the factor.
    std::size_t const size = TestType::kind == codec_kind::f16 ? 2 : 4;
    std::size_t const at = TestType::kind == codec_kind::int8 ? block_rows * (d + 1) + 2 * size : (2 * d + d - 1) * size;
    std::memset(block.data() + at, 0xFF, size);  // a NaN in each of the types
    CHECK(!codec.well_formed(block.data(), block_rows));
    CHECK(!codec.well_formed(block.data(), 3));
    CHECK(codec.well_formed(block.data(), 2));
}

TEST_CASE("f32 under squared_l2 scores the negated distance itself, without cancellation", "[quantize][raw]") {
    std::size_t const d = 65;
    quantize::f32_codec const codec(d, similarity_kind::squared_l2);
    std::vector<std::byte> block(codec.block_bytes());
    std::vector<float> const x(d, 1000.0F), q(d, std::nextafter(1000.0F, 2000.0F));
    codec.encode(x, block.data(), 0);
    block_scores scores;
    static_cast<void>(codec.scan(codec.prepare(q, 1.0F), block.data(), 0.0F, scores));
    double const exact = squared_l2_by_definition<float>(x, q).value;
    CHECK(std::abs(-double(scores[0]) - exact) <= error_factor(11) * exact);
    CHECK(exact > 0);
}
