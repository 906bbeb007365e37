// SPDX-License-Identifier: Apache-2.0
// Searches the rows of a .npy file (f32, f16 or int8) by cosine similarity: which are closest to one of them?
//
//   search_npy points.npy 1 3      prints, as its rows are (1,0) (1,0.1) (0,1) (-1,0):
//
//   1 1.0000
//   0 0.9950
//   2 0.0995
#include <simile/simile.hpp>

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) try {
    if (argc < 3) return std::fputs("usage: search_npy FILE.npy ROW [K]\n", stderr), 2;
    auto const rows = simile::io::read_npy_as_float(argv[1]);
    auto const row = std::strtoull(argv[2], nullptr, 10);
    simile::require(row < rows.rows(), simile::error_code::out_of_range, "row ", row, " of ", rows.rows());

    simile::flat_index<simile::quantize::f32_codec> index(rows.dims());
    index.add(rows.matrix());
    auto const found = index.search(rows.matrix()[row], {.k = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 10});
    for (auto const& hit : found.hits) std::printf("%u %.4f\n", hit.row, static_cast<double>(hit.score));
    return 0;
} catch (simile::error const& e) {
    return std::fprintf(stderr, "search_npy: %s\n", e.what()), 1;
}
