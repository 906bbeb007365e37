// SPDX-License-Identifier: Apache-2.0
#include <simile/io/npy.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"
#include "support/shared_data.hpp"
#include "support/temporary_folder.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <bit>
#include <cmath>
#include <limits>
#include <sstream>
#include <streambuf>
#include <string>
#include <string_view>

using namespace simile;
using namespace simile::test;
using namespace std::string_literals;

namespace {

std::span<std::byte const> npy_bytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

// A file of any version with any header text; what a broken or foreign writer could make.
std::string npy_file(std::string const& header, std::string const& body, char major = 1, char minor = 0) {
    std::string file = "\x93NUMPY"s + major + minor;
    std::size_t const length = header.size();
    for (int i = 0; i < (major == 1 ? 2 : 4); ++i) file += static_cast<char>(length >> 8 * i);
    return file + header + body;
}

// What numpy 1.24 writes for numpy.arange(6, dtype='<f4').reshape(2, 3).
std::string const numpy_f32 = npy_file("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }" + std::string(58, ' ') + "\n",
                                       "\0\0\0\0\0\0\x80\x3f\0\0\0\x40\0\0\x40\x40\0\0\x80\x40\0\0\xa0\x40"s);

std::string const plain = "{'descr': '|i1', 'fortran_order': False, 'shape': (2, 3), }\n";

template <class T = std::int8_t>
std::string read_outcome(std::string const& file, io::read_limits const& limits = {}) {
    std::string const from_memory = outcome([&] { return io::read_npy<T>(npy_bytes(file), limits); });
    std::istringstream stream(file);
    std::string const from_stream = outcome([&] { return io::read_npy<T>(stream, limits); });
    CHECK(from_memory == from_stream);
    return from_memory;
}

// A stream that cannot tell its size, as a pipe.
struct endless_claim : std::streambuf {
    explicit endless_claim(std::string text) : text_(std::move(text)) { setg(text_.data(), text_.data(), text_.data() + text_.size()); }
    std::string text_;
};

}  // namespace

TEST_CASE("a .npy file written by numpy is read value for value", "[io][npy]") {
    auto const array = io::read_npy<float>(npy_bytes(numpy_f32));
    CHECK(array.shape == std::vector<std::size_t>{2, 3});
    CHECK(array.values == std::vector<float>{0, 1, 2, 3, 4, 5});
    CHECK(array.matrix()[1][2] == 5);
}

TEST_CASE("a .npy file is written as numpy writes it", "[io][npy]") {
    std::vector<float> const values{0, 1, 2, 3, 4, 5};
    std::ostringstream stream;
    io::write_npy<float>(stream, matrix_view<float const>(values.data(), 2, 3));
    CHECK(stream.str() == numpy_f32);
}

TEST_CASE("all three types and all three versions of .npy are read", "[io][npy]") {
    char const version = GENERATE('\1', '\2', '\3');
    CHECK(io::read_npy<std::int8_t>(npy_bytes(npy_file(plain, "\1\2\3\xff\xfe\x80"s, version))).values ==
          std::vector<std::int8_t>{1, 2, 3, -1, -2, -128});
    std::string const f16 = npy_file("{'descr': '<f2', 'fortran_order': False, 'shape': (2,), }\n", "\0\x3e\0\xfc"s, version);
    CHECK(io::read_npy<half>(npy_bytes(f16)).values == std::vector<half>{{0x3E00}, {0xFC00}});
    CHECK(io::read_npy_as_float(npy_bytes(f16)).values == std::vector<float>{1.5F, -std::numeric_limits<float>::infinity()});
    CHECK(io::read_npy_as_float(npy_bytes(npy_file(plain, "\1\2\3\xff\xfe\x80"s, version))).values ==
          std::vector<float>{1, 2, 3, -1, -2, -128});
    CHECK(io::read_npy_as_float(npy_bytes(numpy_f32)).values == std::vector<float>{0, 1, 2, 3, 4, 5});
}

TEST_CASE("a one-dimensional .npy array is one row and an empty one has none", "[io][npy]") {
    auto const line = io::read_npy<std::int8_t>(npy_bytes(npy_file("{'descr': '|i1', 'fortran_order': False, 'shape': (3,), }\n", "abc")));
    CHECK(line.rows() == 1);
    CHECK(line.dims() == 3);
    auto const empty = io::read_npy<std::int8_t>(npy_bytes(npy_file("{'descr': '|i1', 'fortran_order': False, 'shape': (0, 3), }\n", "")));
    CHECK(empty.rows() == 0);
    CHECK(empty.dims() == 3);
}

