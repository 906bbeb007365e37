// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/similarity_kind.hpp>
#include <simile/index/coding.hpp>

#include "support/exact_search.hpp"
#include "support/reference.hpp"
#include "support/reference_planes.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace simile::test {

/// Every name that coding_of knows, each family once with "+rotated".
[[nodiscard]] inline std::vector<std::string> coding_names() {
    std::vector<std::string> names{"f32", "f16", "bf16", "int8", "planes", "planes2", "planes12"};
    for (unsigned bits = 1; bits <= 7; ++bits) names.push_back("int" + std::to_string(bits));
    for (unsigned bits = 1; bits <= 8; ++bits) names.push_back("lvq" + std::to_string(bits));
    for (unsigned bits = 1; bits <= 8; ++bits) names.push_back("rabitq" + std::to_string(bits));
    for (unsigned bits = 1; bits <= 4; ++bits) names.push_back("eden" + std::to_string(bits));
    for (char const* const name : {"f16", "bf16", "int8", "planes", "planes2", "planes12", "int4", "int7", "lvq3", "rabitq2"})
        names.push_back(std::string(name) + "+rotated");
    return names;
}

struct named_coding {
    std::string name;
    coding how;
};

/// Those of the names, and codings that are fitted to a sample: ranges a dimension, product codes, centring, projections.
/// @param dims  at least 4
[[nodiscard]] inline std::vector<named_coding> all_codings(std::size_t dims) {
    std::vector<named_coding> out;
    for (auto const& name : coding_names()) out.push_back({name, coding_of(name, dims)});
    auto const sample = [&](std::size_t d) {
        std::vector<float> rows;
        for (std::uint64_t i = 0; i < 40; ++i) {
            auto const one = unit_vector(d, 500 + i);
            rows.insert(rows.end(), one.begin(), one.end());
        }
        return rows;
    };
    auto const rows = sample(dims);
    for (unsigned const bits : {2U, 4U, 8U})
        out.push_back({"affine" + std::to_string(bits),
                       {codec_kind::integer, {}, quantize::affine_ranges::fitted({rows.data(), 40, dims}, bits), {}}});
    float const spread = 1 / std::sqrt(static_cast<float>(dims));
    auto const codebooks = normal_vector(16 * dims, 9, spread);
    out.push_back(
        {"product", {codec_kind::product, {}, {}, quantize::product_codec(quantize::product_quantizer(dims, dims / 2, codebooks))}});
    out.push_back({"product of few",
                   {codec_kind::product,
                    {},
                    {},
                    quantize::product_codec(quantize::product_quantizer(dims, 3, codebooks), quantize::product_scale::plain)}});
    auto const mean = normal_vector(dims, 10, 0.2F * spread);
    auto const centred = quantize::transform(dims).centred(mean);
    out.push_back({"centred planes", {codec_kind::planes, centred, {}, {}}});
    out.push_back({"centred and rotated int4", {codec_kind::integer, centred.rotated(), quantize::mid_rise_form{4}, {}}});
    out.push_back({"prefix of int8", {codec_kind::int8, quantize::transform(dims).prefix(dims / 2, true), {}, {}}});
    out.push_back(
        {"projected lvq5",
         {codec_kind::integer, quantize::transform(dims).projected(normal_vector(3 * dims, 11, spread)), quantize::lvq_form{5}, {}}});
    auto const rotated = quantize::transform(dims).rotated();
    auto const wide = normal_vector(16 * rotated.code_dims(), 12, spread);
    out.push_back({"rotated product",
                   {codec_kind::product,
                    rotated,
                    {},
                    quantize::product_codec(quantize::product_quantizer(rotated.code_dims(), rotated.code_dims() / 4, wide))}});
    return out;
}

/// A value and how far a float computation of it may be off.
struct bounded {
    double value = 0;
    double bound = 0;
};

/// Scores of a coding by definition: in double, over what the code of a row stands for. Only the query's codes and the stored factors may make them differ.
class coding_reference {
public:
    coding_reference(coding how, similarity_kind similarity) : how_(std::move(how)), similarity_(similarity) {}

