// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/matrix_view.hpp>
#include <simile/core/norm.hpp>
#include <simile/quantize/code_factors.hpp>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace simile::quantize {

/// y = x W + b for a row x: W [in, out] as trained, batch normalisation folded in. Sums are in double and rounded once: the same bits everywhere.
class dense_layer {
public:
    /// @param weights  [in, out], copied
    /// @param bias     [out], or nothing
    /// @throws error invalid_argument for an empty matrix, dimension_mismatch for a bias of another length, not_finite
    explicit dense_layer(matrix_view<float const> weights, std::span<float const> bias = {})
        : in_(weights.rows()),
          out_(weights.dims()),
          weights_(weights.values().begin(), weights.values().end()),
          bias_(bias.begin(), bias.end()) {
        require(in_ != 0 && out_ != 0, error_code::invalid_argument, "a layer of ", in_, " x ", out_, " weights");
        require(bias_.empty() || bias_.size() == out_, error_code::dimension_mismatch, "the bias has ", bias_.size(), " values, the layer ",
                out_);
        require(all_finite(weights_) && all_finite(bias_), error_code::not_finite, "a weight is NaN or infinite");
    }

    [[nodiscard]] std::size_t dims_in() const noexcept { return in_; }
    [[nodiscard]] std::size_t dims_out() const noexcept { return out_; }
    /// [in, out], row after row.
    [[nodiscard]] std::span<float const> weights() const noexcept { return weights_; }
    /// [out], or nothing.
    [[nodiscard]] std::span<float const> bias() const noexcept { return bias_; }

    /// @param x     [in]
    /// @param y     [out]; may be x where both are as long
    /// @param sums  [out] or more, scratch
    void apply(std::span<float const> x, std::span<float> y, std::span<double> sums) const noexcept {
        assert(x.size() == in_ && y.size() == out_ && sums.size() >= out_);
        std::fill_n(sums.begin(), out_, 0.0);
        std::copy(bias_.begin(), bias_.end(), sums.begin());
        for (std::size_t i = 0; i < in_; ++i)
            for (std::size_t j = 0; j < out_; ++j) sums[j] += double{x[i]} * double{weights_[i * out_ + j]};
        std::transform(sums.begin(), sums.begin() + static_cast<std::ptrdiff_t>(out_), y.begin(),
                       [](double v) { return static_cast<float>(v); });
    }
    /// x = W y: the way back of an orthogonal map.
    /// @param y  [out]
    /// @param x  [in]
    void apply_transposed(std::span<float const> y, std::span<float> x) const noexcept {
        for (std::size_t i = 0; i < in_; ++i) x[i] = static_cast<float>(wide_dot(weights().subspan(i * out_, out_), y));
    }

private:
    std::size_t in_, out_;
    std::vector<float> weights_, bias_;
};

/// Layers with max(0, .) between them: one for a linear map, two for the blocks of the paper.
class dense_block {
public:
    /// @throws error invalid_argument without layers, dimension_mismatch when one does not take what the one before it gives
    explicit dense_block(std::vector<dense_layer> layers) : layers_(std::move(layers)) {
        require(!layers_.empty(), error_code::invalid_argument, "a block needs a layer");
        for (std::size_t i = 1; i < layers_.size(); ++i)
            require(layers_[i].dims_in() == layers_[i - 1].dims_out(), error_code::dimension_mismatch, "layer ", i, " takes ",
                    layers_[i].dims_in(), " values, layer ", i - 1, " gives ", layers_[i - 1].dims_out());
    }
    explicit dense_block(matrix_view<float const> weights) : dense_block(std::vector<dense_layer>{dense_layer(weights)}) {}

    [[nodiscard]] std::size_t dims_in() const noexcept { return layers_.front().dims_in(); }
    [[nodiscard]] std::size_t dims_out() const noexcept { return layers_.back().dims_out(); }

    [[nodiscard]] std::span<dense_layer const> layers() const noexcept { return layers_; }
    /// The most values that are between its layers or at its ends.
    [[nodiscard]] std::size_t widest() const noexcept {
        std::size_t most = dims_in();
        for (dense_layer const& l : layers_) most = std::max(most, l.dims_out());
        return most;
    }

    /// Room for blocks of up to `width` values.
    struct scratch {
        explicit scratch(std::size_t width) : values(width), sums(width) {}
        std::vector<float> values;
        std::vector<double> sums;
    };
    /// @param x  [dims_in()]
    /// @param y  [dims_out()]
    void apply(std::span<float const> x, std::span<float> y, scratch& room) const noexcept {
        for (std::size_t i = 0; i < layers_.size(); ++i) {
            bool const last = i + 1 == layers_.size();
            auto const to = last ? y : std::span(room.values).first(layers_[i].dims_out());
            layers_[i].apply(x, to, room.sums);
            if (!last)
                for (float& v : to) v = std::max(v, 0.0F);
            x = to;
        }
    }
    [[nodiscard]] std::vector<float> operator()(std::span<float const> x) const {
        std::vector<float> y(dims_out());
        scratch room(widest());
        apply(x, y, room);
        return y;
    }

private:
    std::vector<dense_layer> layers_;
};

