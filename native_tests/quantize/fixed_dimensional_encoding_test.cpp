// SPDX-License-Identifier: Apache-2.0
#include <simile/quantize/fixed_dimensional_encoding.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

using namespace simile;
using namespace simile::test;
using quantize::count_sketch;
using quantize::fde_matrices;
using quantize::fde_options;
using quantize::fde_projection;
using quantize::fixed_dimensional_encoding;

namespace {

using sign_bits = std::vector<bool>;

sign_bits bits_of(std::vector<float> const& normals, std::size_t k, std::span<float const> x) {
    sign_bits out(k);
    for (std::size_t j = 0; j < k; ++j) {
        double sum = 0;
        for (std::size_t i = 0; i < x.size(); ++i) sum += double{x[i]} * double{normals[i * k + j]};
        out[j] = sum > 0;
    }
    return out;
}

/// Where the cell with these sign_bits stands: every bit is flipped when the one written before it is set.
std::size_t place_of(sign_bits const& b) {
    std::size_t place = 0;
    bool before = false;
    for (bool const bit : b) {
        before = bit != before;
        place = 2 * place + (before ? 1U : 0U);
    }
    return place;
}

std::vector<double> sketched(count_sketch const& s, std::vector<double> const& x, std::size_t to) {
    std::vector<double> out(to);
    for (std::size_t i = 0; i < x.size(); ++i) out[s.index[i]] += s.sign[i] * x[i];
    return out;
}

/// The encoding by definition: cell by cell over all bit strings.
std::vector<double> by_definition(fixed_dimensional_encoding const& f, matrix_view<float const> points, bool document) {
    auto const& o = f.options();
    std::size_t const k = o.num_simhash_projections;
    bool const sketches = o.projection_type == fde_projection::ams_sketch;
    std::size_t const size = sketches ? o.projection_dimension : o.dimension, cells = std::size_t{1} << k;
    std::vector<double> all;
    for (std::size_t r = 0; r < o.num_repetitions; ++r) {
        std::vector<std::vector<double>> value;
        std::vector<sign_bits> code;
        for (std::size_t i = 0; i < points.rows(); ++i) {
            std::vector<double> const x(points[i].begin(), points[i].end());
            value.push_back(sketches ? sketched(f.matrices().projection[r], x, size) : x);
            code.push_back(bits_of(f.matrices().simhash[r], k, points[i]));
        }
        std::vector<double> part(cells * size);
        for (std::size_t c = 0; c < cells; ++c) {
            sign_bits wanted(k);
            for (std::size_t j = 0; j < k; ++j) wanted[j] = (c >> j & 1U) != 0;
            auto const at = part.begin() + static_cast<std::ptrdiff_t>(place_of(wanted) * size);
            std::size_t members = 0, nearest = 0, least = k + 1;
            for (std::size_t i = 0; i < points.rows(); ++i) {
                std::size_t differ = 0;
                for (std::size_t j = 0; j < k; ++j) differ += code[i][j] != wanted[j] ? 1U : 0U;
                if (differ < least) least = differ, nearest = i;
                if (differ != 0) continue;
                ++members;
                for (std::size_t j = 0; j < size; ++j) at[static_cast<std::ptrdiff_t>(j)] += value[i][j];
            }
            for (std::size_t j = 0; j < size; ++j) {
                double& v = at[static_cast<std::ptrdiff_t>(j)];
                if (members == 0 && document && o.fill_empty_partitions)
                    v = value[nearest][j];
                else if (members != 0 && document)
                    v /= static_cast<double>(members);
            }
        }
        all.insert(all.end(), part.begin(), part.end());
    }
    return o.final_projection_dimension == 0 ? all : sketched(f.matrices().final_projection, all, o.final_projection_dimension);
}

void check_equal(std::vector<float> const& found, std::vector<double> const& expected) {
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) REQUIRE(std::abs(double{found[i]} - expected[i]) <= 1e-6 * (1 + std::abs(expected[i])));
}

double dot(std::vector<float> const& x, std::vector<float> const& y) { return dot_by_definition<float>(x, y).value; }

double chamfer(matrix_view<float const> query, matrix_view<float const> document) {
    double sum = 0;
    for (std::size_t i = 0; i < query.rows(); ++i) {
        double best = -1e300;
        for (std::size_t j = 0; j < document.rows(); ++j) best = std::max(best, dot_by_definition(query[i], document[j]).value);
        sum += best;
    }
    return sum;
}

