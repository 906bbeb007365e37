// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>

#include <cstddef>
#include <functional>
#include <utility>

namespace simile {

/// Watches work that can take longer than a moment. Both parts are optional.
struct progress {
    /// Called now and then, and at the end with done == total.
    std::function<void(std::size_t done, std::size_t total)> report;
    /// Asked now and then; true ends the work with error `cancelled` and nothing changed. See `stop_when` for tokens.
    std::function<bool()> stop;

    /// @throws error cancelled
    void step(std::size_t done, std::size_t total) const {
        if (stop && stop()) fail(error_code::cancelled, "stopped after ", done, " of ", total);
        if (report) report(done, total);
    }
};

/// Makes a stop condition of anything with `stop_requested()`, such as std::stop_token.
template <class Token>
    requires requires(Token const& token) { static_cast<bool>(token.stop_requested()); }
[[nodiscard]] std::function<bool()> stop_when(Token token) {
    return [token = std::move(token)] { return token.stop_requested(); };
}

}  // namespace simile
