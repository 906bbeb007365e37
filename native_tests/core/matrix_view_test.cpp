// SPDX-License-Identifier: Apache-2.0
#include <simile/core/matrix_view.hpp>

#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <vector>

using namespace simile;
using namespace simile::test;

TEST_CASE("a matrix view cuts values into whole rows or refuses", "[core][matrix_view]") {
    std::vector<float> values{1, 2, 3, 4, 5, 6};
    matrix_view<float> const view(values, 3);
    CHECK(view.rows() == 2);
    CHECK(view.dims() == 3);
    CHECK(view[1][0] == 4);
    CHECK(view.values().size() == 6);
    matrix_view<float const> const constant = view;
    CHECK(constant[0].data() == values.data());
    CHECK(outcome([&] { return matrix_view<float>(values, 4); }) == "invalid_argument");
    CHECK(outcome([&] { return matrix_view<float>(values, 0); }) == "invalid_argument");
    CHECK(matrix_view<float>(std::span(values).first(0), 3).rows() == 0);
}
