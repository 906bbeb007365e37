// SPDX-License-Identifier: Apache-2.0
// Recurrent binary codes in an index: the model, its codes and the one integer kernel together.
#include <simile/index/file.hpp>
#include <simile/quantize/recurrent_binary.hpp>

#include "support/clustered.hpp"
#include "support/embeddings.hpp"
#include "support/errors.hpp"
#include "support/file_surgery.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using quantize::dense_block;
using quantize::dense_layer;
using quantize::recurrent_binary_encoder;
using quantize::recurrent_form;
using quantize::recurrent_query;

namespace {

dense_block random_block(std::size_t in, std::size_t out, std::uint64_t seed) {
    auto const first = normal_vector(in * 9, seed), bias = normal_vector(9, seed + 1), second = normal_vector(9 * out, seed + 2);
    return dense_block({dense_layer({first.data(), in, 9}, bias), dense_layer({second.data(), 9, out})});
}
/// Blocks of two layers and random weights, as wide as the code is not.
recurrent_binary_encoder random_model(std::size_t dims, std::size_t codes, unsigned bits, bool with_decoder = false) {
    std::vector<dense_block> back, residual;
    for (unsigned i = 1; i < bits; ++i) {
        back.push_back(random_block(codes, dims, 10 * i));
        residual.push_back(random_block(dims, codes, 100 * i));
    }
    std::optional<dense_block> decoder;
    if (with_decoder) decoder = random_block(codes, dims, 7777);
    return {random_block(dims, codes, 1), std::move(back), std::move(residual), std::move(decoder)};
}

/// A model that was trained as far as signs of projections can be: W and R_i an orthogonal matrix, B_i its transpose.
recurrent_binary_encoder orthogonal_model(std::size_t d, unsigned bits) {
    std::vector<float> w, transposed(d * d);
    for (std::size_t i = 0; i < d; ++i) {
        auto line = unit_vector(d, 900 + i);
        for (std::size_t k = 0; k < i; ++k) {
            double const along = dot_by_definition<float>(line, std::span(w).subspan(k * d, d)).value;
            for (std::size_t j = 0; j < d; ++j) line[j] -= static_cast<float>(along * double(w[k * d + j]));
        }
        double const length = norm(line);
        for (float& v : line) v = static_cast<float>(v / length);
        w.insert(w.end(), line.begin(), line.end());
    }
    for (std::size_t i = 0; i < d; ++i)
        for (std::size_t j = 0; j < d; ++j) transposed[j * d + i] = w[i * d + j];
    dense_block const map(matrix_view<float const>(w.data(), d, d)), back(matrix_view<float const>(transposed.data(), d, d));
    return {map, std::vector(bits - 1, back), std::vector(bits - 1, map)};
}

std::unique_ptr<vector_index> index_with(recurrent_binary_encoder const& model, recurrent_query query,
                                         similarity_kind similarity = similarity_kind::cosine, zero_vectors zeros = zero_vectors::refuse) {
    coding how{codec_kind::integer};
    how.form = recurrent_form(model, query);
    return make_index(std::move(how), model.dims(), similarity, zeros);
}

std::vector<float> unit(std::span<float const> x) {
    std::vector<float> out(x.size());
    to_unit(x, out);
    return out;
}

/// Cosine of the levels of a row's code with the levels of the query's code, or with the model's first block of it.
double expected_score(recurrent_binary_encoder const& model, recurrent_query asked, std::span<float const> row,
                      std::span<float const> query) {
    std::vector<float> a, b;
    for (auto const c : model.encode(unit(row))) a.push_back(quantize::recurrent_level(c, model.bits()));
    if (asked == recurrent_query::as_float)
        b = model.first()(unit(query));
    else
        for (auto const c : model.encode(unit(query))) b.push_back(quantize::recurrent_level(c, model.bits()));
    return cosine_by_definition(std::span<float const>(a), std::span<float const>(b));
}

}  // namespace

