// SPDX-License-Identifier: Apache-2.0
#include <simile/quantize/lloyd_max.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace simile;
using namespace simile::test;
using quantize::lloyd_max_encoder;
using quantize::lloyd_max_levels;

namespace {

/// Mean squared error of the nearest of `count` levels under a density on [-reach, reach], by the midpoint rule.
template <class Density>
double squared_error(double const* levels, std::size_t count, double reach, Density density) {
    double sum = 0, mass = 0;
    int const n = 100'000;
    for (int i = 0; i < n; ++i) {
        double const z = reach * (2 * (i + 0.5) / n - 1), w = density(z);
        double nearest = 1e9;
        for (std::size_t k = 0; k < count; ++k) nearest = std::min(nearest, std::abs(z - levels[k]));
        sum += w * nearest * nearest;
        mass += w;
    }
    return sum / mass;
}

}  // namespace

TEST_CASE("the levels for normal values are those of Max's table", "[quantize][lloyd_max]") {
    // Max, "Quantizing for minimum distortion", 1960, table I.
    CHECK(std::abs(lloyd_max_levels(1).values[1] - 0.7980) <= 2e-4);
    auto const two = lloyd_max_levels(2);
    CHECK(std::abs(two.values[2] - 0.4528) <= 2e-4);
    CHECK(std::abs(two.values[3] - 1.510) <= 6e-4);
    double const three[]{0.2451, 0.7560, 1.344, 2.152};
    double const four[]{0.1284, 0.3881, 0.6568, 0.9424, 1.256, 1.618, 2.069, 2.733};
    for (std::size_t i = 0; i < 4; ++i) CHECK(std::abs(lloyd_max_levels(3).values[4 + i] - three[i]) <= 6e-4);
    for (std::size_t i = 0; i < 8; ++i)
        CHECK(std::abs(lloyd_max_levels(4).values[8 + i] - four[i]) <= 5e-3);  // 100 steps of Lloyd's leave as much
    CHECK(two.levels[0] == -127);
    CHECK(two.levels[1] == -38);
    CHECK(two.levels[2] == 38);
    CHECK(two.levels[3] == 127);
}

TEST_CASE("the levels leave the squared error of the literature", "[quantize][lloyd_max]") {
    constexpr double expected[]{0.3634, 0.1175, 0.03454, 0.00950};
    auto const normal = [](double z) { return std::exp(-z * z / 2); };
    for (unsigned bits = 1; bits <= 4; ++bits) {
        auto const table = lloyd_max_levels(bits);
        std::size_t const count = std::size_t{1} << bits;
        CAPTURE(bits);
        CHECK(std::abs(squared_error(table.values.data(), count, 8, normal) - expected[bits - 1]) <= 0.002 * expected[bits - 1]);
        std::array<double, 16> rounded_levels{};
        for (std::size_t i = 0; i < count; ++i) rounded_levels[i] = table.levels[i] * table.values[count - 1] / 127;
        CHECK(squared_error(rounded_levels.data(), count, 8, normal) <= 1.005 * expected[bits - 1]);
    }
}

TEST_CASE("levels for few dimensions are the best for their density", "[quantize][lloyd_max]") {
    for (std::size_t const d : {3U, 4U, 5U, 8U, 16U, 64U})
        for (unsigned bits = 1; bits <= 4; ++bits) {
            auto const table = lloyd_max_levels(bits, d), limit = lloyd_max_levels(bits);
            std::size_t const count = std::size_t{1} << bits;
            auto const density = [d](double z) { return std::pow(std::max(0.0, 1 - z * z / double(d)), (double(d) - 3) / 2); };
            double const reach = std::min(8.0, std::sqrt(double(d))), error = squared_error(table.values.data(), count, reach, density);
            CAPTURE(d, bits, error);
            CHECK(error <= squared_error(limit.values.data(), count, reach, density));
            for (std::size_t i = 0; i < count; ++i)
                for (double const factor : {0.99, 1.01}) {
                    auto moved = table.values;
                    moved[i] *= factor;
                    CHECK(squared_error(moved.data(), count, reach, density) > error);
                }
        }
    // The coordinates of directions in space are uniform (Archimedes): equal steps.
    auto const uniform = lloyd_max_levels(3, 3);
    for (std::size_t i = 0; i < 8; ++i) CHECK(std::abs(uniform.values[i] - std::sqrt(3.0) * (2 * double(i) - 7) / 8) <= 1e-3);
}

