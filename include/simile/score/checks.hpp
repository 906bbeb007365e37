// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/matrix_view.hpp>

#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>

/// What the functions on scores take and refuse, in one wording.
namespace simile::score {

/// Scores are read as float (as searches give them) or double; sums are kept in double.
template <class T>
concept score_number = std::same_as<std::remove_const_t<T>, float> || std::same_as<std::remove_const_t<T>, double>;

namespace detail {

template <score_number T>
void require_finite(std::span<T> values, std::string_view what) {
    for (std::size_t i = 0; i < values.size(); ++i)
        require(std::isfinite(values[i]), error_code::not_finite, what, " is ", values[i], " at position ", i);
}

inline void require_size(std::size_t size, std::size_t expected, std::string_view what) {
    require(size == expected, error_code::dimension_mismatch, what, " has ", size, " values instead of ", expected);
}

/// Scores of a bank, a row for each of its vectors; no rows at all are an empty bank.
template <score_number T>
void require_bank(matrix_view<T> bank, std::size_t items) {
    if (bank.rows() == 0) return;
    require_size(bank.dims(), items, "a row of the bank");
    require_finite(bank.values(), "a score of the bank");
}

/// A parameter such as an inverse temperature.
inline void require_positive(double value, std::string_view what) {
    require(std::isfinite(value), error_code::not_finite, what, " is ", value);
    require(value > 0, error_code::invalid_argument, what, " must be positive, is ", value);
}
inline void require_finite(double value, std::string_view what) {
    require(std::isfinite(value), error_code::not_finite, what, " is ", value);
}

inline void require_some(std::size_t k, std::string_view what) {
    require(k > 0, error_code::invalid_argument, what, " must be at least 1");
}

}  // namespace detail

}  // namespace simile::score