TEST_CASE("an index of recurrent binary codes has the cosines of codes, or of codes and projected queries", "[index][recurrent]") {
    std::size_t const dims = 20, rows = 70;
    for (std::size_t const codes : {std::size_t{13}, std::size_t{64}})
        for (unsigned bits = 1; bits <= 8; ++bits)
            for (recurrent_query const asked : {recurrent_query::as_float, recurrent_query::as_code}) {
                auto const model = random_model(dims, codes, bits, bits == 1);
                auto const index = index_with(model, asked);
                auto const values = normal_vector(rows * dims, 3);
                index->add(matrix_view<float const>(values, dims));
                for (std::uint64_t seed = 0; seed < 3; ++seed) {
                    auto const query = normal_vector(dims, 50 + seed);
                    auto const hits = index->search(query, {.k = rows}).hits;
                    REQUIRE(hits.size() == rows);
                    // Half a step of the projected query, 1/254 of its largest value, against levels; or the rounding of a half factor.
                    double const bound = asked == recurrent_query::as_float || bits == 8 ? std::sqrt(double(codes)) / 254 + 0x1p-11
                                         : bits > 4                                      ? 1e-6
                                                                                         : 0x1p-11;
                    for (hit const& h : hits) {
                        double const expected = expected_score(model, asked, std::span(values).subspan(h.row * dims, dims), query);
                        CAPTURE(codes, bits, static_cast<int>(asked), h.row, expected);
                        CHECK(std::abs(double(h.score) - expected) <= bound);
                    }
                }
            }
}

TEST_CASE("a batch has the scores of its queries one by one, with a model too", "[index][recurrent]") {
    auto const index = index_with(random_model(16, 24, 3), recurrent_query::as_code, similarity_kind::dot);
    auto const values = normal_vector(100 * 16, 5), queries = normal_vector(11 * 16, 6);
    index->add(matrix_view<float const>(values, 16));
    auto const many = index->search_many(matrix_view<float const>(queries, 16), {.k = 7});
    for (std::size_t q = 0; q < many.size(); ++q)
        CHECK(many[q].hits == index->search(std::span(queries).subspan(16 * q, 16), {.k = 7}).hits);
}

TEST_CASE("more bits find more, and a float query more than a coded one", "[index][recurrent]") {
    std::size_t const d = 64, n = 2000;
    auto const values = clustered_vectors(n, d, 40, 0.7F, 1, 0), queries = clustered_vectors(50, d, 40, 0.7F, 1, 1);
    auto const exact = make_index(codec_kind::f32, d);
    exact->add(matrix_view<float const>(values, d));
    auto const found = [&](unsigned bits, recurrent_query asked) {
        auto const index = index_with(orthogonal_model(d, bits), asked);
        index->add(matrix_view<float const>(values, d));
        matrix_view<float const> const q(queries, d);
        return recall(search_all(*index, q, {.k = 10}), *exact, q, 10);
    };
    double const one = found(1, recurrent_query::as_float), two = found(2, recurrent_query::as_float),
                 four = found(4, recurrent_query::as_float);
    double const coded = found(1, recurrent_query::as_code), coded_two = found(2, recurrent_query::as_code);
    CAPTURE(one, two, four, coded, coded_two);
    CHECK(coded + 0.05 < one);
    CHECK(coded_two + 0.02 < two);
    CHECK(one + 0.1 < two);
    CHECK(two + 0.1 < four);
}

TEST_CASE("a file of recurrent binary codes holds its model", "[index][recurrent]") {
    for (unsigned const bits : {1U, 2U, 4U, 8U})
        for (recurrent_query const asked : {recurrent_query::as_float, recurrent_query::as_code}) {
            auto const index = index_with(random_model(10, 40, bits, bits < 3), asked, similarity_kind::squared_l2);
            auto const values = normal_vector(45 * 10, bits);
            index->add(matrix_view<float const>(values, 10));
            auto const file = to_bytes(*index);
            auto const loaded = from_bytes(file, verify_level::full);
            CHECK(to_bytes(*loaded) == file);
            auto const query = normal_vector(10, 99);
            CHECK(loaded->search(query, {.k = 45}).hits == index->search(query, {.k = 45}).hits);
            // What is added later is encoded by the model of the file.
            auto const more = normal_vector(10, 1234);
            index->add(std::uint64_t{45}, more);
            loaded->add(std::uint64_t{45}, more);
            CHECK(loaded->get(std::uint64_t{45}) == index->get(std::uint64_t{45}));
            CHECK(to_bytes(*loaded) == to_bytes(*index));
        }
}

