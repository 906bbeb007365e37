// SPDX-License-Identifier: Apache-2.0
#include <simile/index/loader.hpp>

#include <simile/index/file.hpp>

#include "support/allocations.hpp"
#include "support/errors.hpp"
#include "support/exact_search.hpp"
#include "support/file_surgery.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include <bit>
#include <string>

using namespace simile;
using namespace simile::test;

namespace {

using file_bytes = std::vector<std::byte>;

struct kind {
    codec_kind codec;
    similarity_kind similarity;
    bool own_ids;
};

std::vector<kind> all_kinds() {
    std::vector<kind> kinds;
    for (codec_kind const c : all_codecs)
        for (similarity_kind const s : all_similarities)
            for (bool const own_ids : {false, true}) kinds.push_back({c, s, own_ids});
    return kinds;
}

std::string name_of(kind const& k) {
    return std::string(to_string(k.codec)) + " " + std::string(to_string(k.similarity)) + (k.own_ids ? " with ids" : "");
}

std::shared_ptr<vector_index> make_small(kind const& k, std::size_t rows = 7, std::size_t dims = 3) {
    std::shared_ptr<vector_index> const index = make_index(k.codec, dims, k.similarity);
    if (k.own_ids) {
        for (std::size_t i = 0; i < rows; ++i) index->add("row " + std::to_string(i), normal_vector(dims, i));
        index->set_metadata("{\"model\":\"none\"}");
    } else {
        auto const values = normal_vector(rows * dims, 1);
        index->add(matrix_view<float const>(values, dims));
    }
    return index;
}

// Loads as a program would: all bytes at once with the length known, and in pieces with it unknown. Both must end alike.
std::string load_outcome(std::span<std::byte const> file, verify_level verify = verify_level::checksum, load_limits const& limits = {}) {
    auto const whole = outcome([&] { return from_bytes(file, verify, limits); });
    auto const pieces = outcome([&] {
        index_loader loader(verify, limits);
        for (std::size_t at = 0; at < file.size(); at += 61) loader.feed(file.subspan(at, std::min<std::size_t>(61, file.size() - at)));
        loader.end();
        return loader.index();
    });
    if (whole != pieces) return whole + " at once, " + pieces + " in pieces";
    return whole;
}

// What an accepted file is good for: every search must come back, whatever the codes are.
void use(vector_index const& index) {
    auto const query = normal_vector(index.dims(), 3);
    static_cast<void>(index.search(query, {.k = 5}));
    row_filter const nothing(index.size());
    static_cast<void>(index.search(query, {.k = 5, .filter = &nothing}));
    for (row_t row = 0; row < index.size(); ++row) static_cast<void>(index.id(row));
    static_cast<void>(index.find("row 3"));
    if (index.size() > 0 && index.contains(index.id(0))) static_cast<void>(index.get(index.id(0)));
}

// Five rows of f32, 2 dims: the size of everything is known by hand.
file_bytes simple_file() { return to_bytes(*make_small({codec_kind::f32, similarity_kind::dot, false}, 5, 2)); }

}  // namespace

TEST_CASE("every single-bit flip of a file of every index kind is refused as corrupt", "[index][loader][damage]") {
    for (kind const& k : all_kinds()) {
        auto const file = to_bytes(*make_small(k));
        INFO(name_of(k) << ", " << file.size() << " bytes");
        REQUIRE(file.size() <= 4096);
        for (std::size_t bit = 0; bit < 8 * file.size(); ++bit) {
            auto damaged = file;
            damaged[bit / 8] ^= std::byte{1} << (bit % 8);
            auto const result = outcome([&] { return from_bytes(damaged); });
            if (result != "corrupt_file") FAIL("bit " << bit % 8 << " of byte " << bit / 8 << ": " << result);
        }
    }
}

