// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/matrix_view.hpp>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

/// What the similarities that see user data refuse, in one wording.
namespace simile::similarity::detail {

inline void require_dims(std::size_t dims, std::size_t expected, std::string_view what) {
    require(dims == expected, error_code::dimension_mismatch, what, " has ", dims, " dimensions instead of ", expected);
}

inline void require_finite(std::span<float const> x, std::string_view what) {
    // By exponent, all ones for what is not finite: compilers make vectors of this, which they may not of a float sum. Of 32 x 100 tokens a sum took as
    // long as max_sim itself.
    std::uint32_t found = 0;
    for (float const v : x) found |= static_cast<std::uint32_t>((std::bit_cast<std::uint32_t>(v) & 0x7F800000U) == 0x7F800000U);
    require(found == 0, error_code::not_finite, what, " has a component that is NaN or infinite");
}

/// A parameter such as the width of a kernel.
inline void require_positive(double value, std::string_view what) {
    require(std::isfinite(value), error_code::not_finite, what, " is ", value);
    require(value > 0, error_code::invalid_argument, what, " must be positive, is ", value);
}

/// @param what  such as "weight"; the message says which
inline void require_no_negative(std::span<float const> values, std::string_view what) {
    for (std::size_t i = 0; i < values.size(); ++i)
        require(!(values[i] < 0), error_code::invalid_argument, what, " ", i, " is ", values[i], ", less than 0");
}

/// A sequence of frames, a set of tokens: at least one row, all finite.
inline void require_rows(matrix_view<float const> rows, std::string_view what) {
    require(rows.rows() > 0 && rows.dims() > 0, error_code::invalid_argument, what, " is empty: ", rows.rows(), " rows of ", rows.dims(),
            " dimensions");
    require_finite(rows.values(), what);
}

inline void require_rows(matrix_view<float const> a, std::string_view a_name, matrix_view<float const> b, std::string_view b_name) {
    require_rows(a, a_name);
    require_rows(b, b_name);
    require_dims(b.dims(), a.dims(), b_name);
}

}  // namespace simile::similarity::detail
