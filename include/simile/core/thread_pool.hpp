// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/executor.hpp>

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace simile {

/// An executor with its own threads. Several threads may call `run` at once: their batches take turns. A task must not call `run` of its own pool.
class thread_pool final : public executor {
public:
    /// @param threads  how many run a batch, the calling one included; 0: one for each processor
    explicit thread_pool(std::size_t threads = 0) {
        std::size_t const wanted = threads != 0 ? threads : std::max(1U, std::thread::hardware_concurrency());
        workers_.reserve(wanted - 1);
        for (std::size_t i = 1; i < wanted; ++i) workers_.emplace_back([this] { serve(); });
    }
    thread_pool(thread_pool const&) = delete;
    thread_pool& operator=(thread_pool const&) = delete;

    ~thread_pool() override {
        {
            std::scoped_lock const lock(mutex_);
            closing_ = true;
        }
        work_.notify_all();
        for (auto& worker : workers_) worker.join();
    }

    [[nodiscard]] std::size_t concurrency() const noexcept override { return workers_.size() + 1; }

    void run(std::size_t count, std::function<void(std::size_t)> const& task) override {
        if (count == 0) return;
        std::scoped_lock const turn(turn_);
        std::unique_lock lock(mutex_);
        task_ = &task;
        next_ = 0;
        count_ = count;
        unfinished_ = count;
        failure_ = nullptr;
        work_.notify_all();
        take_tasks(lock);
        done_.wait(lock, [this] { return unfinished_ == 0; });
        task_ = nullptr;
        if (failure_) std::rethrow_exception(failure_);
    }

private:
    void serve() {
        std::unique_lock lock(mutex_);
        for (;;) {
            work_.wait(lock, [this] { return closing_ || next_ < count_; });
            if (closing_) return;
            take_tasks(lock);
        }
    }

    void take_tasks(std::unique_lock<std::mutex>& lock) {
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
            if (--unfinished_ == 0) done_.notify_all();
        }
    }

    std::mutex turn_;
    std::mutex mutex_;
    std::condition_variable work_;
    std::condition_variable done_;
    std::function<void(std::size_t)> const* task_ = nullptr;
    std::size_t next_ = 0;
    std::size_t count_ = 0;
    std::size_t unfinished_ = 0;
    std::exception_ptr failure_;
    bool closing_ = false;
    std::vector<std::thread> workers_;
};

}  // namespace simile
