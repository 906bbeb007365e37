// SPDX-License-Identifier: Apache-2.0
#include "support/allocations.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

// Tests that use this run on one thread; the counters are per thread so that others do not disturb them.
namespace {

struct counters {
    std::ptrdiff_t now = 0, peak = 0;
    std::size_t count = 0, fail_in = 0;
    bool for_ever = false, failed = false;
};
thread_local counters state;

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
    std::size_t const room = std::max(alignment, sizeof(prefix));
    if (size > static_cast<std::size_t>(-1) - 2 * room) throw std::bad_alloc();
    void* const start = std::malloc(size + 2 * room);
    if (start == nullptr) throw std::bad_alloc();
    auto const address = (reinterpret_cast<std::uintptr_t>(start) + room + alignment - 1) / alignment * alignment;
    auto* const block = static_cast<std::byte*>(start) + (address - reinterpret_cast<std::uintptr_t>(start));
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

}  // namespace

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
