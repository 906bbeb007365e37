// SPDX-License-Identifier: Apache-2.0
// What a bias of every row costs a search, and what choosing by the best row costs: one thread, milliseconds a query, medians of interleaved runs.
// Then what fitting a correction to a bank of 1,000 queries costs beside 1,000 searches, one by one.
//   bias_bench [--rows 100000] [--repeats 15]
#include "../support/clustered_rows.hpp"

#include <simile/index/make_index.hpp>
#include <simile/index/score_correction.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

using namespace simile;

double milliseconds(vector_index const& index, matrix_view<float const> queries, search_options const& options) {
    auto const begin = std::chrono::steady_clock::now();
    for (std::size_t q = 0; q < queries.rows(); ++q) static_cast<void>(index.search(queries[q], options));
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count() /
           static_cast<double>(queries.rows());
}
double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

void measure(std::string const& coding, std::size_t dims, std::size_t rows, std::size_t repeats) {
    bench::clustered_rows law(dims);
    auto const asked = law.take(20), values = law.take(rows);
    matrix_view<float const> const queries(asked, dims);
    auto const index = make_index(coding, dims);
    index->add(matrix_view<float const>(values, dims));
    std::vector<float> bias(rows);
    xoshiro256 random(3);
    for (float& b : bias) b = 0.05F * static_cast<float>(nearly_normal(random));
    row_filter active(rows);
    for (row_t r = 0; r < rows; r += 2) active.allow(r);
    search_options const plain{}, biased{.bias = bias}, dynamic{.bias = bias, .active = &active};
    std::vector<double> times[3];
    for (std::size_t i = 0; i < repeats; ++i) {
        times[0].push_back(milliseconds(*index, queries, plain));
        times[1].push_back(milliseconds(*index, queries, biased));
        times[2].push_back(milliseconds(*index, queries, dynamic));
    }
    double const base = median(times[0]), with = median(times[1]), chosen = median(times[2]);
    std::printf("| %s | %zu | %.3f | %.3f | %+.1f %% | %.3f | %+.1f %% |\n", coding.c_str(), dims, base, with, 100 * (with / base - 1),
                chosen, 100 * (chosen / base - 1));
}

void measure_fit(std::string const& coding, std::size_t dims, std::size_t rows) {
    bench::clustered_rows law(dims);
    auto const asked = law.take(1000), values = law.take(rows);
    matrix_view<float const> const bank(asked, dims);
    auto const index = make_index(coding, dims);
    index->add(matrix_view<float const>(values, dims));
    double const searches = milliseconds(*index, bank, {});
    auto const fit = [&](correction_options const& options) {
        auto const begin = std::chrono::steady_clock::now();
        static_cast<void>(fit_correction(*index, bank, options));
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() / searches;
    };
    std::printf("| %s | %zu | %.2f s | %.2f | %.2f | %.2f |\n", coding.c_str(), dims, searches,
                fit({.method = correction_method::inverted_softmax}), fit({.method = correction_method::inverted_softmax, .dynamic = true}),
                fit({}));
}

}  // namespace

int main(int argc, char** argv) {
    std::size_t rows = 100'000, repeats = 15;
    for (int i = 1; i + 1 < argc; i += 2)
        (std::strcmp(argv[i], "--rows") == 0 ? rows : repeats) = static_cast<std::size_t>(std::atoll(argv[i + 1]));
    std::printf("%zu rows, k = 10\n\n| codec | dims | plain ms | bias ms | | by the best row ms | |\n|---|---|---|---|---|---|---|\n",
                rows);
    measure("int8", 384, rows, repeats);
    measure("f32", 384, rows, repeats);
    measure("int1", 768, rows, repeats);
    measure("planes", 384, rows, repeats);
    std::printf("\n| codec | dims | 1,000 searches | inverted softmax, times that | dynamic | nnn |\n|---|---|---|---|---|---|\n");
    measure_fit("int8", 384, rows);
    measure_fit("f32", 384, rows);
    measure_fit("planes", 384, rows);
}
