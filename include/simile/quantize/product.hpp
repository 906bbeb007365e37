// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/aligned_buffer.hpp>
#include <simile/core/error.hpp>
#include <simile/core/hit.hpp>
#include <simile/core/norm.hpp>
#include <simile/simd/nearest_centroid.hpp>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace simile::quantize {

/// A query against product codes: one table of sixteen entries a subspace, as floats and as 7-bit steps for simd::nibble_scan.
/// The inner product with a code is about step * (sum of its steps) + bias, bias = sum of the least entries.
struct product_tables {
    aligned_vector<float> values;        ///< [groups][16]
    aligned_vector<std::uint8_t> steps;  ///< [groups][16], 0 .. 127
    float step = 0;
    float bias = 0;
};

/// Product quantization with 4-bit codes: dims are cut into subspaces, and each part of a vector becomes the number of one of sixteen centroids.
///
/// Cut       subspace m holds dims m d / M .. (m + 1) d / M - 1, rounded down, so any M from 1 to d will do.
/// Encoding  with threshold 0 the nearest centroids. With threshold T the codes that make |r|^2 + (eta - 1) <r, x>^2 / |x|^2 small, r = x - decoded,
///           eta = max(1, (d - 1) T^2 / (1 - T^2)): an error along x, which changes large inner products, counts eta times. Found by changing one
///           code at a time while that helps, at most ten rounds.
/// Source    Jegou, Douze, Schmid, "Product Quantization for Nearest Neighbor Search", 2011; Guo et al., "Accelerating Large-Scale Inference with
///           Anisotropic Vector Quantization", ICML 2020, theorem 3.4.
/// Bits      codes and tables are the same on every platform.
class product_quantizer {
public:
    static constexpr std::size_t levels = simd::panel_width;
    static constexpr std::size_t passes = 10;

    /// @param codebooks  [subspace][16][dims of the subspace], 16 * dims numbers in all
    /// @param threshold  T, in [0, 1); 0.2 is usual
    /// @throws error out_of_range (dims, subspaces), invalid_argument (another number of values, threshold), not_finite
    product_quantizer(std::size_t dims, std::size_t subspaces, std::span<float const> codebooks, float threshold = 0)
        : dims_(dims), subspaces_(subspaces), threshold_(threshold) {
        require(dims >= 1 && dims <= max_dims, error_code::out_of_range, "dims must be 1 .. ", max_dims, ", got ", dims);
        require(subspaces >= 1 && subspaces <= dims, error_code::out_of_range, "subspaces must be 1 .. ", dims, ", got ", subspaces);
        require(codebooks.size() == levels * dims, error_code::invalid_argument, codebooks.size(), " values are not 16 centroids of ", dims,
                " dimensions");
        require(threshold >= 0 && threshold < 1, error_code::invalid_argument, "threshold must be in [0, 1), got ", threshold);
        require(all_finite(codebooks) && norm(codebooks) < 0x1p60, error_code::not_finite,
                "a codebook has a value that is NaN, infinite or too large");
        panels_.resize(levels * dims);
        squares_.resize(levels * subspaces);
        for (std::size_t m = 0; m < subspaces; ++m)
            for (std::size_t k = 0; k < levels; ++k)
                set_centroid(m, k, codebooks.subspan(levels * first_dim(m) + k * subspace_dims(m), subspace_dims(m)));
    }

    [[nodiscard]] std::size_t dims() const noexcept { return dims_; }
    [[nodiscard]] std::size_t subspaces() const noexcept { return subspaces_; }
    /// Subspaces and empty ones up to a multiple of four, as simd::nibble_scan wants them.
    [[nodiscard]] std::size_t groups() const noexcept { return (subspaces_ + 3) / 4 * 4; }
    [[nodiscard]] float threshold() const noexcept { return threshold_; }
    /// How often an error along the vector counts, against one across it.
    [[nodiscard]] double eta() const noexcept {
        double const t2 = double{threshold_} * double{threshold_};
        return std::max(1.0, static_cast<double>(dims_ - 1) * t2 / (1 - t2));
    }
    [[nodiscard]] std::size_t first_dim(std::size_t subspace) const noexcept { return subspace * dims_ / subspaces_; }
    [[nodiscard]] std::size_t subspace_dims(std::size_t subspace) const noexcept { return first_dim(subspace + 1) - first_dim(subspace); }

