// SPDX-License-Identifier: Apache-2.0
#include <simile/io/byte_stream.hpp>

#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstring>
#include <vector>

using namespace simile;
using namespace simile::test;

TEST_CASE("numbers come back from bytes as they were written, little endian", "[io][byte_stream]") {
    detail::byte_writer out;
    out.u8(0xAB);
    out.u32(0x01020304);
    std::vector<float> const values{1.5F, -0.0F, 3e-40F};
    out.floats(values);
    out.append(std::as_bytes(std::span("xy", 2)));
    REQUIRE(out.bytes.size() == 1 + 4 + 12 + 2);
    CHECK(out.bytes[1] == std::byte{4});
    CHECK(out.bytes[4] == std::byte{1});
    detail::byte_reader in(out.bytes);
    CHECK(in.u8() == 0xAB);
    CHECK(in.u32() == 0x01020304);
    auto const back = in.floats(3);
    CHECK(std::memcmp(back.data(), values.data(), 12) == 0);
    CHECK(in.left() == 2);
    CHECK_FALSE(in.at_end());
    CHECK(in.rest().size() == 2);
    CHECK(in.at_end());
}

TEST_CASE("nothing is read beyond the bytes, and no memory taken for what is not there", "[io][byte_stream]") {
    std::vector<std::byte> const bytes(7, std::byte{1});
    for (std::size_t length = 0; length < 4; ++length)
        CHECK(outcome([&] { return detail::byte_reader(std::span(bytes).first(length)).u32(); }) == "corrupt_file");
    CHECK(outcome([&] { return detail::byte_reader({}).u8(); }) == "corrupt_file");
    CHECK(outcome([&] { return detail::byte_reader(bytes).floats(2); }) == "corrupt_file");
    CHECK(outcome([&] { return detail::byte_reader(bytes).floats(~std::size_t{0}); }) == "corrupt_file");
    CHECK(outcome([&] { return detail::byte_reader(bytes).take(8).size(); }) == "corrupt_file");
    CHECK(outcome([&] { return detail::byte_reader(bytes).floats(1).size(); }) == "ok");
}
