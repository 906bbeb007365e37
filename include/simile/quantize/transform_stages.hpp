// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/norm.hpp>
#include <simile/quantize/code_factors.hpp>
#include <simile/quantize/rotation.hpp>

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

/// The steps a transform is made of. Each maps [dims_in] to [dims_out]; `row` and `query` differ only in centring, which moves rows alone and
/// returns <q, mean> for the query. `back` undoes the step as far as it can be undone. Sums are in double, in one order: the same bits everywhere.
namespace simile::quantize::stage {

namespace detail {
inline void require_finite(std::span<float const> values, char const* what) {
    require(all_finite(values), error_code::not_finite, what, " has a value that is NaN or infinite");
}
}  // namespace detail

/// row - mean: codes then spend their bits on what tells rows apart. Of use where the mean is long (e5, for one).
class centring {
public:
    /// @throws error not_finite
    explicit centring(std::span<float const> mean) : mean_(mean.begin(), mean.end()) { detail::require_finite(mean_, "the mean"); }

    [[nodiscard]] std::size_t dims_in() const noexcept { return mean_.size(); }
    [[nodiscard]] std::size_t dims_out() const noexcept { return mean_.size(); }
    [[nodiscard]] std::span<float const> mean() const noexcept { return mean_; }

    void row(std::span<float const> in, std::span<float> out) const noexcept {
        for (std::size_t i = 0; i < mean_.size(); ++i) out[i] = in[i] - mean_[i];
    }
    double query(std::span<float const> in, std::span<float> out) const noexcept {
        double const constant = wide_dot(in, mean_);
        std::copy(in.begin(), in.end(), out.begin());
        return constant;
    }
    void back(std::span<float const> in, std::span<float> out) const noexcept {
        for (std::size_t i = 0; i < mean_.size(); ++i) out[i] = in[i] + mean_[i];
    }

private:
    std::vector<float> mean_;
};

/// The first k dimensions, for models trained so that these are an embedding of their own (Kusupati et al., "Matryoshka Representation
/// Learning", 2022), brought to unit length if so wished: then <q, x> is the cosine of the prefixes. `back` fills up with zeros.
class prefix {
public:
    /// @throws error invalid_argument unless 1 <= k <= dims
    prefix(std::size_t dims, std::size_t k, bool renormalise) : dims_(dims), k_(k), renormalise_(renormalise) {
        require(k >= 1 && k <= dims, error_code::invalid_argument, "a prefix has 1 .. ", dims, " dimensions, not ", k);
    }

    [[nodiscard]] std::size_t dims_in() const noexcept { return dims_; }
    [[nodiscard]] std::size_t dims_out() const noexcept { return k_; }
    [[nodiscard]] bool renormalises() const noexcept { return renormalise_; }

    void row(std::span<float const> in, std::span<float> out) const noexcept {
        if (renormalise_)
            to_unit(in.first(k_), out);
        else
            std::copy_n(in.begin(), k_, out.begin());
    }
    double query(std::span<float const> in, std::span<float> out) const noexcept { return row(in, out), 0.0; }
    void back(std::span<float const> in, std::span<float> out) const noexcept {
        std::copy(in.begin(), in.end(), out.begin());
        std::fill(out.begin() + static_cast<std::ptrdiff_t>(k_), out.end(), 0.0F);
    }

private:
    std::size_t dims_;
    std::size_t k_;
    bool renormalise_;
};

/// Some dimensions in an order of one's own. `back` leaves zeros at the others.
class subset {
public:
    /// @throws error invalid_argument when there are no indices or one comes twice, out_of_range when one is not below dims
    subset(std::size_t dims, std::span<std::uint32_t const> indices) : dims_(dims), indices_(indices.begin(), indices.end()) {
        require(!indices_.empty(), error_code::invalid_argument, "a subset has at least 1 dimension");
        auto sorted = indices_;
        std::sort(sorted.begin(), sorted.end());
        require(sorted.back() < dims, error_code::out_of_range, "dimension ", sorted.back(), " of ", dims);
        auto const twin = std::adjacent_find(sorted.begin(), sorted.end());
        require(twin == sorted.end(), error_code::invalid_argument, "dimension ", twin == sorted.end() ? 0U : *twin,
                " comes twice in the subset");
    }

    [[nodiscard]] std::size_t dims_in() const noexcept { return dims_; }
    [[nodiscard]] std::size_t dims_out() const noexcept { return indices_.size(); }
    [[nodiscard]] std::span<std::uint32_t const> indices() const noexcept { return indices_; }

