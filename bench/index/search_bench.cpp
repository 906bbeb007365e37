// SPDX-License-Identifier: Apache-2.0
// Whole searches on one thread as a Markdown table: bytes, build time, queries a second one by one and in one batch, recall@10 and what share of
// the read bandwidth measured in the same run the bytes of the codes would be if a search read all of them.
//   search_bench [--rows 100000] [--dims 384] [--queries 1000] [--npy FILE] [--only WORD]
// FILE holds f32 rows, of which the last become the queries.
#include "../support/clustered_rows.hpp"
#include "../support/contestants.hpp"
#include "../support/read_bandwidth.hpp"

#include <simile/io/npy.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace {

using namespace simile;

struct settings {
    std::size_t rows = 100'000, dims = 384, queries = 1000;
    std::string npy, only;
};

struct data_set {
    std::vector<float> values, query_values;
    matrix_view<float const> rows, queries;
};

constexpr std::size_t k = 10;

double seconds(std::function<void()> const& work) {
    auto const begin = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

data_set load(settings const& s) {
    data_set data;
    std::size_t dims = s.dims;
    if (s.npy.empty()) {
        bench::clustered_rows law(dims);
        data.query_values = law.take(s.queries);
        data.values = law.take(s.rows);
    } else {
        auto const array = io::read_npy<float>(std::filesystem::path(s.npy));
        require(array.shape.size() == 2 && array.shape[0] > s.queries, error_code::invalid_argument, s.npy,
                " does not have more rows than ", s.queries, " queries");
        dims = array.shape[1];
        data.values.assign(array.values.begin(), array.values.end());
        for (std::size_t i = 0; i < data.values.size(); i += dims)
            bench::clustered_rows::normalize(std::span(data.values).subspan(i, dims));
        auto const first_query = data.values.end() - static_cast<std::ptrdiff_t>(s.queries * dims);
        data.query_values.assign(first_query, data.values.end());
        data.values.erase(first_query, data.values.end());
    }
    data.rows = {data.values, dims};
    data.queries = {data.query_values, dims};
    return data;
}

double exact_dot(std::span<float const> x, std::span<float const> y) {
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += double{x[i]} * y[i];
    return sum;
}

/// For each query the exact score of its tenth neighbour, less 1e-6: whatever scores as much is right.
std::vector<double> tenth_scores(data_set const& data) {
    flat_index<quantize::f32_codec> exact(data.rows.dims());
    exact.add(data.rows);
    std::vector<double> out;
    for (search_result const& found : exact.search_many(data.queries, {.k = k})) {
        auto const query = data.queries[out.size()];
        double least = 2;
        for (hit const& h : found.hits) least = std::min(least, exact_dot(query, data.rows[h.row]));
        out.push_back(least - 1e-6);
    }
    return out;
}

double recall(data_set const& data, std::vector<double> const& tenth, std::vector<std::int64_t> const& rows) {
    std::size_t right = 0;
    for (std::size_t q = 0; q < data.queries.rows(); ++q) {
        std::set<std::int64_t> const distinct(rows.begin() + static_cast<std::ptrdiff_t>(q * k),
                                              rows.begin() + static_cast<std::ptrdiff_t>((q + 1) * k));
        for (std::int64_t const row : distinct)
            right += row >= 0 && exact_dot(data.queries[q], data.rows[static_cast<std::size_t>(row)]) >= tenth[q] ? 1 : 0;
    }
    return static_cast<double>(right) / static_cast<double>(data.queries.rows() * k);
}

/// The best of three passes over the queries, each cut after a second and a half.
double one_by_one(bench::built_index const& index, std::size_t setting, matrix_view<float const> queries, std::vector<std::int64_t>& rows) {
    double best = 0;
    for (int pass = 0; pass < 3; ++pass) {
        std::size_t done = 0;
        double spent = 0;
        while (done < queries.rows() && (spent < 1.5 || done < 20)) {
            spent += seconds([&] { index.search({queries[done].data(), 1, queries.dims()}, setting, k, rows.data() + done * k); });
            ++done;
        }
        best = std::max(best, static_cast<double>(done) / spent);
        if (spent > 1) break;
    }
    return best;
}

double in_one_batch(bench::built_index const& index, std::size_t setting, matrix_view<float const> queries,
                    std::vector<std::int64_t>& rows) {
    double best = 0, spent = 0;
    for (int pass = 0; pass < 3 && spent < 1; ++pass) {
        spent = seconds([&] { index.search(queries, setting, k, rows.data()); });
        best = std::max(best, static_cast<double>(queries.rows()) / spent);
    }
    return best;
}

void measure(bench::contestant const& c, data_set const& data, std::vector<double> const& tenth, double bandwidth) {
    std::unique_ptr<bench::built_index> index;
    double const build = seconds([&] { index = c.build(data.rows); });
    for (std::size_t s = 0; s < c.settings.size(); ++s) {
        std::vector<std::int64_t> rows(data.queries.rows() * k, -1);
        double const single = one_by_one(*index, s, data.queries, rows);
        double const batch = in_one_batch(*index, s, data.queries, rows);
        double const read = single * index->bytes_a_row() * static_cast<double>(data.rows.rows()) / bandwidth;
        std::printf("| %s | %s | %.0f | %.1f | %.0f | %.0f | %.4f | %.0f %% |\n", c.name.c_str(), c.settings[s].c_str(),
                    index->bytes_a_row(), build, single, batch, recall(data, tenth, rows), 100 * read);
        std::fflush(stdout);
    }
}

settings read_arguments(int argc, char** argv) {
    settings s;
    for (int i = 1; i + 1 < argc; i += 2) {
        std::string const name = argv[i], value = argv[i + 1];
        if (name == "--rows")
            s.rows = std::stoul(value);
        else if (name == "--dims")
            s.dims = std::stoul(value);
        else if (name == "--queries")
            s.queries = std::stoul(value);
        else if (name == "--npy")
            s.npy = value;
        else if (name == "--only")
            s.only = value;
        else
            fail(error_code::invalid_argument, "unknown option ", name);
    }
    return s;
}

void run(settings const& s) {
    double const bandwidth = bench::read_bandwidth();
    data_set const data = load(s);
    std::vector<double> const tenth = tenth_scores(data);
    std::printf("%zu x %zu, %zu queries, one thread; this machine reads %.1f GB/s from memory on one thread\n\n", data.rows.rows(),
                data.rows.dims(), data.queries.rows(), bandwidth / 1e9);
    std::printf(
        "| index | setting | bytes a row | build s | QPS one by one | QPS in one batch | recall@10 | of read bandwidth "
        "|\n|---|---|---|---|---|---|---|---|\n");
    for (bench::contestant const& c : bench::contestants(data.rows.rows()))
        if (c.name.find(s.only) != std::string::npos) measure(c, data, tenth, bandwidth);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        run(read_arguments(argc, argv));
    } catch (std::exception const& e) {
        std::fprintf(stderr, "search_bench: %s\n", e.what());
        return 1;
    }
}
