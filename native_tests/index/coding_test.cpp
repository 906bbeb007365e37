// SPDX-License-Identifier: Apache-2.0
#include <simile/index/coding.hpp>

#include <simile/index/make_index.hpp>

#include "support/codings.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

using namespace simile;
using namespace simile::test;

namespace {

std::vector<std::byte> coding_to_bytes(coding const& how) {
    return coding_bytes(how.map ? &*how.map : nullptr, how.form ? &*how.form : nullptr, how.product ? &*how.product : nullptr,
                        how.eden ? &*how.eden : nullptr);
}
std::vector<float> row_of(std::size_t dims) { return normal_vector(dims, 3); }

/// What a coding makes of some rows: its kind alone does not tell codings apart.
std::vector<std::vector<float>> decoded(coding const& how, std::size_t dims) {
    auto const index = make_index(how, dims);
    std::vector<std::vector<float>> out;
    for (std::uint64_t i = 0; i < 4; ++i) {
        index->add(i, normal_vector(dims, 20 + i));
        out.push_back(index->get(i));
    }
    return out;
}

std::string make_outcome(coding const& how, std::size_t dims = 8) {
    return outcome([&] { return make_index(how, dims); });
}

}  // namespace

TEST_CASE("every name of a coding makes an index that takes vectors, of any number of dimensions", "[index][coding]") {
    for (std::string const& name : coding_names())
        for (std::size_t const dims : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{33}, std::size_t{130}}) {
            auto const index = make_index(name, dims, similarity_kind::dot);
            index->add("a", row_of(dims));
            CAPTURE(name, dims);
            CHECK(index->dims() == dims);
            CHECK(index->search(row_of(dims)).hits.size() == 1);
            CHECK(index->get("a").size() == dims);
            // A rotation pads to 64.
            bool const rotated = name.ends_with("+rotated") || name.starts_with("rabitq") || name.starts_with("eden");
            CHECK((index->map() != nullptr) == rotated);
            CHECK(index->code_dims() == (rotated ? (dims + 63) / 64 * 64 : dims));
        }
}

TEST_CASE("an index of a name has the kind and the bytes a row that the name says", "[index][coding]") {
    // 256 dims: nothing is padded. Factors: halves up to 4 bits, else floats; LVQ has two.
    auto const bytes = [](std::string const& name, similarity_kind similarity = similarity_kind::cosine) {
        return make_index(name, 256, similarity)->bytes_per_row();
    };
    CHECK(bytes("f32") == 1024);
    CHECK(bytes("f16") == 512);
    CHECK(bytes("bf16") == 512);
    CHECK(bytes("int8") == 260);
    CHECK(bytes("int8", similarity_kind::dot) == 264);
    CHECK(bytes("planes") == 32 + 2 + 96 + 2 + 128 + 4);
    CHECK(bytes("planes2") == 64 + 2 + 64 + 2 + 128 + 4);
    CHECK(bytes("planes12") == 32 + 2 + 96 + 2 + 128 + 4 + 128 + 4);
    for (unsigned bits = 1; bits <= 8; ++bits) {
        double const codes = 32.0 * bits, factor = bits > 4 ? 4 : 2;
        CAPTURE(bits);
        if (bits < 5) CHECK(bytes("eden" + std::to_string(bits)) == codes + 2);
        if (bits < 8) CHECK(bytes("int" + std::to_string(bits)) == codes + factor);
        CHECK(bytes("lvq" + std::to_string(bits)) == codes + 2 * factor);
        CHECK(bytes("rabitq" + std::to_string(bits)) == codes + factor);
    }
    CHECK(make_index("int3", 4)->codec() == codec_kind::integer);
    CHECK(make_index("lvq8", 4)->codec() == codec_kind::integer);
    CHECK(make_index("bf16+rotated", 4)->codec() == codec_kind::bf16);
    CHECK(make_index("planes2", 4)->levels() == 3);
    CHECK(make_index("planes12", 4)->levels() == 4);
    // Product codes are fitted, so they have no name: half a byte a subspace, rounded up to four of them, and a half.
    for (auto const& [name, how] : all_codings(64)) {
        if (name == "product") CHECK(make_index(how, 64)->bytes_per_row() == 18);
        if (name == "product of few") CHECK(make_index(how, 64)->bytes_per_row() == 4);
    }
}

