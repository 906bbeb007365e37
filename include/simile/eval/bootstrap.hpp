// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/random.hpp>
#include <simile/core/resampling.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// Whether a difference of two measures is more than the choice of the queries. Intervals of one measure: `bootstrap` and `bootstrap_mean` of
/// core/resampling.hpp. Everything is seeded and the same in every language.
namespace simile::eval {

struct paired_result {
    bootstrap_result difference;  ///< of the mean of b less the mean of a, queries drawn in pairs
    double p_value;               ///< of the two-sided randomisation test: how often chance alone differs as much
};

namespace detail {

[[nodiscard]] inline std::vector<double> differences(std::span<double const> a, std::span<double const> b) {
    require(a.size() == b.size(), error_code::dimension_mismatch, a.size(), " values before, ", b.size(), " after");
    std::vector<double> out;
    for (std::size_t i = 0; i < a.size(); ++i) {
        require(std::isfinite(a[i]) && std::isfinite(b[i]), error_code::not_finite, "pair ", i, " is ", a[i], ", ", b[i]);
        out.push_back(b[i] - a[i]);
    }
    return out;
}

/// (1 + # of |sum of +-d| >= |sum of d|) / (1 + resamples), the signs one bit of a draw each.
[[nodiscard]] inline double randomisation_p(std::span<double const> d, bootstrap_options const& options) {
    double observed = 0, size = 0;
    for (double const v : d) {
        observed += v;
        size += std::abs(v);
    }
    // The same sum in another order of signs may differ in the last bits and still be the same.
    double const bar = std::abs(observed) - 1e-12 * size;
    splitmix64 random(options.seed);
    std::size_t as_large = 0;
    for (std::size_t r = 0; r < options.resamples; ++r) {
        double sum = 0;
        std::uint64_t bits = 0;
        for (std::size_t i = 0; i < d.size(); ++i) {
            bits = i % 64 == 0 ? random() : bits >> 1;
            sum += (bits & 1) != 0 ? -d[i] : d[i];
        }
        as_large += std::abs(sum) >= bar;
    }
    return static_cast<double>(1 + as_large) / static_cast<double>(1 + options.resamples);
}

}  // namespace detail

/// The p-value alone of paired_test.
/// @throws error as paired_test
[[nodiscard]] inline double randomisation_test(std::span<double const> a, std::span<double const> b,
                                               bootstrap_options const& options = {}) {
    require(!a.empty(), error_code::invalid_argument, "no queries");
    return detail::randomisation_p(detail::differences(a, b), options);
}

/// Compares a measure of the same queries under two methods, by bootstrap (Efron, Tibshirani 1993) and by Fisher's randomisation test, in which each query's
/// two values change places with probability 1/2 (Smucker, Allan, Carterette 2007).
///
/// @param a, b  [queries], the values of query i at i
/// @throws error dimension_mismatch, invalid_argument (no queries or a senseless option), not_finite
[[nodiscard]] inline paired_result paired_test(std::span<double const> a, std::span<double const> b,
                                               bootstrap_options const& options = {}) {
    auto const d = detail::differences(a, b);
    bootstrap_result const interval = bootstrap_mean(d, options);
    return {interval, detail::randomisation_p(d, options)};
}

}  // namespace simile::eval
