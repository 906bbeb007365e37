// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <istream>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>
#include <vector>

namespace simile::io {

/// What a reader of foreign bytes may use at most.
struct read_limits {
    std::uint64_t max_bytes = std::numeric_limits<std::uint64_t>::max();
};

/// Bytes in order. `read` fills as much of `out` as there is and says how much; `left` is how many follow, where that is known.
template <class S>
concept byte_source = requires(S& source, S const& constant, std::span<std::byte> out) {
    { source.read(out) } -> std::same_as<std::size_t>;
    { constant.left() } -> std::same_as<std::optional<std::uint64_t>>;
};

class memory_source {
public:
    explicit memory_source(std::span<std::byte const> bytes) noexcept : rest_(bytes) {}

    [[nodiscard]] std::size_t read(std::span<std::byte> out) noexcept {
        std::size_t const n = std::min(out.size(), rest_.size());
        std::copy_n(rest_.begin(), n, out.begin());
        rest_ = rest_.subspan(n);
        return n;
    }
    [[nodiscard]] std::optional<std::uint64_t> left() const noexcept { return rest_.size(); }

private:
    std::span<std::byte const> rest_;
};

class stream_source {
public:
    explicit stream_source(std::istream& stream, std::optional<std::uint64_t> size = {}) noexcept : stream_(&stream), left_(size) {}

    /// @throws error io_failure
    [[nodiscard]] std::size_t read(std::span<std::byte> out) {
        stream_->read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(out.size()));
        require(!stream_->bad(), error_code::io_failure, "the stream cannot be read");
        auto const n = static_cast<std::size_t>(stream_->gcount());
        if (left_) *left_ -= std::min<std::uint64_t>(*left_, n);
        return n;
    }
    [[nodiscard]] std::optional<std::uint64_t> left() const noexcept { return left_; }

private:
    std::istream* stream_;
    std::optional<std::uint64_t> left_;
};

/// A file opened for reading; what is not a plain file (a pipe, say) has no size in advance.
class file_source {
public:
    /// @throws error io_failure with the system's own words
    explicit file_source(std::filesystem::path const& path) : stream_(path, std::ios::binary) {
        std::error_code code(errno, std::generic_category());
        require(stream_.is_open(), error_code::io_failure, path.string(), ": ", code.message());
        require(!std::filesystem::is_directory(path, code), error_code::io_failure, path.string(), ": is a folder");
        if (auto const size = std::filesystem::file_size(path, code); !code) size_ = size;
        source_ = stream_source(stream_, size_);
    }
    file_source(file_source const&) = delete;
    file_source& operator=(file_source const&) = delete;

    [[nodiscard]] std::size_t read(std::span<std::byte> out) { return source_.read(out); }
    [[nodiscard]] std::optional<std::uint64_t> left() const noexcept { return source_.left(); }

private:
    std::ifstream stream_;
    std::optional<std::uint64_t> size_;
    stream_source source_{stream_};
};

/// The value whose little-endian bytes were copied into `value`, and the other way round.
template <class T>
    requires std::is_trivially_copyable_v<T>
[[nodiscard]] T little_endian(T value) noexcept {
    if constexpr (std::endian::native == std::endian::big) {
        std::byte bytes[sizeof(T)];
        std::memcpy(bytes, &value, sizeof(T));
        std::reverse(bytes, bytes + sizeof(T));
        std::memcpy(&value, bytes, sizeof(T));
    }
    return value;
}

/// @throws error truncated_file when the source ends before `out` is full
template <byte_source Source>
void read_exactly(Source& source, std::span<std::byte> out, std::string_view what) {
    std::size_t const n = source.read(out);
    require(n == out.size(), error_code::truncated_file, what, " has ", out.size(), " bytes, only ", n, " are there");
}

/// Appends `count` values. Memory grows with the bytes that are really there, never with what a header claims.
/// @throws error limit_exceeded, truncated_file
template <class T, byte_source Source>
void append_values(Source& source, std::vector<T>& values, std::uint64_t count, read_limits const& limits, std::string_view what) {
    std::size_t const before = values.size();
    std::uint64_t const most = std::min<std::uint64_t>(limits.max_bytes, std::numeric_limits<std::ptrdiff_t>::max()) / sizeof(T);
    require(before <= most && count <= most - before, error_code::limit_exceeded, what, " has ", count, " values more than ", before,
            ", the limit is ", limits.max_bytes, " bytes");
    auto const end = before + static_cast<std::size_t>(count);
    if (auto const left = source.left()) {
        require(*left / sizeof(T) >= count, error_code::truncated_file, what, " has ", count * sizeof(T), " bytes, only ", *left,
                " are there");
        if (before == 0) values.reserve(end);
    }
    constexpr std::size_t piece = (std::size_t{1} << 20) / sizeof(T);
    while (values.size() < end) {
        std::size_t const done = values.size();
        values.resize(std::min(done + piece, end));
        read_exactly(source, std::as_writable_bytes(std::span(values).subspan(done)), what);
        for (T& value : std::span(values).subspan(done)) value = little_endian(value);
    }
}

template <class T, byte_source Source>
[[nodiscard]] std::vector<T> read_values(Source& source, std::uint64_t count, read_limits const& limits, std::string_view what) {
    std::vector<T> values;
    append_values(source, values, count, limits, what);
    return values;
}

/// @throws error corrupt_file when anything follows
template <byte_source Source>
void require_end(Source& source, std::string_view what) {
    std::byte extra[1];
    require(source.read(extra) == 0, error_code::corrupt_file, "more bytes follow the end of ", what);
}

}  // namespace simile::io