TEST_CASE("a name that is none, and dimensions that cannot be, are refused", "[index][coding]") {
    for (char const* const name : {"",
                                   "+rotated",
                                   "f8",
                                   "F32",
                                   "int",
                                   "int0",
                                   "int9",
                                   "int10",
                                   "int4 ",
                                   " int4",
                                   "int8+",
                                   "int8+rotate",
                                   "int8+rotated+rotated",
                                   "f32+rotated",
                                   "lvq",
                                   "lvq0",
                                   "lvq9",
                                   "rabitq",
                                   "rabitq0",
                                   "rabitq9",
                                   "rabitqq4",
                                   "eden",
                                   "eden0",
                                   "eden5",
                                   "planes1",
                                   "planes3",
                                   "planes22",
                                   "integer",
                                   "product",
                                   "affine4",
                                   "unknown",
                                   "4",
                                   "int\0004"}) {
        CAPTURE(name);
        CHECK(outcome([&] { return coding_of(name, 8); }) == "invalid_argument");
        CHECK(outcome([&] { return make_index(std::string_view(name), 8); }) == "invalid_argument");
    }
    CHECK(outcome([] { return coding_of(std::string_view("int4\0", 5), 8); }) == "invalid_argument");
    CHECK(message([] { return coding_of("int9", 8); }).starts_with("there is no codec \"int9\", only f32, f16,"));
    for (char const* const name : {"f32", "int8", "lvq3", "rabitq1", "int8+rotated"}) {
        CHECK(outcome([&] { return coding_of(name, 0); }) == "out_of_range");
        CHECK(outcome([&] { return coding_of(name, max_dims + 1); }) == "out_of_range");
        CHECK(outcome([&] { return make_index(name, 0); }) == "out_of_range");
    }
    CHECK(outcome([] { return make_index(coding{}, 0); }) == "out_of_range");
    CHECK(outcome([] { return make_index(coding{}, max_dims + 1); }) == "out_of_range");
    CHECK(outcome([] { return make_index("rabitq1", max_dims); }) == "ok");
}