    /// The codebooks as the constructor takes them.
    [[nodiscard]] std::vector<float> codebooks() const {
        std::vector<float> out;
        out.reserve(levels * dims_);
        for (std::size_t m = 0; m < subspaces_; ++m)
            for (std::size_t k = 0; k < levels; ++k)
                for (std::size_t i = 0; i < subspace_dims(m); ++i) out.push_back(panel(m)[levels * i + k]);
        return out;
    }

    /// @param x      [dims], finite, shorter than 2^60
    /// @param codes  anything with `codes[m]` to read and to set for m = 0 .. subspaces - 1, such as a span; each is 0 .. 15 afterwards
    template <class Codes>
    void encode(std::span<float const> x, Codes const& codes) const noexcept {
        assert(x.size() == dims_);
        float dots[levels];
        for (std::size_t m = 0; m < subspaces_; ++m) {
            part_dots(x, m, dots);
            for (std::size_t k = 0; k < levels; ++k) dots[k] -= 0.5F * squares(m)[k];  // half of a float is exact
            codes[m] = static_cast<std::uint8_t>(simd::first_largest(dots).cluster);
        }
        if (eta() > 1) descend(x, codes);
    }

    /// @param codes  as of `encode`, each 0 .. 15
    /// @param out    [dims]
    template <class Codes>
    void decode(Codes const& codes, std::span<float> out) const noexcept {
        assert(out.size() == dims_);
        for (std::size_t m = 0; m < subspaces_; ++m) {
            std::size_t const code = codes[m];
            for (std::size_t i = 0; i < subspace_dims(m); ++i) out[first_dim(m) + i] = panel(m)[levels * i + code];
        }
    }

    /// <x, decoded> in double, each product exact.
    template <class Codes>
    [[nodiscard]] double dot(std::span<float const> x, Codes const& codes) const noexcept {
        double sum = 0;
        for (std::size_t m = 0; m < subspaces_; ++m) {
            std::size_t const code = codes[m];
            for (std::size_t i = 0; i < subspace_dims(m); ++i) sum += double{x[first_dim(m) + i]} * double{panel(m)[levels * i + code]};
        }
        return sum;
    }

    /// @param q  [dims], finite, shorter than 2^60
    /// Error     of the steps: |step * sum + bias - <q, decoded>| <= subspaces * step / 2, besides the rounding of float sums
    [[nodiscard]] product_tables tables(std::span<float const> q) const {
        assert(q.size() == dims_);
        product_tables out{aligned_vector<float>(levels * groups(), 0.0F), aligned_vector<std::uint8_t>(levels * groups(), std::uint8_t{0}),
                           0, 0};
        std::vector<float> least(subspaces_);
        float widest = 0;
        double bias = 0;
        for (std::size_t m = 0; m < subspaces_; ++m) {
            float dots[levels];
            part_dots(q, m, dots);
            std::copy_n(dots, levels, out.values.data() + levels * m);
            auto const [low, high] = std::minmax_element(dots, dots + levels);
            least[m] = *low;
            widest = std::max(widest, *high - *low);
            bias += double{*low};
        }
        out.bias = static_cast<float>(bias);
        out.step = widest / 127.0F;
        float const inverse = widest > 0 ? 127.0F / widest : 0.0F;
        for (std::size_t m = 0; m < subspaces_; ++m)
            for (std::size_t k = 0; k < levels; ++k) {
                float const above = out.values[levels * m + k] - least[m];
                out.steps[levels * m + k] =
                    static_cast<std::uint8_t>(above == 0 ? 0.0F : std::min(127.0F, std::nearbyint(above * inverse)));
            }
        return out;
    }

    /// The inner product of the query with what the codes stand for, from the float tables; added in double.
    template <class Codes>
    [[nodiscard]] float estimate(product_tables const& query, Codes const& codes) const noexcept {
        double sum = 0;
        for (std::size_t m = 0; m < subspaces_; ++m) sum += double{query.values[levels * m + codes[m]]};
        return static_cast<float>(sum);
    }

