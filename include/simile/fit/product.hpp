// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/mine/k_means.hpp>
#include <simile/quantize/product.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace simile::fit {

struct product_options {
    /// Passes of k-means in each subspace.
    std::size_t iterations = 25;
    std::uint64_t seed = 1;
    /// Rows that take part, drawn without replacement; 0: all. 256 a centroid by default.
    std::size_t sample = 4096;
    /// T of product_quantizer; 0: the plain squared error, 0.2 is usual.
    float threshold = 0;
    /// With a threshold: rounds of encoding and weighted least squares that follow k-means.
    std::size_t anisotropic_rounds = 5;
    executor* threads = nullptr;
    progress const* watch = nullptr;
};

namespace detail {

using quantize::product_quantizer;

/// Pointers to the rows that take part.
[[nodiscard]] inline std::vector<float const*> product_sample(matrix_view<float const> rows, std::size_t subspaces,
                                                              product_options const& options) {
    require(rows.dims() >= 1 && rows.dims() <= max_dims, error_code::out_of_range, "dims must be 1 .. ", max_dims, ", got ", rows.dims());
    require(subspaces >= 1 && subspaces <= rows.dims(), error_code::out_of_range, "subspaces must be 1 .. ", rows.dims(), ", got ",
            subspaces);
    std::size_t const least = product_quantizer::levels;
    require(rows.rows() >= least && (options.sample == 0 || options.sample >= least), error_code::invalid_argument, "a sample of ",
            options.sample == 0 ? rows.rows() : std::min(rows.rows(), options.sample), " rows is too small for ", least, " centroids");
    require(options.threshold >= 0 && options.threshold < 1, error_code::invalid_argument, "threshold must be in [0, 1), got ",
            options.threshold);
    auto out = mine::detail::checked_rows(rows);
    if (options.sample == 0 || options.sample >= out.size()) return out;
    xoshiro256 random(options.seed);
    return mine::detail::draw(out, options.sample, random);
}

/// Sixteen centroids of each part of the rows.
[[nodiscard]] inline product_quantizer cluster_parts(std::span<float const* const> rows, std::size_t dims, std::size_t subspaces,
                                                     product_options const& options) {
    std::vector<float> codebooks;
    codebooks.reserve(product_quantizer::levels * dims);
    std::vector<float> part;
    for (std::size_t m = 0; m < subspaces; ++m) {
        std::size_t const first = m * dims / subspaces, width = (m + 1) * dims / subspaces - first;
        part.clear();
        for (float const* const row : rows) part.insert(part.end(), row + first, row + first + width);
        auto const found = mine::k_means({part.data(), rows.size(), width}, {.clusters = product_quantizer::levels,
                                                                             .iterations = options.iterations,
                                                                             .seed = options.seed + m,
                                                                             .points_per_cluster = 0,
                                                                             .start = mine::seeding::k_means_plus_plus,
                                                                             .threads = options.threads});
        auto const values = found.centroids().values();
        codebooks.insert(codebooks.end(), values.begin(), values.end());
        if (options.watch != nullptr) options.watch->step(m + 1, subspaces);
    }
    return {dims, subspaces, codebooks, options.threshold};
}

/// Solves a x = b in place, a [n][n] symmetric and positive definite; the products are rounded, so the bits are the same everywhere.
inline void solve_positive(std::vector<double>& a, std::span<double> b) noexcept {
    std::size_t const n = b.size();
    for (std::size_t j = 0; j < n; ++j)
        for (std::size_t i = j; i < n; ++i) {
            double sum = a[i * n + j];
            for (std::size_t k = 0; k < j; ++k) sum -= rounded(a[i * n + k] * a[j * n + k]);
            a[i * n + j] = i == j ? std::sqrt(sum) : sum / a[j * n + j];
        }
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t k = 0; k < i; ++k) b[i] -= rounded(a[i * n + k] * b[k]);
        b[i] /= a[i * n + i];
    }
    for (std::size_t i = n; i-- > 0;) {
        for (std::size_t k = i + 1; k < n; ++k) b[i] -= rounded(a[k * n + i] * b[k]);
        b[i] /= a[i * n + i];
    }
}