TEST_CASE("a coding that lacks what its kind needs, has what it does not take, or is for other dimensions makes no index",
          "[index][coding]") {
    quantize::integer_form const form = quantize::mid_rise_form{4};
    auto const codebooks = normal_vector(16 * 8, 1);
    quantize::product_codec const product(quantize::product_quantizer(8, 4, codebooks));
    CHECK(make_outcome({codec_kind::integer, {}, form, {}}) == "ok");
    CHECK(make_outcome({codec_kind::product, {}, {}, product}) == "ok");
    CHECK(make_outcome({codec_kind::integer, {}, {}, {}}) == "invalid_argument");
    CHECK(make_outcome({codec_kind::integer, {}, {}, product}) == "invalid_argument");
    CHECK(make_outcome({codec_kind::integer, {}, form, product}) == "invalid_argument");
    CHECK(make_outcome({codec_kind::product, {}, {}, {}}) == "invalid_argument");
    CHECK(make_outcome({codec_kind::product, {}, form, {}}) == "invalid_argument");
    CHECK(make_outcome({codec_kind::product, {}, form, product}) == "invalid_argument");
    for (codec_kind const kind : {codec_kind::f32, codec_kind::f16, codec_kind::bf16, codec_kind::int8, codec_kind::planes,
                                  codec_kind::planes2, codec_kind::planes12}) {
        CAPTURE(to_string(kind));
        CHECK(make_outcome({kind, {}, {}, {}}) == "ok");
        CHECK(make_outcome({kind, {}, form, {}}) == "invalid_argument");
        CHECK(make_outcome({kind, {}, {}, product}) == "invalid_argument");
        CHECK(make_outcome({kind, quantize::transform(8).rotated(), {}, {}}) == (kind == codec_kind::f32 ? "invalid_argument" : "ok"));
        CHECK(make_outcome({kind, quantize::transform(8), {}, {}}) == "ok");
        CHECK(make_outcome({kind, quantize::transform(9), {}, {}}) == "dimension_mismatch");
    }
    CHECK(make_outcome({static_cast<codec_kind>(99), {}, {}, {}}) == "invalid_argument");
    CHECK(outcome([] { return make_index(codec_kind::int8, 4, static_cast<similarity_kind>(77)); }) == "invalid_argument");
    // A form and codebooks are for what the transform leaves.
    CHECK(make_outcome({codec_kind::product, {}, {}, product}, 9) == "dimension_mismatch");
    CHECK(make_outcome({codec_kind::product, quantize::transform(8).rotated(), {}, product}) == "dimension_mismatch");
    CHECK(make_outcome({codec_kind::product, quantize::transform(16).prefix(8, false), {}, product}, 16) == "ok");
    CHECK(make_outcome({codec_kind::integer, {}, quantize::rabitq_encoder(9, 4), {}}) == "dimension_mismatch");
    CHECK(make_outcome({codec_kind::integer, quantize::transform(8).rotated(), quantize::rabitq_encoder(64, 4), {}}) == "ok");
    CHECK(make_outcome({codec_kind::integer, {}, quantize::affine_ranges(4, std::vector<float>(7), std::vector<float>(7)), {}}) ==
          "dimension_mismatch");
    for (unsigned const bits : {0U, 9U, 4'000'000'000U}) {
        CHECK(make_outcome({codec_kind::integer, {}, quantize::mid_rise_form{bits}, {}}) == "invalid_argument");
        CHECK(make_outcome({codec_kind::integer, {}, quantize::lvq_form{bits}, {}}) == "invalid_argument");
    }
}

TEST_CASE("a coding comes back from its bytes, and codes as before", "[index][coding]") {
    for (std::size_t const dims : {std::size_t{4}, std::size_t{70}})
        for (auto const& [name, how] : all_codings(dims)) {
            auto const bytes = coding_to_bytes(how);
            CAPTURE(name, dims);
            auto const again = coding_from_bytes(how.kind, dims, bytes);
            CHECK(again.kind == how.kind);
            CHECK((coding_to_bytes(again) == bytes));
            CHECK((decoded(again, dims) == decoded(how, dims)));
            // What the kind says alone takes no bytes.
            CHECK(bytes.empty() == (!how.map && !how.form && !how.product && !how.eden));
        }
}

TEST_CASE("every truncation of a coding is refused, and so are bytes after it", "[index][coding][damage]") {
    for (auto const& [name, how] : all_codings(6)) {
        auto bytes = coding_to_bytes(how);
        if (bytes.empty()) continue;
        CAPTURE(name, bytes.size());
        for (std::size_t length = 1; length < bytes.size(); ++length) {
            auto const result = outcome([&] { return coding_from_bytes(how.kind, 6, std::span(bytes).first(length)); });
            if (result != "corrupt_file") FAIL("first " << length << " bytes: " << result);
        }
        for (int const last : {0, 1, 255}) {
            auto longer = bytes;
            longer.push_back(static_cast<std::byte>(last));
            CHECK(outcome([&] { return coding_from_bytes(how.kind, 6, longer); }) == "corrupt_file");
        }
    }
}

TEST_CASE("a coding with any bit flipped is refused, or is another coding that makes an index and gives the same bytes again",
          "[index][coding][damage]") {
    for (auto const& [name, how] : all_codings(6)) {
        auto const bytes = coding_to_bytes(how);
        std::size_t refused = 0;
        // Beyond 2,000 bits: of numbers alone. RaBitQ of many bits takes its time to find its scale, so only what is not the rotation's flips.
        bool const slow = name.starts_with("rabitq") && name > "rabitq3";
        for (std::size_t bit = 0; bit < std::min<std::size_t>(8 * bytes.size(), 2000); ++bit) {
            if (slow && bit / 8 > 20 && bit / 8 + 2 < bytes.size()) continue;
            auto damaged = bytes;
            damaged[bit / 8] ^= std::byte{1} << (bit % 8);
            auto const result = outcome([&] {
                auto const other = coding_from_bytes(how.kind, 6, damaged);
                if (coding_to_bytes(other) != damaged) throw error(error_code::io_failure, "other bytes");
                try {
                    auto const index = make_index(other, 6);
                    index->add("a", row_of(6));
                    static_cast<void>(index->search(row_of(6)));
                } catch (error const& e) {
                    // A projection may leave nothing of a vector, and the codebooks be too large; but that is all.
                    if (e.code() != error_code::invalid_argument && e.code() != error_code::dimension_mismatch &&
                        e.code() != error_code::out_of_range)
                        throw error(error_code::io_failure, e.what());
                }
                return 0;
            });
            CAPTURE(name, bit / 8, bit % 8);
            if (result != "ok" && result != "corrupt_file" && result != "unsupported_version" && result != "limit_exceeded")
                CHECK(result == "ok or a refusal");
            refused += result == "ok" ? 0U : 1U;
        }
        CAPTURE(name, refused);
        CHECK((bytes.empty() || refused >= 8));
    }
}

TEST_CASE("a coding whose parts do not fit each other, or hold what no encoder takes, is refused as corrupt", "[index][coding][damage]") {
    auto const affine = [](float low, float step) {
        std::vector<float> lows(3, low), steps(3, step);
        simile::detail::byte_writer out;
        out.u32(0);
        out.u8(4);
        out.u8(4);
        out.floats(lows);
        out.floats(steps);
        return out.bytes;
    };
    auto const read = [](codec_kind kind, std::size_t dims, std::span<std::byte const> bytes) {
        return outcome([&] { return coding_from_bytes(kind, dims, bytes); });
    };
    CHECK(read(codec_kind::integer, 3, affine(-1, 0.1F)) == "ok");
    CHECK(read(codec_kind::integer, 3, affine(std::numeric_limits<float>::quiet_NaN(), 0.1F)) == "corrupt_file");
    CHECK(read(codec_kind::integer, 3, affine(-1, std::numeric_limits<float>::infinity())) == "corrupt_file");
    CHECK(read(codec_kind::integer, 3, affine(-1, -0.1F)) == "corrupt_file");
    CHECK(read(codec_kind::integer, 4, affine(-1, 0.1F)) == "corrupt_file");
    CHECK(read(codec_kind::integer, 2, affine(-1, 0.1F)) == "corrupt_file");
    auto const head = [](std::uint32_t length, std::uint8_t form, std::uint8_t bits) {
        simile::detail::byte_writer out;
        out.u32(length);
        out.u8(form);
        out.u8(bits);
        return out.bytes;
    };
    CHECK(read(codec_kind::integer, 3, head(0, 1, 4)) == "ok");
    CHECK(read(codec_kind::integer, 3, head(0, 1, 0)) == "corrupt_file");
    CHECK(read(codec_kind::integer, 3, head(0, 2, 9)) == "corrupt_file");
    CHECK(read(codec_kind::integer, 3, head(0, 99, 4)) == "unsupported_version");
    CHECK(read(codec_kind::integer, 3, head(1, 1, 4)) == "corrupt_file");
    CHECK(read(codec_kind::integer, 3, head(0xFFFFFFFFU, 1, 4)) == "corrupt_file");
    // No form has no bits, and a scale is there or not.
    CHECK(read(codec_kind::int8, 3, head(0, 0, 1)) == "corrupt_file");
    auto const codebooks = normal_vector(48, 1);
    auto product = coding_to_bytes({codec_kind::product, {}, {}, quantize::product_codec(quantize::product_quantizer(3, 2, codebooks))});
    CHECK(read(codec_kind::product, 3, product) == "ok");
    CHECK(read(codec_kind::product, 4, product) == "corrupt_file");
    product[5] = std::byte{2};
    CHECK(read(codec_kind::product, 3, product) == "corrupt_file");
    auto const rotation = coding_to_bytes({codec_kind::int8, quantize::transform(3).rotated(), {}, {}});
    CHECK(read(codec_kind::int8, 3, rotation) == "ok");
    CHECK(read(codec_kind::int8, 4, rotation) == "corrupt_file");
}
