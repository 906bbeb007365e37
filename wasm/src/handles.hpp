// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <utility>

namespace simile::wasm {

/// Numbers for objects that TypeScript holds. A number is never used twice, so a stale one is an error and not another object.
template <class T>
class handles {
public:
    explicit handles(std::uint32_t first = 1) : next_(first) {}

    std::uint32_t add(std::shared_ptr<T> object) {
        alive_.emplace(next_, std::move(object));
        return next_++;
    }
    [[nodiscard]] T& operator[](std::uint32_t handle) const {
        auto const at = alive_.find(handle);
        require(at != alive_.end(), error_code::invalid_argument, "number ", handle, " is not in use");
        return *at->second;
    }
    void remove(std::uint32_t handle) noexcept { alive_.erase(handle); }

private:
    std::map<std::uint32_t, std::shared_ptr<T>> alive_;
    std::uint32_t next_;
};

}  // namespace simile::wasm
