// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace simile {

/// What went wrong. The numbers are part of the WebAssembly boundary and never change.
enum class error_code : std::uint8_t {
    dimension_mismatch = 1,
    invalid_argument,
    not_finite,
    zero_norm,
    out_of_range,
    duplicate_id,
    unknown_id,
    corrupt_file,
    truncated_file,
    unsupported_version,
    limit_exceeded,
    io_failure,
    out_of_memory,
    cancelled,
    incomplete,
};

[[nodiscard]] constexpr std::string_view to_string(error_code code) noexcept {
    switch (code) {
        case error_code::dimension_mismatch: return "dimension_mismatch";
        case error_code::invalid_argument: return "invalid_argument";
        case error_code::not_finite: return "not_finite";
        case error_code::zero_norm: return "zero_norm";
        case error_code::out_of_range: return "out_of_range";
        case error_code::duplicate_id: return "duplicate_id";
        case error_code::unknown_id: return "unknown_id";
        case error_code::corrupt_file: return "corrupt_file";
        case error_code::truncated_file: return "truncated_file";
        case error_code::unsupported_version: return "unsupported_version";
        case error_code::limit_exceeded: return "limit_exceeded";
        case error_code::io_failure: return "io_failure";
        case error_code::out_of_memory: return "out_of_memory";
        case error_code::cancelled: return "cancelled";
        case error_code::incomplete: return "incomplete";
    }
    return "unknown";
}

/// Thrown by every public entry point that refuses its input. Nothing has changed when it is thrown.
class error : public std::runtime_error {
public:
    error(error_code code, std::string const& message) : std::runtime_error(message), code_(code) {}
    [[nodiscard]] error_code code() const noexcept { return code_; }

private:
    error_code code_;
};

/// A message with numbers in it: `fail(code, "query has ", 383, " dimensions, index has ", 384)`.
namespace detail {
inline void append(std::string& out, std::string_view text) { out += text; }
template <class Number>
    requires std::is_arithmetic_v<Number>
void append(std::string& out, Number value) {
    out += std::to_string(value);
}
}  // namespace detail

template <class... Parts>
[[noreturn, gnu::cold, gnu::noinline]] void fail(error_code code, Parts const&... parts) {
    std::string message;
    (detail::append(message, parts), ...);
    throw error(code, message);
}

/// Refuses with `code` unless `ok`; the parts are put together only then.
template <class... Parts>
void require(bool ok, error_code code, Parts const&... parts) {
    if (!ok) fail(code, parts...);
}

}  // namespace simile
