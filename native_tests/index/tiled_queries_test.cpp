// SPDX-License-Identifier: Apache-2.0
#include <simile/index/tiled_queries.hpp>

#include <simile/quantize/int8.hpp>
#include <simile/quantize/raw.hpp>

#include "support/reference.hpp"

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cstring>

using namespace simile;
using namespace simile::test;

TEMPLATE_TEST_CASE("however many queries, each has the scores of its own scan of every block", "[index][tiled_queries]",
                   quantize::f32_codec, quantize::f16_codec, quantize::int8_codec) {
    std::size_t const d = 45;
    TestType const codec(d, similarity_kind::cosine);
    std::vector<std::vector<std::byte>> blocks(2, std::vector<std::byte>(codec.block_bytes()));
    for (std::size_t b = 0; b < blocks.size(); ++b)
        for (std::size_t slot = 0; slot < block_rows; ++slot) codec.encode(unit_vector(d, 100 * b + slot), blocks[b].data(), slot);
    auto const prepare = [&](std::size_t i) { return codec.prepare(unit_vector(d, 900 + i), 1.0F); };

    // Below, at and above one tile and two.
    for (std::size_t const queries : {1U, 7U, 8U, 9U, 16U, 19U}) {
        simile::detail::tiled_queries<TestType> const tiles(codec, queries, prepare);
        for (auto const& block : blocks) {
            std::vector<quantize::block_scores> out(queries);
            tiles(block.data(), out);
            for (std::size_t i = 0; i < queries; ++i) {
                quantize::block_scores alone;
                static_cast<void>(codec.scan(prepare(i), block.data(), 0.0F, alone));
                CAPTURE(queries, i);
                CHECK(std::memcmp(out[i].data(), alone.data(), sizeof alone) == 0);
            }
        }
    }
}

TEST_CASE("no queries have no scores, and each query is prepared once and in order", "[index][tiled_queries]") {
    quantize::f32_codec const codec(3, similarity_kind::cosine);
    std::vector<std::byte> const block(codec.block_bytes());
    std::vector<std::size_t> asked;
    auto const prepare = [&](std::size_t i) {
        asked.push_back(i);
        return codec.prepare(unit_vector(3, i), 1.0F);
    };
    simile::detail::tiled_queries<quantize::f32_codec> const none(codec, 0, prepare), ten(codec, 10, prepare);
    CHECK(asked == std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
    none(block.data(), {});
    // What lies behind the last query stays as it is, although its tile has room.
    std::vector<quantize::block_scores> out(11);
    out[10].fill(7);
    ten(block.data(), std::span(out).first(10));
    CHECK(out[10][0] == 7);
    CHECK(out[9][0] == 0);
}
