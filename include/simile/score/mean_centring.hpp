// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/norm.hpp>
#include <simile/score/checks.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace simile::score {

/// The mean of vectors that come and go: d doubles.
class running_mean {
public:
    /// @throws error invalid_argument (no dimensions)
    explicit running_mean(std::size_t dims) : sum_(dims) { require(dims > 0, error_code::invalid_argument, "there are no dimensions"); }

    [[nodiscard]] std::size_t dims() const noexcept { return sum_.size(); }
    [[nodiscard]] std::size_t size() const noexcept { return count_; }

    /// @throws error dimension_mismatch, not_finite; nothing has changed then
    void add(std::span<float const> x) {
        check(x);
        for (std::size_t i = 0; i < x.size(); ++i) sum_[i] += double{x[i]};
        ++count_;
    }
    /// A vector that was added.
    /// @throws error as add, and invalid_argument (there is none)
    void remove(std::span<float const> x) {
        check(x);
        require(count_ > 0, error_code::invalid_argument, "there is no vector to remove");
        for (std::size_t i = 0; i < x.size(); ++i) sum_[i] -= double{x[i]};
        if (--count_ == 0) std::fill(sum_.begin(), sum_.end(), 0.0);
    }

    /// Zeros of no vectors.
    [[nodiscard]] std::vector<float> mean() const {
        std::vector<float> out(dims());
        double const n = std::max(1.0, static_cast<double>(count_));
        std::transform(sum_.begin(), sum_.end(), out.begin(), [n](double v) { return static_cast<float>(v / n); });
        return out;
    }

private:
    void check(std::span<float const> x) const {
        detail::require_size(x.size(), dims(), "a vector");
        detail::require_finite(x, "a component");
    }

    std::size_t count_ = 0;
    std::vector<double> sum_;
};

/// out = x - lambda mean. `out` may be x itself.
/// @throws error dimension_mismatch, not_finite
inline void subtract_mean(std::span<float const> x, std::span<float const> mean, double lambda, std::span<float> out) {
    detail::require_size(mean.size(), x.size(), "the mean");
    detail::require_size(out.size(), x.size(), "the result");
    detail::require_finite(lambda, "lambda");
    detail::require_finite(x, "a component");
    detail::require_finite(mean, "a component of the mean");
    for (std::size_t i = 0; i < x.size(); ++i) out[i] = static_cast<float>(double{x[i]} - lambda * double{mean[i]});
}

/// Cosines seen from the mean of the gallery instead of from 0, which takes much of the hubness away: x - mean, of unit length again. Do so to the vectors
/// before they are added and to each query; zeros where x is the mean.
/// @return  |x - mean|
/// @throws error dimension_mismatch, not_finite
/// Source    Suzuki, Hara, Shimbo, Saerens, Fukumizu, "Centering Similarity Measures to Reduce Hubs", EMNLP 2013.
inline double mean_centre(std::span<float const> x, std::span<float const> mean, std::span<float> out) {
    subtract_mean(x, mean, 1, out);
    return to_unit(out, out);
}

/// The same from raw inner products, where stored vectors cannot be changed: cos(q - m, g - m) = scale_g (s - bias_g - offset_q) scale_q.
struct centring_terms {
    double offset = 0;  ///< <x, m> for a query; <x, m> - |m|^2 for an item, its bias
    double scale = 0;   ///< 1 / |x - m|, 0 where x is the mean
};

/// @param is_item  or a query
/// @throws error dimension_mismatch, not_finite
[[nodiscard]] inline centring_terms mean_centring(std::span<float const> x, std::span<float const> mean, bool is_item) {
    detail::require_size(mean.size(), x.size(), "the mean");
    detail::require_finite(x, "a component");
    detail::require_finite(mean, "a component of the mean");
    double xm = 0, mm = 0, apart = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        double const a = double{x[i]}, m = double{mean[i]};
        xm += a * m;
        mm += m * m;
        apart += (a - m) * (a - m);
    }
    return {is_item ? xm - mm : xm, apart > 0 ? 1 / std::sqrt(apart) : 0.0};
}
[[nodiscard]] inline double centred_cosine(double s, centring_terms const& query, centring_terms const& item) noexcept {
    return item.scale * (s - item.offset - query.offset) * query.scale;
}

}  // namespace simile::score
