// SPDX-License-Identifier: Apache-2.0
// Kernels on rows that stay in the first two caches, each beside the plain C++ one: simd/<kernel>/<type>/d<dims>/<architecture>.
#include <simile/core/random.hpp>
#include <simile/quantize/planes.hpp>
#include <simile/simd/nibble_scan.hpp>
#include <simile/similarity/cosine.hpp>
#include <simile/similarity/dot.hpp>
#include <simile/similarity/hamming.hpp>
#include <simile/similarity/squared_l2.hpp>

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

namespace {

using namespace simile;

constexpr std::size_t rows = 32;

template <class Arch>
std::string arch_name() {
#if !defined(SIMILE_SCALAR)
    if constexpr (!std::is_same_v<Arch, scalar_arch>) return Arch::name();
#endif
    return "scalar";
}

std::vector<float> random_floats(std::size_t n) {
    xoshiro256 generator(7);
    std::vector<float> out(n);
    for (float& v : out) v = static_cast<float>(nearly_normal(generator));
    return out;
}
template <class T>
std::vector<T> random_bytes(std::size_t n) {
    xoshiro256 generator(8);
    std::vector<T> out(n);
    for (T& v : out) v = static_cast<T>(generator() & 0xFFU);
    return out;
}

/// One query against each of `rows` rows of `row_bytes`.
template <class Run>
void add(std::string const& name, std::size_t row_bytes, Run run) {
    benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
        for (auto _ : state) benchmark::DoNotOptimize(run());
        state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(rows));
        state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(rows * row_bytes));
    });
}

template <class Arch>
void add_kernels(std::size_t d) {
    std::string const end = "/d" + std::to_string(d) + "/" + arch_name<Arch>();
    static auto const floats = random_floats((rows + 1) * 1536);
    static auto const codes = random_bytes<std::int8_t>((rows + 1) * 1536);
    static auto const bits = random_bytes<std::byte>((rows + 1) * 1536);
    auto const each_row = [d](auto const& data, std::size_t stride, auto kernel) {
        return [&data, stride, kernel] {
            auto sum = kernel(data.data(), data.data() + stride);
            for (std::size_t r = 2; r <= rows; ++r) sum += kernel(data.data(), data.data() + r * stride);
            return sum;
        };
        static_cast<void>(d);
    };
    add("simd/dot_fast/f32" + end, 4 * d,
        each_row(floats, d, [d](float const* x, float const* y) { return simd::fast_dot(Arch{}, x, y, d); }));
    add("simd/dot_reproducible/f32" + end, 4 * d,
        each_row(floats, d, [d](float const* x, float const* y) { return simd::sum_pair<simd::product>(Arch{}, x, y, d); }));
    add("simd/squared_l2_fast/f32" + end, 4 * d,
        each_row(floats, d, [d](float const* x, float const* y) { return simd::fast_squared_l2(Arch{}, x, y, d); }));
    add("simd/cosine_fast/f32" + end, 4 * d, each_row(floats, d, [d](float const* x, float const* y) {
            auto const s = simd::fast_cosine_sums(Arch{}, x, y, d);
            return s.xy + s.xx + s.yy;
        }));
    add("simd/dot/i8" + end, d,
        each_row(codes, d, [d](std::int8_t const* x, std::int8_t const* y) { return simd::dot_i8(Arch{}, x, y, d); }));
    add("simd/hamming/b1" + end, d / 8,
        each_row(bits, d / 8, [d](std::byte const* x, std::byte const* y) { return simd::hamming(Arch{}, x, y, d / 8); }));

    simd::int8_row_query const query(std::span<float const>(floats).first(d));
    add("simd/dot_rows/i8" + end, d, [d, query] {
        std::int32_t out[rows];
        simd::dot_i8_rows(Arch{}, query, codes.data(), rows, out);
        return out[0] + out[rows - 1];
    });
    aligned_vector<std::uint8_t> const tables(4 * d, std::uint8_t{5});
    add("simd/nibble_scan/b1" + end, d / 8, [d, tables] {
        simd::block_sums out;
        simd::nibble_scan(Arch{}, tables.data(), reinterpret_cast<std::uint8_t const*>(bits.data()), d / 4, out);
        return out[0] + out[31];
    });
    add("simd/agreement/b1" + end, d / 8, [d, tables] {
        simd::block_dots out;
        simd::interleaved_agreement(Arch{}, tables.data(), reinterpret_cast<std::uint8_t const*>(bits.data()),
                                    simd::interleaved<1>::groups(d), out);
        return out[0] + out[31];
    });
    add("simd/interleaved/i8" + end, d, [d, query] {
        simd::block_dots out;
        simd::interleaved_dots<8>(Arch{}, query.codes.data(), reinterpret_cast<std::uint8_t const*>(codes.data()),
                                  simd::interleaved<8>::groups(d), out);
        return out[0] + out[31];
    });
}

}  // namespace

int main(int argc, char** argv) {
    for (std::size_t const d : {96, 384, 768, 1536}) {
        add_kernels<default_arch>(d);
        if (!std::is_same_v<default_arch, scalar_arch>) add_kernels<scalar_arch>(d);
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    benchmark::RunSpecifiedBenchmarks();
}
