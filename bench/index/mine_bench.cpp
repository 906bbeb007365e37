// SPDX-License-Identifier: Apache-2.0
// Mining pairs on one thread: the most similar pairs of one set, and the margins of two sets beside the speed of the integer kernel in cache.
//   mine_bench [--rows 20000] [--dims 384] [--codec int8]
#include "../support/clustered_rows.hpp"

#include <simile/index/make_index.hpp>
#include <simile/index/mine_pairs.hpp>
#include <simile/index/tiled_queries.hpp>
#include <simile/quantize/int8.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

namespace {

using namespace simile;

double seconds(std::function<void()> const& work) {
    auto const begin = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Multiply-adds a second of the int8 kernel for batches, on a block that stays in the cache: the best of some runs.
double kernel_rate(std::vector<float> const& values, std::size_t dims) {
    quantize::int8_codec const codec(dims, similarity_kind::cosine);
    byte_buffer block(codec.block_bytes());
    for (std::size_t r = 0; r < block_rows; ++r) codec.encode(std::span(values).subspan(r * dims, dims), block.data(), r);
    constexpr std::size_t queries = 8, repeats = 20'000;
    detail::tiled_queries const tiled(codec, queries,
                                      [&](std::size_t i) { return codec.prepare(std::span(values).subspan(i * dims, dims), 1); });
    std::vector<quantize::block_scores> scores(queries);
    double best = 0;
    for (int run = 0; run < 9; ++run) {
        double const time = seconds([&] {
            for (std::size_t i = 0; i < repeats; ++i) tiled(block.data(), scores);
        });
        best = std::max(best, static_cast<double>(repeats * queries * block_rows * dims) / time);
    }
    return best;
}

}  // namespace

int main(int argc, char** argv) {
    std::size_t rows = 20'000, dims = 384;
    std::string codec = "int8";
    for (int i = 1; i + 1 < argc; i += 2) {
        if (std::strcmp(argv[i], "--rows") == 0) rows = static_cast<std::size_t>(std::atoll(argv[i + 1]));
        if (std::strcmp(argv[i], "--dims") == 0) dims = static_cast<std::size_t>(std::atoll(argv[i + 1]));
        if (std::strcmp(argv[i], "--codec") == 0) codec = argv[i + 1];
    }
    bench::clustered_rows law(dims);
    auto const x = law.take(rows), y = law.take(rows);
    auto const made = [&](std::vector<float> const& values, std::size_t count) {
        auto index = make_index(codec, dims);
        index->add(matrix_view<float const>(values.data(), count, dims));
        return index;
    };
    std::printf("| what | rows | seconds | 10^9 multiply-adds a second | of the kernel |\n|---|---|---|---|---|\n");
    double const kernel = kernel_rate(x, dims);
    auto const line = [&](char const* what, std::size_t count, double work, double time) {
        std::printf("| %s, %s | %zu | %.2f | %.0f | %.0f %% |\n", what, codec.c_str(), count, time, work / time / 1e9,
                    100 * work / time / kernel);
    };
    auto const some = made(x, std::min<std::size_t>(rows, 10'000));
    double const n = static_cast<double>(some->size()), all = static_cast<double>(rows), d = static_cast<double>(dims);
    line("most similar pairs", some->size(), n * n * d, seconds([&] { static_cast<void>(most_similar_pairs(*some)); }));
    auto const left = made(x, rows), right = made(y, rows);
    line("margins of two sets", rows, 2 * all * all * d, seconds([&] { static_cast<void>(mine_margins(*left, *right).max()); }));
    std::printf("| the kernel in cache, int8 | | | %.0f | |\n", kernel / 1e9);
}
