// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/matrix_view.hpp>
#include <simile/io/byte_source.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <istream>
#include <limits>
#include <span>
#include <vector>

namespace simile::io {

template <class T>
struct vecs_array {
    std::size_t rows = 0;
    std::size_t dims = 0;
    std::vector<T> values;

    [[nodiscard]] matrix_view<T const> matrix() const noexcept { return {values.data(), rows, dims}; }
};

namespace detail {

/// False at the end of the file.
template <byte_source Source>
[[nodiscard]] bool read_vecs_dims(Source& source, std::size_t row, std::uint32_t& dims) {
    std::array<std::byte, 4> bytes{};
    std::size_t const n = source.read(bytes);
    require(n == 0 || n == 4, error_code::truncated_file, "vecs: row ", row, " ends within its length");
    dims = 0;
    for (unsigned i = 0; i < 4; ++i) dims |= std::to_integer<std::uint32_t>(bytes[i]) << 8 * i;
    return n != 0;
}

}  // namespace detail

/// Reads the format of the TEXMEX sets (http://corpus-texmex.irisa.fr): each row is its length as a little-endian int32, then that
/// many elements: float in `.fvecs`, std::uint8_t in `.bvecs`, std::int32_t in `.ivecs`. All rows must have the same length. An empty file has 0 rows.
/// @throws error corrupt_file, truncated_file, limit_exceeded
template <class T, byte_source Source>
[[nodiscard]] vecs_array<T> read_vecs(Source&& source, read_limits const& limits = {}) {
    vecs_array<T> array;
    for (std::uint32_t dims; detail::read_vecs_dims(source, array.rows, dims); ++array.rows) {
        require(dims >= 1 && dims <= std::numeric_limits<std::int32_t>::max(), error_code::corrupt_file, "vecs: row ", array.rows,
                " has length ", static_cast<std::int32_t>(dims));
        if (array.rows == 0) array.dims = dims;
        require(dims == array.dims, error_code::corrupt_file, "vecs: row ", array.rows, " has length ", dims, ", the first has ",
                array.dims);
        append_values(source, array.values, dims, limits, "vecs: a row");
    }
    return array;
}

/// @throws error io_failure, and as read_vecs
[[nodiscard]] inline vecs_array<float> read_fvecs(std::filesystem::path const& path, read_limits const& limits = {}) {
    return read_vecs<float>(file_source(path), limits);
}
[[nodiscard]] inline vecs_array<float> read_fvecs(std::istream& stream, read_limits const& limits = {}) {
    return read_vecs<float>(stream_source(stream), limits);
}
[[nodiscard]] inline vecs_array<float> read_fvecs(std::span<std::byte const> bytes, read_limits const& limits = {}) {
    return read_vecs<float>(memory_source(bytes), limits);
}
[[nodiscard]] inline vecs_array<std::uint8_t> read_bvecs(std::filesystem::path const& path, read_limits const& limits = {}) {
    return read_vecs<std::uint8_t>(file_source(path), limits);
}
[[nodiscard]] inline vecs_array<std::uint8_t> read_bvecs(std::istream& stream, read_limits const& limits = {}) {
    return read_vecs<std::uint8_t>(stream_source(stream), limits);
}
[[nodiscard]] inline vecs_array<std::uint8_t> read_bvecs(std::span<std::byte const> bytes, read_limits const& limits = {}) {
    return read_vecs<std::uint8_t>(memory_source(bytes), limits);
}

}  // namespace simile::io
