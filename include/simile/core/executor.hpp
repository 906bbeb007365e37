// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>

namespace simile {

/// Where work runs. An index never starts threads by itself: it cuts a search into tasks and hands them to an executor.
class executor {
public:
    virtual ~executor() = default;
    /// How many tasks can run at the same time, at least 1.
    [[nodiscard]] virtual std::size_t concurrency() const noexcept = 0;
    /// Calls task(0) .. task(count - 1), each once, in any order, and returns when all are done. The first exception of a task is
    /// rethrown after that.
    virtual void run(std::size_t count, std::function<void(std::size_t)> const& task) = 0;

protected:
    executor() = default;
    executor(executor const&) = default;
    executor& operator=(executor const&) = default;
};

/// The caller's own thread.
class inline_executor final : public executor {
public:
    [[nodiscard]] std::size_t concurrency() const noexcept override { return 1; }
    void run(std::size_t count, std::function<void(std::size_t)> const& task) override {
        for (std::size_t i = 0; i < count; ++i) task(i);
    }
};

}  // namespace simile