    void row(std::span<float const> in, std::span<float> out) const noexcept {
        for (std::size_t i = 0; i < indices_.size(); ++i) out[i] = in[indices_[i]];
    }
    double query(std::span<float const> in, std::span<float> out) const noexcept { return row(in, out), 0.0; }
    void back(std::span<float const> in, std::span<float> out) const noexcept {
        std::fill(out.begin(), out.end(), 0.0F);
        for (std::size_t i = 0; i < indices_.size(); ++i) out[indices_[i]] = in[i];
    }

private:
    std::size_t dims_;
    std::vector<std::uint32_t> indices_;
};

/// M x, M: [k, dims]: principal components, whitening, a learnt projection. `back` is M's pseudo-inverse where its rows are orthogonal (of any
/// length), as those of principal components are.
class projection {
public:
    /// @param matrix  [k * dims], row after row
    /// @throws error invalid_argument when the values do not make rows, not_finite
    projection(std::size_t dims, std::span<float const> matrix) : dims_(dims), matrix_(matrix.begin(), matrix.end()) {
        require(dims != 0 && !matrix.empty() && matrix.size() % dims == 0, error_code::invalid_argument, matrix.size(),
                " values do not make rows of ", dims);
        detail::require_finite(matrix_, "the projection");
        for (std::size_t i = 0; i < dims_out(); ++i) {
            double const square = wide_dot(line(i), line(i));
            inverse_squares_.push_back(square > 0 ? 1 / square : 0.0);
        }
    }

    [[nodiscard]] std::size_t dims_in() const noexcept { return dims_; }
    [[nodiscard]] std::size_t dims_out() const noexcept { return matrix_.size() / dims_; }
    [[nodiscard]] std::span<float const> matrix() const noexcept { return matrix_; }

    void row(std::span<float const> in, std::span<float> out) const noexcept {
        std::size_t i = 0;
        for (; i + 4 <= out.size(); i += 4) four_lines(i, in, out.subspan(i, 4));
        for (; i < out.size(); ++i) out[i] = static_cast<float>(wide_dot(line(i), in));
    }
    double query(std::span<float const> in, std::span<float> out) const noexcept { return row(in, out), 0.0; }
    void back(std::span<float const> in, std::span<float> out) const noexcept {
        std::fill(out.begin(), out.end(), 0.0F);
        for (std::size_t i = 0; i < in.size(); ++i) {
            auto const weight = static_cast<float>(double{in[i]} * inverse_squares_[i]);
            // The product is exact in double, so the float it is rounded to is the same with or without a fused sum.
            for (std::size_t j = 0; j < dims_; ++j)
                out[j] = static_cast<float>(double{out[j]} + double{weight} * double{matrix_[i * dims_ + j]});
        }
    }

private:
    [[nodiscard]] std::span<float const> line(std::size_t i) const noexcept { return {matrix_.data() + i * dims_, dims_}; }

    /// wide_dot of four lines side by side: the same sums, four times as many at once.
    void four_lines(std::size_t first, std::span<float const> x, std::span<float> out) const noexcept {
        double lane[4][8]{};
        float const* const at = matrix_.data() + first * dims_;
        std::size_t const whole = dims_ / 8 * 8;
        for (std::size_t i = 0; i < whole; i += 8)
            for (std::size_t k = 0; k < 4; ++k)
                for (std::size_t j = 0; j < 8; ++j) lane[k][j] += double{at[k * dims_ + i + j]} * double{x[i + j]};
        for (std::size_t k = 0; k < 4; ++k) {
            for (std::size_t j = 0; j < dims_ - whole; ++j) lane[k][j] += double{at[k * dims_ + whole + j]} * double{x[whole + j]};
            for (std::size_t width = 4; width != 0; width /= 2)
                for (std::size_t j = 0; j < width; ++j) lane[k][j] += lane[k][j + width];
            out[k] = static_cast<float>(lane[k][0]);
        }
    }

    std::size_t dims_;
    std::vector<float> matrix_;
    std::vector<double> inverse_squares_;
};

/// The random rotation of rotation.hpp; the dimensions are padded to a multiple of 64.
class rotated {
public:
    explicit rotated(rotation map) : map_(std::move(map)) {}

    [[nodiscard]] std::size_t dims_in() const noexcept { return map_.dims(); }
    [[nodiscard]] std::size_t dims_out() const noexcept { return map_.padded(); }
    [[nodiscard]] rotation const& map() const noexcept { return map_; }

    void row(std::span<float const> in, std::span<float> out) const noexcept { map_.apply(in, out); }
    double query(std::span<float const> in, std::span<float> out) const noexcept { return row(in, out), 0.0; }
    void back(std::span<float const> in, std::span<float> out) const { map_.apply_transposed(in, out); }

private:
    rotation map_;
};

}  // namespace simile::quantize::stage
