// SPDX-License-Identifier: Apache-2.0
#include <simile/core/thread_pool.hpp>

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace simile;

TEST_CASE("a thread pool runs every task of a batch once", "[core][threads]") {
    for (std::size_t const threads : {1U, 2U, 4U}) {
        thread_pool pool(threads);
        CHECK(pool.concurrency() == threads);
        for (std::size_t const count : {0U, 1U, 3U, 1000U}) {
            std::vector<std::atomic<int>> runs(count);
            pool.run(count, [&](std::size_t i) { ++runs[i]; });
            for (auto const& r : runs) CHECK(r == 1);
        }
    }
    CHECK(thread_pool().concurrency() >= 1);
}

TEST_CASE("the first exception of a task comes out after all tasks ran, and the pool goes on", "[core][threads]") {
    thread_pool pool(3);
    std::atomic<int> runs = 0;
    auto const task = [&](std::size_t i) {
        ++runs;
        if (i % 10 == 5) throw std::runtime_error("task failed");
    };
    CHECK_THROWS_AS(pool.run(100, task), std::runtime_error);
    CHECK(runs == 100);
    pool.run(100, [&](std::size_t) { ++runs; });
    CHECK(runs == 200);
}

TEST_CASE("batches of several threads take turns in one pool", "[core][threads]") {
    thread_pool pool(2);
    std::atomic<int> runs = 0;
    {
        std::vector<std::jthread> callers;
        for (int c = 0; c < 4; ++c)
            callers.emplace_back([&] {
                for (int i = 0; i < 50; ++i) pool.run(7, [&](std::size_t) { ++runs; });
            });
    }
    CHECK(runs == 4 * 50 * 7);
}

TEST_CASE("the inline executor runs tasks in order on the caller's thread", "[core][executor]") {
    inline_executor here;
    std::vector<std::size_t> order;
    auto const self = std::this_thread::get_id();
    bool same = true;
    here.run(4, [&](std::size_t i) {
        order.push_back(i);
        same = same && std::this_thread::get_id() == self;
    });
    CHECK(order == std::vector<std::size_t>{0, 1, 2, 3});
    CHECK(same);
    CHECK(here.concurrency() == 1);
}
