// SPDX-License-Identifier: Apache-2.0
#include <simile/quantize/planes.hpp>

#include <simile/quantize/int8.hpp>

#include "support/reference.hpp"
#include "support/reference_planes.hpp"

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <bit>
#include <limits>

using namespace simile;
using namespace simile::test;
using quantize::block_scores;
using quantize::planes_1_3_4;
using quantize::planes_1_3_4_4;
using quantize::planes_2_2_4;

namespace {

constexpr float nothing_below = -std::numeric_limits<float>::infinity();

template <class Codec>
struct plane_block {
    explicit plane_block(Codec const& codec) {
        for (unsigned p = 0; p < Codec::levels; ++p) bytes[p].resize(codec.block_bytes(p));
    }
    typename Codec::mutable_planes writable() {
        typename Codec::mutable_planes out{};
        for (unsigned p = 0; p < Codec::levels; ++p) out[p] = bytes[p].data();
        return out;
    }
    typename Codec::planes view() const {
        typename Codec::planes out{};
        for (unsigned p = 0; p < Codec::levels; ++p) out[p] = bytes[p].data();
        return out;
    }
    std::array<std::vector<std::byte>, Codec::levels> bytes;
};

template <class Codec>
void encode(Codec const& codec, std::span<float const> x, plane_block<Codec>& block, std::size_t slot) {
    std::vector<typename Codec::integer> scratch(codec.dims());
    codec.encode(x, block.writable(), slot, scratch);
}

std::vector<std::size_t> const some_dims{1, 2, 3, 4, 5, 15, 16, 17, 31, 33, 64, 100, 127, 128, 129, 384, 512, 1027};

}  // namespace

TEST_CASE("planes at 384 dims take 50, 146 and 196 bytes a row, and the other kinds as many a bit", "[quantize][planes]") {
    planes_1_3_4 const codec(384);
    CHECK(codec.block_bytes(0) == 50 * 32);
    CHECK(codec.block_bytes(1) == 146 * 32);
    CHECK(codec.block_bytes(2) == 196 * 32);
    planes_2_2_4 const two(384);
    CHECK(two.block_bytes(0) == 98 * 32);
    CHECK(two.block_bytes(1) == 98 * 32);
    CHECK(two.block_bytes(2) == 196 * 32);
    planes_1_3_4_4 const twelve(384);
    CHECK(twelve.block_bytes(0) == 50 * 32);
    CHECK(twelve.block_bytes(1) == 146 * 32);
    CHECK(twelve.block_bytes(2) == 196 * 32);
    CHECK(twelve.block_bytes(3) == 196 * 32);
    CHECK((planes_1_3_4_4::bits(1) == 1 && planes_1_3_4_4::bits(2) == 4 && planes_1_3_4_4::bits(3) == 8 && planes_1_3_4_4::bits(4) == 12));
    CHECK((planes_2_2_4::bits(1) == 2 && planes_2_2_4::bits(2) == 4 && planes_2_2_4::bits(3) == 8));
}

