// SPDX-License-Identifier: Apache-2.0
#include <simile/quantize/transform_bytes.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using quantize::to_bytes;
using quantize::transform;
using quantize::transform_from_bytes;

namespace {

std::vector<transform> some_transforms() {
    transform const t(70);
    std::vector<std::uint32_t> const indices{5, 39, 0, 13};
    return {t, t.centred(normal_vector(70, 1)).rotated(8), t.prefix(40, true).subset(indices).projected(normal_vector(8, 2)),
            t.prefix(40, false).rotated(quantize::rotation(40, std::vector<std::uint8_t>(32, 0x5A), 32))};
}

void set_word(std::vector<std::byte>& bytes, std::size_t at, std::uint32_t v) {
    for (unsigned i = 0; i < 4; ++i) bytes[4 * at + i] = static_cast<std::byte>(v >> (8 * i));
}

}  // namespace

TEST_CASE("a transform read from its bytes maps to the bit as before", "[quantize][transform]") {
    auto const x = normal_vector(70, 3);
    for (auto const& t : some_transforms()) {
        auto const bytes = to_bytes(t);
        auto const copy = transform_from_bytes(bytes);
        CHECK(to_bytes(copy) == bytes);
        REQUIRE(copy.code_dims() == t.code_dims());
        std::vector<float> one(t.code_dims()), other(t.code_dims());
        t.map_row(x, one);
        copy.map_row(x, other);
        CHECK(one == other);
        CHECK(t.map_query(x, one) == copy.map_query(x, other));
        CHECK(one == other);
    }
}

TEST_CASE("the bytes of a transform are little-endian words", "[quantize][transform]") {
    std::vector<float> const mean{1, -2};
    std::vector<std::byte> expected(7 * 4);
    std::uint32_t const words[]{2, 1, 1, 0, 2, 0x3F800000, 0xC0000000};
    for (std::size_t i = 0; i < 7; ++i) set_word(expected, i, words[i]);
    CHECK(to_bytes(transform(2).centred(mean)) == expected);
}

TEST_CASE("cut and lengthened bytes make no transform", "[quantize][transform]") {
    for (auto const& t : some_transforms()) {
        auto bytes = to_bytes(t);
        for (std::size_t n = 0; n < bytes.size(); ++n) {
            auto const cut = std::span(bytes).first(n);
            CHECK(outcome([&] { return transform_from_bytes(cut); }) == "corrupt_file");
        }
        bytes.resize(bytes.size() + 4);
        CHECK(outcome([&] { return transform_from_bytes(bytes); }) == "corrupt_file");
    }
}

TEST_CASE("a wrong word in a transform is refused, or gives a transform that is written the same", "[quantize][transform]") {
    for (auto const& t : some_transforms()) {
        auto const good = to_bytes(t);
        for (std::size_t at = 0; at < good.size() / 4; ++at)
            for (std::uint32_t const wrong : {0U, 1U, 2U, 6U, 64U, 65535U, 0x7FC00000U, 0x80000000U, 0xFFFFFFFFU}) {
                auto bytes = good;
                set_word(bytes, at, wrong);
                std::string const end = outcome([&] { return transform_from_bytes(bytes); });
                CAPTURE(at, wrong, end);
                bool const refused = end == "corrupt_file" || end == "limit_exceeded";
                REQUIRE((refused || (end == "ok" && to_bytes(transform_from_bytes(bytes)) == bytes)));
            }
    }
}

TEST_CASE("a transform larger than the limits is refused", "[quantize][transform]") {
    auto const bytes = to_bytes(transform(70).rotated().rotated());
    CHECK(outcome([&] { return transform_from_bytes(bytes, {128, 2}); }) == "ok");
    CHECK(outcome([&] { return transform_from_bytes(bytes, {127, 2}); }) == "limit_exceeded");
    CHECK(outcome([&] { return transform_from_bytes(bytes, {69, 2}); }) == "limit_exceeded");
    CHECK(outcome([&] { return transform_from_bytes(bytes, {128, 1}); }) == "limit_exceeded");
}
