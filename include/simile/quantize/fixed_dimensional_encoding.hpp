// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/aligned_buffer.hpp>
#include <simile/core/error.hpp>
#include <simile/core/hit.hpp>
#include <simile/core/matrix_view.hpp>
#include <simile/core/norm.hpp>
#include <simile/core/random.hpp>
#include <simile/simd/float_sums.hpp>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace simile::quantize {

/// What becomes of the points of a cell: their sum (queries) or their mean (documents).
enum class fde_encoding : std::uint8_t { sum, average };
/// How a point is shortened before it is added up: not at all, or by a count sketch (one output dim and one sign for each input dim, not scaled).
enum class fde_projection : std::uint8_t { identity, ams_sketch };

/// The parameters of the published code, under its names.
struct fde_options {
    std::size_t dimension = 0;                ///< of the points
    std::size_t num_repetitions = 1;          ///< independent partitions of space
    std::size_t num_simhash_projections = 0;  ///< k: 2^k cells a partition, at most 24
    std::uint64_t seed = 1;
    fde_projection projection_type = fde_projection::identity;
    std::size_t projection_dimension = 0;  ///< of a point after an ams_sketch
    bool fill_empty_partitions = false;    ///< documents: an empty cell copies the first of the points that are fewest hyperplanes away
    std::size_t final_projection_dimension = 0;  ///< 0: none; else a count sketch of the whole encoding
};

/// One output dim and one sign, +1 or -1, for each input dim.
struct count_sketch {
    std::vector<std::uint32_t> index;
    std::vector<float> sign;

    count_sketch() = default;
    template <class Generator>
    count_sketch(std::size_t from, std::size_t to, Generator& random) : index(from), sign(from) {
        for (std::size_t i = 0; i < from; ++i) {
            index[i] = static_cast<std::uint32_t>(uniform01(random) * static_cast<double>(to));
            sign[i] = (random() >> 63) != 0 ? 1.0F : -1.0F;
        }
    }
};

/// What is random about an encoding.
struct fde_matrices {
    std::vector<std::vector<float>> simhash;  ///< for each repetition [dimension][k]
    std::vector<count_sketch> projection;     ///< for each repetition; none with fde_projection::identity
    count_sketch final_projection;            ///< empty without one
};

/// Fixed dimensional encodings of sets of vectors: the inner product of a query's and a document's approximates the sum over the query's points of the
/// largest inner product with a point of the document (max_sim, Chamfer), so any index of single vectors can look for the best documents.
///
/// For each repetition k random hyperplanes cut space into 2^k cells, numbered so that the bits b of a point make the cell p by p <- 2 p + (b xor p mod 2)
/// (a Gray code). A query has the sum of its points in each cell, a document the mean; cells and repetitions follow one another. Divide scores by the
/// number of repetitions to compare them with max_sim.
///
/// Bits    the same on every platform: the generator is portable, a bit is the sign of simd::sum_pair, cells are added up in double in the order of points.
/// Source  Dhulipala et al., "MUVERA: Multi-Vector Retrieval via Fixed Dimensional Encodings", NeurIPS 2024, and its published code.
class fixed_dimensional_encoding {
public:
    /// Longest encoding, before and after the final projection.
    static constexpr std::size_t max_output = std::size_t{1} << 24;

    /// Draws the matrices: repetition r from xoshiro256 of seed + r, the normals first, then the sketch; the final sketch from that of ~seed.
    /// @throws error invalid_argument, limit_exceeded
    explicit fixed_dimensional_encoding(fde_options const& options) : fixed_dimensional_encoding(options, draw(options)) {}

    /// With matrices from elsewhere.
    /// @throws error invalid_argument, limit_exceeded; dimension_mismatch when a matrix has another shape, not_finite
    fixed_dimensional_encoding(fde_options const& options, fde_matrices matrices)
        : options_(checked(options)), matrices_(std::move(matrices)) {
        std::size_t const d = options.dimension, k = options.num_simhash_projections, repetitions = options.num_repetitions;
        require(matrices_.simhash.size() == repetitions, error_code::dimension_mismatch, matrices_.simhash.size(), " partitions for ",
                repetitions, " repetitions");
        bool const sketches = options.projection_type == fde_projection::ams_sketch;
        require(matrices_.projection.size() == (sketches ? repetitions : 0), error_code::dimension_mismatch, matrices_.projection.size(),
                " projections for ", repetitions, " repetitions");
        for (auto const& normals : matrices_.simhash) {
            require(normals.size() == d * k, error_code::dimension_mismatch, normals.size(), " numbers are not ", k, " hyperplanes of ", d,
                    " dimensions");
            require(all_finite(normals), error_code::not_finite, "a hyperplane has a component that is NaN or infinite");
            for (std::size_t j = 0; j < k; ++j)
                for (std::size_t i = 0; i < d; ++i) planes_.push_back(normals[i * k + j]);
        }
        for (auto const& sketch : matrices_.projection) check_sketch(sketch, d, options.projection_dimension);
        std::size_t const final_dims = options.final_projection_dimension;
        check_sketch(matrices_.final_projection, final_dims == 0 ? 0 : inner_size(), final_dims);
    }