    /// @param x, q  not zero
    [[nodiscard]] bounded score(std::span<float const> x, std::span<float const> q) const {
        double const x2 = std::sqrt(dot_by_definition(x, x).value), q2 = std::sqrt(dot_by_definition(q, q).value);
        // f32 keeps rows as they are, but directions under cosine.
        if (how_.kind == codec_kind::f32) {
            double const exact = exact_score(similarity_, x, q);
            return {exact, similarity_ == similarity_kind::squared_l2 ? 1e-5 * std::abs(exact)
                                                                      : 1e-5 * (similarity_ == similarity_kind::dot ? x2 * q2 : 1)};
        }
        bounded const e = estimate(direction(x), direction(q));
        if (similarity_ == similarity_kind::cosine) return {std::clamp(e.value, -1.0, 1.0), e.bound};
        if (similarity_ == similarity_kind::dot) return {e.value * x2 * q2, e.bound * x2 * q2};
        double const rounding = 8 * 0x1p-24 * (x2 * x2 + q2 * q2 + 2 * x2 * q2);
        return {std::min(0.0, -x2 * x2 - q2 * q2 + 2 * e.value * x2 * q2), 2 * e.bound * x2 * q2 + rounding};
    }

private:
    [[nodiscard]] static std::vector<float> direction(std::span<float const> x) {
        std::vector<float> out(x.size());
        to_unit(x, out);
        return out;
    }

    /// <x, q> of two directions.
    [[nodiscard]] bounded estimate(std::vector<float> x, std::vector<float> q) const {
        double shift = 0;
        if (how_.map) {
            std::vector<float> row(how_.map->code_dims()), query(how_.map->code_dims());
            how_.map->map_row(x, row);
            shift = how_.map->map_query(q, query);
            x = row;
            q = query;
        }
        auto const [value, bound] = how_.kind == codec_kind::product                                           ? product_estimate(x, q)
                                    : how_.form && std::holds_alternative<quantize::affine_ranges>(*how_.form) ? affine_estimate(x, q)
                                                                                                               : plain_estimate(x, q);
        // Sums in float, and the rounding of the shift.
        return {value + shift, bound + 2e-6 * (1 + std::abs(value) + std::abs(shift))};
    }

    [[nodiscard]] bounded plain_estimate(std::span<float const> x, std::span<float const> q) const {
        auto const v = decoded(x);
        double value = 0, l1 = 0, largest = 0;
        for (std::size_t i = 0; i < q.size(); ++i) {
            value += v[i] * double{q[i]};
            l1 += std::abs(v[i]);
            largest = std::max(largest, std::abs(double{q[i]}));
        }
        bool const is_raw = how_.kind == codec_kind::f16 || how_.kind == codec_kind::bf16;
        // Half a step of the query's codes for every value of the row; factors are halves up to 4 bits.
        double const half_step = is_raw ? 0 : largest / 127 / 2 / (how_.kind == codec_kind::planes12 ? 127 : 1);
        return {value, 1.00001 * half_step * l1 +
                           (is_raw ? 0 : 0x1p-11 * (std::abs(value) + half_step * l1) * factor_is_half() + offset_error(x, q))};
    }

    /// What the code stands for.
    [[nodiscard]] std::vector<double> decoded(std::span<float const> x) const {
        std::vector<double> out(x.size());
        if (how_.kind == codec_kind::f16 || how_.kind == codec_kind::bf16) {
            for (std::size_t i = 0; i < x.size(); ++i)
                out[i] = how_.kind == codec_kind::f16 ? double{simd::to_float(simd::to_half(x[i]))}
                                                      : double{simd::to_float(simd::to_bfloat16(x[i]))};
            return out;
        }
        if (how_.kind == codec_kind::eden) {
            auto codec = *how_.eden;
            std::vector<std::byte> block(codec.block_bytes());
            codec.encode(x, block.data(), 0);
            std::vector<float> stored(x.size());
            codec.decode(block.data(), 0, stored);
            std::copy(stored.begin(), stored.end(), out.begin());
            return out;
        }
        if (!how_.form || std::holds_alternative<quantize::mid_rise_form>(*how_.form)) {
            unsigned const total = how_.kind == codec_kind::planes12 ? 12 : 8,
                           bits = how_.form ? std::get<quantize::mid_rise_form>(*how_.form).bits : total;
            auto codes = mid_rise_codes(x, total);
            // 12 bits: the largest component lies exactly between two codes, and either will do.
            if (total == 12) std::transform(x.begin(), x.end(), codes.begin(), quantize::mid_rise_scaler(x, 12));
            double const factor = mid_rise_factor_by_definition(x, codes, bits, total);
            for (std::size_t i = 0; i < x.size(); ++i) out[i] = factor * mid_rise_level(codes[i], bits, total);
            return out;
        }
        auto const [codes, factors, bits] = encoded(x);
        for (std::size_t i = 0; i < x.size(); ++i)
            out[i] = double{factors.scale} * (codes[i] - (std::ldexp(1.0, int(bits)) - 1) / 2) + double{factors.offset};
        return out;
    }

