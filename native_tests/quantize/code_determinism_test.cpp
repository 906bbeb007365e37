// SPDX-License-Identifier: Apache-2.0
#include <simile/quantize/affine.hpp>
#include <simile/quantize/lloyd_max.hpp>
#include <simile/quantize/lvq.hpp>
#include <simile/quantize/rabitq.hpp>
#include <simile/quantize/recurrent_binary_encoder.hpp>
#include <simile/quantize/scalar.hpp>
#include <simile/quantize/transform.hpp>

#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <bit>
#include <functional>

using namespace simile;
using namespace simile::test;

// What is stored must not depend on the machine that wrote it: these sums are compared in every build, with and without fused multiply-adds.
namespace {

class fingerprint {
public:
    void add(std::uint64_t v) { hash_ = (hash_ ^ v) * 0x100000001B3U; }
    void add(float v) { add(std::uint64_t{std::bit_cast<std::uint32_t>(v)}); }
    void add(double v) { add(std::bit_cast<std::uint64_t>(v)); }
    void add(quantize::code_factors f) {
        add(f.scale);
        add(f.offset);
    }
    template <class T>
    void add(std::span<T const> values) {
        for (T const v : values) add(v);
    }
    void add(std::vector<std::uint8_t> const& codes) {
        for (auto const c : codes) add(std::uint64_t{c});
    }
    [[nodiscard]] std::uint64_t value() const { return hash_; }

private:
    std::uint64_t hash_ = 0xCBF29CE484222325U;
};

using row_encoder = std::function<quantize::code_factors(std::span<float const>, unsigned, std::span<std::uint8_t>)>;

std::uint64_t fingerprint_of(row_encoder const& run, unsigned first_bits, unsigned last_bits) {
    fingerprint sum;
    for (std::size_t const d : {1U, 13U, 100U, 384U})
        for (unsigned bits = first_bits; bits <= last_bits; ++bits)
            for (std::uint64_t seed = 0; seed < 20; ++seed) {
                auto const x = normal_vector(d, 1000 * d + seed, 0.1F);
                std::vector<std::uint8_t> codes(d);
                sum.add(run(x, bits, codes));
                sum.add(codes);
            }
    return sum.value();
}

}  // namespace

TEST_CASE("codes per vector have the same bits everywhere", "[quantize][determinism]") {
    CHECK(fingerprint_of([](auto x, unsigned bits, auto codes) { return quantize::mid_rise_encode_bits(x, bits, codes); }, 1, 8) ==
          0x2A086713EC3F853CU);
    CHECK(fingerprint_of([](auto x, unsigned bits, auto codes) { return quantize::mid_rise_encode_bits(x, bits, codes, 0.7F); }, 1, 8) ==
          0xDAF16DE6AB135598U);
    CHECK(fingerprint_of([](auto x, unsigned bits, auto codes) { return quantize::symmetric_encode(x, bits, codes); }, 2, 8) ==
          0x432DE8D236082E62U);
    CHECK(fingerprint_of([](auto x, unsigned bits, auto codes) { return quantize::lvq_encode(x, bits, codes); }, 1, 8) ==
          0x2E59A45DE8A9D4EDU);
    CHECK(fingerprint_of([](auto x, unsigned bits, auto codes) { return quantize::lvq_encode_two_level(x, bits, 8 - bits, codes); }, 1,
                         7) == 0xFA19F3916B3B98AEU);
    CHECK(fingerprint_of([](auto x, unsigned bits, auto codes) { return quantize::rabitq_encoder(x.size(), bits).encode(x, codes); }, 1,
                         5) == 0x860B676D33183E4CU);
    CHECK(fingerprint_of([](auto x, unsigned bits, auto codes) { return quantize::rabitq_encode_exact(x, bits, codes); }, 1, 4) ==
          0x60B5B45C4919E2DBU);
}

TEST_CASE("levels and their codes have the same bits everywhere", "[quantize][determinism]") {
    fingerprint tables;
    for (std::size_t const d : {0U, 3U, 4U, 100U, 384U})
        for (unsigned bits = 1; bits <= 4; ++bits) tables.add(std::span<double const>(quantize::lloyd_max_levels(bits, d).values));
    CHECK(tables.value() == 0x6FF771D0F4E5FE6DU);
    std::vector<quantize::lloyd_max_encoder> const encoders{quantize::lloyd_max_encoder(1), quantize::lloyd_max_encoder(2),
                                                            quantize::lloyd_max_encoder(3), quantize::lloyd_max_encoder(4)};
    CHECK(fingerprint_of([&](auto x, unsigned bits, auto codes) { return quantize::code_factors{encoders[bits - 1].encode(x, codes), 0}; },
                         1, 4) == 0x9DAC0A7B1F46A707U);
}

TEST_CASE("what is made of matrices and samples has the same bits everywhere", "[quantize][determinism]") {
    std::size_t const d = 50;
    auto const matrix = normal_vector(40 * d, 1), mean = normal_vector(d, 2), rows = normal_vector(60 * d, 3);
    auto const t = quantize::transform(d).centred(mean).projected(matrix).rotated();
    auto const ranges = quantize::affine_ranges::fitted({rows, d}, 8);
    quantize::dense_block const block(std::vector<quantize::dense_layer>{quantize::dense_layer({matrix.data(), d, 40})});
    fingerprint sum;
    std::vector<float> out(t.code_dims()), back(d);
    std::vector<std::uint8_t> codes(d);
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        auto const x = normal_vector(d, 100 + seed);
        sum.add(t.map_query(x, out));
        sum.add(std::span<float const>(out));
        t.map_row(x, out);
        sum.add(std::span<float const>(out));
        t.unmap(out, back);
        sum.add(std::span<float const>(back));
        ranges.encode(x, codes);
        sum.add(codes);
        sum.add(ranges.fold(x, back));
        sum.add(std::span<float const>(back));
        sum.add(std::span<float const>(block(x)));
    }
    CHECK(sum.value() == 0xC63CDB4CA63577B8U);
}
