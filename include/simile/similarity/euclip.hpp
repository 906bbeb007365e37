// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/norm.hpp>
#include <simile/similarity/checks.hpp>
#include <simile/similarity/squared_l2.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

namespace simile::similarity {

/// Negative squared Euclidean logit  -scale |x - y|^2  of features that are not normalised.
///
/// Shape     x, y: [d] with the same d.
/// Unit      logit, <= 0; larger is closer; symmetric bit for bit.
/// Error     relative: that of squared_l2 and 2 u, u = 2^-24.
/// NaN       and infinity propagate.
/// Requires  equal sizes; asserted only.
/// Index     ranks as an inner product: `item` gives [2 x, -|x|^2], `query` gives [q, 1], both d + 1 long;  -|x - q|^2 = <query, item> - |q|^2. Or under
///           similarity_kind::squared_l2 as it is.
/// Source    Chou, Alam, "Embedding Geometries of Contrastive Language-Image Pre-Training" (EuCLIP), 2024.
class euclip {
public:
    static constexpr ordering order = ordering::larger_is_closer;

    /// @throws error invalid_argument (scale not positive), not_finite
    explicit euclip(double scale = 1) : scale_(scale) { detail::require_positive(scale, "the scale"); }

    /// The scale of a trained model for its raw features, which EuCLIP multiplies by 1 / sqrt(dims):  exp(logit_scale) / dims.
    /// @throws error invalid_argument, not_finite
    [[nodiscard]] static euclip trained(double logit_scale, std::size_t dims) {
        require(dims > 0, error_code::invalid_argument, "features of 0 dimensions");
        return euclip(std::exp(logit_scale) / static_cast<double>(dims));
    }

    [[nodiscard]] float operator()(std::span<float const> x, std::span<float const> y) const noexcept {
        return static_cast<float>(-scale_ * double{squared_l2(reproducible, x, y)});
    }

    [[nodiscard]] static constexpr std::size_t mapped_dims(std::size_t dims) noexcept { return dims + 1; }
    /// @param out  [d + 1]
    /// @throws error dimension_mismatch
    static void item(std::span<float const> x, std::span<float> out) {
        detail::require_dims(out.size(), mapped_dims(x.size()), "out");
        std::transform(x.begin(), x.end(), out.begin(), [](float v) { return 2 * v; });
        double const length = norm(x);
        out[x.size()] = static_cast<float>(-length * length);
    }
    /// @param out  [d + 1]
    /// @throws error dimension_mismatch
    static void query(std::span<float const> q, std::span<float> out) {
        detail::require_dims(out.size(), mapped_dims(q.size()), "out");
        std::copy(q.begin(), q.end(), out.begin());
        out[q.size()] = 1;
    }

private:
    double scale_;
};

static_assert(similarity_functor<euclip, float>);

}  // namespace simile::similarity
