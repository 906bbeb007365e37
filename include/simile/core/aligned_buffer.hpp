// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace simile {

/// Allocates on cache lines, and long buffers on huge pages where the system has them: a scan then spends no time on page tables.
/// Leaves trivial elements uninitialised when a vector grows.
template <class T>
struct aligned_allocator {
    using value_type = T;
    static constexpr std::size_t cache_line = 64;
    static constexpr std::size_t huge_page = std::size_t{1} << 21;

    aligned_allocator() = default;
    template <class U>
    aligned_allocator(aligned_allocator<U> const&) noexcept {}

    [[nodiscard]] T* allocate(std::size_t n) {
        if (n > std::numeric_limits<std::size_t>::max() / sizeof(T)) throw std::bad_array_new_length();
        void* const p = ::operator new(n * sizeof(T), alignment(n));
#if defined(__linux__) && defined(MADV_HUGEPAGE)
        if (n * sizeof(T) >= 2 * huge_page) static_cast<void>(::madvise(p, n * sizeof(T) / huge_page * huge_page, MADV_HUGEPAGE));
#endif
        return static_cast<T*>(p);
    }
    void deallocate(T* p, std::size_t n) noexcept { ::operator delete(p, alignment(n)); }

    template <class U>
    void construct(U* p) noexcept {
        ::new (static_cast<void*>(p)) U;
    }
    template <class U, class... Args>
    void construct(U* p, Args&&... args) {
        ::new (static_cast<void*>(p)) U(std::forward<Args>(args)...);
    }
    friend bool operator==(aligned_allocator, aligned_allocator) noexcept { return true; }

private:
    static constexpr std::align_val_t alignment(std::size_t n) noexcept {
#if defined(__linux__)
        if (n * sizeof(T) >= 2 * huge_page) return std::align_val_t{huge_page};
#endif
        static_cast<void>(n);
        return std::align_val_t{cache_line};
    }
};

/// A vector whose data starts on a cache line. `resize(n)` does not clear new bytes: pass a value when it must.
template <class T>
using aligned_vector = std::vector<T, aligned_allocator<T>>;

using byte_buffer = aligned_vector<std::byte>;

}  // namespace simile
