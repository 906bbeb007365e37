// SPDX-License-Identifier: Apache-2.0
#include <simile/core/aligned_buffer.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cstdint>
#include <limits>

using namespace simile;

TEST_CASE("aligned vectors begin on a cache line and keep their content when they grow", "[core][aligned_buffer]") {
    byte_buffer bytes;
    for (std::size_t n = 1; n < 5000; n = n * 3 + 1) {
        bytes.resize(n, std::byte{7});
        CHECK(reinterpret_cast<std::uintptr_t>(bytes.data()) % 64 == 0);
        CHECK(bytes == byte_buffer(n, std::byte{7}));
    }
    aligned_vector<float> const floats{1, 2, 3};
    CHECK(aligned_vector<float>(floats)[2] == 3);
}

TEST_CASE("an aligned vector of an impossible size is refused", "[core][aligned_buffer]") {
    CHECK_THROWS_AS(aligned_allocator<double>{}.allocate(std::numeric_limits<std::size_t>::max() / 4), std::bad_array_new_length);
}
