// SPDX-License-Identifier: Apache-2.0
#include <simile/index/multi_vector_file.hpp>

#include "support/allocations.hpp"
#include "support/errors.hpp"
#include "support/file_surgery.hpp"
#include "support/reference.hpp"
#include "support/temporary_folder.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

using namespace simile;
using namespace simile::test;

namespace {

constexpr std::size_t d = 12;
using bytes = std::vector<std::byte>;

matrix_view<float const> view(std::vector<float> const& tokens) { return {tokens.data(), tokens.size() / d, d}; }
std::vector<float> make_document(std::uint64_t seed) { return normal_vector((1 + seed % 5) * d, seed); }

struct kind {
    token_codec codec;
    similarity_kind similarity;
    bool first_pass, own_ids;
};
std::vector<kind> all_kinds() {
    std::vector<kind> out;
    for (token_codec const codec : {token_codec::f32, token_codec::int8})
        for (similarity_kind const similarity : {similarity_kind::cosine, similarity_kind::dot})
            for (bool const first_pass : {false, true})
                for (bool const own_ids : {false, true}) out.push_back({codec, similarity, first_pass, own_ids});
    return out;
}
std::string name_of(kind const& k) {
    return std::string(k.codec == token_codec::f32 ? "f32 " : "int8 ") + std::string(to_string(k.similarity)) +
           (k.first_pass ? " with a first pass" : "") + (k.own_ids ? " with ids" : "");
}
multi_vector_options options_of(kind const& k) {
    multi_vector_options out{.dims = d, .similarity = k.similarity, .codec = k.codec};
    if (k.first_pass)
        out.first_pass = quantize::fde_options{.num_repetitions = 2,
                                               .num_simhash_projections = 2,
                                               .seed = 0x123456789AU,
                                               .projection_type = quantize::fde_projection::ams_sketch,
                                               .projection_dimension = 4,
                                               .fill_empty_partitions = true};
    return out;
}
multi_vector_index make_small(kind const& k, std::size_t count = 5) {
    multi_vector_index index(options_of(k));
    for (std::size_t n = 0; n < count; ++n) {
        auto const tokens = make_document(n);
        if (k.own_ids)
            index.add("document " + std::to_string(n), view(tokens));
        else
            index.add(n, view(tokens));
    }
    return index;
}

std::string load_outcome(std::span<std::byte const> file, verify_level verify = verify_level::checksum, load_limits const& limits = {}) {
    return outcome([&] { return multi_vector_from_bytes(file, verify, limits).size(); });
}
/// What an accepted file is good for, whatever its tokens are.
void use(multi_vector_index const& index) {
    auto const query = normal_vector(2 * index.dims(), 3);
    static_cast<void>(index.search({query.data(), 2, index.dims()}, {.k = 3, .candidates = 4}));
    for (row_t r = 0; r < index.size(); ++r) static_cast<void>(index.get(r));
}

}  // namespace

TEST_CASE("documents come back from their file as they were, and can be changed", "[index][multi_vector][file]") {
    for (kind const& k : all_kinds()) {
        auto index = make_small(k, 160);
        // Gaps in the tokens, and the last document in the place of a removed one.
        index.remove(index.id(3));
        index.update(index.id(7), view(make_document(77)));
        auto const file = to_bytes(index);
        CAPTURE(name_of(k), file.size());
        for (verify_level const verify : {verify_level::structure, verify_level::checksum, verify_level::full}) {
            auto again = multi_vector_from_bytes(file, verify);
            CHECK((to_bytes(again) == file));
            CHECK(again.size() == 159);
            CHECK(again.tokens() == index.tokens());
            CHECK(again.options().codec == k.codec);
            CHECK(again.options().first_pass.has_value() == k.first_pass);
            for (row_t r = 0; r < 159; ++r) {
                REQUIRE(again.id(r) == index.id(r));
                REQUIRE(again.get(r) == index.get(r));
            }
            for (std::uint64_t seed = 0; seed < 5; ++seed) {
                auto const query = make_document(900 + seed);
                CHECK(again.search(view(query), {.k = 5, .candidates = 20}) == index.search(view(query), {.k = 5, .candidates = 20}));
                CHECK(again.group_max(view(query)[0]) == index.group_max(view(query)[0]));
            }
            auto changed = multi_vector_from_bytes(to_bytes(index));
            again.add("new", view(make_document(5)));
            changed.add("new", view(make_document(5)));
            again.remove(again.id(0));
            changed.remove(changed.id(0));
            CHECK((to_bytes(again) == to_bytes(changed)));
        }
    }
}

