// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/index/coding.hpp>

#include <algorithm>
#include <string>
#include <variant>

namespace simile {

namespace detail {

/// The part of a name before the "+".
struct form_name {
    std::string operator()(quantize::mid_rise_form const& f) const { return "int" + std::to_string(f.bits); }
    std::string operator()(quantize::lvq_form const& f) const { return "lvq" + std::to_string(f.bits); }
    std::string operator()(quantize::lvq_residual_form const& f) const {
        return "residual" + std::to_string(f.bits) + "(lvq" + std::to_string(f.first_bits) + ")";
    }
    std::string operator()(quantize::rabitq_encoder const& f) const { return "rabitq" + std::to_string(f.bits()); }
    std::string operator()(quantize::affine_ranges const& f) const { return "affine" + std::to_string(f.bits()); }
    std::string operator()(quantize::recurrent_form const& f) const { return "recurrent" + std::to_string(f.bits()); }
};
struct step_name {
    std::string operator()(quantize::stage::centring const&) const { return "+centred"; }
    std::string operator()(quantize::stage::prefix const& s) const { return "+prefix" + std::to_string(s.dims_out()); }
    std::string operator()(quantize::stage::subset const& s) const { return "+subset" + std::to_string(s.dims_out()); }
    std::string operator()(quantize::stage::projection const& s) const { return "+projected" + std::to_string(s.dims_out()); }
    std::string operator()(quantize::stage::rotated const& s) const {
        quantize::rotation const standard(s.dims_in());
        bool const is_standard = s.map().block() == standard.block() && std::ranges::equal(s.map().flips(), standard.flips());
        return is_standard ? "+rotated" : "+rotated(own)";
    }
};

}  // namespace detail

/// The name of a coding: where coding_of can make it, a name that makes it again. Others get one that tells of their parts, such as "affine4",
/// "product96+centred+rotated" (of 96 subspaces) or "int8+prefix128"; coding_of does not know these.
[[nodiscard]] inline std::string name_of(codec_kind kind, quantize::transform const* map, quantize::integer_form const* form,
                                         quantize::product_codec const* product, quantize::eden_codec const* eden = nullptr) {
    std::string name(to_string(kind)), steps;
    if (form != nullptr) name = std::visit(detail::form_name{}, *form);
    if (product != nullptr) name += std::to_string(product->quantizer().subspaces());
    if (eden != nullptr) name += std::to_string(eden->bits());
    if (map != nullptr)
        for (auto const& s : map->stages()) steps += std::visit(detail::step_name{}, s);
    // The names of RaBitQ and EDEN say that they rotate.
    bool const rotates = eden != nullptr || (form != nullptr && std::holds_alternative<quantize::rabitq_encoder>(*form));
    if (rotates) steps = steps == "+rotated" ? "" : steps.empty() ? "+unrotated" : steps;
    return name + steps + (eden != nullptr && eden->scale() == quantize::eden_scale::least_squares ? "+least_squares" : "");
}
[[nodiscard]] inline std::string name_of(coding const& how) {
    if (how.kind == codec_kind::refined && how.stages.size() == 2) {
        std::string const first = name_of(how.stages[0]);
        if (!detail::is_residual(how.stages[1])) return first + ">" + name_of(how.stages[1]);
        std::size_t const digits = std::string("lvq4").size();
        return first.substr(0, digits) + "x" + std::to_string(quantize::bits_of(*how.stages[1].form)) + first.substr(digits);
    }
    return name_of(how.kind, how.map ? &*how.map : nullptr, how.form ? &*how.form : nullptr, how.product ? &*how.product : nullptr,
                   how.eden ? &*how.eden : nullptr);
}

}  // namespace simile
