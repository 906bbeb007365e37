// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/compose/direction.hpp>

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

/// Several queries as one: a single vector, so any index can search with it.
namespace simile::compose {

/// The direction of sum w_i x_i / |x_i|. A negative weight moves away from what its vector means.
///
/// @param vectors  [n, dims], finite, n >= 1; their lengths mean nothing
/// @param weights  [n], finite
/// @param out      [dims]; of unit length, or zeros when the vectors cancel out
/// @return         the length of the sum, 0 when they cancel out. cos(out, x) = sum w_i cos(x_i, x) / length: the ranking is that of the weighted sum of the
///                 scores, the scale is not.
/// @throws error dimension_mismatch, invalid_argument (no vectors), not_finite
inline double weighted_sum(matrix_view<float const> vectors, std::span<float const> weights, std::span<float> out) {
    detail::require_rows(vectors, out.size(), "the list of vectors");
    require(weights.size() == vectors.rows(), error_code::dimension_mismatch, weights.size(), " weights for ", vectors.rows(), " vectors");
    require(all_finite(weights), error_code::not_finite, "a weight is NaN or infinite");
    std::vector<double> sum(vectors.dims());
    double size = 0;
    for (std::size_t i = 0; i < vectors.rows(); ++i) {
        detail::add_direction(sum, vectors[i], double{weights[i]});
        size += std::abs(double{weights[i]});
    }
    return detail::write_unit(sum, detail::cancelled * size, out);
}

/// The same for a query that shall be searched with.
/// @throws error zero_norm when nothing is left, and as above
[[nodiscard]] inline std::vector<float> composed_query(matrix_view<float const> vectors, std::span<float const> weights) {
    std::vector<float> out(vectors.dims());
    require(weighted_sum(vectors, weights, out) > 0, error_code::zero_norm, "the ", vectors.rows(), " vectors of the query cancel out");
    return out;
}

/// x less everything it shares with the negatives: "but not ..." as a hard condition, since the result has the cosine 0 with each of them. A negative weight is
/// the soft form.
///
/// @param query      [dims], finite
/// @param negatives  [n, dims], finite; none are allowed, and repeats and zero vectors do no harm
/// @param out        [dims]; the rest, not brought to unit length; zeros when it is rounding. May be the query itself.
/// @return           the length of the rest
/// @throws error dimension_mismatch, invalid_argument, not_finite
inline double project_out(std::span<float const> query, matrix_view<float const> negatives, std::span<float> out) {
    detail::require_vector(query, out.size(), "the query");
    if (negatives.rows() > 0) detail::require_rows(negatives, query.size(), "the list of negatives");
    // Gram-Schmidt, twice over for each: then what is left is orthogonal to the last bits.
    std::vector<std::vector<double>> basis;
    auto const without_basis = [&](std::vector<double>& x) {
        for (int pass = 0; pass < 2; ++pass)
            for (auto const& b : basis) {
                double const along = detail::dot(x, b);
                for (std::size_t i = 0; i < x.size(); ++i) x[i] -= along * b[i];
            }
        return std::sqrt(detail::dot(x, x));
    };
    for (std::size_t n = 0; n < negatives.rows(); ++n) {
        auto rest = detail::direction(negatives[n]);
        double const length = without_basis(rest);
        if (length <= detail::cancelled) continue;
        for (double& v : rest) v /= length;
        basis.push_back(std::move(rest));
    }
    double const before = norm(query);
    std::vector<double> rest(query.begin(), query.end());
    double const length = without_basis(rest);
    bool const vanished = length <= detail::cancelled * before;
    std::transform(rest.begin(), rest.end(), out.begin(), [vanished](double v) { return vanished ? 0.0F : static_cast<float>(v); });
    return vanished ? 0 : length;
}

}  // namespace simile::compose
