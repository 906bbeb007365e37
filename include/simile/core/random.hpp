// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <limits>

namespace simile {

/// SplitMix64 (Steele, Lea, Flood 2014): one 64-bit state; seeds larger generators and makes small streams.
class splitmix64 {
public:
    using result_type = std::uint64_t;
    explicit constexpr splitmix64(std::uint64_t seed) noexcept : state_(seed) {}

    constexpr std::uint64_t operator()() noexcept {
        std::uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
        return z ^ (z >> 31);
    }
    static constexpr std::uint64_t min() noexcept { return 0; }
    static constexpr std::uint64_t max() noexcept { return std::numeric_limits<std::uint64_t>::max(); }

private:
    std::uint64_t state_;
};

/// xoshiro256** (Blackman, Vigna 2018), seeded by SplitMix64: the same numbers on every platform.
class xoshiro256 {
public:
    using result_type = std::uint64_t;
    explicit constexpr xoshiro256(std::uint64_t seed) noexcept {
        splitmix64 mix(seed);
        for (auto& word : state_) word = mix();
    }

    constexpr std::uint64_t operator()() noexcept {
        std::uint64_t const result = std::rotl(state_[1] * 5, 7) * 9;
        std::uint64_t const t = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= t;
        state_[3] = std::rotl(state_[3], 45);
        return result;
    }
    static constexpr std::uint64_t min() noexcept { return 0; }
    static constexpr std::uint64_t max() noexcept { return std::numeric_limits<std::uint64_t>::max(); }

private:
    std::array<std::uint64_t, 4> state_{};
};

/// Uniform in [0, 1): the upper 53 bits.
template <class Generator>
[[nodiscard]] constexpr double uniform01(Generator& generator) noexcept {
    return static_cast<double>(generator() >> 11) * 0x1.0p-53;
}

/// Nearly normal, mean 0 and variance 1: the sum of twelve uniforms less six (Irwin-Hall), exact in double, so it needs no
/// logarithm or sine, whose last bit differs between platforms. Never beyond 6 in magnitude.
template <class Generator>
[[nodiscard]] constexpr double nearly_normal(Generator& generator) noexcept {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += uniform01(generator);
    return sum;
}

}  // namespace simile
