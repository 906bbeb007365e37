// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/quantize/transform.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

/// A transform as bytes: 32-bit little-endian words. Input dims, number of steps; for each step its kind, its parameter, the number of words that
/// follow, and those: 1 centring (0; mean), 2 prefix (k; 1 when renormalised), 3 subset (0; indices), 4 projection (0; matrix), 5 rotation (T; flips).
namespace simile::quantize {

namespace detail {

enum class stage_kind : std::uint32_t { centring = 1, prefix, subset, projection, rotated };

class word_writer {
public:
    void word(std::uint32_t v) {
        for (unsigned shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<std::byte>(v >> shift));
    }
    void head(stage_kind kind, std::size_t parameter, std::size_t words) {
        word(static_cast<std::uint32_t>(kind));
        word(static_cast<std::uint32_t>(parameter));
        word(static_cast<std::uint32_t>(words));
    }
    void floats(stage_kind kind, std::span<float const> values) {
        head(kind, 0, values.size());
        for (float const v : values) word(std::bit_cast<std::uint32_t>(v));
    }

    void operator()(stage::centring const& s) { floats(stage_kind::centring, s.mean()); }
    void operator()(stage::prefix const& s) {
        head(stage_kind::prefix, s.dims_out(), 1);
        word(s.renormalises() ? 1 : 0);
    }
    void operator()(stage::subset const& s) {
        head(stage_kind::subset, 0, s.dims_out());
        for (std::uint32_t const v : s.indices()) word(v);
    }
    void operator()(stage::projection const& s) { floats(stage_kind::projection, s.matrix()); }
    void operator()(stage::rotated const& s) {
        head(stage_kind::rotated, s.map().block(), s.map().flips().size() / 4);
        for (std::uint8_t const v : s.map().flips()) bytes.push_back(static_cast<std::byte>(v));
    }

    std::vector<std::byte> bytes;
};

class word_reader {
public:
    explicit word_reader(std::span<std::byte const> bytes) : rest_(bytes) {}
    [[nodiscard]] std::size_t words_left() const noexcept { return rest_.size() / 4; }

    [[nodiscard]] std::uint32_t word() {
        auto const at = take(1);
        std::uint32_t v = 0;
        for (unsigned i = 0; i < 4; ++i) v |= std::to_integer<std::uint32_t>(at[i]) << (8 * i);
        return v;
    }
    /// @throws error corrupt_file when there are not so many, before any memory is taken
    [[nodiscard]] std::span<std::byte const> take(std::size_t words) {
        require(words <= words_left(), error_code::corrupt_file, "transform: ", words, " words where ", words_left(), " are left");
        auto const taken = rest_.first(4 * words);
        rest_ = rest_.subspan(4 * words);
        return taken;
    }
    template <class T>
    [[nodiscard]] std::vector<T> values(std::size_t words) {
        word_reader part(take(words));
        std::vector<T> out(words);
        for (T& v : out) v = std::bit_cast<T>(part.word());
        return out;
    }

private:
    std::span<std::byte const> rest_;
};

[[nodiscard]] inline transform with_read_stage(transform const& t, word_reader& reader) {
    auto const kind = static_cast<stage_kind>(reader.word());
    std::size_t const parameter = reader.word(), words = reader.word();
    bool const takes_parameter = kind == stage_kind::prefix || kind == stage_kind::rotated;
    require(parameter == 0 || takes_parameter, error_code::corrupt_file, "transform: a step without parameter has ", parameter);
    switch (kind) {
        case stage_kind::centring: return t.centred(reader.values<float>(words));
        case stage_kind::subset: return t.subset(reader.values<std::uint32_t>(words));
        case stage_kind::projection: return t.projected(reader.values<float>(words));
        case stage_kind::prefix: {
            auto const flag = reader.values<std::uint32_t>(words);
            require(flag.size() == 1 && flag[0] <= 1, error_code::corrupt_file, "transform: a prefix has one flag");
            return t.prefix(parameter, flag[0] == 1);
        }
        case stage_kind::rotated: {
            std::vector<std::uint8_t> flips;
            for (std::byte const b : reader.take(words)) flips.push_back(std::to_integer<std::uint8_t>(b));
            require(parameter != 0, error_code::corrupt_file, "transform: a rotation of blocks of 0");
            return t.rotated(rotation(t.code_dims(), flips, parameter));
        }
    }
    fail(error_code::corrupt_file, "transform: there is no step of kind ", static_cast<std::uint32_t>(kind));
}

}  // namespace detail

/// The same bytes for the same transform on every platform.
[[nodiscard]] inline std::vector<std::byte> to_bytes(transform const& t) {
    detail::word_writer writer;
    writer.word(static_cast<std::uint32_t>(t.input_dims()));
    writer.word(static_cast<std::uint32_t>(t.stages().size()));
    for (auto const& s : t.stages()) std::visit(writer, s);
    return std::move(writer.bytes);
}

/// How large a transform from a file may be.
struct transform_limits {
    std::size_t max_dims = 65536;
    std::size_t max_stages = 8;
};

/// @throws error corrupt_file for bytes that no transform gives, limit_exceeded when it is larger than allowed
[[nodiscard]] inline transform transform_from_bytes(std::span<std::byte const> bytes, transform_limits const& limits = {}) {
    require(bytes.size() % 4 == 0, error_code::corrupt_file, "transform: ", bytes.size(), " bytes are no whole words");
    detail::word_reader reader(bytes);
    std::size_t const dims = reader.word(), stages = reader.word();
    require(dims != 0, error_code::corrupt_file, "transform: no dimensions");
    require(dims <= limits.max_dims, error_code::limit_exceeded, "transform: ", dims, " dimensions, the limit is ", limits.max_dims);
    require(stages <= limits.max_stages, error_code::limit_exceeded, "transform: ", stages, " steps, the limit is ", limits.max_stages);
    transform t(dims);
    for (std::size_t i = 0; i < stages; ++i) {
        try {
            t = detail::with_read_stage(t, reader);
        } catch (error const& e) {
            fail(error_code::corrupt_file, "transform: step ", i, ": ", std::string(e.what()));
        }
        require(t.code_dims() <= limits.max_dims, error_code::limit_exceeded, "transform: ", t.code_dims(), " dimensions, the limit is ",
                limits.max_dims);
    }
    require(reader.words_left() == 0, error_code::corrupt_file, "transform: ", reader.words_left(), " words too many");
    return t;
}

}  // namespace simile::quantize
