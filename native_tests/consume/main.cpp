// SPDX-License-Identifier: Apache-2.0
// What a program that uses simile looks like: the README's example.
#include <simile/simile.hpp>

#include <cstdio>
#include <vector>

int main() {
    std::vector<float> const vectors = {1, 0, 0, 0.9F, 0.1F, 0, 0, 0, 1};
    simile::planes_index index(3);
    index.add(std::vector<simile::id_ref>{"east", "nearly east", "up"}, {vectors, 3});
    for (auto const& hit : index.search(std::vector<float>{1, 0.2F, 0}, {.k = 2}).hits)
        std::printf("%s %.2f\n", simile::to_string(index.id(hit.row)).c_str(), static_cast<double>(hit.score));
    simile::save_index(index, "directions.simile");
}
