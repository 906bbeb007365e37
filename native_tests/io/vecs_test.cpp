// SPDX-License-Identifier: Apache-2.0
#include <simile/io/vecs.hpp>

#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

#include <catch2/catch_test_macros.hpp>

#include <sstream>
#include <string>
#include <string_view>

using namespace simile;
using namespace simile::test;
using namespace std::string_literals;

namespace {

std::span<std::byte const> vecs_bytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

std::string const two_floats = "\2\0\0\0\0\0\x80\x3f\0\0\0\xc0"s;  // 1, -2
std::string const more_floats = "\2\0\0\0\0\0\0\x3f\0\0\0\0"s;     // 0.5, 0
std::string const three_bytes = "\3\0\0\0\0\x7f\xff"s;

std::string fvecs_outcome(std::string const& file, io::read_limits const& limits = {}) {
    std::string const from_memory = outcome([&] { return io::read_fvecs(vecs_bytes(file), limits); });
    std::istringstream stream(file);
    CHECK(from_memory == outcome([&] { return io::read_fvecs(stream, limits); }));
    return from_memory;
}

}  // namespace

TEST_CASE("fvecs and bvecs are read row by row", "[io][vecs]") {
    auto const floats = io::read_fvecs(vecs_bytes(two_floats + more_floats));
    CHECK(floats.rows == 2);
    CHECK(floats.dims == 2);
    CHECK(floats.values == std::vector<float>{1, -2, 0.5F, 0});
    CHECK(floats.matrix()[1][0] == 0.5F);

    auto const bytes = io::read_bvecs(vecs_bytes(three_bytes + three_bytes));
    CHECK(bytes.rows == 2);
    CHECK(bytes.values == std::vector<std::uint8_t>{0, 127, 255, 0, 127, 255});

    CHECK(io::read_vecs<std::int32_t>(io::memory_source(vecs_bytes("\1\0\0\0\xfe\xff\xff\xff"s))).values == std::vector<std::int32_t>{-2});
    CHECK(io::read_fvecs(vecs_bytes("")).rows == 0);
}

TEST_CASE("fvecs and bvecs are read from files", "[io][vecs]") {
    temporary_folder const folder;
    write_text(folder / "a.fvecs", two_floats);
    write_text(folder / "a.bvecs", three_bytes);
    CHECK(io::read_fvecs(folder / "a.fvecs").values == std::vector<float>{1, -2});
    CHECK(io::read_bvecs(folder / "a.bvecs").values == std::vector<std::uint8_t>{0, 127, 255});
    CHECK(outcome([&] { return io::read_fvecs(folder / "none.fvecs"); }) == "io_failure");
}

TEST_CASE("a malformed vecs file is refused with the code of its fault", "[io][vecs]") {
    CHECK(fvecs_outcome("\0\0\0\0"s) == "corrupt_file");
    CHECK(fvecs_outcome("\xff\xff\xff\xff"s) == "corrupt_file");
    CHECK(fvecs_outcome(two_floats + "\1\0\0\0\0\0\x80\x3f"s) == "corrupt_file");
    CHECK(fvecs_outcome("\xff\xff\xff\x7f\0\0\0\0"s) == "truncated_file");
    CHECK(fvecs_outcome(two_floats + more_floats, {.max_bytes = 16}) == "ok");
    CHECK(fvecs_outcome(two_floats + more_floats, {.max_bytes = 15}) == "limit_exceeded");
}

TEST_CASE("every truncation of a vecs file inside a row is refused", "[io][vecs]") {
    std::string const file = two_floats + more_floats;
    for (std::size_t length = 1; length < file.size(); ++length) {
        CAPTURE(length);
        CHECK(fvecs_outcome(file.substr(0, length)) == (length == two_floats.size() ? "ok" : "truncated_file"));
    }
}
