// SPDX-License-Identifier: Apache-2.0
#include <simile/quantize/rabitq.hpp>
#include <simile/quantize/rabitq_terms.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <bit>

using namespace simile;
using namespace simile::test;
using quantize::rabitq_encoder;

namespace {

double cosine_of(std::span<float const> x, std::span<std::uint8_t const> codes, unsigned bits) {
    exact_sum xw;
    double ww = 0;
    for (std::size_t j = 0; j < x.size(); ++j) {
        double const w = codes[j] - (std::ldexp(1.0, int(bits)) - 1) / 2;
        xw.add(double{x[j]} * w);
        ww += w * w;
    }
    return xw.value / std::sqrt(dot_by_definition<float>(x, x).value * ww);
}

/// The best cosine of any t, tried just above every step.
double best_cosine(std::span<float const> x, unsigned bits) {
    double const most = std::ldexp(1.0, int(bits) - 1) - 1;
    std::vector<double> scales{0};
    for (float const v : x)
        for (double m = 1; m <= most; ++m) scales.push_back(m / std::abs(double{v}) * (1 + 1e-13));
    double best = 0;
    for (double const t : scales) {
        double xw = 0, ww = 0;
        for (float const v : x) {
            double const level = std::min(std::floor(t * std::abs(double{v})), most) + 0.5;
            xw += std::abs(double{v}) * level;
            ww += level * level;
        }
        best = std::max(best, xw / std::sqrt(ww));
    }
    return best / std::sqrt(dot_by_definition<float>(x, x).value);
}

/// normal; one large value; heavy tails; bounded
std::vector<float> vector_of_kind(int kind, std::size_t d, std::uint64_t seed) {
    auto x = normal_vector(d, seed);
    if (kind == 1) x[0] *= 10;
    for (float& v : x) v = kind == 2 ? v * v * v : kind == 3 ? v / (1 + std::abs(v)) : v;
    return x;
}

}  // namespace

TEST_CASE("the exact RaBitQ encoder finds the closest code", "[quantize][rabitq]") {
    for (int kind = 0; kind < 4; ++kind)
        for (std::size_t const d : {1U, 2U, 5U, 16U, 40U})
            for (unsigned bits = 1; bits <= 8; ++bits) {
                auto const x = vector_of_kind(kind, d, bits + 10 * d);
                std::vector<std::uint8_t> codes(d);
                quantize::rabitq_encode_exact(x, bits, codes);
                CAPTURE(kind, d, bits);
                CHECK(cosine_of(x, codes, bits) >= best_cosine(x, bits) - 1e-12);
                for (std::size_t j = 0; j < d; ++j) CHECK((codes[j] >> (bits - 1) == 1) == (x[j] > 0));
            }
}

TEST_CASE("RaBitQ codes are as close as the paper says, without bias, and the bound covers what it should", "[quantize][rabitq]") {
    // Cosine, error times sqrt(d), and how far the constant scale may lie behind, for 1 .. 8 bits.
    constexpr double cosines[]{.798, .939, .982, .9945, .9985, .9996, .9999, .99998};
    constexpr double errors[]{.738, .361, .186, .107, .0536, .0273, .0135, .00673};
    std::size_t const d = 384;
    quantize::rabitq_sweep sweep;
    for (unsigned bits = 1; bits <= 8; ++bits) {
        rabitq_encoder const encoder(d, bits);
        for (bool const exact : {false, true}) {
            // The quick encoder is for up to 5 bits; the exact one takes its time.
            if (!exact && bits > 5) continue;
            std::size_t const rows = exact ? 30 : 200, queries = 20;
            double cosine = 0, sum = 0, squares = 0, published = 0, safe = 0;
            for (std::size_t i = 0; i < rows; ++i) {
                auto const x = unit_vector(d, i);
                std::vector<std::uint8_t> codes(d);
                auto const factors = exact ? quantize::rabitq_encode_exact(x, bits, codes, sweep) : encoder.encode(x, codes);
                cosine += quantize::code_cosine(quantize::sums_of(x, codes, bits));
                double const bound = quantize::rabitq_error(x, codes, bits),
                             wide = quantize::rabitq_error(x, codes, bits, quantize::rabitq_safe_epsilon);
                for (std::size_t k = 0; k < queries; ++k) {
                    auto const q = unit_vector(d, 1'000'000 + queries * i + k);
                    double const error = quantize::estimate_by_levels(codes, bits, factors, q) - dot_by_definition<float>(x, q).value;
                    sum += error;
                    squares += error * error;
                    published += std::abs(error) > bound;
                    safe += std::abs(error) > wide;
                }
            }
            double const pairs = double(rows * queries), rms = std::sqrt(squares / pairs);
            CAPTURE(bits, exact, cosine / double(rows), rms * std::sqrt(double(d)), published / pairs, safe / pairs, encoder.scale());
            CHECK(std::abs(cosine / double(rows) - cosines[bits - 1]) <= 0.08 * (1 - cosines[bits - 1]) + 5e-5);
            // Mean and deviation of this many errors are known to 4 / sqrt(2 n).
            CHECK(std::abs(rms * std::sqrt(double(d)) / errors[bits - 1] - 1) <= 4 / std::sqrt(2 * pairs) + 0.05);
            CHECK(std::abs(sum / pairs) <= 4 * rms / std::sqrt(pairs));
            CHECK(published / pairs >= 0.03);
            CHECK(published / pairs <= 0.08);
            CHECK(safe / pairs <= 0.01);
        }
    }
}