    /// Little endian: version, dims, subspaces (u32 each), threshold, then the codebooks (f32 each).
    [[nodiscard]] std::vector<std::byte> to_bytes() const {
        std::vector<std::byte> out;
        out.reserve(header_bytes + sizeof(float) * levels * dims_);
        auto const put = [&](std::uint32_t word) {
            for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<std::byte>(word >> shift & 255U));
        };
        put(version);
        put(static_cast<std::uint32_t>(dims_));
        put(static_cast<std::uint32_t>(subspaces_));
        put(std::bit_cast<std::uint32_t>(threshold_));
        for (float const v : codebooks()) put(std::bit_cast<std::uint32_t>(v));
        return out;
    }

    /// @throws error truncated_file, unsupported_version, corrupt_file
    [[nodiscard]] static product_quantizer from_bytes(std::span<std::byte const> bytes) {
        require(bytes.size() >= header_bytes, error_code::truncated_file, "a product quantizer of ", bytes.size(), " bytes");
        auto const word = [&](std::size_t i) {
            std::uint32_t value = 0;
            for (std::size_t b = 0; b < 4; ++b) value |= std::to_integer<std::uint32_t>(bytes[4 * i + b]) << (8 * b);
            return value;
        };
        require(word(0) == version, error_code::unsupported_version, "product quantizer of version ", word(0));
        std::size_t const dims = word(1), expected = header_bytes + sizeof(float) * levels * dims;
        require(dims <= max_dims, error_code::corrupt_file, "product quantizer of ", dims, " dimensions");
        require(bytes.size() >= expected, error_code::truncated_file, "a product quantizer of ", dims, " dimensions has ", expected,
                " bytes, not ", bytes.size());
        require(bytes.size() == expected, error_code::corrupt_file, "a product quantizer of ", dims, " dimensions has ", expected,
                " bytes, not ", bytes.size());
        std::vector<float> codebooks(levels * dims);
        for (std::size_t i = 0; i < codebooks.size(); ++i) codebooks[i] = std::bit_cast<float>(word(header_bytes / 4 + i));
        try {
            return {dims, word(2), codebooks, std::bit_cast<float>(word(3))};
        } catch (error const& e) {
            fail(error_code::corrupt_file, "product quantizer: ", e.what());
        }
    }

private:
    static constexpr std::uint32_t version = 1;
    static constexpr std::size_t header_bytes = 16;

    [[nodiscard]] float const* panel(std::size_t m) const noexcept { return panels_.data() + levels * first_dim(m); }
    /// |c|^2 of the centroids of a subspace.
    [[nodiscard]] float const* squares(std::size_t m) const noexcept { return squares_.data() + levels * m; }
    void set_centroid(std::size_t m, std::size_t k, std::span<float const> c) noexcept {
        for (std::size_t i = 0; i < c.size(); ++i) panels_[levels * (first_dim(m) + i) + k] = c[i];
        double const length = norm(c);
        squares_[levels * m + k] = static_cast<float>(length * length);
    }
    void part_dots(std::span<float const> x, std::size_t m, float (&dots)[levels]) const noexcept {
        simd::panel_dots(default_arch{}, x.data() + first_dim(m), panel(m), subspace_dims(m), dots);
    }

    /// Coordinate descent of the anisotropic loss: sum over subspaces of |c|^2 - 2 <x, c>, and (eta - 1) (|x|^2 - sum of <x, c>)^2 / |x|^2.
    template <class Codes>
    void descend(std::span<float const> x, Codes const& codes) const noexcept {
        double const length = norm(x);
        if (!(length > 0)) return;
        double const xx = rounded(length * length), weight = (eta() - 1) / xx;
        float dots[levels];
        double missing = xx;  // <r, x>
        for (std::size_t m = 0; m < subspaces_; ++m) {
            part_dots(x, m, dots);
            missing -= double{dots[codes[m]]};
        }
        bool changed = true;
        for (std::size_t pass = 0; pass < passes && changed; ++pass) {
            changed = false;
            for (std::size_t m = 0; m < subspaces_; ++m) {
                part_dots(x, m, dots);
                double const others = missing + double{dots[codes[m]]};
                auto const loss = [&](std::size_t k) {
                    double const along = others - double{dots[k]};
                    return double{squares(m)[k]} - 2 * double{dots[k]} + rounded(weight * rounded(along * along));
                };
                std::size_t best = codes[m];
                double least = loss(best);
                for (std::size_t k = 0; k < levels; ++k)
                    if (double const l = loss(k); l < least) best = k, least = l;
                missing = others - double{dots[best]};
                if (best == codes[m]) continue;
                codes[m] = static_cast<std::uint8_t>(best);
                changed = true;
            }
        }
    }

    std::size_t dims_;
    std::size_t subspaces_;
    float threshold_;
    aligned_vector<float> panels_;
    std::vector<float> squares_;
};

}  // namespace simile::quantize
