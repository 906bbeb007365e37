// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/matrix_view.hpp>
#include <simile/core/rounded.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

namespace simile::similarity {

/// L with S = L L' for a symmetric positive semidefinite S, by Cholesky's method with the largest remaining pivot first: it stops at the rank of S, and
/// a small pivot, whose root would magnify rounding, never divides anything that is not as small.
///
/// @param s  [t][t], finite
/// @return   [t][r], the rows in the order of s, r <= t its numerical rank
/// @throws error invalid_argument when S is not symmetric, or not positive semidefinite within t 2^-22 of its largest diagonal element (its entries are
///         floats, so that rounding alone makes eigenvalues of that size); the message has the pivot
/// See     Higham, Accuracy and Stability of Numerical Algorithms, section 10.3.
[[nodiscard]] inline std::vector<double> semidefinite_root(matrix_view<float const> s) {
    std::size_t const t = s.rows();
    std::vector<double> rest(s.values().begin(), s.values().end());  // what of S the columns so far do not explain
    double largest = 0;
    for (std::size_t i = 0; i < t; ++i) {
        largest = std::max(largest, std::abs(rest[i * t + i]));
        for (std::size_t j = 0; j < i; ++j)
            require(s[i][j] == s[j][i], error_code::invalid_argument, "element ", i, ", ", j, " is ", s[i][j], ", but ", j, ", ", i, " is ",
                    s[j][i]);
    }
    double const slack = static_cast<double>(t) * 0x1p-22 * largest;
    auto const refuse = [](std::size_t row, double pivot) {
        fail(error_code::invalid_argument, "the matrix is not positive semidefinite: pivot ", pivot, " at row ", row);
    };

    std::vector<std::size_t> order(t);  // rows already taken, then the others
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::vector<double> columns;
    std::size_t rank = 0;
    for (; rank < t; ++rank) {
        auto const diagonal = [&](std::size_t row) { return rest[row * t + row]; };
        auto const first = order.begin() + static_cast<std::ptrdiff_t>(rank);
        auto const less = [&](std::size_t a, std::size_t b) { return diagonal(a) < diagonal(b); };
        auto const low = std::min_element(first, order.end(), less), high = std::max_element(first, order.end(), less);
        if (diagonal(*low) < -slack) refuse(*low, diagonal(*low));
        if (diagonal(*high) <= slack) break;
        std::swap(*first, *high);
        std::size_t const p = *first;
        double const root = std::sqrt(diagonal(p));
        columns.resize(columns.size() + t, 0.0);
        double* const column = columns.data() + rank * t;
        column[p] = root;
        for (std::size_t i = rank + 1; i < t; ++i) column[order[i]] = rest[order[i] * t + p] / root;
        for (std::size_t i = rank + 1; i < t; ++i)
            for (std::size_t j = rank + 1; j < t; ++j) rest[order[i] * t + order[j]] -= rounded(column[order[i]] * column[order[j]]);
    }
    // Where the diagonal is gone nothing may be left beside it: [0 e; e 0] has the eigenvalue -e.
    for (std::size_t i = rank; i < t; ++i)
        for (std::size_t j = rank; j < i; ++j) {
            double const left = std::abs(rest[order[i] * t + order[j]]);
            if (left > 4 * slack) refuse(order[i], -left);
        }
    std::vector<double> out(t * rank);
    for (std::size_t c = 0; c < rank; ++c)
        for (std::size_t i = 0; i < t; ++i) out[i * rank + c] = columns[c * t + i];
    return out;
}

}  // namespace simile::similarity