    [[nodiscard]] fde_options const& options() const noexcept { return options_; }
    [[nodiscard]] fde_matrices const& matrices() const noexcept { return matrices_; }
    [[nodiscard]] std::size_t cells() const noexcept { return std::size_t{1} << options_.num_simhash_projections; }
    /// Dims of an encoding.
    [[nodiscard]] std::size_t output_dimension() const noexcept {
        return options_.final_projection_dimension != 0 ? options_.final_projection_dimension : inner_size();
    }

    /// @param points  [n][dimension], n >= 1, finite, components below 2^60
    /// @throws error dimension_mismatch, invalid_argument (no points), not_finite, out_of_range
    [[nodiscard]] std::vector<float> encode_query(matrix_view<float const> points) const {
        return encode(points, fde_encoding::sum, false);
    }
    [[nodiscard]] std::vector<float> encode_document(matrix_view<float const> points) const {
        return encode(points, fde_encoding::average, options_.fill_empty_partitions);
    }

    /// The cell of a point in a repetition.
    [[nodiscard]] std::size_t cell_of(std::size_t repetition, std::span<float const> point) const noexcept {
        assert(repetition < options_.num_repetitions && point.size() == options_.dimension);
        std::size_t const d = options_.dimension, k = options_.num_simhash_projections;
        std::size_t cell = 0;
        for (std::size_t j = 0; j < k; ++j) {
            float const* const plane = planes_.data() + (repetition * k + j) * d;
            bool const above = simd::sum_pair<simd::product>(default_arch{}, point.data(), plane, d) > 0;
            cell = 2 * cell + ((above ? 1U : 0U) ^ (cell & 1U));
        }
        return cell;
    }
    /// The number of hyperplanes between two cells.
    [[nodiscard]] static unsigned planes_between(std::size_t a, std::size_t b) noexcept {
        std::size_t const differ = a ^ b;  // both numberings are linear over bits
        return static_cast<unsigned>(std::popcount(differ ^ (differ >> 1)));
    }

private:
    [[nodiscard]] static fde_options const& checked(fde_options const& o) {
        require(o.dimension >= 1 && o.dimension <= max_dims, error_code::invalid_argument, "dimension must be 1 .. ", max_dims, ", got ",
                o.dimension);
        require(o.num_repetitions >= 1, error_code::invalid_argument, "num_repetitions must be at least 1");
        require(o.num_simhash_projections <= 24, error_code::invalid_argument, "num_simhash_projections must be 0 .. 24, got ",
                o.num_simhash_projections);
        bool const sketches = o.projection_type == fde_projection::ams_sketch;
        require(!sketches || o.projection_dimension >= 1, error_code::invalid_argument, "an AMS sketch needs a projection_dimension");
        require(sketches || o.projection_dimension == 0 || o.projection_dimension == o.dimension, error_code::invalid_argument,
                "the identity keeps ", o.dimension, " dimensions, not ", o.projection_dimension);
        std::uint64_t const each = sketches ? o.projection_dimension : o.dimension;
        require(each <= max_output && each << o.num_simhash_projections <= max_output &&
                    o.num_repetitions <= max_output / (each << o.num_simhash_projections),
                error_code::limit_exceeded, "an encoding of more than ", max_output, " dimensions");
        require(o.final_projection_dimension <= max_output, error_code::limit_exceeded, "a final projection to more than ", max_output,
                " dimensions");
        return o;
    }
    static void check_sketch(count_sketch const& sketch, std::size_t from, std::size_t to) {
        require(sketch.index.size() == from && sketch.sign.size() == from, error_code::dimension_mismatch, "a sketch of ", from,
                " dimensions has ", sketch.index.size(), " indices and ", sketch.sign.size(), " signs");
        for (std::size_t i = 0; i < from; ++i) {
            require(sketch.index[i] < to, error_code::invalid_argument, "a sketch to ", to, " dimensions has the index ", sketch.index[i]);
            require(sketch.sign[i] == 1 || sketch.sign[i] == -1, error_code::invalid_argument, "a sketch has the sign ", sketch.sign[i]);
        }
    }
    [[nodiscard]] static fde_matrices draw(fde_options const& options) {
        static_cast<void>(checked(options));
        fde_matrices out;
        for (std::size_t r = 0; r < options.num_repetitions; ++r) {
            xoshiro256 random(options.seed + r);
            auto& normals = out.simhash.emplace_back(options.dimension * options.num_simhash_projections);
            for (float& v : normals) v = static_cast<float>(nearly_normal(random));
            if (options.projection_type == fde_projection::ams_sketch)
                out.projection.emplace_back(options.dimension, options.projection_dimension, random);
        }
        xoshiro256 random(~options.seed);
        std::size_t const each = options.projection_type == fde_projection::ams_sketch ? options.projection_dimension : options.dimension;
        if (options.final_projection_dimension != 0)
            out.final_projection = {options.num_repetitions * (each << options.num_simhash_projections), options.final_projection_dimension,
                                    random};
        return out;
    }

