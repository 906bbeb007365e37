// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/rounded.hpp>
#include <simile/similarity/checks.hpp>
#include <simile/similarity/functor.hpp>

#include <cmath>
#include <cstddef>
#include <span>

namespace simile::similarity {

/// Polynomial kernel  (gamma <x, y> + c)^degree: an inner product of all products of up to `degree` components.
///
/// Shape     x, y: [d] with the same d.
/// Unit      larger is closer; symmetric bit for bit. An even degree also finds what points the opposite way.
/// Error     the base in double; beyond 3.4e38 it is infinite.
/// NaN       propagates.
/// Requires  equal sizes; asserted only.
/// Index     an odd degree ranks as the inner product itself (similarity_kind::dot, no transform). Degree 2: `item` = `query` gives
///           (d + 1)(d + 2) / 2 features whose inner product is the kernel, for similarity_kind::dot.
/// Source    Schoelkopf, Smola, "Learning with Kernels", 2002, chapter 2.
class polynomial {
public:
    static constexpr ordering order = ordering::larger_is_closer;

    /// @param degree  >= 1
    /// @param gamma   > 0
    /// @param c       >= 0: below, it is no kernel
    /// @throws error invalid_argument, not_finite
    explicit polynomial(unsigned degree, double gamma = 1, double c = 1) : degree_(degree), gamma_(gamma), c_(c) {
        require(degree >= 1, error_code::invalid_argument, "the degree must be at least 1");
        detail::require_positive(gamma, "gamma");
        require(std::isfinite(c), error_code::not_finite, "c is ", c);
        require(c >= 0, error_code::invalid_argument, "c must not be negative, is ", c);
    }

    [[nodiscard]] float operator()(std::span<float const> x, std::span<float const> y) const noexcept {
        assert(x.size() == y.size());
        double inner = 0;
        for (std::size_t i = 0; i < x.size(); ++i) inner += double{x[i]} * double{y[i]};
        return static_cast<float>(power(rounded(gamma_ * inner) + c_, degree_));
    }

    /// Of degree 2.
    [[nodiscard]] static constexpr std::size_t mapped_dims(std::size_t dims) noexcept { return (dims + 1) * (dims + 2) / 2; }
    /// The features of degree 2: c, then for each i  sqrt(2 gamma c) x_i, gamma x_i^2, and sqrt(2) gamma x_i x_j for j > i.
    /// @param out  [(d + 1)(d + 2) / 2]
    /// @throws error invalid_argument (another degree), dimension_mismatch
    void item(std::span<float const> x, std::span<float> out) const {
        require(degree_ == 2, error_code::invalid_argument, "there are features for degree 2, not for ", degree_);
        detail::require_dims(out.size(), mapped_dims(x.size()), "out");
        auto to = out.begin();
        *to++ = static_cast<float>(c_);
        for (std::size_t i = 0; i < x.size(); ++i) {
            *to++ = static_cast<float>(std::sqrt(2 * gamma_ * c_) * double{x[i]});
            *to++ = static_cast<float>(gamma_ * (double{x[i]} * double{x[i]}));
            for (std::size_t j = i + 1; j < x.size(); ++j)
                *to++ = static_cast<float>(std::sqrt(2.0) * gamma_ * (double{x[i]} * double{x[j]}));
        }
    }
    void query(std::span<float const> x, std::span<float> out) const { item(x, out); }

private:
    /// By squaring: the same on every platform, which std::pow is not.
    [[nodiscard]] static double power(double base, unsigned exponent) noexcept {
        double result = 1;
        for (; exponent != 0; exponent /= 2, base *= base)
            if (exponent % 2 == 1) result *= base;
        return result;
    }

    unsigned degree_;
    double gamma_;
    double c_;
};

static_assert(similarity_functor<polynomial, float>);

}  // namespace simile::similarity
