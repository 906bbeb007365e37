// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>
#include <simile/core/norm.hpp>
#include <simile/core/rounded.hpp>
#include <simile/similarity/checks.hpp>
#include <simile/similarity/semidefinite_root.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace simile::similarity {

/// Soft cosine: the cosine of two bags of words that also counts words which are merely similar,  a' S b / sqrt(a' S a  b' S b).
///
/// Shape     a, b: [t], one number a term (a count, a tf-idf weight); S: [t][t] similarities of the terms, see term_similarities.
/// Unit      dimensionless, in [-1, 1]; larger is closer; symmetric bit for bit. S = identity gives the plain cosine.
/// Zero      0 when a' S a or b' S b is 0.
/// Error     S = L L' in double; L rounded to float, everything else in double: about 4 u condition(S)^1/2, u = 2^-24.
/// Index     an ordinary cosine of L' a: `item` = `query` writes that vector of mapped_dims() <= t components; index under similarity_kind::cosine.
/// Source    Sidorov, Gelbukh, Gomez-Adorno, Pinto, "Soft Similarity and Soft Cosine Measure: Similarity of Features in Vector Space Model", 2014.
class soft_cosine {
public:
    static constexpr ordering order = ordering::larger_is_closer;

    /// From the similarities of terms.
    /// @param similarities  S, symmetric and positive semidefinite. Without that a' S a may be negative; clamped and thresholded similarities often lack it.
    /// @throws error invalid_argument (not square, not symmetric, not positive semidefinite: the message has the pivot), not_finite
    explicit soft_cosine(matrix_view<float const> similarities) : terms_(similarities.rows()) {
        require(similarities.rows() > 0 && similarities.rows() == similarities.dims(), error_code::invalid_argument, "similarities of ",
                similarities.rows(), " x ", similarities.dims(), " terms");
        detail::require_finite(similarities.values(), "the matrix of similarities");
        set(semidefinite_root(similarities));
    }

    /// From the vectors of terms, S_ij = cosine of i and j: positive semidefinite as it stands, and needs no [t][t] matrix.
    /// @param vectors  [t][e]; mapped_dims() is e
    /// @throws error invalid_argument (none), not_finite
    [[nodiscard]] static soft_cosine of_vectors(matrix_view<float const> vectors) {
        detail::require_rows(vectors, "the matrix of term vectors");
        soft_cosine out;
        out.terms_ = vectors.rows();
        out.root_.resize(vectors.values().size());
        for (std::size_t i = 0; i < vectors.rows(); ++i)
            to_unit(vectors[i], std::span(out.root_).subspan(i * vectors.dims(), vectors.dims()));
        return out;
    }

    [[nodiscard]] std::size_t dims() const noexcept { return terms_; }
    [[nodiscard]] std::size_t mapped_dims() const noexcept { return root_.size() / terms_; }

    /// @throws error dimension_mismatch
    [[nodiscard]] float operator()(std::span<float const> a, std::span<float const> b) const {
        auto const x = mapped(a), y = mapped(b);
        double const norms = std::sqrt(inner(x, x)) * std::sqrt(inner(y, y));
        return norms == 0 ? 0.0F : static_cast<float>(std::clamp(inner(x, y) / norms, -1.0, 1.0));
    }

    /// L' a to `out` [mapped_dims()].
    /// @throws error dimension_mismatch
    void item(std::span<float const> a, std::span<float> out) const {
        detail::require_dims(out.size(), mapped_dims(), "out");
        auto const x = mapped(a);
        std::transform(x.begin(), x.end(), out.begin(), [](double v) { return static_cast<float>(v); });
    }
    void query(std::span<float const> a, std::span<float> out) const { item(a, out); }

private:
    soft_cosine() = default;

    void set(std::vector<double> const& root) {
        root_.resize(root.size());
        std::transform(root.begin(), root.end(), root_.begin(), [](double v) { return static_cast<float>(v); });
    }
    [[nodiscard]] std::vector<double> mapped(std::span<float const> a) const {
        detail::require_dims(a.size(), terms_, "the bag of words");
        std::size_t const n = mapped_dims();
        std::vector<double> out(n);
        for (std::size_t t = 0; t < terms_; ++t) {
            if (a[t] == 0) continue;  // nearly all of them
            for (std::size_t j = 0; j < n; ++j) out[j] += double{a[t]} * double{root_[t * n + j]};
        }
        return out;
    }
    [[nodiscard]] static double inner(std::span<double const> x, std::span<double const> y) noexcept {
        double sum = 0;
        for (std::size_t i = 0; i < x.size(); ++i) sum += rounded(x[i] * y[i]);
        return sum;
    }

    std::size_t terms_ = 0;
    std::vector<float> root_;  // [t][mapped_dims()]
};

}  // namespace simile::similarity