    struct encoded_row {
        std::vector<std::uint8_t> codes;
        quantize::code_factors factors;
        unsigned bits;
    };
    /// By the encoders, which have tests of their own.
    [[nodiscard]] encoded_row encoded(std::span<float const> x) const {
        encoded_row out{std::vector<std::uint8_t>(x.size()), {}, 0};
        if (auto const* lvq = std::get_if<quantize::lvq_form>(&*how_.form)) {
            out.bits = lvq->bits;
            out.factors = quantize::lvq_encode(x, lvq->bits, out.codes);
        } else if (auto const* rabitq = std::get_if<quantize::rabitq_encoder>(&*how_.form)) {
            out.bits = rabitq->bits();
            out.factors = rabitq->encode(x, out.codes);
        } else {
            auto const& affine = std::get<quantize::affine_ranges>(*how_.form);
            out.bits = affine.bits();
            out.factors = affine.encode(x, out.codes);
        }
        return out;
    }
    [[nodiscard]] bool factor_is_half() const {
        if (how_.kind != codec_kind::integer) return false;
        if (auto const* m = std::get_if<quantize::mid_rise_form>(&*how_.form)) return m->bits <= 4;
        if (auto const* l = std::get_if<quantize::lvq_form>(&*how_.form)) return l->bits <= 4;
        if (auto const* r = std::get_if<quantize::rabitq_encoder>(&*how_.form)) return r->bits() <= 4;
        return false;
    }
    /// LVQ alone: scale and offset are rounded apart, and may cancel.
    [[nodiscard]] double offset_error(std::span<float const> x, std::span<float const> q) const {
        if (!factor_is_half() || !std::holds_alternative<quantize::lvq_form>(*how_.form)) return 0;
        auto const [codes, factors, bits] = encoded(x);
        double levels = 0, sum = 0;
        for (std::size_t i = 0; i < q.size(); ++i) {
            levels += (codes[i] - (std::ldexp(1.0, int(bits)) - 1) / 2) * double{q[i]};
            sum += double{q[i]};
        }
        return 0x1p-11 * (std::abs(double{factors.scale} * levels) + std::abs(double{factors.offset} * sum)) +
               0x1p-25 * (std::abs(levels) + std::abs(sum));
    }

    /// The steps of the ranges go into the query before it is coded.
    [[nodiscard]] bounded affine_estimate(std::span<float const> x, std::span<float const> q) const {
        auto const& ranges = std::get<quantize::affine_ranges>(*how_.form);
        auto const row = encoded(x);
        double value = 0, largest = 0, l1 = 0;
        for (std::size_t i = 0; i < q.size(); ++i) {
            value += (double{ranges.low()[i]} + double{ranges.step()[i]} * row.codes[i]) * double{q[i]};
            largest = std::max(largest, std::abs(double{ranges.step()[i]} * double{q[i]}));
            l1 += std::abs(row.codes[i] - (std::ldexp(1.0, int(row.bits)) - 1) / 2);
        }
        return {value, 1.00001 * largest / 127 / 2 * l1};
    }

    [[nodiscard]] bounded product_estimate(std::span<float const> x, std::span<float const> q) const {
        auto const& quantizer = how_.product->quantizer();
        std::vector<std::uint8_t> codes(quantizer.subspaces());
        quantizer.encode(x, std::span(codes));
        std::vector<float> v(x.size());
        quantizer.decode(codes, v);
        double const along = dot_by_definition<float>(x, v).value, xx = dot_by_definition<float>(x, x).value;
        double const factor = !how_.product->is_exact() ? 1 : along > 0 ? std::min(65504.0, xx / along) : 0;
        double const value = factor * dot_by_definition<float>(v, q).value;
        double const steps = static_cast<double>(quantizer.subspaces()) * double{quantizer.tables(q).step} / 2;
        return {value, 1.001 * factor * steps + 0x1p-10 * std::abs(value)};
    }

    coding how_;
    similarity_kind similarity_;
};

}  // namespace simile::test
