// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>

#include <catch2/catch_tostring.hpp>

#include <ostream>
#include <string>
#include <utility>

namespace simile {
inline std::ostream& operator<<(std::ostream& out, error_code code) { return out << to_string(code); }
}  // namespace simile

namespace simile::test {

/// How a call ended: "ok", or the code it was refused with.
template <class Call>
[[nodiscard]] std::string outcome(Call&& call) {
    try {
        static_cast<void>(std::forward<Call>(call)());
    } catch (error const& e) {
        return std::string(to_string(e.code()));
    }
    return "ok";
}

/// The message a call is refused with; empty when it is not.
template <class Call>
[[nodiscard]] std::string message(Call&& call) {
    try {
        static_cast<void>(std::forward<Call>(call)());
    } catch (error const& e) {
        return e.what();
    }
    return {};
}

}  // namespace simile::test
