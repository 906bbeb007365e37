// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/random.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace simile::test {

/// Unsigned `bits`-bit values of some rows, and an int8 query.
struct integer_sample {
    std::size_t dims;
    std::vector<std::uint8_t> values;  ///< [rows][dims]
    std::vector<std::int8_t> query;

    [[nodiscard]] std::uint8_t value(std::size_t row, std::size_t i) const noexcept { return values[row * dims + i]; }
    /// <values, query> of a row, by definition.
    [[nodiscard]] std::int64_t dot(std::size_t row) const noexcept {
        std::int64_t sum = 0;
        for (std::size_t i = 0; i < dims; ++i) sum += std::int64_t{value(row, i)} * query[i];
        return sum;
    }
};

/// Two of anything, then the extremes: all values the largest with a query of +127, -127, +-127 in turn; and no bit set.
inline constexpr unsigned integer_patterns = 6;

[[nodiscard]] inline integer_sample make_integer_sample(unsigned bits, std::size_t rows, std::size_t dims, unsigned pattern) {
    integer_sample s{dims, std::vector<std::uint8_t>(rows * dims), std::vector<std::int8_t>(dims)};
    xoshiro256 random(1000 * pattern + 10 * dims + bits);
    unsigned const most = (1U << bits) - 1;
    for (auto& v : s.values) v = static_cast<std::uint8_t>(pattern < 2 ? random() & most : pattern < 5 ? most : 0U);
    for (std::size_t i = 0; i < dims; ++i) {
        int const any = static_cast<int>(random() % 255) - 127;
        int const extremes[] = {any, any, 127, -127, i % 2 == 0 ? 127 : -127, any};
        s.query[i] = static_cast<std::int8_t>(extremes[pattern]);
    }
    return s;
}

/// All short lengths, both sides of the borders at which kernels widen their sums (32, 160, 480 and 992 dims), and the widths of real models.
[[nodiscard]] inline std::vector<std::size_t> integer_lengths() {
    std::vector<std::size_t> lengths;
    for (std::size_t n = 1; n <= 70; ++n) lengths.push_back(n);
    for (std::size_t const n : {96U,  127U, 128U, 129U, 159U, 160U, 161U,  256U,  320U,  321U,  384U,  479U, 480U,
                                481U, 512U, 768U, 991U, 992U, 993U, 1024U, 1536U, 1984U, 1985U, 2048U, 3072U})
        lengths.push_back(n);
    return lengths;
}

}  // namespace simile::test
