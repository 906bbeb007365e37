// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/score/checks.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <type_traits>
#include <vector>

/// Norms of verification: how far a score is above what impostors get, in their standard deviations. Impostors are a cohort of vectors that belong to
/// neither side. The item's side (z-norm) is stored, a scale and a bias an item; the query's side (t-norm) costs a search in the cohort.
///
/// Source    Auckenthaler, Carey, Lloyd-Thomas, "Score Normalization for Text-Independent Speaker Verification Systems", 2000 (z, t); Kenny, "Bayesian
///           Speaker Verification with Heavy-Tailed Priors", 2010 (s); Matejka et al., "Analysis of Score Normalization in Multilingual Speaker
///           Recognition", Interspeech 2017 (adaptive 1 and 2).
namespace simile::score {

/// Every one of the cohort counts.
inline constexpr std::size_t whole_cohort = std::numeric_limits<std::size_t>::max();
inline constexpr double smallest_cohort_deviation = 1e-6;

/// What one side's scores with the cohort are like. (s - mean) / deviation: the scale 1 / deviation and the bias mean.
struct cohort_moments {
    double mean = 0;
    double deviation = 1;  ///< of the population (no n - 1), at least the floor that was asked for

    [[nodiscard]] double normalized(double s) const noexcept { return (s - mean) / deviation; }
    friend bool operator==(cohort_moments const&, cohort_moments const&) = default;
};

/// Positions of the n largest scores, best first, equal ones by position: who of the cohort is nearest.
/// @throws error not_finite, invalid_argument (n = 0)
template <score_number T>
[[nodiscard]] std::vector<std::size_t> nearest_of_cohort(std::span<T> scores, std::size_t n) {
    detail::require_some(n, "the number of the cohort's nearest");
    detail::require_finite(scores, "a score with the cohort");
    std::vector<std::size_t> out(scores.size());
    std::iota(out.begin(), out.end(), std::size_t{0});
    auto const end = out.begin() + static_cast<std::ptrdiff_t>(std::min(n, out.size()));
    std::partial_sort(out.begin(), end, out.end(),
                      [&](auto a, auto b) { return scores[a] > scores[b] || (scores[a] == scores[b] && a < b); });
    out.erase(end, out.end());
    return out;
}

/// Moments of the scores with these of the cohort; of none: mean 0, deviation 1, which leaves scores as they are.
/// @throws error not_finite, out_of_range, invalid_argument (a floor that is not positive)
template <score_number T>
[[nodiscard]] cohort_moments moments_with(std::span<T> scores, std::span<std::size_t const> who, double floor = smallest_cohort_deviation) {
    detail::require_positive(floor, "the smallest deviation");
    detail::require_finite(scores, "a score with the cohort");
    for (std::size_t const i : who)
        require(i < scores.size(), error_code::out_of_range, "there is no ", i, " in a cohort of ", scores.size());
    if (who.empty()) return {};
    auto const n = static_cast<double>(who.size());
    double sum = 0, squares = 0;
    for (std::size_t const i : who) sum += static_cast<double>(scores[i]);
    for (std::size_t const i : who) squares += (static_cast<double>(scores[i]) - sum / n) * (static_cast<double>(scores[i]) - sum / n);
    return {sum / n, std::max(floor, std::sqrt(squares / n))};
}

/// z-norm (of an item) and t-norm (of a query): moments over the cohort, or adaptively over its n nearest only.
/// @throws error not_finite, invalid_argument (n = 0, a floor that is not positive)
template <score_number T>
[[nodiscard]] cohort_moments cohort_moments_of(std::span<T> scores, std::size_t n = whole_cohort,
                                               double floor = smallest_cohort_deviation) {
    return moments_with(scores, nearest_of_cohort(scores, n), floor);
}

/// s-norm: the mean of both sides' norms. With moments over each side's own nearest it is the adaptive s-norm 1 (WeSpeaker's asnorm: the nearest 100).
[[nodiscard]] inline double symmetric_norm(double s, cohort_moments const& item, cohort_moments const& query) noexcept {
    return (item.normalized(s) + query.normalized(s)) / 2;
}

/// Adaptive s-norm 2: each side's moments over the n of the cohort that are nearest to the other side.
///
/// Shape     item, query [M]: the scores of both sides with the same cohort; M = 0 leaves s
/// @throws error not_finite, dimension_mismatch, invalid_argument (n = 0, a floor that is not positive)
template <score_number T>
[[nodiscard]] double adaptive_symmetric_norm_2(double s, std::span<T> item, std::span<T> query, std::size_t n,
                                               double floor = smallest_cohort_deviation) {
    detail::require_size(query.size(), item.size(), "the query's cohort");
    return symmetric_norm(s, moments_with(item, nearest_of_cohort(query, n), floor),
                          moments_with(query, nearest_of_cohort(item, n), floor));
}

/// The item side of all items at once.
///
/// Shape     cohort [M][items], a row for each of the cohort; M = 0 leaves scores as they are
/// @throws error not_finite, dimension_mismatch, invalid_argument (n = 0, a floor that is not positive)
template <score_number T>
[[nodiscard]] std::vector<cohort_moments> bank_cohort_moments(matrix_view<T> cohort, std::size_t items, std::size_t n = whole_cohort,
                                                              double floor = smallest_cohort_deviation) {
    detail::require_some(n, "the number of the cohort's nearest");
    detail::require_positive(floor, "the smallest deviation");
    detail::require_bank(cohort, items);
    std::vector<cohort_moments> out(items);
    std::vector<std::remove_const_t<T>> column(cohort.rows());
    for (std::size_t g = 0; g < items; ++g) {
        for (std::size_t c = 0; c < cohort.rows(); ++c) column[c] = cohort[c][g];
        out[g] = cohort_moments_of(std::span(column), n, floor);
    }
    return out;
}

}  // namespace simile::score
