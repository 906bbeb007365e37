// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/aligned_buffer.hpp>
#include <simile/core/matrix_view.hpp>
#include <simile/core/norm.hpp>
#include <simile/quantize/mid_rise.hpp>
#include <simile/simd/float_sums.hpp>
#include <simile/simd/int8_dot.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace simile {

/// How the tokens of documents are held: as they are, or as mid-rise int8 with a float factor each (a quarter of the bytes).
enum class token_codec : std::uint8_t { f32 = 1, int8 = 3 };

/// The tokens of a query, prepared for one of the codecs.
struct token_query {
    std::vector<simd::int8_row_query> codes;
    aligned_vector<float> values;
    std::size_t count = 0;
};

/// Tokens one after the other; ranges of them are the documents of multi_vector_index.
///
/// Bytes   4 d, or d + 4 a token.
/// Scores  inner products; f32 by simd::sum_pair, int8 as int8_codec scores them: the same bits on every platform.
class token_store {
public:
    token_store(token_codec codec, std::size_t dims) noexcept : codec_(codec), dims_(dims) {}

    [[nodiscard]] token_codec codec() const noexcept { return codec_; }
    [[nodiscard]] std::size_t dims() const noexcept { return dims_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t memory() const noexcept {
        return codes_.capacity() + sizeof(float) * (values_.capacity() + factors_.capacity());
    }

    void reserve(std::size_t tokens) {
        // Twice as much as before, so that adding documents one by one stays linear.
        auto const grow = [](auto& buffer, std::size_t wanted) {
            if (wanted > buffer.capacity()) buffer.reserve(std::max(wanted, 2 * buffer.capacity()));
        };
        if (codec_ == token_codec::f32) return grow(values_, tokens * dims_);
        grow(codes_, tokens * dims_);
        grow(factors_, tokens);
    }

    /// After `reserve`, does not fail.
    void append(std::span<float const> token) noexcept {
        if (codec_ == token_codec::f32) {
            values_.insert(values_.end(), token.begin(), token.end());
        } else {
            codes_.resize(codes_.size() + dims_);
            auto* const codes = codes_.data() + size_ * dims_;
            quantize::mid_rise_scaler const scaler(token, 8);
            std::transform(token.begin(), token.end(), codes, [&](float v) { return static_cast<std::int8_t>(scaler(v)); });
            factors_.push_back(quantize::mid_rise_factor(token, [&](std::size_t i) { return int{codes[i]}; }));
        }
        ++size_;
    }

    /// Copies `count` tokens downwards.
    void move_down(std::size_t from, std::size_t to, std::size_t count) noexcept {
        auto const shift = [&](auto& buffer, std::size_t width) {
            if (!buffer.empty()) std::memmove(buffer.data() + to * width, buffer.data() + from * width, count * width * sizeof(buffer[0]));
        };
        shift(values_, dims_);
        shift(codes_, dims_);
        shift(factors_, 1);
    }
    void cut(std::size_t tokens) noexcept {
        values_.resize(std::min(values_.size(), tokens * dims_));
        codes_.resize(std::min(codes_.size(), tokens * dims_));
        factors_.resize(std::min(factors_.size(), tokens));
        size_ = tokens;
    }

    void decode(std::size_t token, std::span<float> out) const noexcept {
        for (std::size_t i = 0; i < dims_; ++i)
            out[i] = codec_ == token_codec::f32 ? values_[token * dims_ + i]
                                                : static_cast<float>((codes_[token * dims_ + i] + 0.5) * double{factors_[token]});
    }

    [[nodiscard]] token_query prepare(matrix_view<float const> query) const {
        token_query out;
        out.count = query.rows();
        if (codec_ == token_codec::f32)
            out.values.assign(query.values().begin(), query.values().end());
        else
            for (std::size_t i = 0; i < query.rows(); ++i) out.codes.emplace_back(query[i]);
        return out;
    }

    /// The inner products of one token of a query with `count` tokens from `first` on.
    void scores(token_query const& query, std::size_t asked, std::size_t first, std::span<float> out,
                std::vector<std::int32_t>& scratch) const {
        if (codec_ == token_codec::f32) {
            for (std::size_t t = 0; t < out.size(); ++t)
                out[t] = simd::sum_pair<simd::product>(default_arch{}, query.values.data() + asked * dims_,
                                                       values_.data() + (first + t) * dims_, dims_);
            return;
        }
        scratch.resize(out.size());
        auto const& q = query.codes[asked];
        simd::dot_i8_rows(default_arch{}, q, codes_.data() + first * dims_, out.size(), scratch.data());
        for (std::size_t t = 0; t < out.size(); ++t)
            out[t] = static_cast<float>(2 * scratch[t] + q.sum) * (factors_[first + t] * (0.5F * q.scale));
    }

    // What a file holds: values of f32, or codes and factors of int8.
    [[nodiscard]] std::span<float const> values() const noexcept { return values_; }
    [[nodiscard]] std::span<std::int8_t const> codes() const noexcept { return codes_; }
    [[nodiscard]] std::span<float const> factors() const noexcept { return factors_; }

    /// Takes over what those gave.
    /// @throws error corrupt_file (numbers do not fit), not_finite
    void assign(std::span<float const> values, std::span<std::int8_t const> codes, std::span<float const> factors) {
        std::size_t const tokens = codec_ == token_codec::f32 ? values.size() / dims_ : factors.size();
        bool const fits = codec_ == token_codec::f32 ? codes.empty() && factors.empty() && values.size() == tokens * dims_
                                                     : values.empty() && codes.size() == tokens * dims_;
        require(fits, error_code::corrupt_file, "tokens of ", dims_, " dimensions do not have ", values.size(), " values, ", codes.size(),
                " codes and ", factors.size(), " factors");
        bool const positive = std::all_of(factors.begin(), factors.end(), [](float f) { return f >= 0; });
        require(all_finite(values) && all_finite(factors) && positive, error_code::corrupt_file,
                "a token has a value that is NaN, infinite or a negative factor");
        values_.assign(values.begin(), values.end());
        codes_.assign(codes.begin(), codes.end());
        factors_.assign(factors.begin(), factors.end());
        size_ = tokens;
    }

private:
    token_codec codec_;
    std::size_t dims_;
    std::size_t size_ = 0;
    aligned_vector<float> values_;
    aligned_vector<std::int8_t> codes_;
    std::vector<float> factors_;
};

}  // namespace simile