double pearson(std::vector<double> const& x, std::vector<double> const& y) {
    double const n = static_cast<double>(x.size());
    double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
    for (std::size_t i = 0; i < x.size(); ++i) mx += x[i] / n, my += y[i] / n;
    for (std::size_t i = 0; i < x.size(); ++i)
        xx += (x[i] - mx) * (x[i] - mx), yy += (y[i] - my) * (y[i] - my), xy += (x[i] - mx) * (y[i] - my);
    return xy / std::sqrt(xx * yy);
}

}  // namespace

TEST_CASE("encodings are what their definition says", "[quantize][fixed_dimensional_encoding]") {
    for (std::size_t const d : {1U, 5U, 32U})
        for (std::size_t const k : {0U, 1U, 3U, 5U})
            for (bool const sketches : {false, true})
                for (bool const fill : {false, true})
                    for (std::size_t const last : {0U, 50U}) {
                        fixed_dimensional_encoding const f(
                            {.dimension = d,
                             .num_repetitions = 3,
                             .num_simhash_projections = k,
                             .seed = d + k,
                             .projection_type = sketches ? fde_projection::ams_sketch : fde_projection::identity,
                             .projection_dimension = sketches ? 4U : 0U,
                             .fill_empty_partitions = fill,
                             .final_projection_dimension = last});
                        CAPTURE(d, k, sketches, fill, last);
                        REQUIRE(f.output_dimension() == (last != 0 ? last : 3 * (std::size_t{1} << k) * (sketches ? 4 : d)));
                        auto const values = normal_vector(7 * d, d + 9 * k);
                        matrix_view<float const> const points(values.data(), 7, d);
                        check_equal(f.encode_query(points), by_definition(f, points, false));
                        check_equal(f.encode_document(points), by_definition(f, points, true));
                    }
}

TEST_CASE("cells are numbered by the Gray code, so neighbours differ by one hyperplane", "[quantize][fixed_dimensional_encoding]") {
    // Hyperplane j asks for the sign of coordinate j.
    std::size_t const k = 4;
    std::vector<float> identity(k * k);
    for (std::size_t j = 0; j < k; ++j) identity[j * k + j] = 1;
    fixed_dimensional_encoding const f({.dimension = k, .num_simhash_projections = k}, {{identity}, {}, {}});
    std::vector<sign_bits> at(16);
    for (unsigned b = 0; b < 16; ++b) {
        sign_bits code(k);
        std::vector<float> x(k, -1.0F);
        for (std::size_t j = 0; j < k; ++j)
            if (b >> j & 1U) x[j] = 1, code[j] = true;
        REQUIRE(f.cell_of(0, x) == place_of(code));
        at[f.cell_of(0, x)] = code;
    }
    for (std::size_t a = 0; a < 16; ++a)
        for (std::size_t b = 0; b < 16; ++b) {
            unsigned differ = 0;
            for (std::size_t j = 0; j < k; ++j) differ += at[a][j] != at[b][j] ? 1U : 0U;
            REQUIRE(f.planes_between(a, b) == differ);
        }
    // A point on a hyperplane is below it.
    CHECK(f.cell_of(0, std::vector<float>(k, 0.0F)) == 0);
    CHECK(f.cell_of(0, std::vector<float>{1, 0, 0, 0}) == 15);
}

TEST_CASE("an empty cell of a document copies the first of the nearest points, a query's stays empty",
          "[quantize][fixed_dimensional_encoding]") {
    std::vector<float> const planes = {1, 0, 0, 1}, values = {1, 2, 3, 4, -1, 5};  // cells by signs: ++, ++, -+
    matrix_view<float const> const points(values.data(), 3, 2);
    fde_options options{.dimension = 2, .num_simhash_projections = 2, .fill_empty_partitions = true};
    fixed_dimensional_encoding const f(options, {{planes}, {}, {}});
    // Places: -- 0, -+ 1, ++ 2, +- 3. From -- the third point is one plane away, from +- the first and the second.
    CHECK(f.encode_document(points) == std::vector<float>{-1, 5, -1, 5, 2, 3, 1, 2});
    CHECK(f.encode_query(points) == std::vector<float>{0, 0, -1, 5, 4, 6, 0, 0});
    options.fill_empty_partitions = false;
    CHECK(fixed_dimensional_encoding(options, {{planes}, {}, {}}).encode_document(points) == std::vector<float>{0, 0, -1, 5, 2, 3, 0, 0});
}