TEMPLATE_TEST_CASE("level 3 of planes gives the scores and directions of int8 to the bit", "[quantize][planes]", planes_1_3_4, planes_2_2_4,
                   planes_1_3_4_4) {
    for (std::size_t const d : some_dims) {
        TestType const planes(d);
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
        static_cast<void>(int8.scan(int8.prepare(q, scale), int8_block.data(), nothing_below, expected));
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

TEMPLATE_TEST_CASE("the factors of planes are their definition, rounded to half up to 4 bits", "[quantize][planes]", planes_1_3_4,
                   planes_2_2_4, planes_1_3_4_4) {
    unsigned const total = TestType::total_bits;
    for (std::size_t const d : some_dims) {
        TestType const codec(d);
        plane_block block(codec);
        for (std::size_t slot = 0; slot < block_rows; ++slot) {
            auto const x = unit_vector(d, d + slot);
            encode(codec, x, block, slot);
            quantize::mid_rise_scaler const scaler(x, total);
            std::vector<int> codes;
            for (float const v : x) codes.push_back(scaler(v));
            for (unsigned p = 0; p < TestType::levels; ++p) {
                auto const stored = static_cast<float>(mid_rise_factor_by_definition(x, codes, TestType::bits(p + 1), total));
                float const rounded_to = TestType::bits(p + 1) > 4 ? stored : simd::to_float(simd::to_half(stored));
                CAPTURE(d, slot, p);
                CHECK(std::abs(codec.factor(block.bytes[p].data(), p, slot) - rounded_to) <=
                      (TestType::bits(p + 1) > 4 ? 0x1p-23F : 0.0F) * stored);
            }
        }
    }
}

TEMPLATE_TEST_CASE("every level of planes estimates with the levels of its upper bits", "[quantize][planes]", planes_1_3_4, planes_2_2_4,
                   planes_1_3_4_4) {
    unsigned const total = TestType::total_bits;
    for (std::size_t const d : some_dims) {
        TestType const codec(d);
        plane_block block(codec);
        auto const q = unit_vector(d, 1234);
        auto const query = codec.prepare(q, 1.0F);
        for (std::size_t slot = 0; slot < block_rows; ++slot) encode(codec, unit_vector(d, d + slot), block, slot);
        for (std::size_t slot = 0; slot < block_rows; ++slot) {
            auto const x = unit_vector(d, d + slot);
            quantize::mid_rise_scaler const scaler(x, total);
            std::int64_t dot = 0;
            for (unsigned level = 1; level <= TestType::levels; ++level) {
                double by_query_codes = 0, magnitude = 0;
                for (std::size_t i = 0; i < d; ++i) {
                    double const w = mid_rise_level(scaler(x[i]), TestType::bits(level), total);
                    bool const fine = TestType::is_fine && level == TestType::levels;
                    double const value = (query.codes.codes[i] + (fine ? query.fine.codes[i] / 256.0 : 0.0)) * double(query.codes.scale);
                    by_query_codes += w * value;
                    magnitude += std::abs(w * value);
                }
                auto const* const plane = block.bytes[level - 1].data();
                double const factor = codec.factor(plane, level - 1, slot);
                CAPTURE(d, slot, level);
                float const score = codec.score(query, block.view(), slot, level);
                CHECK(std::abs(score - factor * by_query_codes) <= 4e-7 * std::abs(factor * by_query_codes) + 1e-12 * factor * magnitude);
                // As the cascade goes: with the integer of the level below.
                dot = level == 1 ? codec.first_dot(query, plane, slot)
                                 : (dot << TestType::plane_bits[level - 1]) + codec.plane_dot(query, plane, level - 1, slot);
                if (!TestType::is_fine || level < TestType::levels) CHECK(codec.score(query, dot, plane, level, slot) == score);
            }
        }
    }
}

TEST_CASE("the gate of planes estimates from the signs of the query, or with two bits as level 1", "[quantize][planes]") {
    for (std::size_t const d : some_dims) {
        auto const q = unit_vector(d, 99);
        planes_1_3_4 const one(d);
        planes_2_2_4 const two(d);
        plane_block ones(one);
        plane_block twos(two);
        std::vector<std::vector<float>> rows;
        for (std::size_t slot = 0; slot < block_rows; ++slot) {
            rows.push_back(unit_vector(d, 3 * d + slot));
            encode(one, rows[slot], ones, slot);
            encode(two, rows[slot], twos, slot);
        }
        auto const first = one.prepare(q, 2.0F);
        auto const second = two.prepare(q, 2.0F);
        block_scores by_signs, by_two;
        auto const mask = one.scan(first, ones.bytes[0].data(), 0.01F, by_signs);
        static_cast<void>(two.scan(second, twos.bytes[0].data(), nothing_below, by_two));
        double mean = 0, left = 0;
        for (std::size_t i = 0; i < d; ++i) mean += std::abs(first.codes.codes[i]) * double(first.codes.scale) / static_cast<double>(d);
        for (std::size_t i = 0; i < d; ++i) left += std::pow(std::abs(first.codes.codes[i]) * double(first.codes.scale) - mean, 2);
        CAPTURE(d);
        CHECK(std::abs(first.sign_scale - mean) <= 1e-6 * mean);
        CHECK(std::abs(first.sign_error - std::sqrt(left)) <= 1e-3 * (std::sqrt(left) + 1e-3));
        for (std::size_t slot = 0; slot < block_rows; ++slot) {
            double expected = 0;
            for (std::size_t i = 0; i < d; ++i) expected += (rows[slot][i] >= 0 ? 0.5 : -0.5) * (first.codes.codes[i] < 0 ? -1.0 : 1.0);
            expected *= mean * double(one.factor(ones.bytes[0].data(), 0, slot));
            CAPTURE(slot);
            CHECK(std::abs(by_signs[slot] - expected) <= 1e-6 * std::abs(expected));
            CHECK((mask >> slot & 1U) == (by_signs[slot] >= 0.01F ? 1U : 0U));
            CHECK(by_two[slot] == two.score(second, twos.view(), slot, 1));
        }
    }
}

TEMPLATE_TEST_CASE("estimates of planes are unbiased and as precise as their number of bits says", "[quantize][planes]", planes_1_3_4,
                   planes_2_2_4, planes_1_3_4_4) {
    std::size_t const d = 384, pairs = 2000;
    TestType const codec(d);
    plane_block block(codec);
    std::array<double, TestType::levels> sum{}, squares{}, deviations{};
    for (std::size_t i = 0; i < pairs; ++i) {
        auto const x = unit_vector(d, i), q = unit_vector(d, 1'000'000 + i);
        encode(codec, x, block, i % block_rows);
        auto const query = codec.prepare(q, 1.0F);
        double const exact = dot_by_definition<float>(x, q).value;
        for (unsigned level = 1; level <= TestType::levels; ++level) {
            double const error = codec.score(query, block.view(), i % block_rows, level) - exact;
            sum[level - 1] += error;
            squares[level - 1] += error * error;
            deviations[level - 1] +=
                double(codec.deviation(codec.factor(block.bytes[level - 1].data(), level - 1, i % block_rows), level, false)) /
                static_cast<double>(pairs);
        }
    }
    // Sign codes of normal vectors: sqrt(pi / 2 - 1) / sqrt(d). Steps of max|x| 2 / 2^K: step / sqrt(12) a component; max|x| of 384 normal ones is
    // about 3.0, and the query's own 8 bits add as much again at 8 bits; at 12 bits the query has 16 and adds nothing.
    for (unsigned level = 1; level <= TestType::levels; ++level) {
        unsigned const bits = TestType::bits(level);
        double const expected = bits == 1   ? 0.7555
                                : bits == 8 ? 3.0 / 127.5 / std::sqrt(6.0)
                                            : 3.0 / (std::ldexp(1.0, static_cast<int>(bits) - 1)) / std::sqrt(12.0);
        double const rms = std::sqrt(squares[level - 1] / static_cast<double>(pairs));
        CAPTURE(level, bits, rms * std::sqrt(double(d)), deviations[level - 1] * std::sqrt(double(d)));
        CHECK(std::abs(sum[level - 1] / static_cast<double>(pairs)) <= 4 * rms / std::sqrt(double(pairs)));
        CHECK(rms * std::sqrt(double(d)) <= 1.12 * expected);
        CHECK(rms * std::sqrt(double(d)) >= 0.8 * expected);
        // What the cascade believes of it; the 8-bit query adds to what it knows of.
        CHECK(deviations[level - 1] <= 1.25 * rms);
        CHECK(deviations[level - 1] >= 0.65 * rms);
    }
}

TEST_CASE("the 16-bit query of 12-bit planes is far more precise than the 8-bit one", "[quantize][planes]") {
    std::size_t const d = 384;
    planes_1_3_4_4 const codec(d);
    plane_block block(codec);
    double coarse = 0, fine = 0;
    for (std::size_t i = 0; i < 500; ++i) {
        auto const x = unit_vector(d, i), q = unit_vector(d, 5000 + i);
        encode(codec, x, block, 7);
        auto query = codec.prepare(q, 1.0F);
        double const exact = dot_by_definition<float>(x, q).value;
        fine += std::pow(codec.score(query, block.view(), 7, 4) - exact, 2);
        std::fill(query.fine.codes.begin(), query.fine.codes.end(), std::int8_t{0});
        std::fill(query.fine_first.begin(), query.fine_first.end(), std::int8_t{0});
        query.fine.sum = 0;
        coarse += std::pow(codec.score(query, block.view(), 7, 4) - exact, 2);
    }
    CHECK(std::sqrt(fine) < std::sqrt(coarse) / 8);
}

TEMPLATE_TEST_CASE("planes decode to the levels of their upper bits times their factor", "[quantize][planes]", planes_1_3_4, planes_2_2_4,
                   planes_1_3_4_4) {
    for (std::size_t const d : some_dims) {
        TestType const codec(d);
        plane_block block(codec);
        auto const x = unit_vector(d, 4 * d);
        encode(codec, x, block, 30);
        quantize::mid_rise_scaler const scaler(x, TestType::total_bits);
        for (unsigned level = 1; level <= TestType::levels; ++level) {
            std::vector<double> w(d);
            for (std::size_t i = 0; i < d; ++i) w[i] = mid_rise_level(scaler(x[i]), TestType::bits(level), TestType::total_bits);
            std::vector<float> out(d);
            codec.decode(block.view(), 30, level, out);
            CAPTURE(d, level);
            double const factor = codec.factor(block.view()[level - 1], level - 1, 30);
            for (std::size_t i = 0; i < d; ++i) CHECK(std::abs(out[i] - factor * w[i]) <= 0x1p-24 * std::abs(factor * w[i]));
        }
    }
}

TEMPLATE_TEST_CASE("planes move and clear single rows and leave the others alone", "[quantize][planes]", planes_1_3_4, planes_2_2_4,
                   planes_1_3_4_4) {
    std::size_t const d = 133;
    TestType const codec(d);
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

TEMPLATE_TEST_CASE("a zero vector in planes scores 0 at every level and a zero query scores everything 0", "[quantize][planes]",
                   planes_1_3_4, planes_2_2_4, planes_1_3_4_4) {
    std::size_t const d = 20;
    TestType const codec(d);
    plane_block block(codec);
    std::vector<float> const zero(d, 0.0F);
    encode(codec, zero, block, 0);
    encode(codec, unit_vector(d, 1), block, 1);
    for (auto const& q : {unit_vector(d, 2), zero}) {
        auto const query = codec.prepare(q, 1.0F);
        block_scores scores;
        static_cast<void>(codec.scan(query, block.bytes[0].data(), nothing_below, scores));
        CHECK(scores[0] == 0);
        if (q == zero) CHECK(scores[1] == 0);
        for (unsigned level = 1; level <= TestType::levels; ++level) {
            CHECK(codec.score(query, block.view(), 0, level) == 0);
            CHECK((codec.score(query, block.view(), 1, level) == 0) == (q == zero));
        }
    }
    std::vector<float> out(d, 1.0F);
    codec.decode(block.view(), 0, TestType::levels, out);
    CHECK(out == zero);
}

TEMPLATE_TEST_CASE("planes see factors that no encoder writes", "[quantize][planes]", planes_1_3_4, planes_2_2_4, planes_1_3_4_4) {
    TestType const codec(10);
    for (unsigned p = 0; p < TestType::levels; ++p) {
        plane_block block(codec);
        for (std::size_t slot = 0; slot < block_rows; ++slot) encode(codec, unit_vector(10, slot), block, slot);
        CHECK(codec.well_formed(block.bytes[p].data(), p, block_rows));
        // The sign bit of the last row's factor.
        block.bytes[p].back() |= std::byte{0x80};
        CHECK(!codec.well_formed(block.bytes[p].data(), p, block_rows));
        CHECK(codec.well_formed(block.bytes[p].data(), p, block_rows - 1));
    }
}