TEST_CASE("no documents at all make a file too", "[index][multi_vector][file]") {
    for (kind const& k : all_kinds()) {
        auto const file = to_bytes(make_small(k, 0));
        CAPTURE(name_of(k));
        auto again = multi_vector_from_bytes(file, verify_level::full);
        CHECK(again.size() == 0);
        again.add("a", view(make_document(2)));
        CHECK(again.search(view(make_document(2))).size() == 1);
    }
}

TEST_CASE("every bit flip of a file of documents is refused as corrupt, and every end missing as truncated",
          "[index][multi_vector][file][damage]") {
    for (kind const& k : all_kinds()) {
        auto const file = to_bytes(make_small(k, 3));
        INFO(name_of(k) << ", " << file.size() << " bytes");
        REQUIRE(file.size() < 3000);
        for (std::size_t bit = 0; bit < 8 * file.size(); ++bit) {
            auto damaged = file;
            damaged[bit / 8] ^= std::byte{1} << (bit % 8);
            auto const result = load_outcome(damaged);
            if (result != "corrupt_file") FAIL("bit " << bit % 8 << " of byte " << bit / 8 << ": " << result);
        }
        for (verify_level const verify : {verify_level::structure, verify_level::full})
            for (std::size_t length = 0; length < file.size(); ++length) {
                auto const result = load_outcome(std::span(file).first(length), verify);
                if (result != "truncated_file") FAIL("first " << length << " bytes: " << result);
            }
        auto longer = file;
        longer.push_back(std::byte{0});
        CHECK(load_outcome(longer, verify_level::structure) == "corrupt_file");
    }
}

TEST_CASE("a file of documents checked by structure alone is refused or searched without harm, whatever bit is flipped",
          "[index][multi_vector][file][damage]") {
    for (kind const& k : all_kinds()) {
        auto const file = to_bytes(make_small(k, 3));
        std::size_t accepted = 0;
        for (std::size_t bit = 0; bit < 8 * file.size(); ++bit) {
            auto damaged = file;
            damaged[bit / 8] ^= std::byte{1} << (bit % 8);
            auto const result = outcome([&] {
                use(multi_vector_from_bytes(damaged, verify_level::structure));
                ++accepted;
                return 0;
            });
            CAPTURE(name_of(k), bit);
            // The options of a first pass may grow beyond what a file is allowed.
            if (result != "ok" && result != "corrupt_file" && !(k.first_pass && result == "limit_exceeded"))
                CHECK(result == "corrupt_file");
        }
        CHECK(accepted > 8 * 2 * d);
    }
}