TEST_CASE("every truncation of a file of every index kind is refused as truncated, and appended bytes as corrupt",
          "[index][loader][damage]") {
    for (kind const& k : all_kinds()) {
        auto const file = to_bytes(*make_small(k));
        INFO(name_of(k));
        for (verify_level const verify : {verify_level::structure, verify_level::checksum, verify_level::full}) {
            for (std::size_t length = 0; length < file.size(); ++length) {
                auto const result = load_outcome(std::span(file).first(length), verify);
                if (result != "truncated_file") FAIL("first " << length << " bytes: " << result);
            }
            for (std::size_t more = 1; more <= 256; ++more) {
                auto longer = file;
                longer.resize(file.size() + more, std::byte{static_cast<unsigned char>(more % 3)});
                auto const result = load_outcome(longer, verify);
                if (result != "corrupt_file") FAIL(more << " bytes appended: " << result);
            }
            CHECK(load_outcome(file, verify) == "ok");
        }
    }
}

namespace {
/// Every bit of every kind of that similarity; with ids under cosine only.
void flip_every_bit(similarity_kind similarity) {
    for (kind const& k : all_kinds()) {
        if (k.similarity != similarity || (k.own_ids && similarity != similarity_kind::cosine)) continue;
        auto const file = to_bytes(*make_small(k));
        std::size_t accepted = 0;
        for (std::size_t bit = 0; bit < 8 * file.size(); ++bit) {
            auto damaged = file;
            damaged[bit / 8] ^= std::byte{1} << (bit % 8);
            auto const result = outcome([&] {
                auto const index = from_bytes(damaged, verify_level::structure);
                ++accepted;
                use(*index);
                return 0;
            });
            if (result == "ok" || result == "corrupt_file") continue;
            CAPTURE(name_of(k), bit);
            CHECK(result == "corrupt_file");
        }
        CHECK(accepted > 8 * 3 * 7);  // at least the flips in the codes
    }
}
}  // namespace

// Apart, so that they run at the same time: under a sanitizer they take the longest of all.
TEST_CASE("a file checked by structure alone is refused or searched without harm, whatever bit is flipped: cosine",
          "[index][loader][damage]") {
    flip_every_bit(similarity_kind::cosine);
}
TEST_CASE("a file checked by structure alone is refused or searched without harm, whatever bit is flipped: dot",
          "[index][loader][damage]") {
    flip_every_bit(similarity_kind::dot);
}
TEST_CASE("a file checked by structure alone is refused or searched without harm, whatever bit is flipped: squared_l2",
          "[index][loader][damage]") {
    flip_every_bit(similarity_kind::squared_l2);
}

TEST_CASE("any field of header and table with any critical value and right checksums is refused or searched without harm",
          "[index][loader][damage]") {
    std::uint64_t const critical[] = {0,
                                      1,
                                      2,
                                      3,
                                      7,
                                      31,
                                      32,
                                      33,
                                      63,
                                      64,
                                      65,
                                      127,
                                      255,
                                      256,
                                      65535,
                                      65536,
                                      65537,
                                      0x7FFFFFFF,
                                      0x80000000,
                                      0xFFFFFFFF,
                                      0x100000000,
                                      std::uint64_t{1} << 40,
                                      std::uint64_t{1} << 58,
                                      std::uint64_t{1} << 59,
                                      ~std::uint64_t{0} / 32,
                                      std::uint64_t{1} << 63,
                                      ~std::uint64_t{0} - 63,
                                      ~std::uint64_t{0}};
    for (kind const& k : all_kinds()) {
        auto const file = to_bytes(*make_small(k));
        auto const sections = number_at<std::uint32_t>(file, 20);
        // Offset and width of every field.
        std::vector<std::pair<std::size_t, std::size_t>> fields{{8, 2},  {10, 1}, {11, 1}, {12, 1}, {13, 1}, {14, 2},
                                                                {16, 4}, {20, 4}, {24, 8}, {32, 8}, {48, 8}};
        for (std::size_t i = 0; i < sections; ++i)
            for (auto const& [at, width] : {std::pair{0, 4}, std::pair{4, 4}, std::pair{8, 8}, std::pair{16, 8}})
                fields.emplace_back(64 + 32 * i + static_cast<std::size_t>(at), static_cast<std::size_t>(width));
        for (auto const& [at, width] : fields)
            for (std::uint64_t value : critical) {
                for (std::int64_t const difference : {0, 1, -1}) {
                    // The value itself, and the old one changed by one or by 64.
                    std::uint64_t old = 0;
                    std::memcpy(&old, file.data() + at, width);
                    std::uint64_t const fresh =
                        difference == 0 ? value : old + static_cast<std::uint64_t>(difference) * (value == 0 ? 64 : 1);
                    if (difference != 0 && value > 1) continue;
                    auto forged = file;
                    std::memcpy(forged.data() + at, &fresh, width);
                    repair_hashes(forged);
                    for (verify_level const verify : {verify_level::structure, verify_level::full}) {
                        allocations::start();
                        auto const result = outcome([&] {
                            use(*from_bytes(forged, verify));
                            return 0;
                        });
                        CAPTURE(name_of(k), at, fresh, int(verify));
                        bool const known = result == "ok" || result == "corrupt_file" || result == "truncated_file" ||
                                           result == "unsupported_version" || result == "limit_exceeded";
                        if (!known) CHECK(result == "a known code");
                        // Kilobytes for a file of 1 kB whose header claims exabytes; 65,536 dims take 64 kB of work space.
                        if (allocations::peak() > 600'000) CHECK(allocations::peak() <= 600'000);
                        // What passes all checks is a file that says the same again, but for the `optional` flag of sections.
                        if (result == "ok" && verify == verify_level::full && !(at >= 64 && (at - 64) % 32 == 4) &&
                            to_bytes(*from_bytes(forged, verify)) != forged)
                            FAIL("the file changes when it is loaded and saved");
                    }
                }
            }
    }
}

