// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/executor.hpp>

#ifdef __EMSCRIPTEN_PTHREADS__
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <utility>
#endif

namespace simile::wasm {

#ifdef __EMSCRIPTEN_PTHREADS__

/// Workers with one memory as an executor: one of them holds the indexes and calls `run`, the others are in `help` and take tasks. Nothing of Emscripten's threads is in use:
/// TypeScript starts the workers. All of them may block.
class team final : public executor {
public:
    /// Those that are in `help`, and the one that calls.
    [[nodiscard]] std::size_t concurrency() const noexcept override { return 1 + helpers_.load(); }

    /// One caller at a time.
    void run(std::size_t count, std::function<void(std::size_t)> const& task) override {
        if (count == 0) return;
        {
            std::scoped_lock const lock(lock_);
            task_ = &task;
            next_ = 0;
            count_ = count;
            unfinished_.store(static_cast<std::uint32_t>(count));
        }
        posted_.fetch_add(1);
        wake(posted_);
        take_tasks();
        for (std::uint32_t left = unfinished_.load(); left != 0; left = unfinished_.load()) wait(unfinished_, left);
        if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    }

    /// Takes tasks as long as the worker lives.
    [[noreturn]] void help() noexcept {
        helpers_.fetch_add(1);
        for (;;) {
            std::uint32_t const seen = posted_.load();
            take_tasks();
            wait(posted_, seen);
        }
    }

private:
    using word = std::atomic<std::uint32_t>;

    /// Held for some instructions only.
    class spin_lock {
    public:
        void lock() noexcept {
            while (taken_.test_and_set(std::memory_order_acquire)) {
            }
        }
        void unlock() noexcept { taken_.clear(std::memory_order_release); }

    private:
        std::atomic_flag taken_;
    };

    static void wait(word& at, std::uint32_t value) noexcept {
        __builtin_wasm_memory_atomic_wait32(reinterpret_cast<int*>(&at), static_cast<int>(value), -1);
    }
    static void wake(word& at) noexcept { __builtin_wasm_memory_atomic_notify(reinterpret_cast<int*>(&at), ~0U); }

    void take_tasks() noexcept {
        std::unique_lock lock(lock_);
        while (next_ < count_) {
            std::size_t const i = next_++;
            auto const* const task = task_;
            lock.unlock();
            std::exception_ptr failure;
            try {
                (*task)(i);
            } catch (...) {
                failure = std::current_exception();
            }
            lock.lock();
            if (failure && !failure_) failure_ = failure;
            // The caller goes on at 0, so what was thrown is put away before.
            if (unfinished_.fetch_sub(1) == 1) wake(unfinished_);
        }
    }

    spin_lock lock_;
    word posted_{0}, unfinished_{0}, helpers_{0};
    std::function<void(std::size_t)> const* task_ = nullptr;
    std::size_t next_ = 0;
    std::size_t count_ = 0;
    std::exception_ptr failure_;
};

inline team workers;
inline executor* const threads = &workers;

#else

/// This build has one thread.
inline executor* const threads = nullptr;

#endif

}  // namespace simile::wasm
