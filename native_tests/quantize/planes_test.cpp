// SPDX-License-Identifier: Apache-2.0
#include <simile/quantize/planes.hpp>

#include <simile/quantize/int8.hpp>

#include "support/reference.hpp"
#include "support/reference_planes.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <bit>

using namespace simile;
using namespace simile::test;
using quantize::block_scores;
using quantize::planes_codec;

namespace {

struct plane_block {
    explicit plane_block(planes_codec const& codec) {
        for (unsigned p = 0; p < planes_codec::levels; ++p) bytes[p].resize(codec.block_bytes(p));
    }
    planes_codec::mutable_planes writable() { return {bytes[0].data(), bytes[1].data(), bytes[2].data()}; }
    planes_codec::planes view() const { return {bytes[0].data(), bytes[1].data(), bytes[2].data()}; }
    std::array<std::vector<std::byte>, planes_codec::levels> bytes;
};

void encode(planes_codec const& codec, std::span<float const> x, plane_block& block, std::size_t slot) {
    std::vector<std::int8_t> scratch(codec.dims());
    codec.encode(x, block.writable(), slot, scratch);
}

std::vector<std::size_t> const some_dims{1, 2, 3, 4, 5, 15, 16, 17, 31, 33, 64, 100, 127, 128, 129, 384, 512, 1027};

}  // namespace

TEST_CASE("planes at 384 dims take 50, 146 and 196 bytes a row", "[quantize][planes]") {
    planes_codec const codec(384);
    CHECK(codec.block_bytes(0) == 50 * 32);
    CHECK(codec.block_bytes(1) == 146 * 32);
    CHECK(codec.block_bytes(2) == 196 * 32);
}

TEST_CASE("level 3 of planes gives the scores and directions of int8 to the bit", "[quantize][planes]") {
    for (std::size_t const d : some_dims) {
        planes_codec const planes(d);
        quantize::int8_codec const int8(d, similarity_kind::cosine);
        plane_block block(planes);
        std::vector<std::byte> int8_block(int8.block_bytes());
        for (std::size_t slot = 0; slot < block_rows; ++slot) {
            auto const x = unit_vector(d, d + slot);
            encode(planes, x, block, slot);
            int8.encode(x, int8_block.data(), slot);
        }
        auto const q = unit_vector(d, 5);
        auto const scale = 3.7F;
        block_scores expected;
        int8.scan(int8.prepare(q, scale), int8_block.data(), expected);
        auto const query = planes.prepare(q, scale);
        std::vector<float> direction(d), int8_direction(d);
        for (std::size_t slot = 0; slot < block_rows; ++slot) {
            CAPTURE(d, slot);
            CHECK(std::bit_cast<std::uint32_t>(planes.score(query, block.view(), slot, 3)) == std::bit_cast<std::uint32_t>(expected[slot]));
            planes.decode(block.view(), slot, 3, direction);
            int8.decode(int8_block.data(), slot, int8_direction);
            CHECK(direction == int8_direction);
        }
    }
}

TEST_CASE("the factors of planes are their definition, rounded to half for the first two", "[quantize][planes]") {
    for (std::size_t const d : some_dims) {
        planes_codec const codec(d);
        plane_block block(codec);
        for (std::size_t slot = 0; slot < block_rows; ++slot) {
            auto const x = unit_vector(d, d + slot);
            encode(codec, x, block, slot);
            std::vector<std::int8_t> codes(d);
            quantize::mid_rise_encode(x, codes.data());
            std::vector<int> const wide(codes.begin(), codes.end());
            for (unsigned p = 0; p < planes_codec::levels; ++p) {
                double const exact = mid_rise_factor_by_definition(x, wide, planes_codec::bits[p]);
                auto const stored = static_cast<float>(exact);
                CAPTURE(d, slot, p);
                CHECK(codec.factor(block.bytes[p].data(), p, slot) == (p == 2 ? stored : simd::to_float(simd::to_half(stored))));
            }
        }
    }
}

TEST_CASE("every level of planes estimates with the levels of its upper bits", "[quantize][planes]") {
    for (std::size_t const d : some_dims) {
        planes_codec const codec(d);
        plane_block block(codec);
        auto const q = unit_vector(d, 1234);
        auto const query = codec.prepare(q, 1.0F);
        for (std::size_t slot = 0; slot < block_rows; ++slot) encode(codec, unit_vector(d, d + slot), block, slot);
        block_scores level1;
        codec.scan(query, block.bytes[0].data(), level1);
        for (std::size_t slot = 0; slot < block_rows; ++slot) {
            auto const codes = mid_rise_codes(unit_vector(d, d + slot));
            for (unsigned level = 1; level <= 3; ++level) {
                double by_query_codes = 0, by_query = 0, widest = 0;
                for (std::size_t i = 0; i < d; ++i) {
                    double const w = mid_rise_level(codes[i], planes_codec::bits[level - 1]);
                    by_query_codes += w * query.codes.codes[i] * double(query.codes.scale);
                    by_query += w * double(q[i]);
                    if (i % 4 == 0) {
                        double reach = 0;
                        for (std::size_t j = i; j < std::min(i + 4, d); ++j) reach += std::abs(double(q[j]));
                        widest = std::max(widest, reach);
                    }
                }
                double const factor = codec.factor(block.bytes[level - 1].data(), level - 1, slot);
                CAPTURE(d, slot, level);
                if (level == 1) {
                    // Each of the d / 4 table entries is off by half a step of widest / 127 at most.
                    double const bound = factor * (std::ceil(static_cast<double>(d) / 4) * 0.5 * widest / 127 * 1.001 + 1e-6);
                    CHECK(std::abs(level1[slot] - factor * by_query) <= bound);
                } else {
                    CHECK(std::abs(codec.score(query, block.view(), slot, level) - factor * by_query_codes) <= 4e-7 * std::abs(factor * by_query_codes) + 1e-30);
                }
            }
        }
    }
}

