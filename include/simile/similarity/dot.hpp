// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/simd/float_sums.hpp>
#include <simile/simd/int8_dot.hpp>
#include <simile/similarity/functor.hpp>

#include <cstdint>
#include <span>

namespace simile::similarity {

/// Inner product <x, y>.
///
/// Shape     x, y: [d] with the same d <= 65536; no alignment needed. d = 0 gives 0.
/// Error     float: |computed - exact| <= gamma_m sum |x_i y_i| with m = d / 16 + 24, gamma_m = m u / (1 - m u), u = 2^-24 (Higham, Accuracy and Stability,
///           section 3.1); `reproducible` gives the same bits on every platform within the same bound. int8: exact.
/// NaN       and infinity propagate.
/// Requires  equal sizes; asserted only.
struct dot_fn {
    static constexpr ordering order = ordering::larger_is_closer;

    [[nodiscard]] float operator()(std::span<float const> x, std::span<float const> y) const noexcept {
        assert(x.size() == y.size());
        return simd::fast_dot(default_arch{}, x.data(), y.data(), x.size());
    }
    [[nodiscard]] float operator()(reproducible_t, std::span<float const> x, std::span<float const> y) const noexcept {
        assert(x.size() == y.size());
        return simd::sum_pair<simd::product>(default_arch{}, x.data(), y.data(), x.size());
    }
    [[nodiscard]] std::int32_t operator()(std::span<std::int8_t const> x, std::span<std::int8_t const> y) const noexcept {
        assert(x.size() == y.size() && x.size() <= max_dims);
        return simd::dot_i8(default_arch{}, x.data(), y.data(), x.size());
    }
};
inline constexpr dot_fn dot{};

static_assert(similarity_functor<dot_fn, float> && similarity_functor<dot_fn, std::int8_t>);

}  // namespace simile::similarity
