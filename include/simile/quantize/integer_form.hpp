// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/norm.hpp>
#include <simile/quantize/affine.hpp>
#include <simile/quantize/code_factors.hpp>
#include <simile/quantize/lvq.hpp>
#include <simile/quantize/rabitq.hpp>
#include <simile/quantize/recurrent_binary.hpp>
#include <simile/quantize/recurrent_binary_encoder.hpp>
#include <simile/quantize/scalar.hpp>
#include <simile/simd/int8_query.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace simile::quantize {

/// How integer_codec finds codes and factors.
struct mid_rise_form {
    unsigned bits;
};
struct lvq_form {
    unsigned bits;
};
/// The second level of LVQ-B1xB2: what lvq_form of `first_bits` leaves of a row. Its estimates are added to those of the first.
struct lvq_residual_form {
    unsigned first_bits;
    unsigned bits;
};

/// What a query is compared as with recurrent binary codes.
enum class recurrent_query : std::uint8_t {
    as_float = 0,  ///< by what the model's first block makes of it, before any sign is taken: finds more
    as_code =
        1,  ///< by its own code, as the model was trained: the cosine of two codes (at 8 bits with the query's levels rounded to int8)
};

/// Recurrent binary codes of a trained model, which lives in the file of the index.
struct recurrent_form {
    /// @throws error invalid_argument for a model that has no way back from codes to embeddings
    explicit recurrent_form(recurrent_binary_encoder trained, recurrent_query query = recurrent_query::as_float)
        : model(std::make_shared<recurrent_binary_encoder const>(std::move(trained))), asked(query) {
        require(model->can_decode(), error_code::invalid_argument, "codes of one bit whose first block is not linear need a decoder");
    }
    [[nodiscard]] unsigned bits() const noexcept { return model->bits(); }

    std::shared_ptr<recurrent_binary_encoder const> model;
    recurrent_query asked;
};

using integer_form = std::variant<mid_rise_form, lvq_form, rabitq_encoder, affine_ranges, recurrent_form, lvq_residual_form>;

[[nodiscard]] inline unsigned bits_of(integer_form const& form) noexcept {
    return std::visit(
        [](auto const& f) {
            if constexpr (requires { f.bits(); })
                return f.bits();
            else
                return f.bits;
        },
        form);
}
/// Numbers in the code of a row of `dims` values.
[[nodiscard]] inline std::size_t code_count(integer_form const& form, std::size_t dims) noexcept {
    auto const* const recurrent = std::get_if<recurrent_form>(&form);
    return recurrent != nullptr ? recurrent->model->code_dims() : dims;
}
/// @throws error dimension_mismatch for a form that was made for other dimensions; invalid_argument for bits other than 1 .. 8
inline void require_form(integer_form const& form, std::size_t dims) {
    unsigned const bits = bits_of(form);
    require(bits >= 1 && bits <= 8, error_code::invalid_argument, "codes have 1 .. 8 bits, not ", bits);
    if (auto const* r = std::get_if<lvq_residual_form>(&form))
        require(r->first_bits >= 1 && r->first_bits <= 8, error_code::invalid_argument, "codes have 1 .. 8 bits, not ", r->first_bits);
    std::size_t const made_for = std::visit(
        [&](auto const& f) {
            if constexpr (std::is_same_v<std::decay_t<decltype(f)>, recurrent_form>)
                return f.model->dims();
            else if constexpr (requires { f.dims(); })
                return f.dims();
            else
                return dims;
        },
        form);
    require(made_for == dims, error_code::dimension_mismatch, "a form for ", made_for, " dimensions, not ", dims);
}

/// Encodes rows by a form, with all the memory that takes.
class form_encoder {
public:
    explicit form_encoder(integer_form const& form) {
        if (auto const* r = std::get_if<recurrent_form>(&form)) room_.emplace(*r->model);
    }
    /// @param codes  [code_count(form, row.size())]
    code_factors operator()(integer_form const& form, std::span<float const> row, std::span<std::uint8_t> codes) noexcept {
        if (auto const* m = std::get_if<mid_rise_form>(&form)) return mid_rise_encode_bits(row, m->bits, codes);
        if (auto const* l = std::get_if<lvq_form>(&form)) return lvq_encode(row, l->bits, codes);
        if (auto const* l = std::get_if<lvq_residual_form>(&form)) return lvq_encode_second(row, l->first_bits, l->bits, codes);
        if (auto const* r = std::get_if<rabitq_encoder>(&form)) return r->encode(row, codes);
        if (auto const* a = std::get_if<affine_ranges>(&form)) return a->encode(row, codes);
        auto const& model = *std::get<recurrent_form>(form).model;
        model.encode(row, codes, *room_);
        // Every code has a direction, that of the zero vector too; its factor says that there is none.
        return norm(row) > 0 ? recurrent_factors(codes, model.bits()) : code_factors{};
    }

private:
    std::optional<recurrent_binary_encoder::scratch> room_;
};

/// A query as int8, and what every estimate has in common, for forms that fold a part of the code into the query.
struct form_query {
    simd::int8_query codes;
    float shift = 0;
};

namespace detail {

[[nodiscard]] inline form_query recurrent_form_query(recurrent_form const& form, std::span<float const> q) {
    form_query out;
    auto const& model = *form.model;
    double const length = norm(q);
    if (form.asked == recurrent_query::as_float) {
        auto const projected = model.first()(q);
        double const stretch = norm(projected);
        out.codes = simd::int8_query(projected);
        out.codes.scale *= safe_ratio(length, stretch);
        return out;
    }
    std::vector<std::uint8_t> codes(model.code_dims());
    recurrent_binary_encoder::scratch room(model);
    model.encode(q, codes, room);
    auto const middle = static_cast<int>((1U << model.bits()) - 1U);
    std::vector<float> levels(codes.size());
    for (std::size_t i = 0; i < codes.size(); ++i) levels[i] = static_cast<float>(2 * int{codes[i]} - middle);
    auto const scale = static_cast<float>(length / norm(levels));
    out.codes = middle <= 127 ? simd::int8_query::of_codes(levels, scale) : simd::int8_query(levels);
    if (middle > 127) out.codes.scale *= scale;
    return out;
}

}  // namespace detail

/// @param scale  multiplies every score
[[nodiscard]] inline form_query make_form_query(integer_form const& form, std::span<float const> q, float scale) {
    form_query out;
    if (auto const* a = std::get_if<affine_ranges>(&form)) {
        std::vector<float> folded(q.size());
        out.shift = static_cast<float>(a->fold(q, folded)) * scale;
        out.codes = simd::int8_query(folded);
    } else if (auto const* r = std::get_if<recurrent_form>(&form)) {
        out = detail::recurrent_form_query(*r, q);
    } else {
        out.codes = simd::int8_query(q);
    }
    out.codes.scale *= scale;
    return out;
}

/// The vector that a code stands for.
inline void form_decode(integer_form const& form, std::span<std::uint8_t const> codes, code_factors factors, std::span<float> out) {
    if (auto const* a = std::get_if<affine_ranges>(&form)) return a->decode(codes, out);
    if (auto const* r = std::get_if<recurrent_form>(&form)) {
        std::vector<float> levels(codes.size());
        for (std::size_t i = 0; i < codes.size(); ++i) levels[i] = recurrent_level(codes[i], r->bits());
        if (factors.scale > 0) return r->model->decode(levels, out);
    }
    if (factors == code_factors{}) return std::fill(out.begin(), out.end(), 0.0F);
    decode(codes, bits_of(form), factors, out);
}

}  // namespace simile::quantize
