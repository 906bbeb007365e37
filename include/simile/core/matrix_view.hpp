// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>

#include <cassert>
#include <cstddef>
#include <span>

namespace simile {

/// Rows of equal length in someone else's memory, one after the other.
template <class T>
class matrix_view {
public:
    matrix_view() = default;
    matrix_view(T* data, std::size_t rows, std::size_t dims) noexcept : data_(data), rows_(rows), dims_(dims) {}

    /// @throws error invalid_argument when the values do not make whole rows
    matrix_view(std::span<T> values, std::size_t dims) : data_(values.data()), rows_(dims == 0 ? 0 : values.size() / dims), dims_(dims) {
        require(dims != 0 && values.size() % dims == 0, error_code::invalid_argument, values.size(), " values do not make rows of ", dims);
    }

    [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
    [[nodiscard]] std::size_t dims() const noexcept { return dims_; }
    [[nodiscard]] std::span<T> operator[](std::size_t row) const noexcept {
        assert(row < rows_);
        return {data_ + row * dims_, dims_};
    }
    [[nodiscard]] std::span<T> values() const noexcept { return {data_, rows_ * dims_}; }

    operator matrix_view<T const>() const noexcept { return {data_, rows_, dims_}; }

private:
    T* data_ = nullptr;
    std::size_t rows_ = 0;
    std::size_t dims_ = 0;
};

}  // namespace simile
