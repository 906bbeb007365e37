// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/random.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace simile::test {

/// Nearly normal values: the same for a seed on every platform.
[[nodiscard]] inline std::vector<float> normal_vector(std::size_t n, std::uint64_t seed, float scale = 1) {
    xoshiro256 random(seed);
    std::vector<float> values(n);
    for (float& v : values) v = static_cast<float>(nearly_normal(random)) * scale;
    return values;
}

/// Every value of the type is as likely as every other.
[[nodiscard]] inline std::vector<std::int8_t> int8_vector(std::size_t n, std::uint64_t seed) {
    xoshiro256 random(seed);
    std::vector<std::int8_t> values(n);
    for (auto& v : values) v = static_cast<std::int8_t>(random() >> 56);
    return values;
}

[[nodiscard]] inline std::vector<std::byte> byte_vector(std::size_t n, std::uint64_t seed) {
    xoshiro256 random(seed);
    std::vector<std::byte> values(n);
    for (auto& v : values) v = static_cast<std::byte>(random() >> 56);
    return values;
}

/// Definitions in double, where the product of two floats is exact. `magnitude` is the sum of |terms|, which error bounds refer to.
struct exact_sum {
    double value = 0;
    double magnitude = 0;

    void add(double term) noexcept {
        value += term;
        magnitude += std::abs(term);
    }
};

template <class T>
[[nodiscard]] exact_sum dot_by_definition(std::span<T const> x, std::span<T const> y) noexcept {
    exact_sum sum;
    for (std::size_t i = 0; i < x.size(); ++i) sum.add(double(x[i]) * double(y[i]));
    return sum;
}

template <class T>
[[nodiscard]] exact_sum squared_l2_by_definition(std::span<T const> x, std::span<T const> y) noexcept {
    exact_sum sum;
    for (std::size_t i = 0; i < x.size(); ++i) sum.add((double(x[i]) - double(y[i])) * (double(x[i]) - double(y[i])));
    return sum;
}

template <class T>
[[nodiscard]] double cosine_by_definition(std::span<T const> x, std::span<T const> y) noexcept {
    double const norms = std::sqrt(dot_by_definition(x, x).value) * std::sqrt(dot_by_definition(y, y).value);
    return norms == 0 ? 0 : dot_by_definition(x, y).value / norms;
}

/// A random direction.
[[nodiscard]] inline std::vector<float> unit_vector(std::size_t d, std::uint64_t seed) {
    auto x = normal_vector(d, seed);
    double const length = std::sqrt(dot_by_definition<float>(x, x).value);
    for (float& v : x) v = static_cast<float>(v / length);
    return x;
}

/// Higham, Accuracy and Stability of Numerical Algorithms, 3.1: the relative error of m roundings, for float.
[[nodiscard]] constexpr double error_factor(double m) noexcept {
    constexpr double u = 0x1p-24;
    return m * u / (1 - m * u);
}

/// The lengths every kernel is tested at: all short ones, and the widths of real models.
[[nodiscard]] inline std::vector<std::size_t> kernel_lengths() {
    std::vector<std::size_t> lengths;
    for (std::size_t n = 0; n <= 260; ++n) lengths.push_back(n);
    for (std::size_t const n : {384U, 512U, 768U, 1024U, 1536U, 3072U, 4096U}) lengths.push_back(n);
    return lengths;
}

}  // namespace simile::test