/// A trained model of recurrent binary codes (Gan et al., KDD 2023, section 3.1): b = sign(W f), then for i = 0 .. m - 2
/// b += 2^-(i+1) sign(R_i(f - B_i(b) / |B_i(b)|)). The sign of 0 is -1.
class recurrent_binary_encoder {
public:
    /// @param first     W: [dims] to [code_dims]
    /// @param back      B_i: [code_dims] to [dims]
    /// @param residual  R_i: [dims] to [code_dims]; as many as B_i, at most 7
    /// @param decoder   [code_dims] to [dims], from a whole code to the direction it stands for; without it the last B_i serves
    /// @throws error dimension_mismatch when they do not fit, invalid_argument when there are too many or not as many of each
    recurrent_binary_encoder(dense_block first, std::vector<dense_block> back, std::vector<dense_block> residual,
                             std::optional<dense_block> decoder = {})
        : first_(std::move(first)), back_(std::move(back)), residual_(std::move(residual)), decoder_(std::move(decoder)) {
        require(back_.size() == residual_.size(), error_code::invalid_argument, "there are ", back_.size(), " blocks back and ",
                residual_.size(), " for the residual");
        require(back_.size() <= 7, error_code::invalid_argument, "codes have 1 .. 8 bits, not ", back_.size() + 1);
        for (std::size_t i = 0; i < back_.size(); ++i) {
            require(back_[i].dims_in() == code_dims() && back_[i].dims_out() == dims(), error_code::dimension_mismatch, "block back ", i,
                    " is ", back_[i].dims_in(), " to ", back_[i].dims_out(), ", not ", code_dims(), " to ", dims());
            require(residual_[i].dims_in() == dims() && residual_[i].dims_out() == code_dims(), error_code::dimension_mismatch,
                    "residual block ", i, " is ", residual_[i].dims_in(), " to ", residual_[i].dims_out(), ", not ", dims(), " to ",
                    code_dims());
        }
        require(!decoder_ || (decoder_->dims_in() == code_dims() && decoder_->dims_out() == dims()), error_code::dimension_mismatch,
                "the decoder is not ", code_dims(), " to ", dims());
    }

    [[nodiscard]] std::size_t dims() const noexcept { return first_.dims_in(); }
    [[nodiscard]] std::size_t code_dims() const noexcept { return first_.dims_out(); }
    [[nodiscard]] unsigned bits() const noexcept { return static_cast<unsigned>(back_.size()) + 1; }
    [[nodiscard]] dense_block const& first() const noexcept { return first_; }
    [[nodiscard]] std::span<dense_block const> back() const noexcept { return back_; }
    [[nodiscard]] std::span<dense_block const> residual() const noexcept { return residual_; }
    [[nodiscard]] std::optional<dense_block> const& decoder() const noexcept { return decoder_; }

    /// Room for one encoding at a time.
    struct scratch {
        explicit scratch(recurrent_binary_encoder const& e)
            : room(e.widest()), values(e.code_dims()), levels(e.code_dims()), guess(e.dims()) {}
        dense_block::scratch room;
        std::vector<float> values, levels, guess;
    };

    /// The codes of an embedding, as recurrent_binary.hpp has them.
    /// @param f      [dims()], finite
    /// @param codes  [code_dims()]
    void encode(std::span<float const> f, std::span<std::uint8_t> codes, scratch& s) const noexcept {
        assert(f.size() == dims() && codes.size() == code_dims());
        std::fill(codes.begin(), codes.end(), std::uint8_t{0});
        std::fill(s.levels.begin(), s.levels.end(), 0.0F);
        first_.apply(f, s.values, s.room);
        add_signs(s.values, 1, codes, s.levels);
        float weight = 1;
        for (std::size_t i = 0; i < back_.size(); ++i) {
            back_[i].apply(s.levels, s.guess, s.room);
            to_unit(s.guess, s.guess);
            std::transform(f.begin(), f.end(), s.guess.begin(), s.guess.begin(), [](float v, float guess) { return v - guess; });
            weight /= 2;
            residual_[i].apply(s.guess, s.values, s.room);
            add_signs(s.values, weight, codes, s.levels);
        }
    }
    /// @throws error dimension_mismatch, not_finite
    [[nodiscard]] std::vector<std::uint8_t> encode(std::span<float const> f) const {
        require(f.size() == dims(), error_code::dimension_mismatch, "the vector has ", f.size(), " dimensions, the model ", dims());
        require(all_finite(f), error_code::not_finite, "a component is NaN or infinite");
        std::vector<std::uint8_t> codes(code_dims());
        scratch room(*this);
        encode(f, codes, room);
        return codes;
    }

    /// Whether there is a way from codes back to embeddings.
    [[nodiscard]] bool can_decode() const noexcept { return decoder_ || !back_.empty() || first_.layers().size() == 1; }
    /// The direction that levels stand for: by the decoder, else by the last B_i, else (codes of one bit) by W transposed.
    /// @param levels  [code_dims()]
    /// @param out     [dims()]
    void decode(std::span<float const> levels, std::span<float> out) const {
        dense_block::scratch room(widest());
        if (decoder_)
            decoder_->apply(levels, out, room);
        else if (!back_.empty())
            back_.back().apply(levels, out, room);
        else
            first_.layers()[0].apply_transposed(levels, out);
        to_unit(out, out);
    }

private:
    [[nodiscard]] std::size_t widest() const noexcept {
        std::size_t most = first_.widest();
        for (auto const* blocks : {&back_, &residual_})
            for (dense_block const& b : *blocks) most = std::max(most, b.widest());
        return decoder_ ? std::max(most, decoder_->widest()) : most;
    }
    /// The next bit of each code, and the level so far.
    static void add_signs(std::span<float const> values, float weight, std::span<std::uint8_t> codes, std::span<float> b) noexcept {
        for (std::size_t j = 0; j < codes.size(); ++j) {
            bool const positive = values[j] > 0;
            codes[j] = static_cast<std::uint8_t>(codes[j] << 1 | (positive ? 1 : 0));
            b[j] += positive ? weight : -weight;
        }
    }

    dense_block first_;
    std::vector<dense_block> back_, residual_;
    std::optional<dense_block> decoder_;
};

}  // namespace simile::quantize