TEST_CASE("random bytes behind a right header and table never harm, checked by structure alone", "[index][loader][damage]") {
    for (kind const& k : all_kinds()) {
        auto const index = make_small(k, 40, 5);
        auto const file = to_bytes(*index);
        auto const first = number_at<std::uint64_t>(file, 64 + 8);
        for (std::uint64_t seed = 0; seed < 200; ++seed) {
            auto damaged = file;
            xoshiro256 random(seed);
            for (int i = 0; i < 20; ++i)
                damaged[static_cast<std::size_t>(first) + random() % (file.size() - first)] = static_cast<std::byte>(random());
            CAPTURE(name_of(k), seed);
            auto const result = outcome([&] {
                auto const loaded = from_bytes(damaged, verify_level::structure);
                use(*loaded);
                // Even changing it must be safe, and saving it.
                loaded->add("new", normal_vector(5, 1), on_duplicate::replace);
                loaded->remove(std::string("new"));
                use(*loaded);
                static_cast<void>(to_bytes(*loaded));
                return 0;
            });
            if (result != "ok" && result != "corrupt_file" && result != "unknown_id") CHECK(result == "ok");
        }
    }
}

TEST_CASE("full verification sees contents that no writer makes although every checksum is right", "[index][loader]") {
    auto const damage = [](kind const& k, std::uint32_t type, auto&& change) {
        auto parts = take_apart(to_bytes(*make_small(k)));
        for (auto& s : parts.sections)
            if (s.type == type) change(s.bytes);
        auto const file = join(parts);
        return load_outcome(file, verify_level::checksum) + ", " + load_outcome(file, verify_level::full);
    };
    auto const nan_at = [](std::size_t at) { return [at](file_bytes& b) { set_number(std::span(b), at, 0xFFFFFFFFU); }; };
    kind const f32{codec_kind::f32, similarity_kind::dot, true}, int8{codec_kind::int8, similarity_kind::dot, true},
        planes{codec_kind::planes, similarity_kind::cosine, true};
    CHECK(damage(f32, 99, nan_at(0)) == "ok, ok");
    CHECK(damage(f32, 16, nan_at(0)) == "ok, corrupt_file");
    CHECK(damage(int8, 16, nan_at(32 * 4)) == "ok, corrupt_file");
    CHECK(damage(int8, 17, nan_at(4 * 6)) == "ok, corrupt_file");
    CHECK(damage(int8, 17, [](file_bytes& b) { set_number(std::span(b), 0, -1.0F); }) == "ok, corrupt_file");
    CHECK(damage(planes, 16, nan_at(128)) == "ok, corrupt_file");
    CHECK(damage(planes, 19, [](file_bytes& b) { set_number(std::span(b), b.size() - 64, std::uint16_t{0x7C00}); }) == "ok, corrupt_file");
    CHECK(damage(planes, 20, [](file_bytes& b) { set_number(std::span(b), b.size() - 128, -0.5F); }) == "ok, corrupt_file");
    CHECK(damage(f32, 18, [](file_bytes& b) { b[1] = std::byte{0xFF}; }) == "ok, corrupt_file");  // an id that is not UTF-8
    CHECK(damage(f32, 18, [](file_bytes& b) { std::copy_n(b.begin(), 6, b.begin() + 6); }) == "ok, corrupt_file");  // the same id twice
    CHECK(damage(f32, 2, [](file_bytes& b) { b[0] = std::byte{0xC0}; }) == "ok, corrupt_file");
}

