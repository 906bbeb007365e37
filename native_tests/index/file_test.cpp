// SPDX-License-Identifier: Apache-2.0
#include <simile/index/file.hpp>

#include "support/errors.hpp"
#include "support/exact_search.hpp"
#include "support/temporary_folder.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace simile;
using namespace simile::test;

namespace {

std::shared_ptr<vector_index> make_large(codec_kind codec) {
    std::shared_ptr<vector_index> const index = make_index(codec, 100, similarity_kind::dot);
    auto const values = normal_vector(30'000 * 100, 1);
    index->add(matrix_view<float const>(values, 100));
    index->set_metadata("{\"model\":\"a\"}");
    return index;
}

std::string text_of(std::span<std::byte const> bytes) { return {reinterpret_cast<char const*>(bytes.data()), bytes.size()}; }

}  // namespace

TEST_CASE("an index survives the way to the disk and back, byte for byte", "[index][file]") {
    temporary_folder const folder;
    for (codec_kind const codec : all_codecs) {
        auto const index = make_large(codec);
        std::size_t last = 0, total = 0, steps = 0;
        progress const watch{[&](std::size_t done, std::size_t all) {
                                 CHECK(done >= last);
                                 last = done;
                                 total = all;
                                 ++steps;
                             },
                             {}};
        save_index(*index, folder / "a.simile", watch);
        auto const bytes = to_bytes(*index);
        CAPTURE(to_string(codec));
        CHECK((file_text(folder / "a.simile") == text_of(bytes)));
        CHECK((last == bytes.size() && total == bytes.size() && steps > 3));

        last = 0;
        auto const again = load_index(folder / "a.simile", verify_level::full, {}, watch);
        CHECK((last == bytes.size() && total == bytes.size()));
        CHECK((to_bytes(*again) == bytes));
        CHECK(again->metadata() == index->metadata());
    }
    CHECK(folder.names() == std::vector<std::string>{"a.simile"});
}

TEST_CASE("a save or load that is stopped says cancelled and leaves the old file", "[index][file]") {
    temporary_folder const folder;
    write_text(folder / "a.simile", "old");
    auto const index = make_large(codec_kind::int8);
    std::size_t asked = 0;
    progress const watch{{}, [&] { return ++asked == 3; }};
    CHECK(outcome([&] {
              save_index(*index, folder / "a.simile", watch);
              return 0;
          }) == "cancelled");
    CHECK(file_text(folder / "a.simile") == "old");
    CHECK(folder.names() == std::vector<std::string>{"a.simile"});
    save_index(*index, folder / "a.simile");
    asked = 0;
    CHECK(outcome([&] { return load_index(folder / "a.simile", verify_level::checksum, {}, watch); }) == "cancelled");
}

TEST_CASE("a file that is not there, is a folder, empty or damaged is refused with its code", "[index][file]") {
    temporary_folder const folder;
    CHECK(outcome([&] { return load_index(folder / "none.simile"); }) == "io_failure");
    CHECK(message([&] { return load_index(folder / "none.simile"); }).find("none.simile") != std::string::npos);
    CHECK(outcome([&] { return load_index(folder.path()); }) == "io_failure");
    CHECK(outcome([&] {
              save_index(*make_index(codec_kind::f32, 3), folder / "none" / "a.simile");
              return 0;
          }) == "io_failure");
    write_text(folder / "empty.simile", "");
    CHECK(outcome([&] { return load_index(folder / "empty.simile"); }) == "truncated_file");
    write_text(folder / "text.simile", std::string(100, 'x'));
    CHECK(outcome([&] { return load_index(folder / "text.simile"); }) == "corrupt_file");

    save_index(*make_large(codec_kind::f16), folder / "a.simile");
    auto text = file_text(folder / "a.simile");
    write_text(folder / "cut.simile", text.substr(0, text.size() - 1));
    CHECK(outcome([&] { return load_index(folder / "cut.simile"); }) == "truncated_file");
    text[text.size() / 2] = static_cast<char>(text[text.size() / 2] ^ 1);
    write_text(folder / "bad.simile", text);
    CHECK(outcome([&] { return load_index(folder / "bad.simile"); }) == "corrupt_file");
    CHECK(outcome([&] { return load_index(folder / "bad.simile", verify_level::structure); }) == "ok");
    CHECK(outcome([&] { return load_index(folder / "a.simile", verify_level::checksum, {.max_rows = 29'999}); }) == "limit_exceeded");
}
