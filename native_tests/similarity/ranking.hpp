// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>
#include <simile/core/matrix_view.hpp>
#include <simile/index/flat.hpp>
#include <simile/quantize/raw.hpp>

#include "support/reference.hpp"

#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

/// What the tests of transforms share: that an index of transformed items ranks as the similarity itself.
namespace simile::test {

/// What `write(span)` writes to `size` floats.
template <class Write>
[[nodiscard]] std::vector<float> written(std::size_t size, Write write) {
    std::vector<float> out(size);
    write(std::span<float>(out));
    return out;
}

/// All hits of an exact index of `items` for `query`.
[[nodiscard]] inline std::vector<hit> all_hits(similarity_kind kind, std::vector<std::vector<float>> const& items,
                                               std::span<float const> query) {
    flat_index<quantize::f32_codec> index(query.size(), kind);
    for (auto const& item : items) index.add(matrix_view<float const>(item.data(), 1, item.size()));
    return index.search(query, {.k = items.size()}).hits;
}

/// Where these hits are out of the order of the exact values, one a row; empty when they are in order. Values within `slack` may change places.
[[nodiscard]] inline std::string out_of_order(std::span<hit const> hits, std::vector<double> const& values, ordering order, double slack) {
    if (hits.size() != values.size()) return std::to_string(hits.size()) + " hits";
    std::vector<bool> seen(values.size(), false);
    for (std::size_t i = 0; i < hits.size(); ++i) {
        if (seen[hits[i].row]) return "row " + std::to_string(hits[i].row) + " twice";
        seen[hits[i].row] = true;
        if (i == 0) continue;
        double const gain = values[hits[i].row] - values[hits[i - 1].row];
        if ((order == ordering::larger_is_closer ? gain : -gain) > slack)
            return "rank " + std::to_string(i) + " is better by " + std::to_string(std::abs(gain));
    }
    return {};
}

/// Rows of tokens or frames.
struct token_matrix {
    token_matrix(std::size_t n, std::size_t d, std::uint64_t seed) : rows(n), dims(d), values(normal_vector(n * d, seed)) {}
    token_matrix(std::size_t d, std::vector<float> v) : rows(v.size() / d), dims(d), values(std::move(v)) {}
    [[nodiscard]] operator matrix_view<float const>() const { return {values.data(), rows, dims}; }
    [[nodiscard]] std::span<float const> operator[](std::size_t row) const { return std::span(values).subspan(row * dims, dims); }

    std::size_t rows, dims;
    std::vector<float> values;
};

/// Within one rounding to float of the exact value, and a little for the sums in double.
[[nodiscard]] inline bool rounds_to(float computed, double exact) {
    return std::abs(computed - exact) <= 0x1.01p-24 * std::abs(exact) + 1e-300;
}

}  // namespace simile::test