TEST_CASE("a newer version and unknown needed sections are unsupported, unknown optional sections are skipped", "[index][loader]") {
    auto const file = simple_file();
    auto newer = file;
    set_number(std::span(newer), 8, std::uint16_t{2});
    repair_hashes(newer);
    CHECK(load_outcome(newer) == "unsupported_version");
    auto other_codec = file;
    other_codec[11] = std::byte{200};
    repair_hashes(other_codec);
    CHECK(load_outcome(other_codec) == "unsupported_version");

    auto parts = take_apart(file);
    CHECK(join(parts) == file);
    for (std::size_t const place : {0U, 1U}) {
        auto extended = parts;
        extended.sections.insert(extended.sections.begin() + std::ptrdiff_t(place), {1000, 0, file_bytes(77, std::byte{5})});
        CHECK(load_outcome(join(extended)) == "unsupported_version");
        extended.sections[place].flags = 1;
        CHECK(load_outcome(join(extended)) == "ok");
        CHECK(to_bytes(*from_bytes(join(extended))) == file);
        auto damaged = join(extended);
        damaged[number_at<std::uint64_t>(damaged, 64 + 32 * place + 8)] ^= std::byte{1};
        CHECK(load_outcome(damaged) == "corrupt_file");
        extended.sections[place].flags = 2;
        CHECK(load_outcome(join(extended)) == "corrupt_file");
    }
}

TEST_CASE("sections that are missing, doubled, empty, out of order or of a wrong length are refused", "[index][loader]") {
    auto const parts = take_apart(to_bytes(*make_small({codec_kind::planes, similarity_kind::dot, true})));
    REQUIRE(parts.sections.size() == 6);  // metadata, plane 0, norms, ids, plane 1, plane 2
    for (std::size_t i = 0; i < parts.sections.size(); ++i) {
        CAPTURE(i);
        auto changed = parts;
        changed.sections.erase(changed.sections.begin() + std::ptrdiff_t(i));
        bool const optional = parts.sections[i].type == 2 || parts.sections[i].type == 18;
        CHECK(load_outcome(join(changed)) == (optional ? "ok" : "corrupt_file"));
        changed = parts;
        changed.sections.insert(changed.sections.begin() + std::ptrdiff_t(i), parts.sections[i]);
        CHECK(load_outcome(join(changed)) == "corrupt_file");
        changed = parts;
        changed.sections[i].bytes.clear();
        CHECK(load_outcome(join(changed)) == "corrupt_file");
        for (std::size_t j = i + 1; j < parts.sections.size(); ++j) {
            changed = parts;
            std::swap(changed.sections[i], changed.sections[j]);
            CHECK(load_outcome(join(changed)) == "corrupt_file");
        }
        if (parts.sections[i].type == 2) continue;
        for (int const by : {-1, 1}) {
            changed = parts;
            changed.sections[i].bytes.resize(static_cast<std::size_t>(std::ptrdiff_t(parts.sections[i].bytes.size()) + by));
            CHECK(load_outcome(join(changed)) == "corrupt_file");
        }
    }
}

