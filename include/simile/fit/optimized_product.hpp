// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/fit/product.hpp>

#include <Eigen/Eigenvalues>
#include <Eigen/QR>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

namespace simile::fit {

/// Needs Eigen 3.3 or later: link simile::fit.
struct optimized_product_options {
    product_options product;
    /// Rounds of a rotation and a step of the codebooks. 0 leaves the rotation of the principal components.
    std::size_t rotations = 10;
};

/// A rotation and the product quantizer of rotated vectors; inner products stay as they are when queries are rotated too.
struct optimized_product {
    std::vector<float> matrix;  ///< [d][d], row after row, orthogonal: y = matrix x, what quantize::transform takes as a projection
    quantize::product_quantizer quantizer;
};

namespace detail {

using row_matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Which eigenvector goes where so that the products of the variances in all subspaces are about equal: the largest that is left goes to the subspace with
/// the smallest product that has room.
[[nodiscard]] inline std::vector<std::size_t> balanced_places(Eigen::VectorXd const& variances, std::size_t subspaces) {
    auto const d = static_cast<std::size_t>(variances.size());
    std::vector<double> product(subspaces, 0.0);
    std::vector<std::size_t> taken(subspaces), places(d);
    double const floor = std::max(variances.maxCoeff() * 1e-12, std::numeric_limits<double>::min());
    // Logarithms relative to the smallest, so that every dimension that is put somewhere makes that product larger.
    double const lowest = std::log(std::max(variances.minCoeff(), floor)) - 1;
    for (std::size_t i = d; i-- > 0;) {  // Eigen sorts them rising
        std::size_t best = subspaces;
        for (std::size_t m = 0; m < subspaces; ++m) {
            bool const has_room = taken[m] < (m + 1) * d / subspaces - m * d / subspaces;
            if (has_room && (best == subspaces || product[m] < product[best])) best = m;
        }
        places[i] = best * d / subspaces + taken[best]++;
        product[best] += std::log(std::max(variances[static_cast<Eigen::Index>(i)], floor)) - lowest;
    }
    return places;
}

[[nodiscard]] inline Eigen::MatrixXd principal_rotation(row_matrix const& x, std::size_t subspaces) {
    Eigen::MatrixXd const moments = x.cast<double>().transpose() * x.cast<double>();
    Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> const solved(moments);
    auto const places = balanced_places(solved.eigenvalues(), subspaces);
    Eigen::MatrixXd out(moments.rows(), moments.cols());
    for (std::size_t i = 0; i < places.size(); ++i)
        out.row(static_cast<Eigen::Index>(places[i])) = solved.eigenvectors().col(static_cast<Eigen::Index>(i)).transpose();
    return out;
}

/// The orthogonal map that brings the rows of x closest to those of y (Schonemann, 1966).
[[nodiscard]] inline Eigen::MatrixXd procrustes(row_matrix const& x, row_matrix const& y) {
    Eigen::MatrixXd const cross = x.cast<double>().transpose() * y.cast<double>();
    // The right singular vectors, largest first; the left ones are their images, made orthonormal (and completed, where the rank is less) in that order.
    Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> const solved(cross.transpose() * cross);
    Eigen::MatrixXd const right = solved.eigenvectors().rowwise().reverse();
    Eigen::HouseholderQR<Eigen::MatrixXd> const images(cross * right);
    Eigen::MatrixXd left = images.householderQ();
    for (Eigen::Index i = 0; i < left.cols(); ++i)
        if (images.matrixQR()(i, i) < 0) left.col(i) *= -1;
    return right * left.transpose();
}

[[nodiscard]] inline std::vector<float const*> pointers_to(row_matrix const& x) {
    std::vector<float const*> out(static_cast<std::size_t>(x.rows()));
    for (std::size_t r = 0; r < out.size(); ++r) out[r] = x.data() + r * static_cast<std::size_t>(x.cols());
    return out;
}

[[nodiscard]] inline row_matrix decoded(product_quantizer const& quantizer, row_matrix const& x) {
    row_matrix out(x.rows(), x.cols());
    std::vector<std::uint8_t> codes(quantizer.subspaces());
    for (Eigen::Index r = 0; r < x.rows(); ++r) {
        quantizer.encode({x.row(r).data(), quantizer.dims()}, std::span(codes));
        quantizer.decode(codes, {out.row(r).data(), quantizer.dims()});
    }
    return out;
}

}  // namespace detail

/// Optimized product quantization: turns the rotation and the codebooks of a product quantizer towards the smallest squared error in turn, from the
/// principal components on, whose variances are spread evenly over the subspaces. It pays where dimensions are correlated. Time O(d^3) a rotation.
///
/// The last bits depend on the compiler, so store the result: codes made with a stored matrix and quantizer are the same everywhere.
/// Source  Ge, He, Ke, Sun, "Optimized Product Quantization", 2014: sections 3.1 (non-parametric) and 3.2 (the start).
/// @throws as fit_product
[[nodiscard]] inline optimized_product fit_optimized_product(matrix_view<float const> rows, std::size_t subspaces,
                                                             optimized_product_options const& options = {}) {
    auto const sample = detail::product_sample(rows, subspaces, options.product);
    auto const d = static_cast<Eigen::Index>(rows.dims());
    detail::row_matrix x(static_cast<Eigen::Index>(sample.size()), d);
    for (Eigen::Index r = 0; r < x.rows(); ++r) x.row(r) = Eigen::Map<Eigen::RowVectorXf const>(sample[static_cast<std::size_t>(r)], d);

    detail::row_matrix rotation = detail::principal_rotation(x, subspaces).cast<float>();
    auto plain = options.product;
    plain.threshold = 0;
    plain.watch = nullptr;
    for (std::size_t round = 0; round < options.rotations; ++round) {
        if (options.product.watch != nullptr) options.product.watch->step(round, options.rotations + subspaces);
        detail::row_matrix const y = x * rotation.transpose();
        // A few passes will do: the rotation only asks where the codebooks pull.
        plain.iterations = std::min<std::size_t>(options.product.iterations, 4);
        auto const quantizer = detail::cluster_parts(detail::pointers_to(y), rows.dims(), subspaces, plain);
        rotation = detail::procrustes(x, detail::decoded(quantizer, y)).cast<float>();
    }
    detail::row_matrix const y = x * rotation.transpose();
    auto last = options.product;
    last.sample = 0;
    progress watch;
    if (options.product.watch != nullptr) {
        watch = *options.product.watch;
        if (watch.report)
            watch.report = [&](std::size_t done, std::size_t) {
                options.product.watch->report(options.rotations + done, options.rotations + subspaces);
            };
        last.watch = &watch;
    }
    return {{rotation.data(), rotation.data() + rotation.size()},
            fit_product({y.data(), static_cast<std::size_t>(y.rows()), rows.dims()}, subspaces, last)};
}

}  // namespace simile::fit
