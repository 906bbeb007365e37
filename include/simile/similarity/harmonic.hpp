// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>
#include <simile/similarity/checks.hpp>

#include <cstddef>
#include <span>

namespace simile::similarity {

/// Harmonic mean of similarities that must all hold, such as the cosines of title, text and picture:  n / sum(1 / s_i); 2 a b / (a + b) for two.
///
/// A part that is 0 or less makes it 0: what fails in one respect fails, however well it does in the others (the reason why F1 is a harmonic mean).
/// Weighted  sum(w_i) / sum(w_i / s_i); a part of weight 0 does not take part.
///
/// Shape     parts [n], n >= 1.
/// Unit      that of the parts, between 0 and their arithmetic mean; larger is closer; the order of the parts does not matter (within 2 u, u = 2^-24).
/// Index     none: search by one part, or by the sum, and re-rank with this.
/// Source    van Rijsbergen, "Information Retrieval", 1979, chapter 7: the effectiveness measure and its weighted form.
struct harmonic_fn {
    static constexpr ordering order = ordering::larger_is_closer;

    /// @throws error invalid_argument (no parts), not_finite
    [[nodiscard]] float operator()(std::span<float const> parts) const {
        require(!parts.empty(), error_code::invalid_argument, "a mean of 0 parts");
        detail::require_finite(parts, "the parts");
        return mean(parts, [](std::size_t) { return 1.0; });
    }

    /// @param weights  one a part, >= 0, one of them positive
    /// @throws error dimension_mismatch, invalid_argument, not_finite
    [[nodiscard]] float operator()(std::span<float const> parts, std::span<float const> weights) const {
        require(parts.size() == weights.size(), error_code::dimension_mismatch, weights.size(), " weights for ", parts.size(), " parts");
        detail::require_finite(parts, "the parts");
        detail::require_finite(weights, "the weights");
        detail::require_no_negative(weights, "weight");
        double sum = 0;
        for (float const w : weights) sum += double{w};
        require(sum > 0, error_code::invalid_argument, "the weights of ", parts.size(), " parts add up to 0");
        return mean(parts, [&](std::size_t i) { return double{weights[i]}; });
    }

private:
    template <class Weight>
    [[nodiscard]] static float mean(std::span<float const> parts, Weight weight) noexcept {
        double above = 0, below = 0;
        for (std::size_t i = 0; i < parts.size(); ++i) {
            if (weight(i) == 0) continue;
            if (parts[i] <= 0) return 0;
            above += weight(i);
            below += weight(i) / double{parts[i]};
        }
        return static_cast<float>(above / below);
    }
};
inline constexpr harmonic_fn harmonic{};

}  // namespace simile::similarity
