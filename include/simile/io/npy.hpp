// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/matrix_view.hpp>
#include <simile/io/atomic_file.hpp>
#include <simile/io/byte_source.hpp>
#include <simile/io/npy_header.hpp>
#include <simile/simd/half.hpp>

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <istream>
#include <ostream>
#include <span>
#include <string>
#include <vector>

namespace simile::io {

template <class T>
concept npy_element = std::same_as<T, float> || std::same_as<T, half> || std::same_as<T, std::int8_t>;

template <npy_element T>
inline constexpr npy_type npy_type_of = std::same_as<T, float>  ? npy_type::f32
                                        : std::same_as<T, half> ? npy_type::f16
                                                                : npy_type::i8;

template <npy_element T>
struct npy_array {
    std::vector<std::size_t> shape;  // one or two numbers
    std::vector<T> values;           // C order

    /// A one-dimensional array is one row.
    [[nodiscard]] std::size_t rows() const noexcept { return shape.size() == 2 ? shape[0] : 1; }
    [[nodiscard]] std::size_t dims() const noexcept { return shape.empty() ? 0 : shape.back(); }
    [[nodiscard]] matrix_view<T const> matrix() const noexcept { return {values.data(), rows(), dims()}; }
};

namespace detail {

template <npy_element T, byte_source Source>
[[nodiscard]] npy_array<T> read_npy_values(Source& source, npy_header const& header, read_limits const& limits) {
    require(header.type == npy_type_of<T>, error_code::unsupported_version, "npy: the type is ", npy_descr(header.type), ", not ",
            npy_descr(npy_type_of<T>));
    npy_array<T> array{header.shape, read_values<T>(source, header.count, limits, "npy: the array")};
    require_end(source, "npy: the array");
    return array;
}

template <npy_element From>
[[nodiscard]] npy_array<float> widened(npy_array<From> const& from) {
    npy_array<float> to{from.shape, std::vector<float>(from.values.size())};
    std::transform(from.values.begin(), from.values.end(), to.values.begin(), [](From value) {
        if constexpr (std::same_as<From, half>)
            return simd::to_float(value);
        else
            return static_cast<float>(value);
    });
    return to;
}

}  // namespace detail

/// Reads a `.npy` array of exactly this type: float, half or std::int8_t; little endian, C order, one or two dimensions, format
/// versions 1.0 to 3.0. Values are taken as they are, NaN and infinity too.
/// @throws error corrupt_file, truncated_file, limit_exceeded; unsupported_version for a sound file of another type, order or number
///         of dimensions
template <npy_element T, byte_source Source>
[[nodiscard]] npy_array<T> read_npy(Source&& source, read_limits const& limits = {}) {
    return detail::read_npy_values<T>(source, read_npy_header(source), limits);
}
template <npy_element T>
[[nodiscard]] npy_array<T> read_npy(std::span<std::byte const> bytes, read_limits const& limits = {}) {
    return read_npy<T>(memory_source(bytes), limits);
}
/// @throws error io_failure, and as above
template <npy_element T>
[[nodiscard]] npy_array<T> read_npy(std::istream& stream, read_limits const& limits = {}) {
    return read_npy<T>(stream_source(stream), limits);
}
template <npy_element T>
[[nodiscard]] npy_array<T> read_npy(std::filesystem::path const& path, read_limits const& limits = {}) {
    return read_npy<T>(file_source(path), limits);
}

/// Reads any of the three types and gives floats; the conversion is exact.
template <byte_source Source>
[[nodiscard]] npy_array<float> read_npy_as_float(Source&& source, read_limits const& limits = {}) {
    npy_header const header = read_npy_header(source);
    if (header.type == npy_type::f16) return detail::widened(detail::read_npy_values<half>(source, header, limits));
    if (header.type == npy_type::i8) return detail::widened(detail::read_npy_values<std::int8_t>(source, header, limits));
    return detail::read_npy_values<float>(source, header, limits);
}
[[nodiscard]] inline npy_array<float> read_npy_as_float(std::span<std::byte const> bytes, read_limits const& limits = {}) {
    return read_npy_as_float(memory_source(bytes), limits);
}
[[nodiscard]] inline npy_array<float> read_npy_as_float(std::istream& stream, read_limits const& limits = {}) {
    return read_npy_as_float(stream_source(stream), limits);
}
[[nodiscard]] inline npy_array<float> read_npy_as_float(std::filesystem::path const& path, read_limits const& limits = {}) {
    return read_npy_as_float(file_source(path), limits);
}

namespace detail {
/// Hands the bytes of the file to `write`, in order.
template <npy_element T, std::invocable<std::span<std::byte const>> Write>
void put_npy(matrix_view<T const> matrix, Write&& write) {
    std::string const header = make_npy_header(npy_type_of<T>, matrix.rows(), matrix.dims());
    write(std::as_bytes(std::span(header)));
    if constexpr (std::endian::native == std::endian::little) {
        write(std::as_bytes(matrix.values()));
    } else {
        for (T const value : matrix.values()) {
            T const turned = little_endian(value);
            write(std::as_bytes(std::span(&turned, 1)));
        }
    }
}
}  // namespace detail

/// Writes a two-dimensional array, version 1.0.
/// @throws error io_failure
template <npy_element T>
void write_npy(std::ostream& stream, matrix_view<T const> matrix) {
    detail::put_npy<T>(matrix, [&](std::span<std::byte const> bytes) {
        stream.write(reinterpret_cast<char const*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    });
    require(stream.good(), error_code::io_failure, "npy: the stream takes no more bytes");
}

/// Saves so that a crash leaves the old file or the new one.
/// @throws error io_failure
template <npy_element T>
void save_npy(std::filesystem::path const& path, matrix_view<T const> matrix) {
    atomic_file file(path);
    detail::put_npy<T>(matrix, [&](std::span<std::byte const> bytes) { file.write(bytes); });
    file.commit();
}

}  // namespace simile::io
