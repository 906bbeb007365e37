// SPDX-License-Identifier: Apache-2.0
#include <simile/quantize/rotation.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using quantize::rotation;

namespace {

std::vector<std::size_t> const rotated_dims{1, 2, 3, 7, 8, 40, 63, 64, 65, 100, 127, 128, 129, 300, 384, 512, 768, 1000, 1024, 1536};

std::vector<float> rotated(rotation const& r, std::span<float const> x) {
    std::vector<float> y(r.padded());
    r.apply(x, y);
    return y;
}

/// Round by round as the definition says, with Hadamard's matrix by the parity of common bits.
std::vector<double> rotated_by_definition(rotation const& r, std::span<float const> x) {
    std::size_t const n = r.padded(), block = r.block();
    std::vector<double> y(x.begin(), x.end());
    y.resize(n);
    for (std::size_t round = 0; round < 4; ++round) {
        for (std::size_t i = 0; i < n; ++i)
            if ((r.flips()[(round * n + i) / 8] >> (i % 8) & 1) != 0) y[i] = -y[i];
        std::size_t const begin = round % 2 == 0 ? 0 : n - block;
        std::vector<double> const before(y.begin() + static_cast<std::ptrdiff_t>(begin),
                                         y.begin() + static_cast<std::ptrdiff_t>(begin + block));
        for (std::size_t i = 0; i < block; ++i) {
            double sum = 0;
            for (std::size_t j = 0; j < block; ++j) sum += std::popcount(i & j) % 2 == 0 ? before[j] : -before[j];
            y[begin + i] = sum / std::sqrt(double(block));
        }
        if (block == n) continue;
        for (std::size_t i = 0; i < n / 2; ++i) {
            double const a = y[i], b = y[i + n / 2];
            y[i] = (a + b) / std::sqrt(2.0);
            y[i + n / 2] = (a - b) / std::sqrt(2.0);
        }
    }
    return y;
}

}  // namespace

TEST_CASE("a rotation is its definition", "[quantize][rotation]") {
    for (std::size_t const d : rotated_dims) {
        rotation const r(d, d);
        auto const x = normal_vector(d, d + 1);
        auto const y = rotated(r, x);
        auto const expected = rotated_by_definition(r, x);
        double const length = std::sqrt(dot_by_definition<float>(x, x).value);
        for (std::size_t i = 0; i < y.size(); ++i) {
            CAPTURE(d, i);
            REQUIRE(std::abs(y[i] - expected[i]) <= 1e-6 * length);
        }
    }
}

TEST_CASE("a rotation keeps lengths and inner products", "[quantize][rotation]") {
    for (std::size_t const d : rotated_dims) {
        rotation const r(d);
        auto const x = normal_vector(d, 1), q = normal_vector(d, 2);
        auto const tx = rotated(r, x), tq = rotated(r, q);
        double const norms = std::sqrt(dot_by_definition<float>(x, x).value * dot_by_definition<float>(q, q).value);
        CAPTURE(d);
        CHECK(std::abs(dot_by_definition<float>(tx, tq).value - dot_by_definition<float>(x, q).value) <= 2e-6 * norms);
    }
}

TEST_CASE("a rotation turned back is the vector", "[quantize][rotation]") {
    for (std::size_t const d : rotated_dims) {
        rotation const r(d, 7);
        auto const x = unit_vector(d, 3);
        auto y = rotated(r, x);
        std::vector<float> back(d);
        r.apply_transposed(y, back);
        r.unrotate(y);
        for (std::size_t i = 0; i < r.padded(); ++i) {
            CAPTURE(d, i);
            REQUIRE(std::abs(y[i] - (i < d ? x[i] : 0.0F)) <= 1e-6);
            if (i < d) REQUIRE(back[i] == y[i]);
        }
    }
}

TEST_CASE("a rotation spreads a spike over all coordinates", "[quantize][rotation]") {
    for (std::size_t const d : {64U, 100U, 384U, 768U}) {
        rotation const r(d);
        double fourth = 0;
        for (std::size_t at = 0; at < d; ++at) {
            std::vector<float> spike(d, 0.0F);
            spike[at] = 1;
            for (float const v : rotated(r, spike)) fourth += std::pow(double{v}, 4);
        }
        // The kurtosis of normal values is 3; that of a spike is its number of coordinates. Parts that only one round of two reaches are a little uneven.
        double const kurtosis = fourth / double(d) * double(r.padded());
        CAPTURE(d, kurtosis);
        CHECK(kurtosis >= 2.0);
        CHECK(kurtosis <= 4.5);
    }
}

TEST_CASE("a rotation has the same bits everywhere", "[quantize][rotation]") {
    rotation const r(384);
    CHECK(r.padded() == 384);
    CHECK(r.block() == 256);
    CHECK(r.flips().size() == 192);
    std::uint64_t hash = 0xCBF29CE484222325U;
    for (std::uint64_t seed = 0; seed < 20; ++seed)
        for (float const v : rotated(r, normal_vector(384, seed))) hash = (hash ^ std::bit_cast<std::uint32_t>(v)) * 0x100000001B3U;
    CHECK(hash == 0x4995D4115D845FC8U);
}

TEST_CASE("a rotation is the one of its flips, and another seed gives another", "[quantize][rotation]") {
    auto const x = unit_vector(100, 1);
    rotation const one(100, 5), other(100, 6), copy(100, one.flips());
    CHECK(rotated(one, x) == rotated(copy, x));
    CHECK(rotated(one, x) != rotated(other, x));
    std::vector<float> in_place(one.padded(), 9.0F);
    std::copy(x.begin(), x.end(), in_place.begin());
    one.apply({in_place.data(), 100}, in_place);
    CHECK(in_place == rotated(one, x));
}

TEST_CASE("a rotation refuses what makes none", "[quantize][rotation]") {
    CHECK(outcome([] { return rotation(0); }) == "invalid_argument");
    std::vector<std::uint8_t> const flips(64);
    CHECK(outcome([&] { return rotation(100, flips); }) == "ok");
    CHECK(outcome([&] { return rotation(200, flips); }) == "invalid_argument");
    CHECK(outcome([&] { return rotation(100, flips, 48); }) == "invalid_argument");
    CHECK(outcome([&] { return rotation(100, flips, 256); }) == "invalid_argument");
    CHECK(rotation(100, flips, 128).block() == 128);
}