TEST_CASE("get gives the direction that the model has for a code", "[index][recurrent]") {
    auto const with = random_model(12, 30, 3, true), without = random_model(12, 30, 3);
    auto const row = normal_vector(12, 4);
    auto const codes = with.encode(unit(row));
    std::vector<float> levels;
    for (auto const c : codes) levels.push_back(quantize::recurrent_level(c, 3));
    for (auto const* model : {&with, &without}) {
        auto const index = index_with(*model, recurrent_query::as_float, similarity_kind::dot);
        index->add(std::uint64_t{0}, row);
        auto const expected = unit(model == &with ? (*with.decoder())(levels) : without.back().back()(levels));
        auto const got = index->get(std::uint64_t{0});
        for (std::size_t i = 0; i < 12; ++i) CHECK(std::abs(double(got[i]) - norm(row) * double(expected[i])) <= 1e-5);
    }
    // Without blocks back, one linear layer turned round: for an orthogonal W the projection of the signs.
    auto const index = index_with(orthogonal_model(32, 1), recurrent_query::as_float);
    auto const x = unit_vector(32, 8);
    index->add(std::uint64_t{0}, x);
    CHECK(std::abs(cosine_by_definition<float>(index->get(std::uint64_t{0}), x) - 0.8) <= 0.08);
}

TEST_CASE("a zero vector has no cosine with anything, whatever its code", "[index][recurrent]") {
    auto const index = index_with(random_model(8, 16, 2), recurrent_query::as_code, similarity_kind::cosine, zero_vectors::allow);
    std::vector<float> const zero(8, 0.0F);
    index->add(std::uint64_t{0}, zero);
    index->add(std::uint64_t{1}, normal_vector(8, 1));
    for (hit const& h : index->search(normal_vector(8, 2), {.k = 2}).hits)
        if (h.row == 0) CHECK(h.score == 0);
    for (hit const& h : index->search(zero, {.k = 2}).hits) CHECK(h.score == 0);
    CHECK(index->get(std::uint64_t{0}) == zero);
}

TEST_CASE("a model that does not fit is refused", "[index][recurrent]") {
    CHECK(outcome([] { return recurrent_form(random_model(8, 16, 1)); }) == "invalid_argument");
    CHECK(outcome([] { return recurrent_form(random_model(8, 16, 1, true)); }) == "ok");
    CHECK(outcome([] {
              coding how{codec_kind::integer};
              how.form = recurrent_form(random_model(8, 16, 2));
              return make_index(how, 9);
          }) == "dimension_mismatch");
    CHECK(outcome([] { return recurrent_binary_encoder(random_block(8, 16, 1), {}, {}, random_block(16, 9, 1)); }) == "dimension_mismatch");
}

TEST_CASE("a damaged model is refused, cut at any place or with any byte changed for 255", "[index][recurrent][damage]") {
    auto const index = index_with(random_model(3, 5, 2), recurrent_query::as_code);
    index->add(std::uint64_t{0}, normal_vector(3, 1));
    auto const parts = take_apart(to_bytes(*index));
    std::size_t const coding = parts.sections[0].bytes.size();
    REQUIRE(parts.sections[0].type == static_cast<std::uint32_t>(section_type::coding));
    for (std::size_t length = 1; length < coding; ++length) {
        auto cut = parts;
        cut.sections[0].bytes.resize(length);
        CHECK(outcome([&] { return from_bytes(join(cut)); }) == "corrupt_file");
    }
    std::size_t accepted = 0;
    for (std::size_t at = 0; at < coding; ++at) {
        auto changed = parts;
        changed.sections[0].bytes[at] = std::byte{255};
        auto const result = outcome([&] { return from_bytes(join(changed)); });
        // A weight may be any finite number.
        if (result == "ok")
            ++accepted;
        else if (result != "corrupt_file" && result != "unsupported_version" && result != "limit_exceeded")
            FAIL("byte " << at << ": " << result);
    }
    CHECK(accepted > 0);
    CHECK(accepted < coding);
}
