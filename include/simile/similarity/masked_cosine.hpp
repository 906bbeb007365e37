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

/// Conditional similarity: the cosine of what a mask leaves of both vectors,  <m x, m y> / (|m x| |m y|), products by component. A mask stands for one
/// notion of similarity (colour, style, topic) that a model trained with masks keeps in some of its dimensions.
///
/// Shape     x, y, mask: [d]. The mask may be any numbers, mostly 0 and 1.
/// Unit      dimensionless, in [-1, 1]; larger is closer; symmetric bit for bit.
/// Zero      0 when the mask leaves nothing of a vector.
/// Error     sums in double, rounded to float once.
/// NaN       and infinity give NaN.
/// Requires  equal sizes; asserted only.
/// Index     `item` = `query` gives m x, for an index of this mask under similarity_kind::cosine. When the mask comes with the query, index the vectors
///           as they are under similarity_kind::dot and search with `query_of_unmasked`, m^2 y: the score is <m x, m y>, short of the items' |m x| only.
/// Source    Veit, Belongie, Karaletsos, "Conditional Similarity Networks", CVPR 2017, with the cosine in place of the distance.
class masked_cosine {
public:
    static constexpr ordering order = ordering::larger_is_closer;

    /// @throws error invalid_argument (a mask that leaves nothing), not_finite
    explicit masked_cosine(std::span<float const> mask) : mask_(mask.begin(), mask.end()) {
        detail::require_finite(mask, "the mask");
        bool const any = std::any_of(mask.begin(), mask.end(), [](float m) { return m != 0; });
        require(any, error_code::invalid_argument, "the mask of ", mask.size(), " dimensions leaves none");
    }

    [[nodiscard]] std::size_t dims() const noexcept { return mask_.size(); }

    [[nodiscard]] float operator()(std::span<float const> x, std::span<float const> y) const noexcept {
        assert(x.size() == dims() && y.size() == dims());
        double const norms = std::sqrt(inner(x, x)) * std::sqrt(inner(y, y));
        return norms == 0 ? 0.0F : static_cast<float>(std::clamp(inner(x, y) / norms, -1.0, 1.0));
    }

    [[nodiscard]] std::size_t mapped_dims() const noexcept { return dims(); }
    /// m x to `out` [d], which may be x.
    /// @throws error dimension_mismatch
    void item(std::span<float const> x, std::span<float> out) const {
        check(x, out);
        for (std::size_t i = 0; i < dims(); ++i) out[i] = static_cast<float>(double{mask_[i]} * double{x[i]});
    }
    void query(std::span<float const> y, std::span<float> out) const { item(y, out); }

    /// m^2 y to `out` [d], which may be y.
    /// @throws error dimension_mismatch
    void query_of_unmasked(std::span<float const> y, std::span<float> out) const {
        check(y, out);
        for (std::size_t i = 0; i < dims(); ++i) out[i] = static_cast<float>(double{mask_[i]} * double{mask_[i]} * double{y[i]});
    }

private:
    void check(std::span<float const> x, std::span<float> out) const {
        detail::require_dims(x.size(), dims(), "the vector");
        detail::require_dims(out.size(), dims(), "out");
    }
    [[nodiscard]] double inner(std::span<float const> x, std::span<float const> y) const noexcept {
        double sum = 0;
        // m x and m y are exact in double; their product is rounded before it is added, on every platform.
        for (std::size_t i = 0; i < dims(); ++i) sum += rounded((double{mask_[i]} * double{x[i]}) * (double{mask_[i]} * double{y[i]}));
        return sum;
    }

    std::vector<float> mask_;
};

static_assert(similarity_functor<masked_cosine, float>);

}  // namespace simile::similarity
