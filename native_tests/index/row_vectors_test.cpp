// SPDX-License-Identifier: Apache-2.0
#include <simile/index/row_vectors.hpp>

#include <simile/index/make_index.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

using namespace simile;
using namespace simile::test;

TEST_CASE("the vectors of some rows are those that get gives", "[index][row_vectors]") {
    auto const index = make_index("int8", 6, similarity_kind::dot);
    for (std::uint64_t i = 0; i < 9; ++i) index->add("row " + std::to_string(i), normal_vector(6, i));
    auto const some = row_vectors(*index, 3, 4);
    REQUIRE(some.size() == 24);
    for (std::size_t i = 0; i < 4; ++i)
        CHECK(std::vector<float>(some.begin() + static_cast<std::ptrdiff_t>(6 * i),
                                 some.begin() + static_cast<std::ptrdiff_t>(6 * i + 6)) == index->get("row " + std::to_string(3 + i)));
    CHECK(row_vectors(*index, 9, 0).empty());
    CHECK(outcome([&] { return row_vectors(*index, 6, 4); }) == "out_of_range");
    CHECK(outcome([&] { return row_vectors(*index, 10, 0); }) == "out_of_range");
    CHECK(outcome([&] { return row_vectors(*index, 1, ~std::size_t{0}); }) == "out_of_range");
}
