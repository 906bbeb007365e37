// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/simd/float_sums.hpp>
#include <simile/simd/int8_dot.hpp>
#include <simile/similarity/functor.hpp>

#include <cstdint>
#include <span>

namespace simile::similarity {

/// Squared Euclidean distance |x - y|^2.
///
/// Shape     x, y: [d] with the same d <= 65536; no alignment needed. d = 0 gives 0.
/// Unit      that of the components, squared; >= 0; smaller is closer.
/// Error     float: relative, <= gamma_m with m = d / 16 + 24, gamma_m = m u / (1 - m u), u = 2^-24: all terms are positive, so nothing cancels but inside a
///           difference, which is exact to u. `reproducible` gives the same bits on every platform. int8: exact.
/// NaN       and infinity propagate.
/// Requires  equal sizes; asserted only.
struct squared_l2_fn {
    static constexpr ordering order = ordering::smaller_is_closer;

    [[nodiscard]] float operator()(std::span<float const> x, std::span<float const> y) const noexcept {
        assert(x.size() == y.size());
        return simd::fast_squared_l2(default_arch{}, x.data(), y.data(), x.size());
    }
    [[nodiscard]] float operator()(reproducible_t, std::span<float const> x, std::span<float const> y) const noexcept {
        assert(x.size() == y.size());
        return simd::sum_pair<simd::squared_difference>(default_arch{}, x.data(), y.data(), x.size());
    }
    /// In 64 bits: 65536 differences of 255 pass 32.
    [[nodiscard]] std::int64_t operator()(std::span<std::int8_t const> x, std::span<std::int8_t const> y) const noexcept {
        assert(x.size() == y.size() && x.size() <= max_dims);
        return simd::squared_l2_i8(default_arch{}, x.data(), y.data(), x.size());
    }
};
inline constexpr squared_l2_fn squared_l2{};

static_assert(similarity_functor<squared_l2_fn, float> && similarity_functor<squared_l2_fn, std::int8_t>);

}  // namespace simile::similarity
