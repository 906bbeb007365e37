// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

namespace simile::quantize {

/// Mid-rise codes of T = 8 .. 12 bits: code c = floor(x * 127.5 / max|x| * 2^(T - 8)) in -2^(T-1) .. 2^(T-1) - 1 stands for (c + 1/2) times a factor. There
/// is no zero level, so the upper K bits, c >> (T - K), are again a mid-rise code: one code serves every precision.
class mid_rise_scaler {
public:
    mid_rise_scaler(std::span<float const> x, unsigned total_bits) noexcept {
        float largest = 0;
        for (float const v : x) largest = std::max(largest, std::abs(v));
        float const steps = static_cast<float>(1U << (total_bits - 8));  // a power of two: the upper 8 bits are those of T = 8
        inverse_ = largest > 0 ? 127.5F / largest * steps : 0.0F;
        limit_ = 128.0F * steps;
    }
    [[nodiscard, gnu::always_inline]] int operator()(float x) const noexcept {
        // Clamped first, so that truncating and stepping down is floor without a call.
        float const scaled = std::clamp(x * inverse_, -limit_, limit_ - 1.0F);
        auto const towards_zero = static_cast<int>(scaled);
        return towards_zero - (static_cast<float>(towards_zero) > scaled ? 1 : 0);
    }

private:
    float inverse_;
    float limit_;
};

/// The factor F of codes: F <w, q> estimates <x, q>, w = code + 1/2, and is exact along x.
/// F = |x|^2 / <x, w> (Gao, Long, "RaBitQ", SIGMOD 2024, equation 5, for these levels). 0 for a zero vector.
/// @param code  code(i) of dim i
template <class Code>
[[nodiscard]] float mid_rise_factor(std::span<float const> x, Code code) noexcept {
    // Products of a float with another or with a small half-integer are exact in double, so fusing them changes nothing. Eight sums side by side, so
    // that an addition need not wait for the one before.
    double xx[8]{}, xw[8]{};
    for (std::size_t i = 0; i < x.size(); ++i) {
        xx[i % 8] += double{x[i]} * double{x[i]};
        xw[i % 8] += double{x[i]} * (static_cast<double>(code(i)) + 0.5);
    }
    auto const sum = [](double const(&v)[8]) { return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7])); };
    return sum(xw) > 0 ? static_cast<float>(sum(xx) / sum(xw)) : 0.0F;
}

/// The vector a code stands for, factor times levels: as long along x as x itself. Zeros where the factor says that x was zero.
/// @param value  value(i): code of dim i plus 1/2
template <class Value>
void mid_rise_decode(Value value, float factor, std::span<float> out) noexcept {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = factor > 0 ? static_cast<float>(double{factor} * value(i)) : 0.0F;
}

}  // namespace simile::quantize