TEST_CASE("an encoding is the same for the same seed, and others for each repetition", "[quantize][fixed_dimensional_encoding]") {
    fde_options const options{.dimension = 16,
                              .num_repetitions = 2,
                              .num_simhash_projections = 3,
                              .seed = 7,
                              .projection_type = fde_projection::ams_sketch,
                              .projection_dimension = 5,
                              .fill_empty_partitions = true,
                              .final_projection_dimension = 30};
    auto const values = normal_vector(16 * 9, 1);
    matrix_view<float const> const points(values.data(), 9, 16);
    fixed_dimensional_encoding const f(options);
    CHECK(f.encode_document(points) == fixed_dimensional_encoding(options).encode_document(points));
    CHECK(f.matrices().simhash[0] != f.matrices().simhash[1]);
    CHECK(f.matrices().projection[0].index != f.matrices().projection[1].index);
    auto other = options;
    other.seed = 8;
    CHECK(fixed_dimensional_encoding(other).matrices().simhash[0] == f.matrices().simhash[1]);
    CHECK(fixed_dimensional_encoding(other).encode_document(points) != f.encode_document(points));
    // The sign_bits, on every platform.
    std::uint64_t hash = 0xCBF29CE484222325U;
    for (float const v : f.encode_document(points)) hash = (hash ^ std::bit_cast<std::uint32_t>(v)) * 0x100000001B3U;
    CHECK(hash == 0x691C403879B8A64CU);
}

TEST_CASE("inner products of encodings follow max_sim, the better the longer they are", "[quantize][fixed_dimensional_encoding]") {
    // Clouds of 24 points around a few centres of 32 dims each; 150 documents, and noisy copies of some as queries.
    std::size_t const d = 32, points = 24, documents = 150, queries = 20;
    auto const centres = normal_vector(40 * d, 1);
    xoshiro256 random(2);
    std::vector<std::vector<float>> cloud(documents);
    for (std::size_t n = 0; n < documents; ++n) {
        std::size_t topics[4];
        for (auto& t : topics) t = random() % 40;
        for (std::size_t p = 0; p < points; ++p) {
            auto x = normal_vector(d, 1000 * n + p, 0.7F);
            for (std::size_t i = 0; i < d; ++i) x[i] += centres[topics[p % 4] * d + i];
            to_unit(x, x);
            cloud[n].insert(cloud[n].end(), x.begin(), x.end());
        }
    }
    struct shape {
        std::size_t k, projected, repetitions;
        double least;
    };
    double before = 0;
    for (auto const [k, projected, repetitions, least] : {shape{2, 8, 20, 0.82}, shape{4, 8, 20, 0.86}, shape{5, 16, 20, 0.9}}) {
        fixed_dimensional_encoding const f({.dimension = d,
                                            .num_repetitions = repetitions,
                                            .num_simhash_projections = k,
                                            .projection_type = fde_projection::ams_sketch,
                                            .projection_dimension = projected,
                                            .fill_empty_partitions = true});
        std::vector<std::vector<float>> encoded;
        for (auto const& c : cloud) encoded.push_back(f.encode_document({c.data(), points, d}));
        double mean = 0;
        std::size_t worst_place = 0;
        for (std::size_t q = 0; q < queries; ++q) {
            auto query = normal_vector(points * d, 5000 + q, 0.1F);
            for (std::size_t i = 0; i < query.size(); ++i) query[i] += cloud[7 * q][i];
            matrix_view<float const> const asked(query.data(), points, d);
            auto const code = f.encode_query(asked);
            std::vector<double> exact, estimate;
            for (std::size_t n = 0; n < documents; ++n) {
                exact.push_back(chamfer(asked, {cloud[n].data(), points, d}));
                estimate.push_back(dot(code, encoded[n]) / static_cast<double>(repetitions));
            }
            mean += pearson(exact, estimate) / static_cast<double>(queries);
            double const best = estimate[static_cast<std::size_t>(std::max_element(exact.begin(), exact.end()) - exact.begin())];
            worst_place =
                std::max(worst_place,
                         static_cast<std::size_t>(std::count_if(estimate.begin(), estimate.end(), [best](double e) { return e > best; })));
        }
        CAPTURE(f.output_dimension(), mean);
        CHECK(mean >= least);
        CHECK(mean > before);
        CHECK(worst_place < 5);
        before = mean;
    }
}

