// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common.hpp"

#include <simile/core/aligned_buffer.hpp>
#include <simile/core/norm.hpp>
#include <simile/quantize/planes.hpp>
#include <simile/quantize/rabitq_terms.hpp>
#include <simile/quantize/recurrent_binary.hpp>
#include <simile/quantize/recurrent_binary_encoder.hpp>
#include <simile/quantize/rotation.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace simile::conformance {

[[nodiscard]] inline std::vector<float> unit_of(std::vector<float> const& x) {
    require(all_finite(x), error_code::not_finite, "a component is NaN or infinite");
    std::vector<float> out(x.size());
    require(to_unit(x, out) > 0, error_code::zero_norm, "the vector is zero");
    return out;
}

[[nodiscard]] inline json planes_operation(json const& in) {
    using codec_type = quantize::planes_1_3_4;
    auto const x = numbers<float>(in.at("x"));
    codec_type const codec(x.size());
    std::vector<codec_type::integer> codes(x.size());
    std::array<byte_buffer, codec_type::levels> blocks;
    codec_type::mutable_planes to{};
    codec_type::planes from{};
    for (unsigned p = 0; p < codec_type::levels; ++p) {
        blocks[p].assign(codec.block_bytes(p), std::byte{0});
        from[p] = to[p] = blocks[p].data();
    }
    constexpr std::size_t slot = 21;
    codec.encode(unit_of(x), to, slot, codes);
    json out = {{"codes", codes}, {"factors", json::array()}};
    for (unsigned p = 0; p < codec_type::levels; ++p) out["factors"].push_back(codec.factor(from[p], p, slot));
    if (!in.contains("q")) return out;

    auto const q = numbers<float>(in.at("q"));
    require_same_size(x, q);
    auto const prepared = codec.prepare(unit_of(q), 1.0F);
    out["estimates"] = json::array();
    for (unsigned level = 1; level <= codec_type::levels; ++level) out["estimates"].push_back(codec.score(prepared, from, slot, level));
    return out;
}

/// Strings of 0 and 1, one a round, as packed bits.
[[nodiscard]] inline std::vector<std::uint8_t> flips_of(json const& rounds, std::size_t padded) {
    require(rounds.size() == quantize::rotation::rounds, error_code::invalid_argument, "there are ", rounds.size(), " rounds of flips");
    std::vector<std::uint8_t> bytes(rounds.size() * padded / 8);
    std::size_t bit = 0;
    for (json const& round : rounds) {
        auto const& text = round.get_ref<std::string const&>();
        require(text.size() == padded && text.find_first_not_of("01") == std::string::npos, error_code::invalid_argument,
                "a round of flips is not ", padded, " times 0 or 1");
        for (char const c : text) {
            bytes[bit / 8] |= static_cast<std::uint8_t>((c - '0') << bit % 8);
            ++bit;
        }
    }
    return bytes;
}

[[nodiscard]] inline json rotation_operation(json const& in) {
    auto const x = numbers<float>(in.at("x"));
    auto const dims = in.value("dim", x.size()), padded = quantize::rotation::padded_dims(dims);
    require(dims != 0, error_code::invalid_argument, "there are no dimensions");
    require(x.size() == dims, error_code::dimension_mismatch, "x has ", x.size(), " elements, not ", dims);
    require(in.value("padded", padded) == padded, error_code::invalid_argument, dims, " dimensions are padded to ", padded);
    require(all_finite(x), error_code::not_finite, "a component is NaN or infinite");
    quantize::rotation const rotation(dims, flips_of(in.at("flips"), padded), std::bit_floor(dims));
    std::vector<float> y(padded), back(dims);
    rotation.apply(x, y);
    rotation.apply_transposed(y, back);
    return {{"y", y}, {"back", back}};
}

/// Codes of the same signs that are not better than ours are as good an answer: then the factors are those of them.
[[nodiscard]] inline std::vector<std::uint8_t> equally_good_codes(std::vector<float> const& r, unsigned bits,
                                                                  std::vector<std::uint8_t> const& ours, json const& expected) {
    auto const theirs = expected.contains("code") ? numbers<std::uint8_t>(expected["code"]) : ours;
    auto const cosine = [&](auto const& codes) { return quantize::code_cosine(quantize::sums_of(r, codes, bits)); };
    auto const same_sign = [&](std::uint8_t a, std::uint8_t b) { return a >> (bits - 1) == b >> (bits - 1); };
    bool const as_good =
        std::equal(theirs.begin(), theirs.end(), ours.begin(), ours.end(), same_sign) && cosine(ours) >= cosine(theirs) - 1e-6;
    return as_good ? theirs : ours;
}

