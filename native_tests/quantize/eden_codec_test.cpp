// SPDX-License-Identifier: Apache-2.0
#include <simile/quantize/eden_codec.hpp>

#include <simile/index/file.hpp>
#include <simile/quantize/rabitq.hpp>

#include "support/clustered.hpp"
#include "support/embeddings.hpp"
#include "support/errors.hpp"
#include "support/file_surgery.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstring>
#include <limits>

using namespace simile;
using namespace simile::test;
using quantize::eden_codec;
using quantize::eden_scale;

namespace {

struct pair_errors {
    double rms = 0, bias = 0, deviation_of_bias = 0;
};
/// Errors of estimate(row, query) for rows and queries that point anywhere, times sqrt(d).
template <class Encode>
pair_errors errors_of(std::size_t d, Encode encode) {
    std::size_t const blocks = 4, queries = 60;
    std::vector<float> rows;
    for (std::size_t i = 0; i < blocks * block_rows; ++i) {
        auto const x = unit_vector(d, i);
        rows.insert(rows.end(), x.begin(), x.end());
    }
    auto estimate = encode(rows);
    double sum = 0, squares = 0;
    for (std::size_t k = 0; k < queries; ++k) {
        auto const q = unit_vector(d, 1'000'000 + k);
        for (std::size_t i = 0; i < blocks * block_rows; ++i) {
            double const error = estimate(i, q) - dot_by_definition<float>(std::span(rows).subspan(i * d, d), q).value;
            sum += error;
            squares += error * error;
        }
    }
    auto const n = static_cast<double>(blocks * block_rows * queries);
    double const rms = std::sqrt(squares / n);
    return {rms * std::sqrt(static_cast<double>(d)), sum / n, rms / std::sqrt(n)};
}

}  // namespace

TEST_CASE("the eden codec scores a block as its table says", "[quantize][eden]") {
    for (std::size_t const d : {1U, 2U, 3U, 31U, 64U, 100U, 384U})
        for (unsigned bits = 1; bits <= 4; ++bits)
            for (eden_scale const scale : {eden_scale::unbiased, eden_scale::least_squares}) {
                eden_codec codec(d, bits, scale);
                quantize::lloyd_max_encoder const encoder(bits, d < 3 ? 0 : d);
                std::vector<std::byte> block(codec.block_bytes());
                CHECK(block.size() == (d + 31) / 32 * 128 * bits + 64);
                auto const q = unit_vector(d, 999);
                std::vector<double> expected;
                for (std::size_t r = 0; r < block_rows; ++r) {
                    auto const x = unit_vector(d, 7 * d + r);
                    codec.encode(x, block.data(), r);
                    std::vector<std::uint8_t> codes(d);
                    float const s = scale == eden_scale::unbiased ? encoder.encode(x, codes) : encoder.encode_least_squares(x, codes);
                    expected.push_back(encoder.estimate(codes, s, q));
                    std::vector<float> decoded(d);
                    codec.decode(block.data(), r, decoded);
                    for (std::size_t i = 0; i < d; ++i)
                        CHECK(std::abs(decoded[i] - s * static_cast<float>(encoder.table().levels[codes[i]])) <=
                              0x1p-11F * std::abs(decoded[i]));
                }
                quantize::block_scores scores;
                auto const mask = codec.scan(codec.prepare(q, 2.0F), block.data(), 0.1F, scores);
                double length = 0;
                for (float const v : q) length += std::abs(double(v));
                for (std::size_t r = 0; r < block_rows; ++r) {
                    CAPTURE(d, bits, r);
                    // Half a step of the query, 1/254 of its largest value, against levels; and half a unit of a half factor.
                    CHECK(std::abs(double(scores[r]) - 2 * expected[r]) <= 2 * (2.0 * std::sqrt(double(d)) / 254 + 0x1p-11 * length));
                    CHECK((mask >> r & 1U) == (scores[r] >= 0.1F ? 1U : 0U));
                }
                CHECK(codec.well_formed(block.data(), block_rows));
            }
}

