// SPDX-License-Identifier: Apache-2.0
#include <simile/quantize/integer_rows.hpp>

#include <simile/quantize/int8.hpp>
#include <simile/quantize/integer_codec.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstring>
#include <limits>

using namespace simile;
using namespace simile::test;
using quantize::integer_rows;

namespace {

/// Every row of a block, in both codecs: scores and decoded vectors are the same to the bit.
template <class Blocks>
void check_same(Blocks blocks, integer_rows rows, std::size_t d) {
    std::vector<std::byte> a(blocks.block_bytes()), b(rows.block_bytes());
    for (std::size_t slot = 0; slot < block_rows; ++slot) {
        auto const x = slot == 9 ? std::vector<float>(d, 0.0F) : unit_vector(d, 3 * d + slot);
        blocks.encode(x, a.data(), slot);
        rows.encode(unit_vector(d, 5000 + slot), b.data(), slot);  // over an older code
        rows.encode(x, b.data(), slot);
    }
    auto const q = normal_vector(d, 8, 3);
    quantize::block_scores expected, scores;
    auto const query = rows.prepare(q, 1.5F);
    auto const mask = blocks.scan(blocks.prepare(q, 1.5F), a.data(), 0.1F, expected);
    CHECK(rows.scan(query, b.data(), 0.1F, scores) == mask);
    CHECK(std::memcmp(scores.data(), expected.data(), sizeof(scores)) == 0);
    for (std::size_t slot = 0; slot < block_rows; ++slot) {
        float const alone = rows.score(query, b.data(), slot);
        CHECK(std::memcmp(&alone, &expected[slot], sizeof(float)) == 0);
        std::vector<float> x(d), y(d);
        blocks.decode(a.data(), slot, x);
        rows.decode(b.data(), slot, y);
        CHECK(x == y);
    }
    CHECK(rows.well_formed(b.data(), block_rows));
}

}  // namespace

TEST_CASE("rows in one piece have the scores of blocks of rows, to the bit", "[quantize][integer_rows]") {
    for (std::size_t const d : {1U, 7U, 31U, 32U, 100U, 129U, 384U}) {
        CAPTURE(d);
        check_same(quantize::int8_codec(d, similarity_kind::cosine), integer_rows(d), d);
        for (unsigned bits = 1; bits <= 8; ++bits) {
            CAPTURE(bits);
            for (quantize::integer_form const& form : std::initializer_list<quantize::integer_form>{
                     quantize::mid_rise_form{bits}, quantize::lvq_form{bits}, quantize::rabitq_encoder(d, bits),
                     quantize::affine_ranges(bits, std::vector<float>(d, -0.4F),
                                             std::vector<float>(d, 0.8F / static_cast<float>((1U << bits) - 1U)))})
                check_same(quantize::integer_codec(d, form), integer_rows(d, form), d);
        }
    }
}

TEST_CASE("a row in one piece takes its bits and its factors", "[quantize][integer_rows]") {
    CHECK(integer_rows(384).row_bytes() == 388);
    CHECK(integer_rows(384, quantize::mid_rise_form{4}).row_bytes() == 194);
    CHECK(integer_rows(384, quantize::lvq_form{4}).row_bytes() == 196);
    CHECK(integer_rows(384, quantize::lvq_form{6}).row_bytes() == 288 + 8);
    CHECK(integer_rows(33, quantize::mid_rise_form{8}).row_bytes() == 37);
    CHECK(integer_rows(384).block_bytes() == block_rows * 388);
}

TEST_CASE("rows in one piece are moved, cleared and looked through one by one", "[quantize][integer_rows]") {
    integer_rows rows(40, quantize::lvq_form{5});
    std::vector<std::byte> block(rows.block_bytes()), other(rows.block_bytes());
    for (std::size_t slot = 0; slot < block_rows; ++slot) rows.encode(unit_vector(40, slot), block.data(), slot);
    std::vector<float> was(40), now(40);
    rows.decode(block.data(), 9, was);
    rows.move(block.data(), 9, other.data(), 30);
    rows.decode(other.data(), 30, now);
    CHECK(was == now);
    rows.move(block.data(), 9, block.data(), 2);
    rows.decode(block.data(), 2, now);
    CHECK(was == now);
    float const nan = std::numeric_limits<float>::quiet_NaN(), negative = -1;
    for (std::size_t const back : {4U, 8U}) {  // offset, scale
        auto damaged = block;
        std::memcpy(damaged.data() + 6 * rows.row_bytes() - back, back == 4 ? &nan : &negative, 4);
        CHECK(!rows.well_formed(damaged.data(), 6));
        CHECK(rows.well_formed(damaged.data(), 5));
    }
    for (std::size_t slot = 0; slot < block_rows; ++slot) rows.clear(block.data(), slot);
    CHECK(block == std::vector<std::byte>(rows.block_bytes()));
    CHECK(outcome([] { return integer_rows(4, quantize::mid_rise_form{9}); }) == "invalid_argument");
    CHECK(outcome([] { return integer_rows(4, quantize::rabitq_encoder(5, 2)); }) == "dimension_mismatch");
}
