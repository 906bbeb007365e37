// SPDX-License-Identifier: Apache-2.0
#include <simile/index/id_table.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <string_view>

using namespace simile;
using namespace simile::test;
using namespace std::string_literals;

namespace {

std::vector<std::byte> bytes_of(std::string_view text) {
    auto const bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> encode(id_ref id) {
    std::vector<std::byte> out;
    id_codec::append(id, out);
    return out;
}

// An id that owns its text.
struct model_id {
    bool is_text;
    std::uint64_t number;
    std::string text;
    id_ref ref() const { return is_text ? id_ref(text) : id_ref(number); }
};

model_id random_id(xoshiro256& random) {
    // Few enough that they meet again; numbers of every length, texts that look like numbers.
    std::uint64_t const n = random() % 60;
    if (random() % 2 == 0) return {false, n < 40 ? n : (std::uint64_t{1} << (n - 8)) - 1 + random() % 2, {}};
    return {true, 0, n == 0 ? "" : n < 30 ? std::to_string(n) : std::string(n, 'x')};
}

}  // namespace

TEST_CASE("an id is encoded as the file format says and read back", "[index][id_table]") {
    CHECK(encode(0) == bytes_of("\x01"));
    CHECK(encode(63) == bytes_of("\x7F"));
    CHECK(encode(64) == bytes_of("\x81\x01"));
    CHECK(encode("") == bytes_of("\0"s));
    CHECK(encode("ab") == bytes_of("\x04"s + "ab"));
    CHECK(encode(id_ref::max_number) == bytes_of("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x1F"));
    for (std::uint64_t const n : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{64}, std::uint64_t{1} << 20, std::uint64_t{1} << 31,
                                  std::uint64_t{1} << 32, id_ref::max_number}) {
        auto const bytes = encode(n);
        std::size_t at = 0;
        CHECK(id_codec::read(bytes, at) == id_ref(n));
        CHECK(at == bytes.size());
    }
    std::string const longest(id_ref::max_text, 'y');
    auto const bytes = encode(longest);
    std::size_t at = 0;
    CHECK(id_codec::read(bytes, at) == id_ref(longest));
    CHECK(at == bytes.size());
}

TEST_CASE("bytes that are no id in its shortest form are refused", "[index][id_table]") {
    for (std::string const& text :
         {""s, "\x80"s, "\x81\x80"s, "\x81\x00"s, "\x80\x00"s,
          "\x04"
          "a"s,
          "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x3F"s, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"s, "\x80\x80\x08"s + std::string(70000, 'z')}) {
        auto const bytes = bytes_of(text);
        std::size_t at = 0;
        CHECK(!id_codec::read(bytes, at).has_value());
        CHECK(outcome([&] { return id_table::from_encoded(bytes, 1); }) == "corrupt_file");
    }
}

TEST_CASE("an id made from a negative number is refused, and 1 is not \"1\"", "[index][id_table]") {
    CHECK(outcome([] { return id_ref(-1); }) == "invalid_argument");
    CHECK(!(id_ref(1) == id_ref("1")));
    CHECK(to_string(id_ref("a")) == "a");
    CHECK(quoted(id_ref("a")) == "\"a\"");
    CHECK(to_string(id_ref(7)) == "7");
}

TEST_CASE("an id table follows a list through thousands of random additions and removals", "[index][id_table]") {
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        xoshiro256 random(seed);
        id_table table;
        std::vector<model_id> model;
        for (int step = 0; step < 300; ++step) {
            auto const id = random_id(random);
            auto const at = std::find_if(model.begin(), model.end(), [&](model_id const& m) { return m.ref() == id.ref(); });
            CAPTURE(seed, step, to_string(id.ref()));
            REQUIRE(table.find(id.ref()) == (at == model.end() ? std::nullopt : std::optional(static_cast<row_t>(at - model.begin()))));
            if (at == model.end()) {
                table.reserve(1, encode(id.ref()).size());
                table.append(id.ref());
                model.push_back(id);
            } else if (random() % 2 == 0) {
                table.remove(static_cast<row_t>(at - model.begin()));
                *at = model.back();
                model.pop_back();
            }
            REQUIRE(table.size() == model.size());
            for (std::size_t row = 0; row < model.size(); ++row) REQUIRE(table[static_cast<row_t>(row)] == model[row].ref());
        }
        auto const encoded = table.encoded();
        auto const again = id_table::from_encoded(encoded, model.size());
        CHECK(again.encoded() == encoded);
        CHECK(!again.has_duplicates());
        for (std::size_t row = 0; row < model.size(); ++row) CHECK(again.find(model[row].ref()) == static_cast<row_t>(row));
        id_table const copy = again;
        for (std::size_t row = 0; row < model.size(); ++row) CHECK(copy.find(model[row].ref()) == static_cast<row_t>(row));
    }
}

TEST_CASE("ids that are their row numbers take no bytes, also after they were written out", "[index][id_table]") {
    auto table = id_table::row_numbers(5);
    CHECK(table.memory() == 0);
    CHECK(table.plain());
    CHECK(table[3] == id_ref(3));
    CHECK(table.find(4) == row_t{4});
    CHECK(table.find(5) == std::nullopt);
    CHECK(table.find("4") == std::nullopt);
    CHECK(table.encoded().empty());
    table.remove(4);
    CHECK(table.plain());
    CHECK(table.size() == 4);
    table.reserve(1, 10);
    CHECK(!table.plain());
    CHECK(table.encoded().empty());
    table.remove(0);
    CHECK(table[0] == id_ref(3));
    CHECK(table.find(0) == std::nullopt);
    CHECK(table.find(3) == row_t{0});
    CHECK(table.encoded() == bytes_of("\x07\x03\x05"));
}

TEST_CASE("encoded ids that do not fit the rows are refused", "[index][id_table]") {
    CHECK(outcome([] { return id_table::from_encoded(bytes_of("\x01\x03"), 2); }) == "ok");
    CHECK(outcome([] { return id_table::from_encoded(bytes_of("\x01\x03"), 1); }) == "corrupt_file");
    CHECK(outcome([] { return id_table::from_encoded(bytes_of("\x01\x03"), 3); }) == "corrupt_file");
    CHECK(outcome([] { return id_table::from_encoded(bytes_of("\x01"), std::size_t{1} << 40); }) == "corrupt_file");
    CHECK(id_table::from_encoded(bytes_of("\x03\x03"), 2).has_duplicates());
    CHECK(!id_table::from_encoded(bytes_of("\x03\x01"), 2).has_duplicates());
}

TEST_CASE("an id table refuses more rows than a row number can name", "[index][id_table]") {
    auto table = id_table::row_numbers(0xFFFFFFF0U);
    CHECK(outcome([&] {
              table.reserve(0x10, 16);
              return 0;
          }) == "limit_exceeded");
}