TEST_CASE("limits refuse a file before memory is taken for it", "[index][loader]") {
    auto const file = to_bytes(*make_small({codec_kind::planes, similarity_kind::dot, true}, 100, 20));
    CHECK(load_outcome(file, verify_level::checksum, {.max_bytes = file.size(), .max_rows = 100, .max_dims = 20, .max_sections = 6}) ==
          "ok");
    CHECK(load_outcome(file, verify_level::checksum, {.max_bytes = file.size() - 1}) == "limit_exceeded");
    CHECK(load_outcome(file, verify_level::checksum, {.max_rows = 99}) == "limit_exceeded");
    CHECK(load_outcome(file, verify_level::checksum, {.max_dims = 19}) == "limit_exceeded");
    CHECK(load_outcome(file, verify_level::checksum, {.max_sections = 5}) == "limit_exceeded");
}

TEST_CASE("a load takes no more memory than the file has, and a hundredth", "[index][loader][memory]") {
    for (codec_kind const codec : all_codecs) {
        auto const file = to_bytes(*make_small({codec, similarity_kind::dot, false}, 20'000, 64));
        allocations::start();
        auto const index = from_bytes(file);
        auto const size = static_cast<double>(file.size());
        CAPTURE(to_string(codec), size);
        // 4 KiB for the loader itself; the norms pass through a buffer of their own.
        CHECK(static_cast<double>(allocations::peak()) <= 1.01 * size + 20'000 * 4 + 4096);
        CHECK(index->size() == 20'000);
    }
}

TEST_CASE("a file may come in pieces of any size, and planes become searchable one by one", "[index][loader][progressive]") {
    for (kind const& k : all_kinds()) {
        auto const original = make_small(k, 150, 33);
        auto const file = to_bytes(*original);
        auto const query = normal_vector(33, 9);
        auto const expected = original->search(query, {.k = 7}).hits;
        for (std::size_t const piece :
             {std::size_t{1}, std::size_t{63}, std::size_t{64}, std::size_t{65}, std::size_t{1000}, file.size()}) {
            CAPTURE(name_of(k), piece);
            index_loader loader;
            unsigned level = 0;
            std::shared_ptr<vector_index> index;
            for (std::size_t at = 0; at < file.size(); at += piece) {
                loader.feed(std::span(file).subspan(at, std::min(piece, file.size() - at)));
                REQUIRE(loader.taken() == std::min(at + piece, file.size()));
                REQUIRE(loader.level() >= level);
                level = loader.level();
                if (level == 0) {
                    REQUIRE(outcome([&] { return loader.index(); }) == "incomplete");
                } else if (!index) {
                    index = loader.index();
                }
                if (index && piece > 60) {
                    auto const partial = index->search(query, {.k = 7});
                    REQUIRE(partial.level == level);
                    REQUIRE(partial.hits.size() == 7);
                    if (level < loader.levels()) {
                        REQUIRE(outcome([&] {
                                    index->add("x", query);
                                    return 0;
                                }) == "incomplete");
                        REQUIRE(outcome([&] {
                                    index->update(index->id(0), query);
                                    return 0;
                                }) == "incomplete");
                        REQUIRE(outcome([&] {
                                    index->remove(index->id(0));
                                    return 0;
                                }) == "incomplete");
                        REQUIRE(outcome([&] { return to_bytes(*index); }) == "incomplete");
                        REQUIRE(index->get(index->id(0)).size() == 33);
                    }
                }
            }
            CHECK(loader.finished());
            loader.end();
            CHECK(loader.total() == file.size());
            CHECK(level == loader.levels());
            CHECK(loader.index()->search(query, {.k = 7}).hits == expected);
            CHECK(to_bytes(*loader.index()) == file);
        }
    }
}

TEST_CASE("an index whose later planes never come or are damaged goes on answering at its level", "[index][loader][progressive]") {
    auto const original = make_small({codec_kind::planes, similarity_kind::squared_l2, true}, 200, 48);
    auto file = to_bytes(*original);
    auto const query = normal_vector(48, 2);
    auto const plane2 = number_at<std::uint64_t>(file, 64 + 5 * 32 + 8);
    file[plane2 + 10] ^= std::byte{4};
    index_loader loader;
    loader.feed(std::span(file).first(plane2));
    auto const index = loader.index();
    CHECK(index->level() == 2);
    auto const before = index->search(query).hits;
    CHECK(outcome([&] {
              loader.feed(std::span(file).subspan(plane2));
              return 0;
          }) == "corrupt_file");
    CHECK(outcome([&] {
              loader.feed(std::span(file).first(1));
              return 0;
          }) == "invalid_argument");
    CHECK(index->level() == 2);
    CHECK(index->search(query).hits == before);
    CHECK(index->search(query).level == 2);
    CHECK(outcome([&] { return to_bytes(*index); }) == "incomplete");

    index_loader cut;
    cut.feed(std::span(file).first(plane2 - 1));
    CHECK(outcome([&] {
              cut.end();
              return 0;
          }) == "truncated_file");
    CHECK(cut.index()->level() == 1);
    CHECK(cut.index()->search(query).hits.size() == 10);
}

TEST_CASE("sections of more than 1 MiB are checked piece by piece", "[index][loader][damage]") {
    // 3,000 rows of 128 floats: 1.5 MB, two pieces.
    auto const original = make_small({codec_kind::f32, similarity_kind::dot, false}, 3000, 128);
    auto const file = to_bytes(*original);
    REQUIRE(take_apart(file).sections.size() == 2);
    CHECK(take_apart(file).sections[0].type == 1);
    CHECK(take_apart(file).sections[0].bytes.size() == 16);
    auto const offset = number_at<std::uint64_t>(file, 64 + 32 + 8);
    auto const length = number_at<std::uint64_t>(file, 64 + 32 + 16);
    CHECK(to_bytes(*from_bytes(file)) == file);

    for (std::uint64_t const at : {std::uint64_t{0}, (std::uint64_t{1} << 20) - 1, std::uint64_t{1} << 20, length - 1}) {
        auto damaged = file;
        damaged[offset + at] ^= std::byte{1};
        CHECK(load_outcome(damaged) == "corrupt_file");
        // The first piece is refused as soon as it is complete, before the second has come.
        index_loader loader;
        auto const early = outcome([&] {
            loader.feed(std::span(damaged).first(offset + (1 << 20)));
            return 0;
        });
        CHECK(early == (at < 1 << 20 ? "corrupt_file" : "ok"));
    }
    // Flips in everything before the codes: header, table, hashes of pieces, padding.
    for (std::size_t bit = 0; bit < 8 * offset; ++bit) {
        auto damaged = file_bytes(file.begin(), file.begin() + std::ptrdiff_t(offset));
        damaged[bit / 8] ^= std::byte{1} << (bit % 8);
        index_loader loader;
        if (outcome([&] {
                loader.feed(damaged);
                return 0;
            }) != "corrupt_file")
            FAIL("bit " << bit);
    }
}

TEST_CASE("a loader that has no memory says out_of_memory and leaves nothing behind", "[index][loader][memory]") {
    for (kind const& k : all_kinds()) {
        auto const file = to_bytes(*make_small(k));
        for (bool const for_ever : {false, true})
            for (std::size_t n = 1;; ++n) {
                CAPTURE(name_of(k), n, for_ever);
                std::string result;
                bool refused = false;
                {
                    allocations::fail_at(n, for_ever);
                    try {
                        index_loader loader;
                        loader.feed(file);
                        loader.end();
                        result = "ok";
                    } catch (error const& e) {
                        allocations::fail_at(0, false);
                        result = to_string(e.code());
                    } catch (std::bad_alloc const&) {
                        result = "bad_alloc";
                    }
                    refused = allocations::failed() || result != "ok";
                    allocations::fail_at(0, false);
                }
                if (!refused) {
                    CHECK(result == "ok");
                    break;
                }
                // For the message itself there may be no memory either.
                if (result != "out_of_memory" && !(for_ever && result == "bad_alloc")) CHECK(result == "out_of_memory");
                REQUIRE(n < 1000);
            }
    }
}
