// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

namespace simile::eval {

/// S = V' diag(values) V of a symmetric matrix.
struct eigen_system {
    std::vector<double> values;   ///< [n], falling
    std::vector<double> vectors;  ///< [n][n], row i belongs to value i and has length 1; empty when not asked for. Signs are arbitrary.
};

namespace detail {

/// Householder's reflections make a symmetric matrix tridiagonal: T = Q' S Q.
class tridiagonal {
public:
    tridiagonal(std::span<double const> s, std::size_t n, bool vectors) : n_(n), a_(s.begin(), s.end()), diagonal(n), below(n) {
        std::vector<double> p(n);
        for (std::size_t k = 0; k + 2 < n; ++k) reflect(k, p);
        for (std::size_t i = 0; i < n; ++i) diagonal[i] = at(i, i);
        if (n > 1) below[n - 2] = at(n - 1, n - 2);
        if (vectors) accumulate();
    }

private:
    std::size_t n_;
    std::vector<double> a_;  // what is left of S; row k holds the k-th reflection right of the diagonal once it is done

    [[nodiscard]] double& at(std::size_t i, std::size_t j) noexcept { return a_[i * n_ + j]; }

    /// Zeros column k below the subdiagonal by H = I - 2 v v'. H S H = S - 2 v w' - 2 w v' with p = S v, w = p - (v' p) v.
    void reflect(std::size_t k, std::vector<double>& p) {
        double* const v = &at(k, 0);
        double largest = 0, squares = 0;
        for (std::size_t j = k + 1; j < n_; ++j) largest = std::max(largest, std::abs(v[j]));
        if (largest == 0) return void(below[k] = 0);  // v = 0: no reflection
        for (std::size_t j = k + 1; j < n_; ++j) squares += (v[j] / largest) * (v[j] / largest);
        double const length = -std::copysign(largest * std::sqrt(squares), v[k + 1]);
        below[k] = length;
        v[k + 1] -= length;
        double norm = 0;
        for (std::size_t j = k + 1; j < n_; ++j) norm += (v[j] / largest) * (v[j] / largest);
        norm = largest * std::sqrt(norm);
        for (std::size_t j = k + 1; j < n_; ++j) v[j] /= norm;
        double along = 0;
        for (std::size_t i = k + 1; i < n_; ++i) {
            p[i] = 0;
            for (std::size_t j = k + 1; j < n_; ++j) p[i] += at(i, j) * v[j];
            along += p[i] * v[i];
        }
        for (std::size_t i = k + 1; i < n_; ++i) p[i] -= along * v[i];
        for (std::size_t i = k + 1; i < n_; ++i)
            for (std::size_t j = k + 1; j < n_; ++j) at(i, j) -= 2 * (v[i] * p[j] + p[i] * v[j]);
    }

    /// Q' by rows: the reflections applied to the identity, the last one first.
    void accumulate() {
        rows.assign(n_ * n_, 0.0);
        for (std::size_t i = 0; i < n_; ++i) rows[i * n_ + i] = 1;
        for (std::size_t k = n_ < 2 ? 0 : n_ - 2; k-- > 0;) {
            double const* const v = &at(k, 0);
            for (std::size_t i = k + 1; i < n_; ++i) {
                double sum = 0;
                for (std::size_t j = k + 1; j < n_; ++j) sum += rows[i * n_ + j] * v[j];
                for (std::size_t j = k + 1; j < n_; ++j) rows[i * n_ + j] -= 2 * sum * v[j];
            }
        }
    }

public:
    std::vector<double> diagonal, below;
    std::vector<double> rows;
};

/// Implicit QL steps with Wilkinson's shift until the subdiagonal is gone; every rotation of two columns of Q is one of two rows of Q'.
inline void diagonalise(tridiagonal& t, std::size_t n) {
    auto& d = t.diagonal;
    auto& e = t.below;
    auto const rotate = [&](std::size_t i, double c, double s) {
        if (t.rows.empty()) return;
        double* const x = t.rows.data() + i * n;
        double* const y = x + n;
        for (std::size_t k = 0; k < n; ++k) std::tie(x[k], y[k]) = std::pair(c * x[k] - s * y[k], s * x[k] + c * y[k]);
    };
    for (std::size_t l = 0; l < n; ++l)
        for (int step = 0;; ++step) {
            std::size_t m = l;
            while (m + 1 < n && std::abs(e[m]) > std::numeric_limits<double>::epsilon() * (std::abs(d[m]) + std::abs(d[m + 1]))) ++m;
            if (m == l) break;
            require(step < 60, error_code::invalid_argument, "the eigenvalues did not converge");
            double const ratio = (d[l + 1] - d[l]) / (2 * e[l]);
            double g = d[m] - d[l] + e[l] / (ratio + std::copysign(std::hypot(ratio, 1.0), ratio));
            double s = 1, c = 1, p = 0;
            bool split = false;
            for (std::size_t i = m; i-- > l;) {
                double const f = s * e[i], b = c * e[i], r = std::hypot(f, g);
                e[i + 1] = r;
                if ((split = r == 0)) {
                    d[i + 1] -= p;
                    break;
                }
                s = f / r;
                c = g / r;
                g = d[i + 1] - p;
                double const w = (d[i] - g) * s + 2 * c * b;
                p = s * w;
                d[i + 1] = g + p;
                g = c * w - b;
                rotate(i, c, s);
            }
            if (!split) {
                d[l] -= p;
                e[l] = g;
            }
            e[m] = 0;
        }
}

}  // namespace detail

/// Eigenvalues and vectors of a symmetric matrix by Householder's reflections and QL steps, without other libraries. Time O(n^3): n = 512 in about
/// half a second, the values alone in a fifth of that. Values within about n 2^-52 of the largest; the last bits depend on the compiler.
///
/// @param s        [n][n], finite and symmetric; n >= 1
/// @param vectors  whether they are wanted too
/// @throws error invalid_argument should the iteration not converge, which finite input does not bring about
/// Source  Golub, Van Loan, Matrix Computations, sections 8.3.1 and 8.3.5.
[[nodiscard]] inline eigen_system symmetric_eigen(std::span<double const> s, std::size_t n, bool vectors) {
    assert(n >= 1 && s.size() == n * n);
    detail::tridiagonal t(s, n, vectors);
    detail::diagonalise(t, n);
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return t.diagonal[a] > t.diagonal[b] || (t.diagonal[a] == t.diagonal[b] && a < b); });
    eigen_system out;
    for (std::size_t const i : order) {
        out.values.push_back(t.diagonal[i]);
        if (!vectors) continue;
        auto const row = std::span(t.rows).subspan(i * n, n);
        out.vectors.insert(out.vectors.end(), row.begin(), row.end());
    }
    return out;
}

}  // namespace simile::eval
