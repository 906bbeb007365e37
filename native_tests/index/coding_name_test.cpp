// SPDX-License-Identifier: Apache-2.0
#include <simile/index/coding_name.hpp>
#include <simile/index/file.hpp>
#include <simile/index/make_index.hpp>

#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include <array>
#include <string>
#include <vector>

using namespace simile;
using namespace simile::test;

namespace {

std::vector<std::string> all_names() {
    std::vector<std::string> out;
    for (char const* name : {"f16", "bf16", "int8", "planes", "planes2", "planes12"}) out.emplace_back(name);
    for (unsigned bits = 1; bits <= 8; ++bits) {
        if (bits <= 7) out.push_back("int" + std::to_string(bits));
        out.push_back("lvq" + std::to_string(bits));
    }
    for (std::size_t i = 0, n = out.size(); i < n; ++i) out.push_back(out[i] + "+rotated");
    for (unsigned bits = 1; bits <= 8; ++bits) out.push_back("rabitq" + std::to_string(bits));
    for (unsigned bits = 1; bits <= 4; ++bits) out.push_back("eden" + std::to_string(bits));
    for (char const* name : {"f32", "lvq4x4", "lvq1x8", "lvq2x3+rotated", "rabitq1>int8", "lvq4>lvq8+rotated"}) out.emplace_back(name);
    return out;
}

}  // namespace

TEST_CASE("a coding has the name that it was made from, in memory and from a file", "[index][coding_name]") {
    std::size_t const dims = GENERATE(as<std::size_t>{}, 1, 5, 64, 100);
    for (std::string const& name : all_names()) {
        INFO(name << ", " << dims << " dims");
        auto const how = coding_of(name, dims);
        CHECK(name_of(how) == name);
        CHECK(coding_bytes(coding_of(name_of(how), dims)) == coding_bytes(how));
        auto const index = make_index(name, dims);
        CHECK(index->codec_name() == name);
        CHECK(from_bytes(to_bytes(*index))->codec_name() == name);
    }
}

TEST_CASE("a coding that no name makes is described, and not taken for another", "[index][coding_name]") {
    constexpr std::size_t dims = 8;
    std::array<float, dims> const values{1, 2, 3, 4, 5, 6, 7, 8};
    std::array<std::uint32_t, 3> const some{1, 2, 5};
    std::vector<float> const low(dims, -1.0F), step(dims, 0.1F), codebooks(4 * 16 * 2, 0.5F), matrix(4 * dims, 0.25F);
    quantize::transform const plain(dims);
    quantize::product_codec const product(quantize::product_quantizer(dims, 4, codebooks));
    std::vector<std::pair<coding, std::string>> const cases = {
        {{.kind = codec_kind::integer, .form = quantize::affine_ranges(4, low, step)}, "affine4"},
        {{.kind = codec_kind::integer, .form = quantize::rabitq_encoder(dims, 2)}, "rabitq2+unrotated"},
        {{.kind = codec_kind::integer, .map = plain.rotated(7), .form = quantize::rabitq_encoder(64, 2)}, "rabitq2+rotated(own)"},
        {{.kind = codec_kind::planes, .map = plain.rotated(7)}, "planes+rotated(own)"},
        {{.kind = codec_kind::int8, .map = plain.centred(values).rotated()}, "int8+centred+rotated"},
        {{.kind = codec_kind::int8, .map = plain.prefix(4, true)}, "int8+prefix4"},
        {{.kind = codec_kind::f16, .map = plain.subset(some)}, "f16+subset3"},
        {{.kind = codec_kind::int8, .map = plain.projected(matrix)}, "int8+projected4"},
        {{.kind = codec_kind::product, .map = plain.centred(values), .product = product}, "product4+centred"},
        {{.kind = codec_kind::eden, .eden = quantize::eden_codec(dims, 2)}, "eden2+unrotated"},
        {{.kind = codec_kind::eden, .map = plain.rotated(), .eden = quantize::eden_codec(64, 3, quantize::eden_scale::least_squares)},
         "eden3+least_squares"},
    };
    for (auto const& [how, name] : cases) {
        INFO(name);
        CHECK(name_of(how) == name);
        auto const index = make_index(how, dims);
        CHECK(index->codec_name() == name);
        CHECK(from_bytes(to_bytes(*index))->codec_name() == name);
        CHECK(outcome([&, &refused = name] { return coding_of(refused, dims); }) == "invalid_argument");
    }
}

TEST_CASE("what is no name of a codec is refused", "[index][coding_name]") {
    for (char const* name : {"",
                             "f64",
                             "int0",
                             "int8x",
                             "int9",
                             "lvq",
                             "lvq0",
                             "lvq9",
                             "lvq0x4",
                             "lvq4x9",
                             "lvq4x",
                             "lvqx4",
                             "lvq4x4x4",
                             "int4x4",
                             "eden",
                             "eden5",
                             "rabitq",
                             "rabitq9",
                             "planes3",
                             "Planes",
                             "f32+rotated",
                             "+rotated",
                             "int4+rotated+rotated",
                             "int4 ",
                             "integer",
                             "product"}) {
        INFO('"' << name << '"');
        CHECK(outcome([&] { return coding_of(name, 16); }) == "invalid_argument");
    }
    for (std::size_t const dims : {std::size_t{0}, max_dims + 1}) CHECK(outcome([&] { return coding_of("int8", dims); }) == "out_of_range");
}
