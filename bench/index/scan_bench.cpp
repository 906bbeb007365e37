// SPDX-License-Identifier: Apache-2.0
// Whole searches of 100,000 x 384 on one thread, far larger than the caches: index/search/<codec>/n100000d384. `GB_per_s` are the bytes of codes a
// search must read; `of_read` is their share of what the same machine reads from memory, measured at the start of the same run. `first_plane_GB_per_s` of the cascade
// counts plane 0 only: the rest is a few hundred rows.
#include "../support/read_bandwidth.hpp"

#include <simile/core/random.hpp>
#include <simile/index/make_index.hpp>

#include <benchmark/benchmark.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace simile;

constexpr std::size_t n = 100'000, d = 384;

/// Unit-length rows around 1,000 centres, as embeddings lie.
std::vector<float> clustered() {
    xoshiro256 generator(42);
    std::vector<float> centres(1000 * d), out(n * d);
    for (float& v : centres) v = static_cast<float>(nearly_normal(generator));
    for (std::size_t i = 0; i < n; ++i) {
        float const* const centre = centres.data() + generator() % 1000 * d;
        for (std::size_t j = 0; j < d; ++j) out[i * d + j] = centre[j] + static_cast<float>(uniform01(generator) * 2.4 - 1.2);
    }
    return out;
}

void add_search(codec_kind codec, std::vector<float> const& rows, double bandwidth) {
    std::string const name = "index/search/" + std::string(to_string(codec)) + "/n100000d384";
    benchmark::RegisterBenchmark(name.c_str(), [codec, &rows, bandwidth](benchmark::State& state) {
        auto const index = make_index(codec, d);
        index->add(matrix_view<float const>(rows.data(), n, d));
        std::size_t const bytes = codec == codec_kind::planes ? blocks_of(n) * quantize::planes_codec(d).block_bytes(0)
                                : codec == codec_kind::int8 ? n * (d + 4) : codec == codec_kind::f16 ? n * d * 2 : n * d * 4;
        std::size_t query = 0;
        for (auto _ : state) benchmark::DoNotOptimize(index->search({rows.data() + query++ * 997 % n * d, d}));
        using counter = benchmark::Counter;
        double const read = static_cast<double>(bytes) * static_cast<double>(state.iterations());
        bool const cascade = codec == codec_kind::planes;
        state.counters[cascade ? "first_plane_GB_per_s" : "GB_per_s"] = counter(read / 1e9, counter::kIsRate);
        if (!cascade) state.counters["of_read"] = counter(read / bandwidth, counter::kIsRate);
        state.counters["bytes_a_row"] = static_cast<double>(index->memory()) / static_cast<double>(n);
    })->Unit(benchmark::kMillisecond);
}

}  // namespace

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    double const bandwidth = bench::read_bandwidth();
    std::fprintf(stderr, "this machine reads %.1f GB/s from memory on one thread\n", bandwidth / 1e9);
    benchmark::AddCustomContext("read_GB_per_s", std::to_string(bandwidth / 1e9));
    auto const rows = clustered();
    for (auto const codec : {codec_kind::f32, codec_kind::f16, codec_kind::int8, codec_kind::planes}) add_search(codec, rows, bandwidth);
    benchmark::RunSpecifiedBenchmarks();
}
