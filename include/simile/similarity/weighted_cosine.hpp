// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/rounded.hpp>
#include <simile/similarity/checks.hpp>
#include <simile/similarity/functor.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace simile::similarity {

/// Cosine in which each dimension has a weight:  sum w x y / sqrt(sum w x^2 sum w y^2).
///
/// Shape     x, y, weights: [d].
/// Unit      dimensionless, in [-1, 1]; larger is closer; symmetric bit for bit; the weights' common factor cancels.
/// Zero      0 when a vector is 0 wherever the weight is not.
/// Error     sums in double, rounded to float once.
/// NaN       and infinity give NaN.
/// Requires  equal sizes; asserted only.
/// Index     an ordinary cosine: `item` = `query` gives sqrt(w) x; index under similarity_kind::cosine. One index serves one choice of weights.
/// Source    the cosine of the inner product that a diagonal metric makes: Schultz, Joachims, "Learning a Distance Metric from Relative Comparisons",
///           NIPS 2003.
class weighted_cosine {
public:
    static constexpr ordering order = ordering::larger_is_closer;

    /// @param weights  >= 0, one of them positive
    /// @throws error invalid_argument, not_finite
    explicit weighted_cosine(std::span<float const> weights) : weights_(weights.begin(), weights.end()) {
        detail::require_finite(weights, "the weights");
        detail::require_no_negative(weights, "weight");
        bool const any = std::any_of(weights.begin(), weights.end(), [](float w) { return w > 0; });
        require(any, error_code::invalid_argument, "none of ", weights.size(), " weights is positive");
    }

    [[nodiscard]] std::size_t dims() const noexcept { return weights_.size(); }

    [[nodiscard]] float operator()(std::span<float const> x, std::span<float const> y) const noexcept {
        assert(x.size() == dims() && y.size() == dims());
        double const norms = std::sqrt(inner(x, x)) * std::sqrt(inner(y, y));
        return norms == 0 ? 0.0F : static_cast<float>(std::clamp(inner(x, y) / norms, -1.0, 1.0));
    }

    [[nodiscard]] std::size_t mapped_dims() const noexcept { return dims(); }
    /// sqrt(w) x to `out` [d], which may be x.
    /// @throws error dimension_mismatch
    void item(std::span<float const> x, std::span<float> out) const {
        detail::require_dims(x.size(), dims(), "the vector");
        detail::require_dims(out.size(), dims(), "out");
        for (std::size_t i = 0; i < dims(); ++i) out[i] = static_cast<float>(std::sqrt(double{weights_[i]}) * double{x[i]});
    }
    void query(std::span<float const> x, std::span<float> out) const { item(x, out); }

private:
    [[nodiscard]] double inner(std::span<float const> x, std::span<float const> y) const noexcept {
        double sum = 0;
        for (std::size_t i = 0; i < dims(); ++i) sum += rounded(double{x[i]} * double{y[i]} * double{weights_[i]});
        return sum;
    }

    std::vector<float> weights_;
};

static_assert(similarity_functor<weighted_cosine, float>);

}  // namespace simile::similarity
