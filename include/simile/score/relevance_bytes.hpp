// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/io/byte_stream.hpp>
#include <simile/score/relevance.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace simile::score {

namespace detail {

inline constexpr std::uint8_t relevance_version = 1;

using simile::detail::byte_reader;
using simile::detail::byte_writer;

inline void write(byte_writer& out, sigmoid_calibration const& m) { out.doubles(std::array{m.scale, m.offset}); }
inline void write(byte_writer& out, platt_calibration const& m) { out.doubles(std::array{m.a, m.b}); }
inline void write(byte_writer& out, beta_calibration const& m) { out.doubles(std::array{m.a, m.b, m.c}); }
inline void write(byte_writer& out, isotonic_calibration const& m) {
    out.u32(static_cast<std::uint32_t>(m.steps.size()));
    for (auto const& s : m.steps) out.doubles(std::array{s.low, s.high, s.value});
}
inline void write(byte_writer& out, cosine_adapter const& m) {
    out.u32(static_cast<std::uint32_t>(m.form));
    out.u32(static_cast<std::uint32_t>(m.dims));
    out.u32(static_cast<std::uint32_t>(m.hidden));
    for (auto const* const part : {&m.w1, &m.b1, &m.w2, &m.b2}) out.floats(*part);
}
inline void write(byte_writer& out, surprise_relevance const& m) {
    out.u64(m.items);
    out.u64(m.moments.size());
    out.u32(static_cast<std::uint32_t>(m.moments.dims()));
    out.floats(m.moments.centre());
    out.doubles(m.moments.sum());
    out.doubles(m.moments.products());
}

[[nodiscard]] inline isotonic_calibration read_isotonic(byte_reader& in) {
    std::size_t const n = in.u32();
    require(n <= in.left() / 24, error_code::corrupt_file, "the steps end early");
    isotonic_calibration out;
    for (std::size_t i = 0; i < n; ++i) {
        double const low = in.f64(), high = in.f64();
        out.steps.push_back({low, high, in.f64()});
    }
    return out;
}
[[nodiscard]] inline cosine_adapter read_adapter(byte_reader& in) {
    cosine_adapter out;
    std::uint32_t const form = in.u32();
    require(form <= static_cast<std::uint32_t>(adapter_form::power), error_code::corrupt_file, "a cosine adapter of form ", form);
    out.form = static_cast<adapter_form>(form);
    out.dims = in.u32();
    out.hidden = in.u32();
    require(out.dims != 0 && out.hidden <= in.left() / 4 / out.dims, error_code::corrupt_file, "a cosine adapter of ", out.dims,
            " dimensions ends early");
    out.w1 = in.floats(out.hidden * out.dims);
    out.b1 = in.floats(out.hidden);
    out.w2 = in.floats(3 * out.hidden);
    out.b2 = in.floats(3);
    return out;
}
[[nodiscard]] inline surprise_relevance read_surprise(byte_reader& in) {
    std::uint64_t const items = in.u64(), count = in.u64();
    std::size_t const dims = in.u32();
    require(items <= 0xFFFFFFFFU && count <= items && dims <= in.left() / 4, error_code::corrupt_file, "moments of ", count, " of ", items,
            " rows");
    auto const centre = in.floats(dims);
    auto const sum = in.doubles(dims), products = in.doubles(dims * (dims + 1) / 2);
    return {gallery_moments::of_sums(static_cast<std::size_t>(count), centre, sum, products), static_cast<std::size_t>(items)};
}

[[nodiscard]] inline relevance_model::map read_map(byte_reader& in, unsigned kind) {
    auto const numbers = [&](std::size_t n) { return in.doubles(n); };
    switch (kind) {
        case 0: {
            auto const v = numbers(2);
            return sigmoid_calibration{v[0], v[1]};
        }
        case 1: {
            auto const v = numbers(2);
            return platt_calibration{v[0], v[1]};
        }
        case 2: {
            auto const v = numbers(3);
            return beta_calibration{v[0], v[1], v[2]};
        }
        case 3: return read_isotonic(in);
        case 4: return read_adapter(in);
        case 5: return read_surprise(in);
        default: fail(error_code::unsupported_version, "a relevance model of kind ", kind);
    }
}

}  // namespace detail

/// A model as it stands in a file, little-endian: u8 version, u8 kind (0 sigmoid, 1 Platt, 2 beta, 3 isotonic, 4 cosine adapter, 5 surprise), u16 0, then its numbers in the order of
/// their members; steps, dims and hidden units are counted by u32 before them, items and rows of moments by u64.
[[nodiscard]] inline std::vector<std::byte> to_bytes(relevance_model const& model) {
    simile::detail::byte_writer out;
    for (std::size_t const v : {std::size_t{detail::relevance_version}, model.parameters().index(), std::size_t{0}, std::size_t{0}})
        out.u8(static_cast<std::uint8_t>(v));
    std::visit([&](auto const& m) { detail::write(out, m); }, model.parameters());
    return std::move(out.bytes);
}

/// @throws error corrupt_file, unsupported_version
[[nodiscard]] inline relevance_model relevance_from_bytes(std::span<std::byte const> bytes) {
    simile::detail::byte_reader in(bytes);
    unsigned const version = in.u8(), kind = in.u8(), zeros = in.u8() + unsigned{in.u8()};
    require(version == detail::relevance_version, error_code::unsupported_version, "a relevance model of version ", version);
    try {
        relevance_model out(detail::read_map(in, kind));
        require(in.at_end() && zeros == 0, error_code::corrupt_file, "the relevance model ends ", in.left(), " bytes late");
        return out;
    } catch (error const& e) {
        // What a constructor refuses as an argument is damage in a file.
        if (e.code() == error_code::unsupported_version) throw;
        fail(error_code::corrupt_file, e.what());
    }
}

}  // namespace simile::score