TEST_CASE("a .npy header may order, quote and space its fields as Python allows", "[io][npy]") {
    CHECK(read_outcome(npy_file("{\"shape\": (2, 3,), \"fortran_order\": False, \"descr\": \"|i1\"}   \n", "abcdef")) == "ok");
    CHECK(read_outcome(npy_file("{'descr':'|i1','fortran_order':False,'shape':(2,3)}\n", "abcdef")) == "ok");
    CHECK(read_outcome(npy_file("  { 'descr' : '|i1' , 'fortran_order' : False , 'shape' : ( 2 , 3 ) , }\n", "abcdef")) == "ok");
}

TEST_CASE("every malformed .npy file is refused with the code of its fault", "[io][npy]") {
    auto const header = [](std::string const& text) { return read_outcome(npy_file(text, "abcdef")); };
    CHECK(header(plain) == "ok");

    CHECK(read_outcome("\x93NUMPZ\1\0"s) == "corrupt_file");
    CHECK(read_outcome("PK\3\4 and so on, an .npz file") == "corrupt_file");
    CHECK(header("") == "corrupt_file");
    CHECK(header("{}\n") == "corrupt_file");
    CHECK(header(plain.substr(0, plain.size() - 1)) == "corrupt_file");
    CHECK(header(plain + "\n") == "corrupt_file");
    CHECK(header("{'descr': '|i1', 'fortran_order': False, 'shape': (2, 3), }x\n") == "corrupt_file");
    CHECK(header("{'descr': '|i1', 'fortran_order': False, 'shape': (2, 3), }\t\n") == "corrupt_file");
    CHECK(header("{'descr': '|i1', 'fortran_order': False, 'shape': (2, 3)\n") == "corrupt_file");
    CHECK(header("{'descr': '|i1', 'fortran_order': False}\n") == "corrupt_file");
    CHECK(header("{'descr': '|i1', 'shape': (2, 3)}\n") == "corrupt_file");
    CHECK(header("{'fortran_order': False, 'shape': (2, 3)}\n") == "corrupt_file");
    CHECK(header("{'descr': '|i1', 'descr': '|i1', 'fortran_order': False, 'shape': (2, 3)}\n") == "corrupt_file");
    CHECK(header("{'descr': '|i1', 'fortran_order': False, 'shape': (2, 3), 'shape': (2, 3)}\n") == "corrupt_file");
    CHECK(header("{'descr': '|i1', 'fortran_order': False, 'shape': (2, 3), 'more': 1}\n") == "corrupt_file");
    CHECK(header("{'descr: 2\n") == "corrupt_file");
    CHECK(header("{'descr': |i1, 'fortran_order': False, 'shape': (2, 3)}\n") == "corrupt_file");
    CHECK(header("{'descr': '|i1', 'fortran_order': Maybe, 'shape': (2, 3)}\n") == "corrupt_file");
    CHECK(header("{'descr': '|i1', 'fortran_order': False, 'shape': 6}\n") == "corrupt_file");
    CHECK(header("{'descr': '|i1', 'fortran_order': False, 'shape': (6)}\n") == "corrupt_file");
    CHECK(header("{'descr': '|i1', 'fortran_order': False, 'shape': (2, -3)}\n") == "corrupt_file");
    CHECK(header("{'descr': '|i1', 'fortran_order': False, 'shape': (2, 03)}\n") == "corrupt_file");
    CHECK(header("{'descr': '|i1', 'fortran_order': False, 'shape': (2, 3.0)}\n") == "corrupt_file");
    CHECK(header("{'descr': '|i1', 'fortran_order': False, 'shape': (2, 3\n") == "corrupt_file");
    CHECK(header("{'descr' '|i1', 'fortran_order': False, 'shape': (2, 3)}\n") == "corrupt_file");
    CHECK(header("{'descr': '|i1' 'fortran_order': False, 'shape': (2, 3)}\n") == "corrupt_file");
    CHECK(read_outcome(npy_file(plain, "abcdefg")) == "corrupt_file");

    CHECK(read_outcome(npy_file(plain, "abcdef", 4)) == "unsupported_version");
    CHECK(read_outcome(npy_file(plain, "abcdef", 0)) == "unsupported_version");
    CHECK(read_outcome(npy_file(plain, "abcdef", 1, 1)) == "unsupported_version");
    CHECK(header("{'descr': '|i1', 'fortran_order': True, 'shape': (2, 3)}\n") == "unsupported_version");
    CHECK(header("{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3)}\n") == "unsupported_version");
    CHECK(header("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3)}\n") == "unsupported_version");
    CHECK(header("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}\n") == "unsupported_version");
    CHECK(header("{'descr': '|i1', 'fortran_order': False, 'shape': ()}\n") == "unsupported_version");
    CHECK(header("{'descr': '|i1', 'fortran_order': False, 'shape': (1, 2, 3)}\n") == "unsupported_version");
}

