// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/score/calibration.hpp>
#include <simile/score/checks.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

/// Query-dependent calibration: a cosine of 0.5 means much for one query and little for another. A small network reads the query and gives the
/// parameters of a rising map from cosine to relevance, so that one threshold serves all queries.
/// Source  Rossi et al., "Relevance Filtering for Embedding-based Retrieval", CIKM 2024 (the idea, the forms of the map); the network is ours.
namespace simile::score {

/// The form of the map; the power form does best in the paper.
enum class adapter_form { raw, linear, square_root, square, power };

/// y = clip(a max(cos, 0)^p + b, 0, 1), where the form fixes p at 1, 1/2 or 2 unless it is `power`; `raw` is the cosine itself, unclipped.
struct adapter_map {
    adapter_form form = adapter_form::power;
    double a = 1;  ///< > 0
    double b = 0;
    double p = 1;  ///< > 0

    /// @throws error invalid_argument when a or p is not positive, not_finite
    void check() const {
        detail::require_positive(a, "a");
        detail::require_finite(b, "b");
        detail::require_positive(p, "p");
    }

    [[nodiscard]] double exponent() const noexcept {
        switch (form) {
            case adapter_form::square_root: return 0.5;
            case adapter_form::square: return 2;
            case adapter_form::power: return p;
            case adapter_form::raw:
            case adapter_form::linear: break;
        }
        return 1;
    }

    [[nodiscard]] double operator()(double cosine) const noexcept {
        if (form == adapter_form::raw) return cosine;
        double const x = std::max(cosine, 0.0);
        double const raised = form == adapter_form::linear ? x : form == adapter_form::square ? x * x : std::pow(x, exponent());
        return std::clamp(a * raised + b, 0.0, 1.0);
    }

    /// The least float c for which the map reaches the threshold: a scan may drop every row below it, and nothing else is lost. -infinity when everything
    /// passes, +infinity when no cosine up to 1 does.
    [[nodiscard]] float cut_off(double threshold) const noexcept {
        constexpr float infinite = std::numeric_limits<float>::infinity();
        if (form == adapter_form::raw) return at_or_above(threshold);
        if (!(threshold > (*this)(0))) return -infinite;
        if (!(threshold <= (*this)(1))) return infinite;
        float c = static_cast<float>(std::pow(std::max((threshold - b) / a, 0.0), 1 / exponent()));
        // The power is rounded: the last steps are made by trial.
        while (double{c} > 0 && (*this)(double{std::nextafter(c, 0.0F)}) >= threshold) c = std::nextafter(c, 0.0F);
        while ((*this)(double{c}) < threshold) c = std::nextafter(c, 2.0F);
        return c;
    }

private:
    [[nodiscard]] static float at_or_above(double threshold) noexcept {
        float const near = static_cast<float>(threshold);
        return double{near} < threshold ? std::nextafter(near, std::numeric_limits<float>::infinity()) : near;
    }
};

/// ln(1 + e^x) without overflow.
[[nodiscard]] inline double softplus(double x) noexcept { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

/// a and p below this make a map flat, which has no cut-off.
inline constexpr double least_adapter_slope = 1e-3;

/// The network: (a, b, p) = W2 relu(W1 q + b1) + b2, then softplus of a and p, at least 1e-3 each. O(dims hidden) a query.
struct cosine_adapter {
    std::size_t dims = 0;
    std::size_t hidden = 0;
    std::vector<float> w1;  ///< [hidden][dims]
    std::vector<float> b1;  ///< [hidden]
    std::vector<float> w2;  ///< [3][hidden]
    std::vector<float> b2;  ///< [3]
    adapter_form form = adapter_form::power;

    /// @throws error dimension_mismatch when the parts do not fit together, invalid_argument for no dimensions, not_finite
    void check() const {
        require(dims > 0 && hidden > 0, error_code::invalid_argument, "an adapter of ", dims, " dimensions and ", hidden, " hidden units");
        for (auto const& [part, size, what] :
             {part_of{w1, hidden * dims, "W1"}, part_of{b1, hidden, "b1"}, part_of{w2, 3 * hidden, "W2"}, part_of{b2, 3, "b2"}}) {
            detail::require_size(part.size(), size, what);
            detail::require_finite(part, what);
        }
    }

    /// The map of a query.
    /// @param query  [dims], finite, as the adapter was fitted to: usually of unit length
    /// @throws error dimension_mismatch, not_finite
    [[nodiscard]] adapter_map map_of(std::span<float const> query) const {
        detail::require_size(query.size(), dims, "the query");
        detail::require_finite(query, "a component of the query");
        double out[3] = {double{b2[0]}, double{b2[1]}, double{b2[2]}};
        for (std::size_t h = 0; h < hidden; ++h) {
            double sum = double{b1[h]};
            for (std::size_t i = 0; i < dims; ++i) sum += double{w1[h * dims + i]} * double{query[i]};
            for (std::size_t o = 0; o < 3 && sum > 0; ++o) out[o] += double{w2[o * hidden + h]} * sum;
        }
        return {form, std::max(softplus(out[0]), least_adapter_slope), out[1], std::max(softplus(out[2]), least_adapter_slope)};
    }

private:
    struct part_of {
        std::span<float const> values;
        std::size_t size;
        char const* what;
    };
};

}  // namespace simile::score