TEST_CASE("fixed dimensional encodings refuse parameters and points that make no sense", "[quantize][fixed_dimensional_encoding]") {
    auto const made = [](fde_options const& o) { return outcome([&] { return fixed_dimensional_encoding(o); }); };
    CHECK(made({.dimension = 4}) == "ok");
    CHECK(made({.dimension = 0}) == "invalid_argument");
    CHECK(made({.dimension = max_dims + 1}) == "invalid_argument");
    CHECK(made({.dimension = 4, .num_repetitions = 0}) == "invalid_argument");
    CHECK(made({.dimension = 4, .num_simhash_projections = 25}) == "invalid_argument");
    CHECK(made({.dimension = 4, .num_simhash_projections = 24}) == "limit_exceeded");
    CHECK(made({.dimension = 4, .num_repetitions = std::numeric_limits<std::size_t>::max()}) == "limit_exceeded");
    CHECK(made({.dimension = 4, .final_projection_dimension = (std::size_t{1} << 24) + 1}) == "limit_exceeded");
    CHECK(made({.dimension = 4, .projection_type = fde_projection::ams_sketch}) == "invalid_argument");
    CHECK(made({.dimension = 4, .projection_dimension = 3}) == "invalid_argument");
    CHECK(made({.dimension = 4, .projection_dimension = 4}) == "ok");

    fde_options const plain{.dimension = 2, .num_simhash_projections = 1};
    fde_options const sketch{.dimension = 2, .projection_type = fde_projection::ams_sketch, .projection_dimension = 3};
    fde_options const shortened{.dimension = 2, .final_projection_dimension = 1};
    auto const given = [](fde_options const& o, fde_matrices m) {
        return outcome([&] { return fixed_dimensional_encoding(o, std::move(m)); });
    };
    auto const one = [](std::vector<std::uint32_t> index, std::vector<float> sign) {
        count_sketch s;
        s.index = std::move(index), s.sign = std::move(sign);
        return s;
    };
    CHECK(given(plain, {{{1, 2}}, {}, {}}) == "ok");
    CHECK(given(plain, {{}, {}, {}}) == "dimension_mismatch");
    CHECK(given(plain, {{{1, 2, 3}}, {}, {}}) == "dimension_mismatch");
    CHECK(given(plain, {{{1, 2}}, {{}}, {}}) == "dimension_mismatch");
    CHECK(given(plain, {{{1, std::nanf("")}}, {}, {}}) == "not_finite");
    CHECK(given(sketch, {{{}}, {one({2, 0}, {1, -1})}, {}}) == "ok");
    CHECK(given(sketch, {{{}}, {}, {}}) == "dimension_mismatch");
    CHECK(given(sketch, {{{}}, {one({2}, {1, -1})}, {}}) == "dimension_mismatch");
    CHECK(given(sketch, {{{}}, {one({3, 0}, {1, -1})}, {}}) == "invalid_argument");
    CHECK(given(sketch, {{{}}, {one({2, 0}, {1, 0.5F})}, {}}) == "invalid_argument");
    CHECK(given(shortened, {{{}}, {}, one({0, 0}, {1, 1})}) == "ok");
    CHECK(given(shortened, {{{}}, {}, {}}) == "dimension_mismatch");

    fixed_dimensional_encoding const f(plain);
    std::vector<float> values = {1, 2, 3, 4};
    CHECK(outcome([&] { return f.encode_query({values.data(), 2, 2}); }) == "ok");
    CHECK(outcome([&] { return f.encode_query({values.data(), 0, 2}); }) == "invalid_argument");
    CHECK(message([&] { return f.encode_document({values.data(), 1, values.size()}); }) == "points have 4 dimensions, the encoding 2");
    values[3] = std::numeric_limits<float>::infinity();
    CHECK(outcome([&] { return f.encode_document({values.data(), 2, 2}); }) == "not_finite");
    values[3] = 0x1p61F;
    CHECK(outcome([&] { return f.encode_document({values.data(), 2, 2}); }) == "out_of_range");
}
