// SPDX-License-Identifier: Apache-2.0
// Files that were made natively, of codings that were fitted to their vectors: this program and the npm package answer from them what is written beside them.
// `simile_index_tests "[write golden files]"` writes them anew.
#include <simile/core/random.hpp>
#include <simile/fit/product.hpp>
#include <simile/index/file.hpp>
#include <simile/index/ivf.hpp>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using namespace simile;

namespace {

constexpr std::size_t golden_rows = 400, golden_dims = 24, golden_queries = 5;
std::filesystem::path const folder = SIMILE_CONFORMANCE_FOLDER "/files";

/// As in determinism.json: float(next >> 40) * 2^-23 - 1 of SplitMix64 with seed 1, the rows first.
struct golden_vectors {
    std::vector<float> values = std::vector<float>((golden_rows + golden_queries) * golden_dims);
    golden_vectors() {
        splitmix64 generator(1);
        for (float& v : values) v = static_cast<float>(generator() >> 40) * 0x1p-23F - 1.0F;
    }
    [[nodiscard]] matrix_view<float const> gallery() const { return {values.data(), golden_rows, golden_dims}; }
    [[nodiscard]] matrix_view<float const> asked() const {
        return {values.data() + golden_rows * golden_dims, golden_queries, golden_dims};
    }
};

nlohmann::json answers(vector_index const& index, matrix_view<float const> asked) {
    auto out = nlohmann::json::array();
    for (search_result const& result : index.search_many(asked, {.k = 3}))
        for (hit const& h : result.hits) out.push_back({to_string(index.id(h.row)), h.score});
    return out;
}

std::vector<std::byte> read_file(std::filesystem::path const& path) {
    std::ifstream stream(path, std::ios::binary);
    REQUIRE(stream.is_open());
    std::vector<char> const bytes{std::istreambuf_iterator<char>(stream), {}};
    auto const view = std::as_bytes(std::span(bytes));
    return {view.begin(), view.end()};
}

}  // namespace

TEST_CASE("files with fitted codings, and with lists, answer as they did when they were made", "[index][golden]") {
    golden_vectors const data;
    std::ifstream stream(folder / "expected.json");
    REQUIRE(stream.is_open());
    auto const expected = nlohmann::json::parse(stream).at("files");
    REQUIRE(expected.size() == 3);
    for (auto const& [name, file] : expected.items()) {
        INFO(name);
        auto const bytes = read_file(folder / name);
        auto const index = from_bytes(bytes, verify_level::full);
        CHECK(index->codec_name() == file.at("codec").get<std::string>());
        CHECK(index->size() == golden_rows);
        CHECK(answers(*index, data.asked()) == file.at("hits"));
        if (name == "lists.simile") {
            auto const lists = ivf_index::from_bytes(bytes);
            CHECK(lists.lists() == 8);
            CHECK(lists.to_bytes() == bytes);
        } else {
            CHECK(to_bytes(*index) == bytes);
        }
    }
}

TEST_CASE("golden files are written", "[.][write golden files]") {
    golden_vectors const data;
    auto files = nlohmann::json::object();
    auto const write = [&](std::string const& name, auto const& index, vector_index const& searched) {
        std::ofstream stream(folder / name, std::ios::binary);
        index.file().write([&](std::span<std::byte const> bytes) {
            stream.write(reinterpret_cast<char const*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
        });
        files[name] = {{"codec", searched.codec_name()}, {"hits", answers(searched, data.asked())}};
        REQUIRE(stream.good());
    };
    auto const written = [&](std::string const& name, coding how) {
        auto const index = make_index(std::move(how), golden_dims);
        index->add(data.gallery());
        write(name, *index, *index);
    };
    std::filesystem::create_directories(folder);
    std::vector<float> mean(golden_dims);
    for (std::size_t i = 0; i < golden_rows * golden_dims; ++i) mean[i % golden_dims] += data.values[i] / golden_rows;
    written("product.simile", {.kind = codec_kind::product, .product = quantize::product_codec(fit::fit_product(data.gallery(), 12))});
    written("affine.simile", {.kind = codec_kind::integer,
                              .map = quantize::transform(golden_dims).centred(mean),
                              .form = quantize::affine_ranges::fitted(data.gallery(), 4)});
    auto const lists = ivf_index::build(coding_of("planes", golden_dims), {}, data.gallery(), similarity_kind::cosine, {.lists = 8});
    write("lists.simile", lists, lists.rows());
    std::ofstream(folder / "expected.json")
        << nlohmann::json{{"note", "Row i is added under i; a list for each query of its 3 hits, id as text and score, one after another."},
                          {"files", files}}
               .dump(1)
        << "\n";
}