TEST_CASE("contents that no writer makes are refused although every checksum is right", "[index][multi_vector][file][damage]") {
    kind const plain{token_codec::int8, similarity_kind::cosine, true, true};
    auto const with = [&](std::uint32_t type, auto change, kind const& k) {
        auto parts = take_apart(to_bytes(make_small(k)));
        bool found = false;
        for (auto& s : parts.sections)
            if (s.type == type) change(s.bytes), found = true;
        REQUIRE(found);
        auto const file = join(parts);
        allocations::start();
        auto const result = load_outcome(file, verify_level::full);
        // Whatever the numbers say, memory is in proportion to the file.
        CHECK(allocations::peak() < 1'000'000);
        return result;
    };
    auto const word = [](std::size_t at, std::uint32_t value) { return [=](bytes& b) { set_number(std::span(b), 4 * at, value); }; };
    constexpr std::uint32_t first_pass = 32, documents = 33, tokens = 34, factors = 35, ids = 18, index = 36;
    CHECK(with(documents, [](auto&) {}, plain) == "ok");
    CHECK(with(documents, word(1, 0), plain) == "corrupt_file");
    CHECK(with(documents, word(1, 7), plain) == "corrupt_file");
    CHECK(with(documents, word(4, 0xFFFFFFFF), plain) == "corrupt_file");
    CHECK(with(documents, [](bytes& b) { b.resize(b.size() - 4); }, plain) == "corrupt_file");
    CHECK(with(documents, [](bytes& b) { b.resize(b.size() - 1); }, plain) == "corrupt_file");
    CHECK(with(tokens, [](bytes& b) { b.pop_back(); }, plain) == "corrupt_file");
    CHECK(with(tokens, [](bytes& b) { b.pop_back(); }, {token_codec::f32, similarity_kind::dot, false, false}) == "corrupt_file");
    CHECK(with(tokens, word(3, 0x7FC00000), {token_codec::f32, similarity_kind::dot, false, false}) == "corrupt_file");
    CHECK(with(factors, word(2, 0x7F800000), plain) == "corrupt_file");
    CHECK(with(factors, word(2, 0xBF800000), plain) == "corrupt_file");
    CHECK(with(factors, [](bytes& b) { b.resize(b.size() - 4); }, plain) == "corrupt_file");
    CHECK(with(ids, [](bytes& b) { b[1] = std::byte{0xFF}; }, plain) == "corrupt_file");
    CHECK(with(
              ids, [](bytes& b) { std::copy_n(b.begin(), b.size() / 5, b.begin() + static_cast<std::ptrdiff_t>(b.size() / 5)); }, plain) ==
          "corrupt_file");
    CHECK(with(first_pass, [](bytes& b) { b.pop_back(); }, plain) == "corrupt_file");
    CHECK(with(first_pass, word(0, 99), plain) == "corrupt_file");
    CHECK(with(first_pass, word(0, 8), plain) == "corrupt_file");
    CHECK(with(first_pass, word(1, 0), plain) == "corrupt_file");
    CHECK(with(first_pass, word(1, 3), plain) == "corrupt_file");
    CHECK(with(first_pass, word(1, 1'000'000), plain) == "limit_exceeded");
    CHECK(with(first_pass, word(1, 0xFFFFFFFF), plain) == "corrupt_file");
    CHECK(with(first_pass, word(2, 23), plain) == "limit_exceeded");
    CHECK(with(first_pass, word(2, 25), plain) == "corrupt_file");
    CHECK(with(first_pass, word(5, 2), plain) == "corrupt_file");
    CHECK(with(first_pass, word(6, 5), plain) == "corrupt_file");
    CHECK(with(first_pass, word(7, 2), plain) == "corrupt_file");
    CHECK(with(first_pass, word(8, 0xFFFFFFFF), plain) == "corrupt_file");
    CHECK(with(index, [](bytes& b) { b.resize(b.size() - 1); }, plain) == "corrupt_file");
    CHECK(with(index, [](bytes& b) { b[100] ^= std::byte{1}; }, plain) == "corrupt_file");
    // The index of other documents.
    CHECK(with(
              index,
              [](bytes& b) {
                  auto const other = make_small({token_codec::int8, similarity_kind::cosine, true, true}, 4);
                  b = to_bytes(*other.first_pass());
              },
              plain) == "corrupt_file");
    auto const without = [&](std::uint32_t type) {
        auto parts = take_apart(to_bytes(make_small(plain)));
        std::erase_if(parts.sections, [&](auto const& s) { return s.type == type; });
        return load_outcome(join(parts));
    };
    for (std::uint32_t const type : {first_pass, documents, tokens, factors, ids, index}) {
        CAPTURE(type);
        CHECK(without(type) == "corrupt_file");
    }
    auto parts = take_apart(to_bytes(make_small(plain)));
    parts.sections.push_back({77, 0, {std::byte{1}}});
    CHECK(load_outcome(join(parts)) == "unsupported_version");
    parts.sections.back().flags = 1;
    CHECK(load_outcome(join(parts)) == "ok");
    parts.sections.back().flags = 2;
    CHECK(load_outcome(join(parts)) == "corrupt_file");
    parts.sections.pop_back();
    std::swap(parts.sections[1], parts.sections[2]);
    CHECK(load_outcome(join(parts)) == "corrupt_file");
}

