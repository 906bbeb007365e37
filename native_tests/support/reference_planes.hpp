// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace simile::test {

/// Mid-rise codes of T bits by their definition, in double: c = clamp(floor(x * 127.5 * 2^(T - 8) / max|x|), -2^(T-1), 2^(T-1) - 1).
[[nodiscard]] inline std::vector<int> mid_rise_codes(std::span<float const> x, unsigned total = 8) {
    double largest = 0;
    for (float const v : x) largest = std::max(largest, std::abs(double(v)));
    std::vector<int> codes(x.size(), 0);
    if (largest == 0) return codes;
    double const limit = std::ldexp(1.0, static_cast<int>(total) - 1);
    for (std::size_t i = 0; i < x.size(); ++i)
        codes[i] = static_cast<int>(std::clamp(std::floor(double(x[i]) * 127.5 / 128 * limit / largest), -limit, limit - 1));
    return codes;
}

/// The level that the upper `bits` bits of a code of `total` bits stand for.
[[nodiscard]] inline double mid_rise_level(int code, unsigned bits, unsigned total = 8) { return (code >> (total - bits)) + 0.5; }

/// F = |x|^2 / <x, w>: makes F <w, q> exact for q along x.
[[nodiscard]] inline double mid_rise_factor_by_definition(std::span<float const> x, std::span<int const> codes, unsigned bits,
                                                          unsigned total = 8) {
    double xx = 0, xw = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        xx += double(x[i]) * double(x[i]);
        xw += double(x[i]) * mid_rise_level(codes[i], bits, total);
    }
    return xw > 0 ? xx / xw : 0;
}

}  // namespace simile::test