TEST_CASE("a tile of queries has the scores of its queries one by one with eden codes", "[quantize][eden]") {
    for (std::size_t const d : {5U, 64U, 130U})
        for (unsigned bits = 1; bits <= 4; ++bits)
            for (std::size_t const count : {1U, 3U, 8U}) {
                eden_codec codec(d, bits);
                std::vector<std::byte> block(codec.block_bytes());
                for (std::size_t r = 0; r < block_rows; ++r) codec.encode(unit_vector(d, r), block.data(), r);
                std::vector<eden_codec::query> queries;
                for (std::size_t i = 0; i < count; ++i)
                    queries.push_back(codec.prepare(unit_vector(d, 50 + i), 1.0F + static_cast<float>(i)));
                quantize::tile_floats const thresholds{0.0F, 0.1F, -0.1F};
                quantize::tile_scores scores;
                quantize::tile_masks masks;
                codec.scan_tile(codec.prepare_tile(queries), block.data(), thresholds, scores, masks);
                for (std::size_t i = 0; i < count; ++i) {
                    quantize::block_scores alone;
                    CHECK(masks[i] == codec.scan(queries[i], block.data(), thresholds[i], alone));
                    CHECK(std::memcmp(scores[i].data(), alone.data(), sizeof(alone)) == 0);
                }
            }
}

TEST_CASE("eden estimates err no more than those of RaBitQ with as many bits, and less with four", "[quantize][eden]") {
    std::size_t const d = 384;
    constexpr double documented[]{0.75, 0.36, 0.184, 0.096};
    for (unsigned bits = 1; bits <= 4; ++bits) {
        auto const eden = errors_of(d, [&](std::vector<float> const& rows) {
            auto blocks = std::vector<std::vector<std::byte>>();
            eden_codec codec(d, bits);
            for (std::size_t i = 0; i < rows.size() / d; ++i) {
                if (i % block_rows == 0) blocks.emplace_back(codec.block_bytes());
                codec.encode(std::span(rows).subspan(i * d, d), blocks.back().data(), i % block_rows);
            }
            return [=, scores = quantize::block_scores{}](std::size_t i, std::span<float const> q) mutable {
                if (i % block_rows == 0) static_cast<void>(codec.scan(codec.prepare(q, 1), blocks[i / block_rows].data(), 0, scores));
                return double(scores[i % block_rows]);
            };
        });
        auto const rabitq = errors_of(d, [&](std::vector<float> const& rows) {
            std::vector<std::vector<std::uint8_t>> codes;
            std::vector<quantize::code_factors> factors;
            for (std::size_t i = 0; i < rows.size() / d; ++i) {
                codes.emplace_back(d);
                factors.push_back(quantize::rabitq_encode_exact(std::span(rows).subspan(i * d, d), bits, codes.back()));
            }
            return [=](std::size_t i, std::span<float const> q) { return quantize::estimate_by_levels(codes[i], bits, factors[i], q); };
        });
        CAPTURE(bits, eden.rms, rabitq.rms, eden.bias);
        CHECK(eden.rms <= 1.01 * rabitq.rms);
        CHECK(std::abs(eden.rms / documented[bits - 1] - 1) <= 0.02);
        CHECK(std::abs(eden.bias) <= 4 * eden.deviation_of_bias);
        if (bits == 4) CHECK(eden.rms <= 0.95 * rabitq.rms);
    }
}

TEST_CASE("least squares scales shorten eden estimates by the squared cosine", "[quantize][eden]") {
    eden_codec unbiased(64, 2), shortened(64, 2, eden_scale::least_squares);
    std::vector<std::byte> a(unbiased.block_bytes()), b(shortened.block_bytes());
    auto const x = unit_vector(64, 1);
    unbiased.encode(x, a.data(), 0);
    shortened.encode(x, b.data(), 0);
    std::vector<float> far(64), near(64);
    unbiased.decode(a.data(), 0, far);
    shortened.decode(b.data(), 0, near);
    double const cosine = cosine_by_definition<float>(far, x);
    CHECK(std::abs(norm(near) / norm(far) - cosine * cosine) <= 1e-3);
    CHECK(squared_l2_by_definition<float>(near, x).value < squared_l2_by_definition<float>(far, x).value);
    CHECK(std::abs(dot_by_definition<float>(far, x).value - 1) <= 1e-3);
}

