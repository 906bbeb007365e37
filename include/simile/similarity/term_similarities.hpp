// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/norm.hpp>
#include <simile/similarity/checks.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <vector>

namespace simile::similarity {

/// Parameters of term_similarities; the defaults are those in common use.
struct term_similarity_options {
    double exponent = 2;           ///< > 0; a larger one leaves only near synonyms
    double threshold = 0;          ///< >= 0; cosines not above it count as 0
    std::size_t neighbours = 100;  ///< what is less similar than that many others counts as 0
};

namespace detail {

[[nodiscard]] inline double cosine_in_double(std::span<float const> x, double x_length, std::span<float const> y,
                                             double y_length) noexcept {
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += double{x[i]} * double{y[i]};
    return sum == 0 ? 0 : sum / x_length / y_length;
}

/// Clears each entry that is not among the `count` largest, beside the diagonal, of its row and of its column.
inline void keep_mutual_neighbours(std::vector<float>& s, std::size_t t, std::size_t count) {
    if (count + 1 >= t) return;
    std::vector<float> least(t), row;
    for (std::size_t i = 0; i < t; ++i) {
        auto const first = s.begin() + static_cast<std::ptrdiff_t>(i * t);
        row.assign(first, first + static_cast<std::ptrdiff_t>(t));
        row[i] = 2;  // itself before all others
        auto const last = row.begin() + static_cast<std::ptrdiff_t>(count);
        std::nth_element(row.begin(), last, row.end(), std::greater<>{});
        least[i] = *last;
    }
    for (std::size_t i = 0; i < t; ++i)
        for (std::size_t j = 0; j < t; ++j)
            if (i != j && s[i * t + j] < std::max(least[i], least[j])) s[i * t + j] = 0;
}

}  // namespace detail

/// The matrix S of soft_cosine from the vectors of terms:  max(0, cosine)^exponent, ones on the diagonal, symmetric. An entry stays when each term is among
/// the other's `neighbours` most similar ones; ties stay. What is left need not be positive semidefinite: soft_cosine says when it is not.
///
/// @param vectors  [t][e]; a term of zeros is similar to itself only
/// @return         [t][t]
/// @throws error invalid_argument (no terms, an exponent that is not positive, a threshold below 0), not_finite
/// Source  Charlet, Damnati, "SimBow at SemEval-2017 Task 3: Soft-Cosine Semantic Similarity between Questions for Community Question Answering", 2017.
[[nodiscard]] inline std::vector<float> term_similarities(matrix_view<float const> vectors, term_similarity_options options = {}) {
    detail::require_rows(vectors, "the matrix of term vectors");
    detail::require_positive(options.exponent, "the exponent");
    require(options.threshold >= 0, error_code::invalid_argument, "the threshold is ", options.threshold);
    std::size_t const t = vectors.rows();
    std::vector<double> length(t);
    for (std::size_t i = 0; i < t; ++i) length[i] = norm(vectors[i]);
    std::vector<float> out(t * t, 0.0F);
    for (std::size_t i = 0; i < t; ++i) {
        out[i * t + i] = 1;
        for (std::size_t j = i + 1; j < t; ++j) {
            double const closeness = std::min(detail::cosine_in_double(vectors[i], length[i], vectors[j], length[j]), 1.0);
            if (closeness > options.threshold) out[i * t + j] = out[j * t + i] = static_cast<float>(std::pow(closeness, options.exponent));
        }
    }
    detail::keep_mutual_neighbours(out, t, options.neighbours);
    return out;
}

}  // namespace simile::similarity
