// SPDX-License-Identifier: Apache-2.0
// The same input gives the same bytes on disk and the same results on every platform: conformance/determinism.json holds the hashes; every preset
// (compilers, optimisation levels, instruction sets, no SIMD at all) and the npm package compare theirs.
#include <simile/core/random.hpp>
#include <simile/index/corrected_index.hpp>
#include <simile/index/file.hpp>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

using namespace simile;

namespace {

struct fnv1a {
    std::uint64_t state = 0xCBF29CE484222325U;
    void add(std::span<std::byte const> bytes) {
        for (std::byte const b : bytes) state = (state ^ std::to_integer<std::uint64_t>(b)) * 0x100000001B3U;
    }
    [[nodiscard]] std::string hex() const {
        char text[17];
        std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(state));
        return text;
    }
};

std::vector<float> vectors(splitmix64& generator, std::size_t count) {
    std::vector<float> out(count);
    for (float& v : out) v = static_cast<float>(generator() >> 40) * 0x1p-23F - 1.0F;
    return out;
}

template <class Index>
std::string hash_of_results(Index const& index, vector_index const& rows, std::span<float const> queries) {
    fnv1a hash;
    for (std::size_t at = 0; at < queries.size(); at += rows.dims())
        for (hit const& h : index.search(queries.subspan(at, rows.dims())).hits) {
            std::string const line = to_string(rows.id(h.row)) + "\n";
            hash.add(std::as_bytes(std::span(line)));
            hash.add(std::as_bytes(std::span(&h.score, 1)));
        }
    return hash.hex();
}

}  // namespace

TEST_CASE("files and results have the same bits on every platform", "[index][determinism]") {
    std::ifstream stream(SIMILE_CONFORMANCE_FOLDER "/determinism.json");
    REQUIRE(stream.is_open());
    auto const expected = nlohmann::json::parse(stream).at("expected");
    constexpr std::size_t rows = 333, dims = 100, queries = 20;
    splitmix64 generator(1);
    auto const data = vectors(generator, rows * dims), asked = vectors(generator, queries * dims);

    auto const made = [&](std::string const& codec, similarity_kind similarity) {
        std::shared_ptr<vector_index> index = make_index(coding_of(codec, dims), dims, similarity);
        for (std::size_t i = 0; i < rows; ++i) {
            auto const row = std::span(data).subspan(i * dims, dims);
            if (i % 2 == 0)
                index->add(3 * i, row);
            else
                index->add("doc" + std::to_string(i), row);
        }
        index->set_metadata("determinism");
        index->remove("doc7");
        index->update(30, std::span(asked).first(dims));
        return index;
    };
    auto const check = [&](std::string const& name, std::vector<std::byte> const& bytes, std::string const& results) {
        fnv1a file;
        file.add(bytes);
        INFO('"' << name << "\": {\"file\": \"" << file.hex() << "\", \"results\": \"" << results << "\"},");
        REQUIRE(expected.contains(name));
        CHECK(expected[name]["file"] == file.hex());
        CHECK(expected[name]["results"] == results);
    };

    for (std::string const codec : {"f32", "f16", "bf16", "int8", "planes", "planes2", "planes12", "int1", "int4", "lvq4", "lvq8",
                                    "rabitq1", "rabitq4", "planes+rotated"})
        for (auto const similarity : {similarity_kind::cosine, similarity_kind::dot, similarity_kind::squared_l2}) {
            auto const index = made(codec, similarity);
            check(codec + "/" + std::string(to_string(similarity)), to_bytes(*index), hash_of_results(*index, *index, asked));
        }
    using enum correction_method;
    struct correction {
        std::string name;
        correction_options options;
    };
    for (std::string const codec : {"f32", "f16", "int8", "planes", "planes12", "rabitq4", "lvq4"})
        for (auto const& [name, options] : {correction{"inverted_softmax", {.method = inverted_softmax}},
                                            {"nnn", {.method = nnn, .k = 5}},
                                            {"csls", {.method = csls}},
                                            {"dynamic nnn", {.method = nnn, .k = 5, .dynamic = true, .active_k = 3}}}) {
            corrected_index const index(made(codec, similarity_kind::cosine), matrix_view<float const>(asked, dims), options);
            check(codec + "/cosine/" + name, index.to_bytes(), hash_of_results(index, index.rows(), asked));
        }
}
