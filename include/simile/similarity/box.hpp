// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>
#include <simile/similarity/checks.hpp>
#include <simile/similarity/logistic.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

namespace simile::similarity {

/// An axis-parallel box: centre +- offset.
struct box_view {
    std::span<float const> centre;
    std::span<float const> offset;  ///< half widths

    [[nodiscard]] std::size_t dims() const noexcept { return centre.size(); }
};

/// How much of one box lies in another:  P(other | given) = vol(given and other) / vol(given).
///
/// Shape     centres and offsets [d], d >= 1; 2 d numbers an item.
/// Unit      a fraction in [0, 1]; larger is closer; NOT symmetric. Soft sides are softplus(beta side) / beta, so that boxes which miss each other are
///           still ranked by how far.
/// Error     volumes as sums of logarithms in double, so no product of many sides under- or overflows; rounded to float once.
/// Index     none: for re-ranking, or small sets.
/// Source    Mei, Mao, Wang, Gan, Tenenbaum, "FALCON: Fast Visual Concept Learning by Integrating Images, Linguistic Descriptions, and Conceptual
///           Relations", ICLR 2022; soft sides: Li, Vilnis, Zhang, Boratko, McCallum, "Smoothing the Geometry of Probabilistic Box Embeddings", ICLR 2019.
class box_containment {
public:
    static constexpr ordering order = ordering::larger_is_closer;

    /// Hard sides.
    box_containment() noexcept = default;
    /// Soft sides; harder with larger beta.
    /// @throws error invalid_argument (beta not positive), not_finite
    explicit box_containment(double beta) : beta_(beta) { detail::require_positive(beta, "beta"); }

    /// @throws error dimension_mismatch, invalid_argument (a negative offset; hard: `given` has a side of 0, thus no volume), not_finite
    [[nodiscard]] float operator()(box_view given, box_view other) const {
        check(given, true);
        check(other, false);
        detail::require_dims(other.dims(), given.dims(), "the other box");
        double sum = 0;
        for (std::size_t i = 0; i < given.dims(); ++i) {
            double const c = given.centre[i], o = given.offset[i], c2 = other.centre[i], o2 = other.offset[i];
            sum += log_side(std::min(c + o, c2 + o2) - std::max(c - o, c2 - o2)) - log_side(2 * o);
        }
        return static_cast<float>(std::exp(sum));
    }

private:
    [[nodiscard]] bool is_hard() const noexcept { return std::isinf(beta_); }
    /// Softly without the 1 / beta, which cancels.
    [[nodiscard]] double log_side(double length) const noexcept {
        return is_hard() ? std::log(std::max(length, 0.0)) : log_softplus(beta_ * length);
    }

    void check(box_view box, bool is_given) const {
        detail::require_dims(box.offset.size(), box.dims(), "the offset");
        require(box.dims() > 0, error_code::invalid_argument, "a box of 0 dimensions");
        detail::require_finite(box.centre, "the centre");
        detail::require_finite(box.offset, "the offset");
        detail::require_no_negative(box.offset, "offset");
        bool const has_volume = std::find(box.offset.begin(), box.offset.end(), 0.0F) == box.offset.end();
        require(has_volume || !is_given || !is_hard(), error_code::invalid_argument,
                "the given box has a side of length 0, so it has no volume");
    }

    double beta_ = std::numeric_limits<double>::infinity();
};

}  // namespace simile::similarity