TEST_CASE("estimates of planes are unbiased and as precise as their number of bits says", "[quantize][planes]") {
    std::size_t const d = 384, pairs = 4000;
    planes_codec const codec(d);
    plane_block block(codec);
    std::array<double, 3> sum{}, squares{};
    for (std::size_t i = 0; i < pairs; ++i) {
        auto const x = unit_vector(d, i), q = unit_vector(d, 1'000'000 + i);
        encode(codec, x, block, i % block_rows);
        auto const query = codec.prepare(q, 1.0F);
        block_scores scores;
        codec.scan(query, block.bytes[0].data(), scores);
        double const exact = dot_by_definition<float>(x, q).value;
        for (unsigned level = 1; level <= 3; ++level) {
            double const error = (level == 1 ? scores[i % block_rows] : codec.score(query, block.view(), i % block_rows, level)) - exact;
            sum[level - 1] += error;
            squares[level - 1] += error * error;
        }
    }
    // Sign codes of normal vectors: sqrt(pi / 2 - 1) / sqrt(d). Steps of max|x| 2 / 2^K: step / sqrt(12) a component; max|x| of 384 normal ones is
    // about 3.0, and the query's own 8 bits add as much again at level 3.
    std::array<double, 3> const expected{0.7555, 3.0 / 8 / std::sqrt(12.0), 3.0 / 127.5 / std::sqrt(6.0)};
    for (unsigned level = 1; level <= 3; ++level) {
        double const rms = std::sqrt(squares[level - 1] / pairs);
        CAPTURE(level, rms * std::sqrt(double(d)));
        CHECK(std::abs(sum[level - 1] / pairs) <= 4 * rms / std::sqrt(double(pairs)));
        CHECK(rms * std::sqrt(double(d)) <= 1.1 * expected[level - 1]);
        CHECK(rms * std::sqrt(double(d)) >= 0.85 * expected[level - 1]);
    }
}

TEST_CASE("planes move and clear single rows and leave the others alone", "[quantize][planes]") {
    std::size_t const d = 133;
    planes_codec const codec(d);
    plane_block block(codec), other(codec), expected(codec);
    for (std::size_t slot = 0; slot < block_rows; ++slot) encode(codec, unit_vector(d, slot), block, slot);
    // Row 20 over row 3, then slots 20 and 31 emptied; the same block written afresh must have the same bytes.
    codec.move(block.view(), 20, block.writable(), 3);
    codec.clear(block.writable(), 20);
    codec.move(block.view(), 31, other.writable(), 0);
    codec.clear(block.writable(), 31);
    for (std::size_t slot = 0; slot < block_rows; ++slot)
        if (slot != 20 && slot != 31) encode(codec, unit_vector(d, slot == 3 ? 20 : slot), expected, slot);
    CHECK(block.bytes == expected.bytes);

    plane_block first(codec);
    encode(codec, unit_vector(d, 31), first, 0);
    CHECK(other.bytes == first.bytes);
    encode(codec, unit_vector(d, 8), other, 0);  // over the old row
    plane_block second(codec);
    encode(codec, unit_vector(d, 8), second, 0);
    CHECK(other.bytes == second.bytes);
}

TEST_CASE("a zero vector in planes scores 0 at every level and a zero query scores everything 0", "[quantize][planes]") {
    std::size_t const d = 20;
    planes_codec const codec(d);
    plane_block block(codec);
    std::vector<float> const zero(d, 0.0F);
    encode(codec, zero, block, 0);
    encode(codec, unit_vector(d, 1), block, 1);
    for (auto const& q : {unit_vector(d, 2), zero}) {
        auto const query = codec.prepare(q, 1.0F);
        block_scores scores;
        codec.scan(query, block.bytes[0].data(), scores);
        CHECK(scores[0] == 0);
        CHECK(codec.score(query, block.view(), 0, 2) == 0);
        CHECK(codec.score(query, block.view(), 0, 3) == 0);
        if (q == zero) CHECK((scores[1] == 0 && codec.score(query, block.view(), 1, 2) == 0));
    }
    std::vector<float> out(d, 1.0F);
    codec.decode(block.view(), 0, 3, out);
    CHECK(out == zero);
}

TEST_CASE("planes see factors that no encoder writes", "[quantize][planes]") {
    planes_codec const codec(10);
    for (unsigned p = 0; p < planes_codec::levels; ++p) {
        plane_block block(codec);
        for (std::size_t slot = 0; slot < block_rows; ++slot) encode(codec, unit_vector(10, slot), block, slot);
        CHECK(codec.well_formed(block.bytes[p].data(), p, block_rows));
        // The sign bit of the last row's factor.
        block.bytes[p].back() |= std::byte{0x80};
        CHECK(!codec.well_formed(block.bytes[p].data(), p, block_rows));
        CHECK(codec.well_formed(block.bytes[p].data(), p, block_rows - 1));
    }
}