TEST_CASE("files of documents and of single vectors are not mistaken for each other, and limits hold", "[index][multi_vector][file]") {
    kind const plain{token_codec::int8, similarity_kind::dot, false, false};
    auto const documents = to_bytes(make_small(plain));
    auto const refused = outcome([&] { return from_bytes(documents); });
    CHECK((refused == "corrupt_file" || refused == "unsupported_version"));
    auto const single = make_index("int8", d);
    single->add("a", view(make_document(0))[0]);
    auto const other = load_outcome(to_bytes(*single));
    CHECK((other == "corrupt_file" || other == "unsupported_version"));
    CHECK(load_outcome(documents, verify_level::full, {.max_rows = 4}) == "limit_exceeded");
    CHECK(load_outcome(documents, verify_level::full, {.max_dims = 11}) == "limit_exceeded");
    CHECK(load_outcome(documents, verify_level::full, {.max_bytes = documents.size() - 1}) == "limit_exceeded");
    auto squared = documents;
    squared[12] = static_cast<std::byte>(similarity_kind::squared_l2);
    repair_hashes(squared);
    CHECK(load_outcome(squared) == "corrupt_file");
    auto codec = documents;
    codec[11] = std::byte{2};
    repair_hashes(codec);
    CHECK(load_outcome(codec) == "corrupt_file");
}

TEST_CASE("documents survive the way to the disk and back, in pieces of 1 MiB with hashes of their own", "[index][multi_vector][file]") {
    temporary_folder const folder;
    multi_vector_index index({.dims = 256, .codec = token_codec::f32});
    auto const tokens = normal_vector(1300 * 256, 1);
    for (std::size_t n = 0; n < 13; ++n) index.add(n, {tokens.data() + n * 100 * 256, 100, 256});
    std::size_t steps = 0;
    progress watch{[&](std::size_t, std::size_t) { ++steps; }, {}};
    save_index(index, folder / "a.simile", watch);
    auto const file = to_bytes(index);
    CHECK(steps >= 3);
    CHECK(file_text(folder / "a.simile") == std::string(reinterpret_cast<char const*>(file.data()), file.size()));
    auto const again = load_multi_vector(folder / "a.simile", verify_level::full);
    CHECK((to_bytes(again) == file));
    CHECK(outcome([&] { return load_multi_vector(folder / "none.simile").size(); }) == "io_failure");
    CHECK(outcome([&] { return load_multi_vector(folder / "a.simile", verify_level::full, {.max_bytes = 1000}).size(); }) ==
          "limit_exceeded");
    watch.stop = [] { return true; };
    CHECK(outcome([&] {
              save_index(index, folder / "b.simile", watch);
              return 0;
          }) == "cancelled");
    CHECK(folder.names() == std::vector<std::string>{"a.simile"});
    for (std::size_t at = 0; at < file.size(); at += at < 400 ? 1 : 50'001) {
        auto damaged = file;
        damaged[at] ^= std::byte{16};
        CHECK(load_outcome(damaged) == "corrupt_file");
    }
}
