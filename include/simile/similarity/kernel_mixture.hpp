// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/similarity/checks.hpp>
#include <simile/similarity/functor.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <tuple>
#include <utility>

namespace simile::similarity {

/// Weighted sum of different kernels,  sum_i w_i k_i(x, y):  `kernel_mixture({0.7, 0.3}, rbf(2), polynomial(2))`.
///
/// Shape     x, y: [d] with the same d.
/// Unit      that of its kernels, all of which grow with closeness; symmetric bit for bit when they are.
/// Error     the sum in double, rounded to float once.
/// NaN       propagates.
/// Requires  equal sizes; asserted only.
/// Index     an inner product when each kernel is one: their features one after the other, times sqrt(w_i). With Gaussian kernels alone rbf_mixture ranks as
///           squared_l2.
/// Source    Lanckriet, Cristianini, Bartlett, El Ghaoui, Jordan, "Learning the Kernel Matrix with Semidefinite Programming", JMLR 2004: sums of kernels
///           with weights >= 0 are kernels.
template <similarity_functor<float>... Kernels>
class kernel_mixture {
    static_assert(sizeof...(Kernels) > 0 && ((Kernels::order == ordering::larger_is_closer) && ...),
                  "a distance cannot be added to a similarity");

public:
    static constexpr ordering order = ordering::larger_is_closer;

    /// @param weights  >= 0, one of them positive
    /// @throws error invalid_argument, not_finite
    explicit kernel_mixture(std::array<float, sizeof...(Kernels)> const& weights, Kernels... kernels)
        : weights_(weights), kernels_(std::move(kernels)...) {
        detail::require_finite(weights, "the weights");
        detail::require_no_negative(weights, "weight");
        float sum = 0;
        for (float const w : weights) sum += w;
        require(sum > 0, error_code::invalid_argument, "all weights are 0");
    }

    [[nodiscard]] float operator()(std::span<float const> x, std::span<float const> y) const noexcept {
        return sum(x, y, std::index_sequence_for<Kernels...>{});
    }

private:
    template <std::size_t... I>
    [[nodiscard]] float sum(std::span<float const> x, std::span<float const> y, std::index_sequence<I...>) const noexcept {
        // A product of two floats is exact in double.
        return static_cast<float>((... + (double{weights_[I]} * double{std::get<I>(kernels_)(x, y)})));
    }

    std::array<float, sizeof...(Kernels)> weights_;
    std::tuple<Kernels...> kernels_;
};

template <class... Kernels>
kernel_mixture(std::array<float, sizeof...(Kernels)> const&, Kernels...) -> kernel_mixture<Kernels...>;

}  // namespace simile::similarity
