// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/matrix_view.hpp>
#include <simile/core/norm.hpp>
#include <simile/quantize/reduce.hpp>

#include <Eigen/Eigenvalues>

#include <algorithm>
#include <cmath>
#include <cstddef>

/// Needs Eigen 3.3 or later: link simile::fit. Nothing that searches includes this header.
namespace simile::fit {

struct principal_component_options {
    std::size_t rank = 0;  ///< how many rows to keep; 0 for all that have variance
    /// Whitening: rows are divided by (variance + epsilon)^(power / 2). 0 keeps lengths (PCA); 1 makes every direction count the same; 0.5 lies between
    /// (Su et al., "Whitening Sentence Representations", 2021, is 1).
    double power = 0;
    double epsilon = 1e-8;  ///< in parts of the mean variance of a dimension
};

namespace detail {

[[nodiscard]] inline Eigen::VectorXd mean_of(matrix_view<float const> rows) {
    Eigen::VectorXd sum = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(rows.dims()));
    for (std::size_t i = 0; i < rows.rows(); ++i) sum += Eigen::Map<Eigen::VectorXf const>(rows[i].data(), sum.size()).cast<double>();
    return sum / static_cast<double>(rows.rows());
}

/// In blocks of rows, so that the copy in double stays small.
[[nodiscard]] inline Eigen::MatrixXd covariance_of(matrix_view<float const> rows, Eigen::VectorXd const& mean) {
    using row_major = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    auto const dims = static_cast<Eigen::Index>(rows.dims());
    Eigen::MatrixXd sum = Eigen::MatrixXd::Zero(dims, dims), block;
    for (std::size_t begin = 0; begin < rows.rows(); begin += 256) {
        auto const count = static_cast<Eigen::Index>(std::min<std::size_t>(256, rows.rows() - begin));
        block = Eigen::Map<row_major const>(rows[begin].data(), count, dims).cast<double>();
        block.rowwise() -= mean.transpose();
        sum.selfadjointView<Eigen::Lower>().rankUpdate(block.transpose());
    }
    sum /= static_cast<double>(rows.rows());
    return sum.selfadjointView<Eigen::Lower>();
}

/// An eigenvector's sign is arbitrary: its largest component is made positive, so that one machine gives one matrix.
inline void fix_sign(Eigen::Ref<Eigen::VectorXd> v) {
    Eigen::Index at = 0;
    v.cwiseAbs().maxCoeff(&at);
    if (v[at] < 0) v = -v;
}

}  // namespace detail

/// Principal components of a sample, in double: the orthogonal directions of the most variance, largest first. Time O(n d^2 + d^3): 10,000 x 384 in
/// about half a second. The last bits depend on the compiler, so store the result.
///
/// @param sample  [n, dims], finite; n of several times dims makes the small components mean something
/// @throws error invalid_argument for an empty sample, a rank above dims, or a power or epsilon that is negative or no number; not_finite
[[nodiscard]] inline quantize::reduction principal_components(matrix_view<float const> sample,
                                                              principal_component_options const& options = {}) {
    require(sample.rows() != 0 && sample.dims() != 0, error_code::invalid_argument, "the sample is empty");
    require(options.rank <= sample.dims(), error_code::invalid_argument, "rank ", options.rank, " of ", sample.dims(), " dimensions");
    require(options.power >= 0 && options.power <= 1, error_code::invalid_argument, "whitening to the power ", options.power,
            ", not 0 .. 1");
    require(options.epsilon >= 0 && std::isfinite(options.epsilon), error_code::invalid_argument, "epsilon is ", options.epsilon);
    require(all_finite(sample.values()), error_code::not_finite, "the sample has a value that is NaN or infinite");

    Eigen::VectorXd const mean = detail::mean_of(sample);
    Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> const solved(detail::covariance_of(sample, mean));
    require(solved.info() == Eigen::Success, error_code::invalid_argument, "the eigenvalues did not converge");

    auto const dims = static_cast<Eigen::Index>(sample.dims());
    quantize::reduction out;
    out.dims = sample.dims();
    for (double const v : mean) out.mean.push_back(static_cast<float>(v));
    out.total_variance = solved.eigenvalues().cwiseMax(0).sum();
    double const floor = options.epsilon * out.total_variance / static_cast<double>(dims);
    Eigen::Index const rank = options.rank == 0 ? dims : static_cast<Eigen::Index>(options.rank);
    for (Eigen::Index i = 0; i < rank; ++i) {
        double const variance = std::max(solved.eigenvalues()[dims - 1 - i], 0.0);
        // Directions without variance are noise of rounding; one row stays in any case.
        if (options.rank == 0 && i > 0 && variance <= 1e-12 * out.total_variance) break;
        Eigen::VectorXd row = solved.eigenvectors().col(dims - 1 - i);
        detail::fix_sign(row);
        double const shrunk = std::pow(variance + floor, options.power / 2);
        if (shrunk > 0) row /= shrunk;
        for (double const v : row) out.matrix.push_back(static_cast<float>(v));
        out.variance.push_back(variance);
    }
    return out;
}

}  // namespace simile::fit