[[nodiscard]] inline json rabitq_operation(json const& in) {
    auto const x = numbers<float>(in.at("x")), q = numbers<float>(in.at("q"));
    auto const c = in.contains("c") ? numbers<float>(in["c"]) : std::vector<float>(x.size(), 0.0F);
    require_same_size(x, q);
    require_same_size(x, c);
    require(in.value("dim", x.size()) == x.size(), error_code::dimension_mismatch, "x has ", x.size(), " elements");
    require(!x.empty(), error_code::invalid_argument, "there are no dimensions");
    require(all_finite(x) && all_finite(q) && all_finite(c), error_code::not_finite, "a component is NaN or infinite");
    auto const bits = in.at("bits").get<unsigned>();
    double const epsilon = in.value("epsilon", quantize::rabitq_published_epsilon);
    std::vector<float> r(x.size()), toward(x.size());
    std::transform(x.begin(), x.end(), c.begin(), r.begin(), std::minus<>());
    std::transform(q.begin(), q.end(), c.begin(), toward.begin(), std::minus<>());
    std::vector<std::uint8_t> codes(x.size());
    quantize::rabitq_encode_exact(r, bits, codes);
    if (in.contains("expected")) codes = equally_good_codes(r, bits, codes, in["expected"]);

    auto const terms = quantize::rabitq_terms_of(r, c, codes, bits, epsilon);
    double const distance = norm(toward), qc = quantize::wide_dot(q, c);
    double exact_l2 = 0;
    for (std::size_t i = 0; i < x.size(); ++i) exact_l2 += (double{x[i]} - double{q[i]}) * (double{x[i]} - double{q[i]});
    auto const report = [&](quantize::rabitq_terms const& t, double g, double exact) -> json {
        auto const [value, bound] = quantize::rabitq_estimate_of(t, codes, bits, q, g, distance);
        return {{"f_add", t.add}, {"f_rescale", t.rescale}, {"f_error", t.error}, {"estimate", value}, {"bound", bound}, {"exact", exact}};
    };
    return {{"code", codes},
            {"cos_code", quantize::code_cosine(quantize::sums_of(r, codes, bits))},
            {"l2", report(terms.squared_l2, distance * distance, exact_l2)},
            {"ip", report(terms.negative_dot, -qc, -quantize::wide_dot(x, q))}};
}

[[nodiscard]] inline json levels_of(std::vector<std::uint8_t> const& codes, unsigned bits) {
    json out = json::array();
    for (std::uint8_t const c : codes) out.push_back(quantize::recurrent_level(c, bits));
    return out;
}

[[nodiscard]] inline json recurrent_binary_operation(json const& in) {
    auto const bits = in.at("bits").get<unsigned>();
    auto const a = numbers<std::uint8_t>(in.at("a")), b = numbers<std::uint8_t>(in.at("b"));
    quantize::require_recurrent_codes(a, bits);
    quantize::require_recurrent_codes(b, bits);
    require_same_size(a, b);
    json out = {{"value_a", levels_of(a, bits)},
                {"value_b", levels_of(b, bits)},
                {"dot", quantize::recurrent_dot(a, b, bits)},
                {"inv_norm_a", quantize::recurrent_inverse_norm(a, bits)},
                {"inv_norm_b", quantize::recurrent_inverse_norm(b, bits)},
                {"cosine", quantize::recurrent_cosine(a, b, bits)},
                {"sdc2_table", quantize::sdc2_table}};
    if (bits != 2 || a.size() % 2 != 0) return out;
    quantize::sdc2_query const query(a);
    std::vector<std::uint8_t> block(query.block_bytes());
    std::array<float, block_rows> dots;
    query.put(b, block.data(), 21);
    query.scan(block.data(), dots);
    out["sdc2_dot"] = dots[21];
    return out;
}

/// A matrix given as an array of rows.
[[nodiscard]] inline quantize::dense_block linear_map(json const& rows) {
    std::vector<float> values;
    for (json const& row : rows) {
        require(row.size() == rows[0].size(), error_code::dimension_mismatch, "a row has ", row.size(), " elements");
        auto const line = numbers<float>(row);
        values.insert(values.end(), line.begin(), line.end());
    }
    return quantize::dense_block({values.data(), rows.size(), rows.empty() ? 0 : rows[0].size()});
}

[[nodiscard]] inline json recurrent_binary_encode_operation(json const& in) {
    std::vector<quantize::dense_block> back, residual;
    for (json const& rows : in.value("B", json::array())) back.push_back(linear_map(rows));
    for (json const& rows : in.value("R", json::array())) residual.push_back(linear_map(rows));
    quantize::recurrent_binary_encoder const encoder(linear_map(in.at("W")), back, residual);
    auto const codes = encoder.encode(numbers<float>(in.at("f")));
    return {{"code", codes}, {"value", levels_of(codes, encoder.bits())}};
}

[[nodiscard]] inline operation_map quantize_operations() {
    return {
        {"quantize/planes", planes_operation},
        {"quantize/rabitq", rabitq_operation},
        {"quantize/recurrent_binary", recurrent_binary_operation},
        {"quantize/recurrent_binary_encode", recurrent_binary_encode_operation},
        {"quantize/rotation", rotation_operation},
    };
}

}  // namespace simile::conformance
