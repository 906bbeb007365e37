// SPDX-License-Identifier: Apache-2.0
#include <simile/core/random.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cmath>

using namespace simile;

TEST_CASE("SplitMix64 gives the published numbers", "[core][random]") {
    // From the generator's own C program (https://prng.di.unimi.it/splitmix64.c) with state 1234567.
    splitmix64 random(1234567);
    CHECK(random() == 6457827717110365317U);
    CHECK(random() == 3203168211198807973U);
    CHECK(random() == 9817491932198370423U);
    CHECK(random() == 4593380528125082431U);
    CHECK(random() == 16408922859458223821U);
}

TEST_CASE("xoshiro256** gives what its definition gives from the same state", "[core][random]") {
    // The definition as its authors write it, on the four numbers SplitMix64 seeds it with.
    splitmix64 mix(42);
    std::uint64_t s[4] = {mix(), mix(), mix(), mix()};
    auto const rotl = [](std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); };
    xoshiro256 random(42);
    for (int i = 0; i < 1000; ++i) {
        std::uint64_t const expected = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = rotl(s[3], 45);
        REQUIRE(random() == expected);
    }
}

TEST_CASE("uniform and nearly normal numbers have their mean, variance and range", "[core][random]") {
    xoshiro256 random(1);
    double sum = 0, squares = 0, uniform_sum = 0;
    constexpr int n = 100'000;
    for (int i = 0; i < n; ++i) {
        double const x = nearly_normal(random), u = uniform01(random);
        REQUIRE((x >= -6 && x < 6 && u >= 0 && u < 1));
        sum += x;
        squares += x * x;
        uniform_sum += u;
    }
    // Five standard errors: 5 / sqrt(n), 5 sqrt(2 / n), 5 / sqrt(12 n).
    CHECK(std::abs(sum / n) < 0.0159);
    CHECK(std::abs(squares / n - 1) < 0.0224);
    CHECK(std::abs(uniform_sum / n - 0.5) < 0.0046);
}