TEST_CASE("the quick RaBitQ encoder writes the code of its scale", "[quantize][rabitq]") {
    for (std::size_t const d : {1U, 3U, 64U, 129U, 384U})
        for (unsigned bits = 1; bits <= 8; ++bits) {
            rabitq_encoder const encoder(d, bits);
            auto const x = normal_vector(d, bits);
            double const t = encoder.scale() / std::sqrt(dot_by_definition<float>(x, x).value), most = std::ldexp(1.0, int(bits) - 1) - 1;
            std::vector<std::uint8_t> codes(d);
            auto const factors = encoder.encode(x, codes);
            for (std::size_t j = 0; j < d; ++j) {
                double const level = codes[j] - (std::ldexp(1.0, int(bits)) - 1) / 2, at = std::abs(double{x[j]}) * t;
                CAPTURE(d, bits, j, at, level);
                REQUIRE((level > 0) == (x[j] > 0));
                // The step it lies in, but for two roundings in float.
                REQUIRE(std::abs(level) >= std::min(std::floor(at - 1e-6 * (1 + at)), most) + 0.5);
                REQUIRE(std::abs(level) <= std::min(std::floor(at + 1e-6 * (1 + at)), most) + 0.5);
            }
            auto const xx = dot_by_definition<float>(x, x).value;
            CHECK(std::abs(quantize::estimate_by_levels(codes, bits, factors, x) - xx) <= 1e-6 * xx);
            CHECK(factors.offset == 0);
        }
}

TEST_CASE("the constant RaBitQ scale is as good as the best one up to 5 bits", "[quantize][rabitq]") {
    for (unsigned bits = 2; bits <= 5; ++bits) {
        rabitq_encoder const encoder(384, bits);
        double quick = 0, exact = 0;
        std::vector<std::uint8_t> codes(384);
        for (std::uint64_t i = 0; i < 20; ++i) {
            auto const x = unit_vector(384, 500 + i);
            encoder.encode(x, codes);
            quick += 1 - cosine_of(x, codes, bits);
            quantize::rabitq_encode_exact(x, bits, codes);
            exact += 1 - cosine_of(x, codes, bits);
        }
        CAPTURE(bits, quick / exact);
        CHECK(quick >= exact);
        CHECK(quick <= 1.08 * 1.08 * exact);  // the error goes with the root
    }
}

TEST_CASE("one RaBitQ bit is the sign, and zero vectors have codes worth nothing", "[quantize][rabitq]") {
    std::vector<float> const x{0.5F, -1e-30F, 0.0F, -0.0F, 3e30F};
    std::vector<std::uint8_t> codes(5);
    rabitq_encoder(5, 1).encode(x, codes);
    CHECK(codes == std::vector<std::uint8_t>{1, 0, 0, 0, 1});
    quantize::rabitq_encode_exact(x, 1, codes);
    CHECK(codes == std::vector<std::uint8_t>{1, 0, 0, 0, 1});

    std::vector<float> const zero(5, 0.0F);
    for (unsigned bits = 1; bits <= 8; ++bits) {
        auto const below = static_cast<std::uint8_t>((1U << (bits - 1)) - 1);
        CHECK(rabitq_encoder(5, bits).encode(zero, codes).scale == 0);
        CHECK(codes == std::vector<std::uint8_t>(5, below));
        CHECK(quantize::rabitq_encode_exact(zero, bits, codes).scale == 0);
        CHECK(codes == std::vector<std::uint8_t>(5, below));
        CHECK(quantize::rabitq_error(zero, codes, bits) == 0);
        CHECK(quantize::code_cosine(quantize::sums_of(zero, codes, bits)) == 0);
    }
}

