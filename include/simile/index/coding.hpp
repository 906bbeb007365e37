// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/hit.hpp>
#include <simile/index/coding_forms.hpp>
#include <simile/io/byte_stream.hpp>
#include <simile/quantize/codec.hpp>
#include <simile/quantize/eden_codec.hpp>
#include <simile/quantize/integer_codec.hpp>
#include <simile/quantize/product_codec.hpp>
#include <simile/quantize/transform.hpp>
#include <simile/quantize/transform_bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace simile {

/// How the vectors of an index are coded: the kind, and for some kinds what the code was fitted to.
struct coding {
    codec_kind kind = codec_kind::int8;
    /// Applied before coding: centring, fewer dimensions, rotation. Not for f32.
    std::optional<quantize::transform> map{};
    /// codec_kind::integer only, and needed there.
    std::optional<quantize::integer_form> form{};
    /// codec_kind::product only, and needed there: fitted to vectors as `map` leaves them.
    std::optional<quantize::product_codec> product{};
    /// codec_kind::eden only, and needed there.
    std::optional<quantize::eden_codec> eden{};
    /// codec_kind::refined only: the first coding and the second, each one code (f32, f16, bf16, int8, integer, product, eden).
    std::vector<coding> stages{};
};

namespace detail {

/// The second level of LVQ-B1xB2, which tells nothing without the first.
[[nodiscard]] inline bool is_residual(coding const& how) noexcept {
    return how.form && std::holds_alternative<quantize::lvq_residual_form>(*how.form);
}

/// @param second  whether it is the second of two stages
/// @throws error invalid_argument (a coding that lacks what its kind needs, or has what it does not take), dimension_mismatch, out_of_range
inline void require_whole(coding const& how, std::size_t dims, bool second = false) {
    require(second || !is_residual(how), error_code::invalid_argument, "the second level of an LVQ code has no meaning without the first");
    require(dims >= 1 && dims <= max_dims, error_code::out_of_range, "dims must be 1 .. ", max_dims, ", got ", dims);
    require(!how.map || how.map->input_dims() == dims, error_code::dimension_mismatch, "the transform takes other dimensions than ", dims);
    require(!how.map || (how.map->code_dims() >= 1 && how.map->code_dims() <= max_dims), error_code::out_of_range,
            "code dimensions must be 1 .. ", max_dims);
    bool const fits =
        (how.kind == codec_kind::integer) == how.form.has_value() && (how.kind == codec_kind::product) == how.product.has_value() &&
        (how.kind == codec_kind::eden) == how.eden.has_value() && how.stages.size() == (how.kind == codec_kind::refined ? 2 : 0);
    require(fits, error_code::invalid_argument, "codec ", to_string(how.kind), " lacks its form, or has one that it does not take");
    require(!how.map || how.map->is_identity() || (how.kind != codec_kind::f32 && how.kind != codec_kind::refined),
            error_code::invalid_argument, "codec ", to_string(how.kind), " takes no transform");
}

}  // namespace detail

/// The coding of a name: "f32", "f16", "bf16", "int8", "planes", "planes2", "planes12"; "int1" .. "int7" (mid-rise); "lvq1" .. "lvq8"; "rabitq1" .. "rabitq8" and "eden1" ..
/// "eden4", which rotate. None of them needs a sample to be fitted to. "+rotated" after a name rotates, but for f32. "first>second"
/// with two of them that are one code each is that of a refined_index; so is "lvqAxB", such as "lvq4x8", whose second code is what A bits leave.
/// @throws error invalid_argument for a name that is none of these
[[nodiscard]] inline coding coding_of(std::string_view name, std::size_t dims) {
    require(dims >= 1 && dims <= max_dims, error_code::out_of_range, "dims must be 1 .. ", max_dims, ", got ", dims);
    if (std::size_t const at = name.find('>'); at != std::string_view::npos)
        return {.kind = codec_kind::refined, .stages = {coding_of(name.substr(0, at), dims), coding_of(name.substr(at + 1), dims)}};
    std::string_view base = name;
    constexpr std::string_view rotated = "+rotated";
    coding out;
    if (base.ends_with(rotated)) {
        base.remove_suffix(rotated.size());
        out.map = quantize::transform(dims).rotated();
    }
    auto const digit = [](char c) { return c >= '1' && c <= '8' ? static_cast<unsigned>(c - '0') : 0; };
    if (base.size() == 6 && base.starts_with("lvq") && digit(base[3]) != 0 && base[4] == 'x' && digit(base[5]) != 0) {
        coding first{.kind = codec_kind::integer, .map = out.map, .form = quantize::lvq_form{digit(base[3])}};
        coding second{.kind = codec_kind::integer, .map = out.map, .form = quantize::lvq_residual_form{digit(base[3]), digit(base[5])}};
        return {.kind = codec_kind::refined, .stages = {std::move(first), std::move(second)}};
    }
    for (codec_kind const kind : {codec_kind::f32, codec_kind::f16, codec_kind::bf16, codec_kind::int8, codec_kind::planes,
                                  codec_kind::planes2, codec_kind::planes12})
        if (base == to_string(kind)) {
            require(kind != codec_kind::f32 || !out.map, error_code::invalid_argument,
                    "f32 keeps vectors as they are: there is no f32+rotated");
            out.kind = kind;
            return out;
        }
    unsigned const bits = base.empty() ? 0 : digit(base.back());
    std::string_view const family = bits == 0 ? base : base.substr(0, base.size() - 1);
    out.kind = codec_kind::integer;
    if (family == "rabitq" && bits != 0) {
        out.map = quantize::transform(dims).rotated();
        out.form = quantize::rabitq_encoder(out.map->code_dims(), bits);
    } else if (family == "eden" && bits >= 1 && bits <= 4) {
        out.kind = codec_kind::eden;
        out.map = quantize::transform(dims).rotated();
        out.eden.emplace(out.map->code_dims(), bits);
    } else if (family == "lvq" && bits != 0) {
        out.form = quantize::lvq_form{bits};
    } else if (family == "int" && bits != 0) {
        out.form = quantize::mid_rise_form{bits};
    } else {
        fail(error_code::invalid_argument, "there is no codec \"", name,
             "\", only f32, f16, bf16, int8, planes, planes2, planes12, int1 .. int7, lvq1 .. lvq8, rabitq1 .. rabitq8, eden1 .. eden4, "
             "lvq1x1 .. lvq8x8, "
             "each but f32 also with +rotated, or two of them as first>second");
    }
    return out;
}

