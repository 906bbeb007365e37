// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/matrix_view.hpp>
#include <simile/core/norm.hpp>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
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

    [[nodiscard]] std::vector<float> operator()(std::span<float const> x) const {
        assert(x.size() == in_);
        std::vector<double> sums(bias_.begin(), bias_.end());
        sums.resize(out_);
        for (std::size_t i = 0; i < in_; ++i)
            for (std::size_t j = 0; j < out_; ++j) sums[j] += double{x[i]} * double{weights_[i * out_ + j]};
        std::vector<float> y(out_);
        std::transform(sums.begin(), sums.end(), y.begin(), [](double v) { return static_cast<float>(v); });
        return y;
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

    [[nodiscard]] std::vector<float> operator()(std::span<float const> x) const {
        auto y = layers_[0](x);
        for (std::size_t i = 1; i < layers_.size(); ++i) {
            for (float& v : y) v = std::max(v, 0.0F);
            y = layers_[i](y);
        }
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
    /// @throws error dimension_mismatch when they do not fit, invalid_argument when there are too many or not as many of each
    recurrent_binary_encoder(dense_block first, std::vector<dense_block> back, std::vector<dense_block> residual)
        : first_(std::move(first)), back_(std::move(back)), residual_(std::move(residual)) {
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
    }

    [[nodiscard]] std::size_t dims() const noexcept { return first_.dims_in(); }
    [[nodiscard]] std::size_t code_dims() const noexcept { return first_.dims_out(); }
    [[nodiscard]] unsigned bits() const noexcept { return static_cast<unsigned>(back_.size()) + 1; }

    /// The codes of an embedding, as recurrent_binary.hpp has them.
    /// @param f  [dims()]
    /// @throws error dimension_mismatch, not_finite
    [[nodiscard]] std::vector<std::uint8_t> encode(std::span<float const> f) const {
        require(f.size() == dims(), error_code::dimension_mismatch, "the vector has ", f.size(), " dimensions, the model ", dims());
        require(all_finite(f), error_code::not_finite, "a component is NaN or infinite");
        std::vector<std::uint8_t> codes(code_dims());
        std::vector<float> b(code_dims());
        add_signs(first_(f), 1, codes, b);
        float weight = 1;
        for (std::size_t i = 0; i < back_.size(); ++i) {
            auto g = back_[i](b);
            to_unit(g, g);
            std::transform(f.begin(), f.end(), g.begin(), g.begin(), [](float v, float guess) { return v - guess; });
            weight /= 2;
            add_signs(residual_[i](g), weight, codes, b);
        }
        return codes;
    }

private:
    /// The next bit of each code, and the level so far.
    static void add_signs(std::vector<float> const& values, float weight, std::vector<std::uint8_t>& codes,
                          std::vector<float>& b) noexcept {
        for (std::size_t j = 0; j < codes.size(); ++j) {
            bool const positive = values[j] > 0;
            codes[j] = static_cast<std::uint8_t>(codes[j] << 1 | (positive ? 1 : 0));
            b[j] += positive ? weight : -weight;
        }
    }

    dense_block first_;
    std::vector<dense_block> back_, residual_;
};

}  // namespace simile::quantize
