// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <new>
#include <span>

namespace simile::test {

enum class guard { before, after };

/// A copy of some values whose first byte follows, or whose last byte precedes, a page that may not be touched.
template <class T>
class guarded {
public:
    guarded(std::span<T const> values, guard side) : size_(values.size()) {
        auto const page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
        std::size_t const room = (values.size_bytes() + page - 1) / page * page;
        mapped_ = room + page;
        base_ = ::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (base_ == MAP_FAILED) throw std::bad_alloc();
        auto* const start = static_cast<std::byte*>(base_);
        std::byte* const wall = side == guard::before ? start : start + room;
        data_ = reinterpret_cast<T*>(side == guard::before ? start + page : wall - values.size_bytes());
        std::copy(values.begin(), values.end(), data_);
        if (::mprotect(wall, page, PROT_NONE) != 0) throw std::bad_alloc();
    }
    guarded(guarded const&) = delete;
    guarded& operator=(guarded const&) = delete;
    ~guarded() { ::munmap(base_, mapped_); }

    [[nodiscard]] T* data() const noexcept { return data_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::span<T> span() const noexcept { return {data_, size_}; }

private:
    void* base_ = nullptr;
    std::size_t mapped_ = 0;
    T* data_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace simile::test