TEST_CASE("every truncation of a .npy file is refused", "[io][npy]") {
    for (std::size_t length = 0; length < numpy_f32.size(); ++length) {
        CAPTURE(length);
        CHECK(read_outcome<float>(numpy_f32.substr(0, length)) == "truncated_file");
    }
}

TEST_CASE("a .npy file that claims more than there is allocates nothing for it", "[io][npy]") {
    std::string const claim = "{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776, 1024), }\n";
    std::string const file = npy_file(claim, "abcd");
    CHECK(outcome([&] { return io::read_npy<float>(npy_bytes(file)); }) == "truncated_file");
    endless_claim buffer(file);
    std::istream stream(&buffer);
    CHECK(outcome([&] { return io::read_npy<float>(stream); }) == "truncated_file");
    CHECK(read_outcome<float>(npy_file("{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551615, 2), }\n", "")) ==
          "limit_exceeded");
    CHECK(read_outcome<float>(npy_file("{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775808, 2), }\n", "")) ==
          "limit_exceeded");
    CHECK(read_outcome<float>(npy_file("{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551616, 1), }\n", "")) ==
          "limit_exceeded");
    CHECK(read_outcome<float>(npy_file("{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 1), }\n", "")) ==
          "limit_exceeded");
    CHECK(read_outcome(npy_file(std::string(70000, ' '), "", 2)) == "limit_exceeded");
    CHECK(read_outcome("\x93NUMPY\2\0\xff\xff\xff\xff"s) == "limit_exceeded");
}

TEST_CASE("a limit on bytes stops a .npy reader just above it", "[io][npy]") {
    CHECK(read_outcome<float>(numpy_f32, {.max_bytes = 24}) == "ok");
    CHECK(read_outcome<float>(numpy_f32, {.max_bytes = 23}) == "limit_exceeded");
}

TEST_CASE("a .npy file survives the way to the disk and back", "[io][npy]") {
    temporary_folder const folder;
    auto const values = normal_vector(300 * 1024, 1);  // more than one piece of the reader
    io::save_npy<float>(folder / "a.npy", {values.data(), 300, 1024});
    auto const array = io::read_npy<float>(folder / "a.npy");
    CHECK(array.shape == std::vector<std::size_t>{300, 1024});
    CHECK(array.values == values);
    CHECK(folder.names() == std::vector<std::string>{"a.npy"});

    std::vector<half> const halves{{0x3C00}, {0x8000}};
    io::save_npy<half>(folder / "h.npy", {halves.data(), 2, 1});
    CHECK(io::read_npy<half>(folder / "h.npy").values == halves);
    std::vector<std::int8_t> const bytes{-128, 127};
    io::save_npy<std::int8_t>(folder / "b.npy", {bytes.data(), 1, 2});
    CHECK(io::read_npy<std::int8_t>(folder / "b.npy").values == bytes);
}

TEST_CASE("a .npy file that cannot be opened is an io_failure with its name", "[io][npy]") {
    temporary_folder const folder;
    CHECK(outcome([&] { return io::read_npy<float>(folder / "none.npy"); }) == "io_failure");
    CHECK(message([&] { return io::read_npy<float>(folder / "none.npy"); }).find("none.npy: No such file") != std::string::npos);
    CHECK(outcome([&] { return io::read_npy<float>(folder.path()); }) == "io_failure");
    CHECK(outcome([&] {
              io::save_npy<float>(folder / "none" / "a.npy", {});
              return 0;
          }) == "io_failure");
}

TEST_CASE("the shared embeddings are read with the shape they are described with", "[io][npy][shared]") {
    auto const array = io::read_npy<float>(shared_file("data/use512-revdict1000.npy"));
    CHECK(array.shape == std::vector<std::size_t>{1000, 512});
    auto const row = std::span(array.values).first(512);
    CHECK(std::abs(dot_by_definition(row, row).value - 1) < 1e-5);
}