TEST_CASE("tables of levels are symmetric and ascend", "[quantize][lloyd_max]") {
    for (std::size_t const d : {0U, 3U, 17U, 64U, 1536U})
        for (unsigned bits = 1; bits <= 4; ++bits) {
            auto const table = lloyd_max_levels(bits, d);
            std::size_t const count = std::size_t{1} << bits;
            CHECK(table.levels[count - 1] == 127);
            for (std::size_t i = 0; i < count; ++i) {
                CHECK(table.levels[i] == -table.levels[count - 1 - i]);
                if (i > 0) CHECK(table.levels[i] > table.levels[i - 1]);
            }
        }
}

TEST_CASE("an EDEN code is the nearest level", "[quantize][lloyd_max]") {
    for (std::size_t const d : {1U, 3U, 64U, 385U})
        for (unsigned bits = 1; bits <= 4; ++bits) {
            lloyd_max_encoder const encoder(bits);
            auto const x = normal_vector(d, d + bits, 3.0F);
            std::vector<std::uint8_t> codes(d);
            encoder.encode(x, codes);
            std::size_t const count = std::size_t{1} << bits;
            double const deviation = std::sqrt(dot_by_definition<float>(x, x).value / double(d)),
                         unit = deviation * encoder.table().values[count - 1] / 127;
            for (std::size_t j = 0; j < d; ++j) {
                double nearest = 1e9;
                for (std::size_t i = 0; i < count; ++i) nearest = std::min(nearest, std::abs(x[j] - encoder.table().levels[i] * unit));
                REQUIRE(std::abs(x[j] - encoder.table().levels[codes[j]] * unit) <= nearest + 1e-6);
            }
        }
}

TEST_CASE("EDEN estimates are unbiased and as precise as the levels", "[quantize][lloyd_max]") {
    constexpr double mse[]{0.3634, 0.1175, 0.03454, 0.00950};
    std::size_t const d = 384, rows = 100, queries = 20;
    for (unsigned bits = 1; bits <= 4; ++bits) {
        lloyd_max_encoder const encoder(bits, d);
        double sum = 0, squares = 0, left = 0;
        std::vector<std::uint8_t> codes(d);
        std::vector<float> y(d);
        for (std::size_t i = 0; i < rows; ++i) {
            auto const x = unit_vector(d, i);
            float const nearest = encoder.encode_least_squares(x, codes);
            encoder.decode(codes, nearest, y);
            left += squared_l2_by_definition<float>(x, y).value;
            float const scale = encoder.encode(x, codes);
            CHECK(std::abs(encoder.estimate(codes, scale, x) - 1) <= 1e-6);
            for (std::size_t k = 0; k < queries; ++k) {
                auto const q = unit_vector(d, 1'000'000 + queries * i + k);
                double const error = encoder.estimate(codes, scale, q) - dot_by_definition<float>(x, q).value;
                sum += error;
                squares += error * error;
            }
        }
        double const pairs = double(rows * queries), rms = std::sqrt(squares / pairs);
        CAPTURE(bits, left / double(rows), rms * std::sqrt(double(d)));
        CHECK(std::abs(sum / pairs) <= 4 * rms / std::sqrt(pairs));
        // Sums of twelve uniform values have lighter tails than normal ones.
        CHECK(left / double(rows) <= mse[bits - 1] * 1.01);
        CHECK(left / double(rows) >= mse[bits - 1] * 0.93);
        // cos^2 = 1 - mse; the error of an unbiased estimate is tan / sqrt(d).
        CHECK(std::abs(rms * std::sqrt(double(d)) / std::sqrt(mse[bits - 1] / (1 - mse[bits - 1])) - 1) <= 0.08);
    }
}

TEST_CASE("an EDEN code of a zero vector is worth nothing", "[quantize][lloyd_max]") {
    std::vector<float> const zero(5, 0.0F);
    std::vector<std::uint8_t> codes(5);
    CHECK(lloyd_max_encoder(4).encode(zero, codes) == 0);
    CHECK(lloyd_max_encoder(4).encode_least_squares(zero, codes) == 0);
    CHECK(codes == std::vector<std::uint8_t>(5, std::uint8_t{7}));
}

TEST_CASE("levels refuse what has none", "[quantize][lloyd_max]") {
    CHECK(outcome([] { return lloyd_max_levels(0); }) == "invalid_argument");
    CHECK(outcome([] { return lloyd_max_levels(5); }) == "invalid_argument");
    CHECK(outcome([] { return lloyd_max_levels(2, 2); }) == "invalid_argument");
}
