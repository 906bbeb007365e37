// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>
#include <simile/simd/float_sums.hpp>
#include <simile/similarity/checks.hpp>

#include <algorithm>
#include <cstddef>

namespace simile::similarity {

namespace detail {

/// Calls visit(i, j, <query_i, item_j>) for all pairs: rows of `item` four at a time, which share the loads of the query's token.
template <class Visit>
void each_inner_product(matrix_view<float const> query, matrix_view<float const> item, Visit visit) noexcept {
    std::size_t const d = query.dims();
    for (std::size_t i = 0; i < query.rows(); ++i) {
        float products[4];
        std::size_t j = 0;
        for (; j + 4 <= item.rows(); j += 4) {
            simd::sum_rows<simd::product, 4>(default_arch{}, query[i].data(), item[j].data(), d, d, products);
            for (std::size_t r = 0; r < 4; ++r) visit(i, j + r, products[r]);
        }
        for (; j < item.rows(); ++j) visit(i, j, simd::sum_pair<simd::product>(default_arch{}, query[i].data(), item[j].data(), d));
    }
}

}  // namespace detail

/// Late interaction (Chamfer similarity):  sum over the query's tokens of their largest inner product with a token of the item.
///
/// Shape     query [m][d], item [n][d], m, n >= 1; tokens of unit length make the products cosines.
/// Unit      that of the inner product, m times; divide by m for a threshold that holds for queries of any length. Larger is closer; NOT symmetric:
///           symmetric_max_sim is.
/// Error     each product that of simd::sum_rows, the same bits on every platform; the sum in double, rounded to float once.
/// Index     no inner product of few dimensions. Search token by token, or by mean vectors or fixed dimensional encodings (MUVERA), and re-rank with this.
/// Source    Khattab, Zaharia, "ColBERT: Efficient and Effective Passage Search via Contextualized Late Interaction over BERT", SIGIR 2020, equation 3.
struct max_sim_fn {
    static constexpr ordering order = ordering::larger_is_closer;

    /// @throws error dimension_mismatch, invalid_argument (no tokens), not_finite
    [[nodiscard]] float operator()(matrix_view<float const> query, matrix_view<float const> item) const {
        detail::require_rows(query, "the query", item, "the item");
        double sum = 0;
        float best = 0;
        detail::each_inner_product(query, item, [&](std::size_t, std::size_t j, float product) {
            best = j == 0 ? product : std::max(best, product);
            if (j + 1 == item.rows()) sum += double{best};
        });
        return static_cast<float>(sum);
    }
};
inline constexpr max_sim_fn max_sim{};

}  // namespace simile::similarity
