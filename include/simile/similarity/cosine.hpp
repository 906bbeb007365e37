// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/simd/float_sums.hpp>
#include <simile/simd/int8_dot.hpp>
#include <simile/similarity/functor.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

namespace simile::similarity {

/// Cosine similarity <x, y> / (|x| |y|), in one pass over both vectors.
///
/// Shape     x, y: [d] with the same d <= 65536; no alignment needed.
/// Unit      dimensionless, in [-1, 1]; larger is closer.
/// Zero      0 when |x| or |y| is 0: a blank document is close to nothing.
/// Error     |computed - exact| <= (3 d + 3) u, u = 2^-24, for norms in [2^-60, 2^60] (Higham, Accuracy and Stability, section 3.1). `reproducible` gives the
///           same bits on every platform within the same bound. int8: within 2 u.
/// NaN       and infinity give NaN.
/// Requires  equal sizes; asserted only.
/// See       Steck, Ekanadham, Kallus, "Is Cosine-Similarity of Embeddings Really About Similarity?", 2024: for some learnt factors the value is
///           arbitrary.
struct cosine_fn {
    static constexpr ordering order = ordering::larger_is_closer;

    [[nodiscard]] float operator()(std::span<float const> x, std::span<float const> y) const noexcept {
        assert(x.size() == y.size());
        return from_sums(simd::fast_cosine_sums(default_arch{}, x.data(), y.data(), x.size()));
    }
    [[nodiscard]] float operator()(reproducible_t, std::span<float const> x, std::span<float const> y) const noexcept {
        assert(x.size() == y.size());
        return from_sums(simd::reproducible_cosine_sums(default_arch{}, x.data(), y.data(), x.size()));
    }
    [[nodiscard]] float operator()(std::span<std::int8_t const> x, std::span<std::int8_t const> y) const noexcept {
        assert(x.size() == y.size() && x.size() <= max_dims);
        simd::int8_sums const s = simd::cosine_sums_i8(default_arch{}, x.data(), y.data(), x.size());
        double const norms = std::sqrt(static_cast<double>(s.xx) * static_cast<double>(s.yy));
        return norms == 0 ? 0.0F : static_cast<float>(std::clamp(static_cast<double>(s.xy) / norms, -1.0, 1.0));
    }

private:
    [[nodiscard]] static float from_sums(simd::cosine_sums const& s) noexcept {
        // Two roots, not one: xx * yy overflows float once the norms pass about 4e9.
        float const norms = std::sqrt(s.xx) * std::sqrt(s.yy);
        return norms == 0 ? 0.0F : std::clamp(s.xy / norms, -1.0F, 1.0F);
    }
};
inline constexpr cosine_fn cosine{};

static_assert(similarity_functor<cosine_fn, float> && similarity_functor<cosine_fn, std::int8_t>);

}  // namespace simile::similarity