TEST_CASE("the published RaBitQ terms estimate distances and inner products alike", "[quantize][rabitq]") {
    std::size_t const d = 128;
    for (unsigned const bits : {1U, 4U, 8U}) {
        auto const r = normal_vector(d, 1, 0.1F), c = normal_vector(d, 2, 0.02F), q = unit_vector(d, 3);
        std::vector<std::uint8_t> codes(d);
        auto const factors = quantize::rabitq_encode_exact(r, bits, codes);
        auto const terms = quantize::rabitq_terms_of(r, c, codes, bits);
        double const qc = dot_by_definition<float>(q, c).value, cc = dot_by_definition<float>(c, c).value,
                     qq = dot_by_definition<float>(q, q).value;
        auto const l2 = quantize::rabitq_estimate_of(terms.squared_l2, codes, bits, q, qq - 2 * qc + cc, 1.0);
        auto const dot = quantize::rabitq_estimate_of(terms.negative_dot, codes, bits, q, -qc, 1.0);
        // In our form: <q, x> = <q, c> + <q - c, r> + <c, r>, with the estimate for the middle term.
        std::vector<float> toward(d);
        std::transform(q.begin(), q.end(), c.begin(), toward.begin(), std::minus<>());
        double const rc = dot_by_definition<float>(r, c).value;
        double const expected = qc + quantize::estimate_by_levels(codes, bits, factors, toward) + rc;
        CAPTURE(bits);
        CHECK(std::abs(-dot.value - expected) <= 1e-6);
        double const xx = dot_by_definition<float>(r, r).value + 2 * rc + cc;
        CHECK(std::abs(l2.value - (xx + qq - 2 * expected)) <= 1e-6);
        CHECK(std::abs(dot.bound - quantize::rabitq_error(r, codes, bits)) <= 1e-12);
        CHECK(std::abs(l2.bound - 2 * dot.bound) <= 1e-12);
    }
}

TEST_CASE("RaBitQ has the same bits everywhere", "[quantize][rabitq]") {
    std::uint64_t hash = 0xCBF29CE484222325U;
    auto const add = [&](std::uint64_t v) { hash = (hash ^ v) * 0x100000001B3U; };
    std::vector<std::uint8_t> codes(100);
    for (unsigned bits = 1; bits <= 8; ++bits) {
        rabitq_encoder const encoder(100, bits);
        add(std::bit_cast<std::uint64_t>(encoder.scale()));
        for (std::uint64_t seed = 0; seed < 5; ++seed) {
            auto const x = normal_vector(100, seed);
            add(std::bit_cast<std::uint32_t>(encoder.encode(x, codes).scale));
            for (auto const c : codes) add(c);
            add(std::bit_cast<std::uint32_t>(quantize::rabitq_encode_exact(x, bits, codes).scale));
            for (auto const c : codes) add(c);
        }
    }
    CHECK(hash == 0x6418407EC5684B38U);
}

TEST_CASE("RaBitQ refuses what it cannot encode", "[quantize][rabitq]") {
    std::vector<float> const x(3, 1.0F);
    std::vector<std::uint8_t> codes(3), other(2);
    CHECK(outcome([&] { return quantize::rabitq_encode_exact(x, 0, codes); }) == "invalid_argument");
    CHECK(outcome([&] { return quantize::rabitq_encode_exact(x, 9, codes); }) == "invalid_argument");
    CHECK(outcome([&] { return quantize::rabitq_encode_exact(x, 4, other); }) == "dimension_mismatch");
    CHECK(outcome([&] { return rabitq_encoder(0, 4); }) == "invalid_argument");
    CHECK(outcome([&] { return rabitq_encoder(3, 9); }) == "invalid_argument");
}
