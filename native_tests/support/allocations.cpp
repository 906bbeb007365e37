// SPDX-License-Identifier: Apache-2.0
#include "support/allocations.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

// The thread sanitizer brings operators of its own, which cannot be replaced; the tests that count are not run there.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SIMILE_THREAD_SANITIZER
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define SIMILE_THREAD_SANITIZER
#endif

// Tests that use this run on one thread; the counters are per thread so that others do not disturb them.
namespace {

struct counters {
    std::ptrdiff_t now = 0, peak = 0;
    std::size_t count = 0, fail_in = 0;
    bool for_ever = false, failed = false;
};
thread_local counters state;

#if !defined(SIMILE_THREAD_SANITIZER)
// In front of each block: where malloc put it, and how long it is.
struct prefix {
    void* start;
    std::size_t size;
};

void* allocate(std::size_t size, std::size_t alignment) {
    if (state.fail_in != 0 && (--state.fail_in == 0 || (state.for_ever && state.failed))) {
        state.failed = true;
        if (state.for_ever) state.fail_in = 1;
        throw std::bad_alloc();
    }
    // The block ends where malloc's ends, so that a sanitizer sees every byte that is read beyond it.
    std::size_t const room = std::max({alignment, sizeof(prefix), alignof(std::max_align_t)});
    void* start = nullptr;
    if (size > static_cast<std::size_t>(-1) - room ||
        ::posix_memalign(&start, std::max(alignment, alignof(std::max_align_t)), size + room) != 0)
        throw std::bad_alloc();
    auto* const block = static_cast<std::byte*>(start) + room;
    prefix const before{start, size};
    std::memcpy(block - sizeof(prefix), &before, sizeof(prefix));
    ++state.count;
    state.now += static_cast<std::ptrdiff_t>(size);
    state.peak = std::max(state.peak, state.now);
    return block;
}

void release(void* block) noexcept {
    if (block == nullptr) return;
    prefix before;
    std::memcpy(&before, static_cast<std::byte*>(block) - sizeof(prefix), sizeof(prefix));
    state.now -= static_cast<std::ptrdiff_t>(before.size);
    std::free(before.start);
}
#endif

}  // namespace

#if !defined(SIMILE_THREAD_SANITIZER)
void* operator new(std::size_t size) { return allocate(size, alignof(std::max_align_t)); }
void* operator new[](std::size_t size) { return allocate(size, alignof(std::max_align_t)); }
void* operator new(std::size_t size, std::align_val_t alignment) { return allocate(size, static_cast<std::size_t>(alignment)); }
void* operator new[](std::size_t size, std::align_val_t alignment) { return allocate(size, static_cast<std::size_t>(alignment)); }
void operator delete(void* p) noexcept { release(p); }
void operator delete[](void* p) noexcept { release(p); }
void operator delete(void* p, std::size_t) noexcept { release(p); }
void operator delete[](void* p, std::size_t) noexcept { release(p); }
void operator delete(void* p, std::align_val_t) noexcept { release(p); }
void operator delete[](void* p, std::align_val_t) noexcept { release(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { release(p); }
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { release(p); }
#endif

namespace simile::test::allocations {

void start() { state = {}; }
std::ptrdiff_t peak() { return state.peak; }
std::size_t count() { return state.count; }
void fail_at(std::size_t n, bool for_ever) {
    state.fail_in = n;
    state.for_ever = for_ever;
    state.failed = false;
}
bool failed() { return state.failed; }

}  // namespace simile::test::allocations