/// The coding as a section of a file: nothing where the kind says it all. u32 length of the transform and its bytes; u8 form, u8 bits; what the form needs.
[[nodiscard]] inline std::vector<std::byte> coding_bytes(quantize::transform const* map, quantize::integer_form const* form,
                                                         quantize::product_codec const* product,
                                                         quantize::eden_codec const* eden = nullptr) {
    if (map == nullptr && form == nullptr && product == nullptr && eden == nullptr) return {};
    detail::byte_writer out;
    auto const mapped = map == nullptr ? std::vector<std::byte>{} : quantize::to_bytes(*map);
    out.u32(static_cast<std::uint32_t>(mapped.size()));
    out.append(mapped);
    if (form != nullptr) {
        std::visit(detail::form_writer{out}, *form);
    } else if (product != nullptr) {
        out.u8(static_cast<std::uint8_t>(detail::form_number::product));
        out.u8(product->is_exact() ? 1 : 0);
        out.append(product->quantizer().to_bytes());
    } else if (eden != nullptr) {
        out.u8(static_cast<std::uint8_t>(detail::form_number::eden));
        out.u8(static_cast<std::uint8_t>(eden->bits()));
        out.u8(static_cast<std::uint8_t>(eden->scale()));
    } else {
        out.u8(static_cast<std::uint8_t>(detail::form_number::none));
        out.u8(0);
    }
    return std::move(out.bytes);
}

/// The same for a whole coding. That of two stages: for each u8 kind, u32 length of its coding and that.
[[nodiscard]] inline std::vector<std::byte> coding_bytes(coding const& how) {
    if (how.kind != codec_kind::refined)
        return coding_bytes(how.map ? &*how.map : nullptr, how.form ? &*how.form : nullptr, how.product ? &*how.product : nullptr,
                            how.eden ? &*how.eden : nullptr);
    detail::byte_writer out;
    for (coding const& stage : how.stages) {
        auto const bytes = coding_bytes(stage);
        out.u8(static_cast<std::uint8_t>(stage.kind));
        out.u32(static_cast<std::uint32_t>(bytes.size()));
        out.append(bytes);
    }
    return std::move(out.bytes);
}

/// @throws error corrupt_file, unsupported_version, limit_exceeded
[[nodiscard]] inline coding coding_from_bytes(codec_kind kind, std::size_t dims, std::span<std::byte const> bytes) {
    coding out{kind};
    detail::byte_reader in(bytes);
    if (kind == codec_kind::refined) {
        for (int i = 0; i < 2; ++i) {
            auto const stage = static_cast<codec_kind>(in.u8());
            require(stage != codec_kind::refined && to_string(stage) != "unknown", error_code::corrupt_file,
                    "a stage of the coding has kind ", static_cast<unsigned>(stage));
            out.stages.push_back(coding_from_bytes(stage, dims, in.take(in.u32())));
        }
        require(in.at_end(), error_code::corrupt_file, "there are bytes after the coding");
        return out;
    }
    if (bytes.empty()) return out;
    try {
        if (auto const mapped = in.take(in.u32()); !mapped.empty())
            out.map = quantize::transform_from_bytes(mapped, {.max_dims = max_dims});
        require(!out.map || out.map->input_dims() == dims, error_code::corrupt_file, "the transform is for other dimensions than ", dims);
        std::size_t const code_dims = out.map ? out.map->code_dims() : dims;
        auto const number = static_cast<detail::form_number>(in.u8());
        unsigned const bits = in.u8();
        if (number == detail::form_number::product) {
            require(bits <= 1, error_code::corrupt_file, "the coding has scale ", bits);
            out.product.emplace(quantize::product_quantizer::from_bytes(in.rest()),
                                bits != 0 ? quantize::product_scale::exact_along : quantize::product_scale::plain);
            require(out.product->dims() == code_dims, error_code::corrupt_file, "the codebooks are for ", out.product->dims(),
                    " dimensions, not ", code_dims);
        } else if (number == detail::form_number::eden) {
            unsigned const scale = in.u8();
            require(scale <= 1, error_code::corrupt_file, "the coding has a scale of kind ", scale);
            out.eden.emplace(code_dims, bits, static_cast<quantize::eden_scale>(scale));
        } else if (number != detail::form_number::none) {
            out.form = detail::read_form(number, bits, code_dims, in);
        } else {
            require(bits == 0 && out.map, error_code::corrupt_file, "the coding says nothing, or has ", bits, " bits without a form");
        }
    } catch (error const& e) {
        // What a constructor refuses as an argument is damage in a file.
        if (e.code() == error_code::limit_exceeded || e.code() == error_code::unsupported_version) throw;
        fail(error_code::corrupt_file, e.what());
    }
    require(in.at_end(), error_code::corrupt_file, "there are bytes after the coding");
    return out;
}

}  // namespace simile