/// One round of block coordinate descent of the codebooks for fixed codes: the centroids of each subspace in turn get the values that make the sum of
/// |r|^2 + (eta - 1) <r, x>^2 / |x|^2 over the rows least while all others stay. With eta = 1 these are the means.
class codebook_update {
public:
    codebook_update(product_quantizer const& from, std::span<float const* const> rows)
        : shape_(from),
          rows_(rows),
          codebooks_(from.codebooks()),
          codes_(rows.size() * from.subspaces()),
          missing_(rows.size()),
          weight_(rows.size()) {
        for (std::size_t r = 0; r < rows.size(); ++r) {
            std::span<float const> const x(rows[r], from.dims());
            from.encode(x, std::span(codes_).subspan(r * from.subspaces(), from.subspaces()));
            double const length = norm(x), square = rounded(length * length);
            weight_[r] = square > 0 ? (from.eta() - 1) / square : 0;
            missing_[r] = square;
            for (std::size_t m = 0; m < from.subspaces(); ++m) missing_[r] -= part_dot(r, m);
        }
    }

    [[nodiscard]] product_quantizer run() {
        for (std::size_t m = 0; m < shape_.subspaces(); ++m)
            for (std::size_t k = 0; k < product_quantizer::levels; ++k) move_centroid(m, k);
        return {shape_.dims(), shape_.subspaces(), codebooks_, shape_.threshold()};
    }

private:
    void move_centroid(std::size_t m, std::size_t k) {
        std::size_t const d = shape_.subspace_dims(m);
        std::vector<double> a(d * d), b(d);
        std::size_t members = 0;
        for (std::size_t r = 0; r < rows_.size(); ++r) {
            if (code(r, m) != k) continue;
            ++members;
            missing_[r] += part_dot(r, m);
            float const* const x = part(r, m);
            double const pull = 1 + rounded(weight_[r] * missing_[r]);
            for (std::size_t i = 0; i < d; ++i) {
                b[i] += rounded(pull * double{x[i]});
                double const scaled = rounded(weight_[r] * double{x[i]});
                for (std::size_t j = 0; j <= i; ++j) a[i * d + j] += rounded(scaled * double{x[j]});
            }
        }
        if (members == 0) return;
        for (std::size_t i = 0; i < d; ++i) a[i * d + i] += static_cast<double>(members);
        solve_positive(a, b);
        for (std::size_t i = 0; i < d; ++i) centroid(m, k)[i] = static_cast<float>(b[i]);
        for (std::size_t r = 0; r < rows_.size(); ++r)
            if (code(r, m) == k) missing_[r] -= part_dot(r, m);
    }
    [[nodiscard]] std::uint8_t code(std::size_t r, std::size_t m) const noexcept { return codes_[r * shape_.subspaces() + m]; }
    [[nodiscard]] float const* part(std::size_t r, std::size_t m) const noexcept { return rows_[r] + shape_.first_dim(m); }
    [[nodiscard]] float* centroid(std::size_t m, std::size_t k) noexcept {
        return codebooks_.data() + product_quantizer::levels * shape_.first_dim(m) + k * shape_.subspace_dims(m);
    }
    [[nodiscard]] double part_dot(std::size_t r, std::size_t m) noexcept {
        float const *const x = part(r, m), *const c = centroid(m, code(r, m));
        double sum = 0;
        for (std::size_t i = 0; i < shape_.subspace_dims(m); ++i) sum += double{x[i]} * double{c[i]};  // exact products
        return sum;
    }

    product_quantizer const& shape_;
    std::span<float const* const> rows_;
    std::vector<float> codebooks_;
    std::vector<std::uint8_t> codes_;
    std::vector<double> missing_;  // <r, x>, less the part that is being changed
    std::vector<double> weight_;   // (eta - 1) / |x|^2
};

}  // namespace detail

/// Learns the codebooks of a product quantizer from a sample.
///
/// Bits  the same for the same rows and options on every platform, with any executor.
/// @param rows       [n][d], at least 16, finite, shorter than 2^60
/// @param subspaces  1 .. d; codes have half a byte for each
/// @throws error out_of_range, invalid_argument, not_finite, cancelled
[[nodiscard]] inline quantize::product_quantizer fit_product(matrix_view<float const> rows, std::size_t subspaces,
                                                             product_options const& options = {}) {
    auto const sample = detail::product_sample(rows, subspaces, options);
    auto out = detail::cluster_parts(sample, rows.dims(), subspaces, options);
    if (out.eta() > 1)
        for (std::size_t round = 0; round < options.anisotropic_rounds; ++round) out = detail::codebook_update(out, sample).run();
    return out;
}

}  // namespace simile::fit
