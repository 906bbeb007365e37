// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <string_view>
#include <vector>

namespace simile::wasm {

/// The answer of the last call, or its error message: the only thing that TypeScript reads from this module's memory.
class reply {
public:
    void clear() noexcept { bytes_.clear(); }
    void release() noexcept { std::vector<std::byte>().swap(bytes_); }
    [[nodiscard]] std::vector<std::byte> const& bytes() const noexcept { return bytes_; }

    template <class T>
    void put(T value) {
        put_all(std::span<T const>(&value, 1));
    }
    template <class T>
    void put_all(std::span<T const> values) {
        auto const raw = std::as_bytes(values);
        bytes_.insert(bytes_.end(), raw.begin(), raw.end());
    }
    void put_text(std::string_view text) { put_all(std::span(text)); }
    void reserve(std::size_t size) { bytes_.reserve(size); }
    void pad_to_4() { bytes_.resize((bytes_.size() + 3) / 4 * 4); }

private:
    std::vector<std::byte> bytes_;
};

inline reply answer;

/// Runs one call. Whatever it throws becomes a status and a message: nothing may leave the module as an exception.
template <class Call>
[[nodiscard]] std::uint32_t guarded(Call call) noexcept {
    auto const failed = [](error_code code, char const* message) noexcept {
        answer.clear();
        try {
            answer.put_text(message);
        } catch (std::bad_alloc const&) {
            answer.clear();
        }
        return static_cast<std::uint32_t>(code);
    };
    answer.clear();
    try {
        call();
        return 0;
    } catch (error const& e) {
        return failed(e.code(), e.what());
    } catch (std::bad_alloc const&) {
        answer.release();
        return failed(error_code::out_of_memory, "WebAssembly has no memory left for this");
    } catch (std::length_error const&) {
        return failed(error_code::out_of_memory, "this needs more memory than WebAssembly can address");
    }
}

}  // namespace simile::wasm