TEST_CASE("an eden code moves, clears and is looked through for what no encoder writes", "[quantize][eden]") {
    for (unsigned bits = 1; bits <= 4; ++bits) {
        eden_codec codec(37, bits);
        std::vector<std::byte> block(codec.block_bytes()), other(codec.block_bytes());
        for (std::size_t r = 0; r < block_rows; ++r) codec.encode(unit_vector(37, r), block.data(), r);
        std::vector<float> was(37), now(37);
        codec.decode(block.data(), 9, was);
        codec.move(block.data(), 9, other.data(), 30);
        codec.decode(other.data(), 30, now);
        CHECK(was == now);
        // Over a full slot.
        codec.move(other.data(), 30, block.data(), 2);
        codec.decode(block.data(), 2, now);
        CHECK(was == now);
        codec.encode(std::vector<float>(37, 0.0F), block.data(), 3);
        codec.decode(block.data(), 3, now);
        CHECK(now == std::vector<float>(37, 0.0F));
        float const nan = std::numeric_limits<float>::quiet_NaN();
        half const bad = simd::to_half(nan);
        std::memcpy(block.data() + codec.block_bytes() - 64 + 2 * 5, &bad, 2);
        CHECK(!codec.well_formed(block.data(), 6));
        CHECK(codec.well_formed(block.data(), 5));
        for (std::size_t r = 0; r < block_rows; ++r) codec.clear(block.data(), r);
        CHECK(block == std::vector<std::byte>(codec.block_bytes()));
    }
    CHECK(outcome([] { return eden_codec(8, 5); }) == "invalid_argument");
    CHECK(outcome([] { return eden_codec(8, 0); }) == "invalid_argument");
}

TEST_CASE("eden indexes are made by name, find as much as RaBitQ's, and come back from their files", "[quantize][eden]") {
    std::size_t const d = 96, n = 3000;
    auto const values = clustered_vectors(n, d, 60, 0.7F, 1, 0), asked = clustered_vectors(60, d, 60, 0.7F, 1, 1);
    matrix_view<float const> const rows(values, d), queries(asked, d);
    auto const exact = make_index("f32", d);
    exact->add(rows);
    constexpr double least[]{0.3, 0.55, 0.75, 0.85};
    for (unsigned bits = 1; bits <= 4; ++bits) {
        auto const find = [&](std::string const& family) {
            auto const index = make_index(family + std::to_string(bits), d);
            index->add(rows);
            return recall(search_all(*index, queries, {.k = 10}), *exact, queries, 10);
        };
        double const eden = find("eden"), rabitq = find("rabitq");
        CAPTURE(bits, eden, rabitq);
        CHECK(eden >= least[bits - 1]);
        CHECK(eden >= rabitq - 0.02);
    }
    for (eden_scale const scale : {eden_scale::unbiased, eden_scale::least_squares}) {
        coding how{codec_kind::eden};
        how.map = quantize::transform(10).rotated();
        how.eden.emplace(64, 3, scale);
        auto const index = make_index(how, 10, similarity_kind::dot);
        index->add(matrix_view<float const>(std::span(values).first(450), 10));
        auto const file = to_bytes(*index);
        auto const loaded = from_bytes(file, verify_level::full);
        CHECK(to_bytes(*loaded) == file);
        CHECK(loaded->search(std::span(asked).first(10), {.k = 9}).hits == index->search(std::span(asked).first(10), {.k = 9}).hits);
        CHECK(loaded->get(std::uint64_t{7}) == index->get(std::uint64_t{7}));
        auto parts = take_apart(file);
        parts.sections[0].bytes.back() = std::byte{2};
        CHECK(outcome([&] { return from_bytes(join(parts)); }) == "corrupt_file");
        parts.sections[0].bytes.pop_back();
        CHECK(outcome([&] { return from_bytes(join(parts)); }) == "corrupt_file");
    }
    CHECK(outcome([] { return make_index("eden5", 64); }) == "invalid_argument");
    CHECK(outcome([] { return make_index(coding{codec_kind::eden}, 64); }) == "invalid_argument");
}
