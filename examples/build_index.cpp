// SPDX-License-Identifier: Apache-2.0
// Builds an index file from lines of "id,number,number,...", for search.html and search.mjs to load.
//
//   build_index colors.csv colors.simile      prints
//
//   20 vectors of 3 dimensions in 766 bytes
#include <simile/simile.hpp>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

int main(int argc, char** argv) try {
    if (argc != 3) return std::fputs("usage: build_index FILE.csv FILE.simile\n", stderr), 2;
    std::ifstream csv(argv[1]);
    simile::require(csv.is_open(), simile::error_code::io_failure, "cannot open ", argv[1]);

    std::vector<std::string> names;
    std::vector<float> values;
    for (std::string line, cell; std::getline(csv, line);) {
        std::istringstream cells(line);
        std::getline(cells, names.emplace_back(), ',');
        while (std::getline(cells, cell, ',')) values.push_back(std::stof(cell));
    }
    simile::matrix_view<float const> const rows(values, names.empty() ? 0 : values.size() / names.size());

    auto index = simile::flat_index<simile::quantize::f32_codec>(rows.dims(), simile::similarity_kind::squared_l2);
    index.add(std::vector<simile::id_ref>(names.begin(), names.end()), rows);
    index.set_metadata(R"({"made by": "build_index"})");
    simile::save_index(index, argv[2]);
    std::printf("%zu vectors of %zu dimensions in %zu bytes\n", index.size(), index.dims(), simile::to_bytes(index).size());
    return 0;
} catch (std::exception const& e) {
    return std::fprintf(stderr, "build_index: %s\n", e.what()), 1;
}
