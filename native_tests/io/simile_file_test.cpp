// SPDX-License-Identifier: Apache-2.0
#include <simile/io/simile_file.hpp>

#include <simile/index/file.hpp>

#include "support/file_surgery.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <cstring>

using namespace simile;
using namespace simile::test;

TEST_CASE("XXH3 of the format is the published one", "[io][simile_file]") {
    // The first of xxHash's own sanity checks for XXH3-64: the empty input with seed 0.
    CHECK(file_format::hash({}) == 0x2D06800538D394C2U);
}

TEST_CASE("a file has the bytes that docs/architecture.md describes", "[io][simile_file]") {
    flat_index<quantize::f32_codec> index(2, similarity_kind::squared_l2, zero_vectors::allow);
    index.add(5, std::array{1.0F, -2.0F});
    index.add("ab", std::array{0.5F, 0.0F});
    index.set_metadata("{}");
    auto const file = to_bytes(index);

    // By hand: header 64, table 3 x 32 = 96 up to byte 160, metadata at 192, codes of one block (32 rows x 2 floats) at 256, ids at 512.
    REQUIRE(file.size() == 512 + 4);
    unsigned char const start[24] = {0x89, 'S', 'I', 'M', 'L', '\r', '\n', 0x1A, 1, 0, 1, 1, 3, 1, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0};
    CHECK(std::memcmp(file.data(), start, sizeof(start)) == 0);
    CHECK(number_at<std::uint64_t>(file, 24) == 2);
    CHECK(number_at<std::uint64_t>(file, 32) == 516);
    CHECK(number_at<std::uint64_t>(file, 40) == xxh3(std::span(file).subspan(64, 96)));
    CHECK(number_at<std::uint64_t>(file, 48) == 0);
    CHECK(number_at<std::uint64_t>(file, 56) == xxh3(std::span(file).first(56)));

    struct entry {
        std::uint32_t type;
        std::uint64_t offset, length;
    };
    entry const entries[3] = {{2, 192, 2}, {16, 256, 256}, {18, 512, 4}};
    std::vector<bool> covered(file.size(), false);
    std::fill_n(covered.begin(), 160, true);
    for (std::size_t i = 0; i < 3; ++i) {
        std::size_t const at = 64 + 32 * i;
        CHECK(number_at<std::uint32_t>(file, at) == entries[i].type);
        CHECK(number_at<std::uint32_t>(file, at + 4) == 0);
        CHECK(number_at<std::uint64_t>(file, at + 8) == entries[i].offset);
        CHECK(number_at<std::uint64_t>(file, at + 16) == entries[i].length);
        CHECK(number_at<std::uint64_t>(file, at + 24) == xxh3(std::span(file).subspan(entries[i].offset, entries[i].length)));
        std::fill_n(covered.begin() + static_cast<std::ptrdiff_t>(entries[i].offset), entries[i].length, true);
    }
    for (std::size_t i = 0; i < file.size(); ++i)
        if (!covered[i]) CHECK(file[i] == std::byte{0});

    CHECK(std::memcmp(file.data() + 192, "{}", 2) == 0);
    float codes[64] = {1, -2, 0.5F, 0};
    CHECK(std::memcmp(file.data() + 256, codes, sizeof(codes)) == 0);
    CHECK(std::memcmp(file.data() + 512,
                      "\x0B\x04"
                      "ab",
                      4) == 0);
}

TEST_CASE("an empty index is a header and nothing else", "[io][simile_file]") { CHECK(to_bytes(planes_index(384)).size() == 64); }

TEST_CASE("a writer gives the same file twice and knows its length", "[io][simile_file]") {
    auto const rows = normal_vector(5000 * 80, 1);
    planes_index index(80, similarity_kind::dot);
    index.add(matrix_view<float const>(rows, 80));
    auto const file = index.file();
    std::vector<std::byte> first, second;
    file.write([&](std::span<std::byte const> bytes) { first.insert(first.end(), bytes.begin(), bytes.end()); });
    file.write([&](std::span<std::byte const> bytes) { second.insert(second.end(), bytes.begin(), bytes.end()); });
    CHECK((first == second));
    CHECK(file.length() == first.size());
}
