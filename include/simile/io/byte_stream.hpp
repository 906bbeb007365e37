// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace simile::detail {

/// Little-endian numbers one after the other, for small sections of a file.
class byte_writer {
public:
    std::vector<std::byte> bytes;
    void u8(std::uint8_t v) { bytes.push_back(std::byte{v}); }
    void u32(std::uint32_t v) {
        for (unsigned i = 0; i < 4; ++i) u8(static_cast<std::uint8_t>(v >> (8 * i)));
    }
    void u64(std::uint64_t v) {
        u32(static_cast<std::uint32_t>(v));
        u32(static_cast<std::uint32_t>(v >> 32));
    }
    void f64(double v) { u64(std::bit_cast<std::uint64_t>(v)); }
    void floats(std::span<float const> values) {
        for (float const v : values) u32(std::bit_cast<std::uint32_t>(v));
    }
    void doubles(std::span<double const> values) {
        for (double const v : values) f64(v);
    }
    void append(std::span<std::byte const> more) { bytes.insert(bytes.end(), more.begin(), more.end()); }
};

/// The same back; never reads beyond the bytes, and takes no memory for what is not there.
/// @throws error corrupt_file
class byte_reader {
public:
    explicit byte_reader(std::span<std::byte const> bytes) : left_(bytes) {}
    [[nodiscard]] std::span<std::byte const> take(std::size_t n) {
        require(n <= left_.size(), error_code::corrupt_file, "the coding ends ", n - left_.size(), " bytes early");
        auto const out = left_.first(n);
        left_ = left_.subspan(n);
        return out;
    }
    [[nodiscard]] std::uint8_t u8() { return std::to_integer<std::uint8_t>(take(1)[0]); }
    [[nodiscard]] std::uint32_t u32() {
        auto const b = take(4);
        std::uint32_t v = 0;
        for (unsigned i = 0; i < 4; ++i) v |= std::to_integer<std::uint32_t>(b[i]) << (8 * i);
        return v;
    }
    [[nodiscard]] std::uint64_t u64() {
        std::uint64_t const low = u32();
        return low | std::uint64_t{u32()} << 32;
    }
    [[nodiscard]] double f64() { return std::bit_cast<double>(u64()); }
    [[nodiscard]] std::vector<float> floats(std::size_t n) {
        require(n <= left_.size() / 4, error_code::corrupt_file, "the coding ends early");
        std::vector<float> out(n);
        for (float& v : out) v = std::bit_cast<float>(u32());
        return out;
    }
    [[nodiscard]] std::vector<double> doubles(std::size_t n) {
        require(n <= left_.size() / 8, error_code::corrupt_file, "the coding ends early");
        std::vector<double> out(n);
        for (double& v : out) v = f64();
        return out;
    }
    [[nodiscard]] std::span<std::byte const> rest() { return take(left_.size()); }
    [[nodiscard]] std::size_t left() const noexcept { return left_.size(); }
    [[nodiscard]] bool at_end() const noexcept { return left_.empty(); }

private:
    std::span<std::byte const> left_;
};

}  // namespace simile::detail
