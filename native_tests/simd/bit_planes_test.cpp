// SPDX-License-Identifier: Apache-2.0
#include <simile/simd/bit_planes.hpp>

#include "support/reference.hpp"

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;

namespace {

template <unsigned Bits>
void check_round_trip() {
    using plane = simd::bit_plane<Bits>;
    for (std::size_t dims = 1; dims <= 300; ++dims) {
        xoshiro256 random(dims);
        std::vector<std::uint8_t> values(dims), packed(plane::bytes(dims), std::uint8_t{0});
        for (auto& v : values) v = static_cast<std::uint8_t>(random() >> 56);
        plane::pack(dims, packed.data(), [&](std::size_t i) { return unsigned{values[i]}; });
        for (std::size_t i = 0; i < dims; ++i)
            if (plane::at(packed.data(), i) != (values[i] & plane::mask))
                FAIL("dims " << dims << ", value " << i << " came back as " << plane::at(packed.data(), i));
        for (std::size_t i = dims; i < plane::padded(dims); ++i)
            if (plane::at(packed.data(), i) != 0) FAIL("dims " << dims << ", padding " << i << " is " << plane::at(packed.data(), i));
    }
}

}  // namespace

TEST_CASE("values of 1, 2 and 4 bits come back from their planes, and zeros beyond", "[simd][bit_planes]") {
    check_round_trip<1>();
    check_round_trip<2>();
    check_round_trip<4>();
}

TEST_CASE("a bit plane holds dims 16 apart in one byte, lowest bits first", "[simd][bit_planes]") {
    std::vector<std::uint8_t> plane(16, std::uint8_t{0});
    simd::bit_plane<2>::pack(64, plane.data(), [](std::size_t i) { return i / 16; });
    CHECK(plane == std::vector<std::uint8_t>(16, std::uint8_t{0b11'10'01'00}));
    CHECK(simd::bit_plane<1>::bytes(384) == 48);
    CHECK(simd::bit_plane<2>::bytes(384) == 96);
    CHECK(simd::bit_plane<4>::bytes(100) == 64);
}
