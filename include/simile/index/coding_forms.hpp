// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/hit.hpp>
#include <simile/io/byte_stream.hpp>
#include <simile/quantize/integer_form.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

/// The forms of integer codes as bytes of a file: u8 form, u8 bits, and what the form needs.
namespace simile::detail {

enum class form_number : std::uint8_t {
    none = 0,
    mid_rise = 1,
    lvq = 2,
    rabitq = 3,
    affine = 4,
    product = 5,
    recurrent = 6,
    eden = 7,
    lvq_residual = 8
};

/// A block of layers: u8 their number; for each u32 rows, u32 columns, u8 whether it has a bias, the weights and the bias.
inline void write_block(byte_writer& out, quantize::dense_block const& block) {
    out.u8(static_cast<std::uint8_t>(block.layers().size()));
    for (quantize::dense_layer const& l : block.layers()) {
        out.u32(static_cast<std::uint32_t>(l.dims_in()));
        out.u32(static_cast<std::uint32_t>(l.dims_out()));
        out.u8(l.bias().empty() ? 0 : 1);
        out.floats(l.weights());
        out.floats(l.bias());
    }
}
[[nodiscard]] inline quantize::dense_block read_block(byte_reader& in) {
    std::vector<quantize::dense_layer> layers;
    for (unsigned left = in.u8(); left != 0; --left) {
        std::uint64_t const rows = in.u32(), columns = in.u32();
        require(rows >= 1 && rows <= max_dims && columns >= 1 && columns <= max_dims, error_code::corrupt_file, "a layer of ", rows, " x ",
                columns);
        bool const has_bias = in.u8() != 0;
        require(rows * columns <= in.left() / sizeof(float), error_code::corrupt_file, "the weights of a layer end early");
        auto const weights = in.floats(static_cast<std::size_t>(rows * columns));
        auto const bias = in.floats(has_bias ? static_cast<std::size_t>(columns) : 0);
        layers.emplace_back(matrix_view<float const>(weights.data(), static_cast<std::size_t>(rows), static_cast<std::size_t>(columns)),
                            bias);
    }
    return quantize::dense_block(std::move(layers));
}

/// The model: u8 recurrent_query, u8 whether it has a decoder; first block, blocks back, residual blocks, decoder. Their number follows from the bits.
inline void write_model(byte_writer& out, quantize::recurrent_form const& form) {
    out.u8(static_cast<std::uint8_t>(form.asked));
    out.u8(form.model->decoder() ? 1 : 0);
    write_block(out, form.model->first());
    for (auto const& b : form.model->back()) write_block(out, b);
    for (auto const& b : form.model->residual()) write_block(out, b);
    if (form.model->decoder()) write_block(out, *form.model->decoder());
}
[[nodiscard]] inline quantize::recurrent_form read_model(byte_reader& in, unsigned bits) {
    unsigned const asked = in.u8(), has_decoder = in.u8();
    require(asked <= 1 && has_decoder <= 1, error_code::corrupt_file, "the model has flags ", asked, " and ", has_decoder);
    auto first = read_block(in);
    std::vector<quantize::dense_block> back, residual;
    for (unsigned i = 1; i < bits; ++i) back.push_back(read_block(in));
    for (unsigned i = 1; i < bits; ++i) residual.push_back(read_block(in));
    std::optional<quantize::dense_block> decoder;
    if (has_decoder != 0) decoder = read_block(in);
    return quantize::recurrent_form({std::move(first), std::move(back), std::move(residual), std::move(decoder)},
                                    static_cast<quantize::recurrent_query>(asked));
}

struct form_writer {
    byte_writer& out;
    void head(form_number number, unsigned bits) const {
        out.u8(static_cast<std::uint8_t>(number));
        out.u8(static_cast<std::uint8_t>(bits));
    }
    void operator()(quantize::mid_rise_form const& f) const { head(form_number::mid_rise, f.bits); }
    void operator()(quantize::lvq_form const& f) const { head(form_number::lvq, f.bits); }
    void operator()(quantize::lvq_residual_form const& f) const {
        head(form_number::lvq_residual, f.bits);
        out.u8(static_cast<std::uint8_t>(f.first_bits));
    }
    void operator()(quantize::rabitq_encoder const& f) const { head(form_number::rabitq, f.bits()); }
    void operator()(quantize::affine_ranges const& f) const {
        head(form_number::affine, f.bits());
        out.floats(f.low());
        out.floats(f.step());
    }
    void operator()(quantize::recurrent_form const& f) const {
        head(form_number::recurrent, f.bits());
        write_model(out, f);
    }
};

[[nodiscard]] inline quantize::integer_form read_form(form_number number, unsigned bits, std::size_t dims, byte_reader& in) {
    require(bits >= 1 && bits <= 8, error_code::corrupt_file, "the coding has ", bits, " bits");
    switch (number) {
        case form_number::mid_rise: return quantize::mid_rise_form{bits};
        case form_number::lvq: return quantize::lvq_form{bits};
        case form_number::lvq_residual: {
            unsigned const first_bits = in.u8();
            require(first_bits >= 1 && first_bits <= 8, error_code::corrupt_file, "the first level has ", first_bits, " bits");
            return quantize::lvq_residual_form{first_bits, bits};
        }
        case form_number::rabitq: return quantize::rabitq_encoder(dims, bits);
        case form_number::affine: {
            auto low = in.floats(dims), step = in.floats(dims);
            return quantize::affine_ranges(bits, std::move(low), std::move(step));
        }
        case form_number::recurrent: return read_model(in, bits);
        default:
            fail(error_code::unsupported_version, "the coding has form ", static_cast<unsigned>(number),
                 ", which this program does not know");
    }
}

}  // namespace simile::detail
