// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/score/checks.hpp>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace simile::score {

/// ln(e^x1 + e^x2 + ...) of a stream that may also lose values again. The largest value is kept apart from the sum of e^(x - largest), so nothing
/// overflows however large the values are.
///
/// Error     of value() below 1e-9 for 10^5 additions and removals, as long as remove() is true.
/// Source    the running maximum of Milakov, Gimelshein, "Online normalizer calculation for softmax", 2018; removal and decay are simile's own.
class log_sum_exp {
public:
    log_sum_exp() = default;
    /// A sum of which only the value is known, as value() gave it.
    [[nodiscard]] static log_sum_exp of_value(double value) noexcept {
        log_sum_exp out;
        out.add(value);
        return out;
    }

    /// @param x  not NaN; minus infinity adds nothing
    void add(double x) noexcept {
        assert(!std::isnan(x));
        if (x == -std::numeric_limits<double>::infinity()) return;
        raise(x);
        sum_ += std::exp(x - maximum_);
        peak_ = std::max(peak_, sum_);
    }

    /// Adds all values of the other.
    void merge(log_sum_exp const& other) noexcept {
        if (other.sum_ <= 0) return;
        raise(other.maximum_);
        double const scale = std::exp(other.maximum_ - maximum_);
        sum_ += other.sum_ * scale;
        peak_ = std::max({peak_, sum_, other.peak_ * scale});
    }

    /// Takes a value out that was added.
    /// @return  false when so little is left of what was there that its rounding errors count: add what remains to a new sum
    [[nodiscard]] bool remove(double x) noexcept {
        sum_ = std::max(0.0, sum_ - std::exp(x - maximum_));
        return sum_ > least_share * peak_;
    }

    /// Multiplies every e^x so far by the factor, as a sliding bank does before each new value.
    /// @param factor  in (0, 1]
    void decay(double factor) noexcept {
        assert(factor > 0 && factor <= 1);
        maximum_ += std::log(factor);
    }

    /// Minus infinity for no values.
    [[nodiscard]] double value() const noexcept { return sum_ > 0 ? maximum_ + std::log(sum_) : -std::numeric_limits<double>::infinity(); }

private:
    void raise(double x) noexcept {
        if (x <= maximum_) return;
        double const scale = std::exp(maximum_ - x);
        sum_ *= scale;
        peak_ *= scale;
        maximum_ = x;
    }

    // 10^5 sums of rounding errors of 2^-53 each are 1e-11 of the peak at the most, and far less as they do not all point one way.
    static constexpr double least_share = 1e-6;

    double maximum_ = -std::numeric_limits<double>::infinity();
    double sum_ = 0;
    double peak_ = 0;
};

/// ln(sum over the bank of e^(beta s)) for every item.
///
/// Shape     bank [NB][items], a row for each vector of the bank; NB = 0: minus infinity for all
/// @throws error not_finite, dimension_mismatch, invalid_argument (beta not positive)
template <score_number T>
[[nodiscard]] std::vector<double> bank_log_sum_exp(matrix_view<T> bank, std::size_t items, double beta) {
    detail::require_positive(beta, "beta");
    detail::require_bank(bank, items);
    std::vector<log_sum_exp> sums(items);
    for (std::size_t b = 0; b < bank.rows(); ++b)
        for (std::size_t g = 0; g < items; ++g) sums[g].add(beta * static_cast<double>(bank[b][g]));
    std::vector<double> out(items);
    std::transform(sums.begin(), sums.end(), out.begin(), [](log_sum_exp const& s) { return s.value(); });
    return out;
}

}  // namespace simile::score
