// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/hit.hpp>
#include <simile/core/matrix_view.hpp>
#include <simile/core/norm.hpp>
#include <simile/core/progress.hpp>
#include <simile/core/similarity_kind.hpp>
#include <simile/core/utf8.hpp>
#include <simile/index/id_table.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace simile {

/// What an index does with a vector of length 0, which has no direction, under cosine.
enum class zero_vectors : std::uint8_t { refuse = 0, allow = 1 };

/// Which vectors and ids an index takes. Everything is checked here, before anything changes; kernels and codecs rely on it.
struct input_rules {
    std::size_t dims;
    similarity_kind similarity;
    zero_vectors zeros;

    input_rules(std::size_t d, similarity_kind s, zero_vectors z) : dims(d), similarity(s), zeros(z) {
        require(dims >= 1 && dims <= max_dims, error_code::out_of_range, "dims must be 1 .. ", max_dims, ", got ", dims);
        require(is_valid(similarity), error_code::invalid_argument, "unknown similarity ", static_cast<unsigned>(similarity));
    }

    /// Returns the length.
    /// @throws error dimension_mismatch, not_finite, zero_norm (under cosine unless allowed), out_of_range (so long that scores could overflow)
    double check_vector(std::span<float const> values, char const* what) const {
        require(values.size() == dims, error_code::dimension_mismatch, what, " has ", values.size(), " dimensions, index has ", dims);
        require(all_finite(values), error_code::not_finite, what, " has a component that is NaN or infinite");
        double const length = norm(values);
        bool const cosine = similarity == similarity_kind::cosine;
        require(length > 0 || !cosine || zeros == zero_vectors::allow, error_code::zero_norm, what, " is zero and has no direction");
        require(cosine || length < 0x1p60, error_code::out_of_range, what, " is longer than 2^60");
        return length;
    }

    /// @throws as check_vector, with the number of the row in the message; cancelled
    void check_rows(matrix_view<float const> rows, progress const& watch = {}) const {
        for (std::size_t i = 0; i < rows.rows(); ++i) {
            if (i % 1024 == 0 && watch.stop) watch.step(0, rows.rows());
            try {
                check_vector(rows[i], "vector");
            } catch (error const& e) {
                fail(e.code(), e.what(), " (number ", i, " of this call)");
            }
        }
    }

    /// @throws error out_of_range, limit_exceeded, invalid_argument
    static void check_id(id_ref id) {
        require(id.number() <= id_ref::max_number, error_code::out_of_range, "id ", id.number(), " is above 2^53 - 1");
        require(id.text().size() <= id_ref::max_text, error_code::limit_exceeded, "an id of ", id.text().size(), " bytes is longer than ",
                id_ref::max_text);
        require(is_utf8(id.text()), error_code::invalid_argument, "an id is not UTF-8");
    }
};

}  // namespace simile