    [[nodiscard]] std::size_t cell_size() const noexcept {
        return options_.projection_type == fde_projection::ams_sketch ? options_.projection_dimension : options_.dimension;
    }
    [[nodiscard]] std::size_t inner_size() const noexcept { return options_.num_repetitions * cells() * cell_size(); }

    [[nodiscard]] std::vector<float> encode(matrix_view<float const> points, fde_encoding encoding, bool fill) const {
        require(points.rows() >= 1, error_code::invalid_argument, "no points to encode");
        require(points.dims() == options_.dimension, error_code::dimension_mismatch, "points have ", points.dims(),
                " dimensions, the encoding ", options_.dimension);
        for (std::size_t i = 0; i < points.rows(); ++i) {
            require(all_finite(points[i]), error_code::not_finite, "point ", i, " has a component that is NaN or infinite");
            bool const small = std::ranges::all_of(points[i], [](float v) { return std::abs(v) < 0x1p60F; });
            require(small, error_code::out_of_range, "point ", i, " has a component of 2^60 or more");
        }
        std::vector<double> sums(inner_size());
        for (std::size_t r = 0; r < options_.num_repetitions; ++r)
            encode_repetition(r, points, encoding, fill, std::span(sums).subspan(r * cells() * cell_size(), cells() * cell_size()));
        if (options_.final_projection_dimension != 0) {
            std::vector<double> shorter(options_.final_projection_dimension);
            add_sketch(matrices_.final_projection, sums, shorter);
            sums.swap(shorter);
        }
        return {sums.begin(), sums.end()};
    }

    void encode_repetition(std::size_t r, matrix_view<float const> points, fde_encoding encoding, bool fill, std::span<double> sums) const {
        std::vector<std::size_t> cell(points.rows()), count(cells());
        for (std::size_t i = 0; i < points.rows(); ++i) {
            cell[i] = cell_of(r, points[i]);
            ++count[cell[i]];
            add_projected(r, points[i], sums.subspan(cell[i] * cell_size(), cell_size()));
        }
        if (encoding == fde_encoding::sum) return;
        for (std::size_t c = 0; c < cells(); ++c) {
            auto const at = sums.subspan(c * cell_size(), cell_size());
            if (count[c] != 0) {
                for (double& v : at) v /= static_cast<double>(count[c]);
            } else if (fill) {
                auto const nearer = [c](std::size_t a, std::size_t b) { return planes_between(a, c) < planes_between(b, c); };
                auto const nearest = std::min_element(cell.begin(), cell.end(), nearer) - cell.begin();
                add_projected(r, points[static_cast<std::size_t>(nearest)], at);
            }
        }
    }

    void add_projected(std::size_t r, std::span<float const> point, std::span<double> to) const noexcept {
        if (options_.projection_type == fde_projection::ams_sketch) return add_sketch(matrices_.projection[r], point, to);
        for (std::size_t i = 0; i < point.size(); ++i) to[i] += double{point[i]};
    }
    template <class From>
    static void add_sketch(count_sketch const& sketch, From const& from, std::span<double> to) noexcept {
        for (std::size_t i = 0; i < from.size(); ++i) to[sketch.index[i]] += double{sketch.sign[i]} * double{from[i]};  // a sign: exact
    }

    fde_options options_;
    fde_matrices matrices_;
    std::vector<float> planes_;  // [repetition][k][dimension]
};

}  // namespace simile::quantize
