// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/executor.hpp>
#include <simile/core/matrix_view.hpp>
#include <simile/core/progress.hpp>
#include <simile/core/row_filter.hpp>
#include <simile/index/vector_index.hpp>
#include <simile/score/checks.hpp>
#include <simile/score/csls.hpp>
#include <simile/score/exponential_sums.hpp>
#include <simile/score/inverted_softmax.hpp>
#include <simile/score/log_sum_exp.hpp>
#include <simile/score/nnn.hpp>
#include <simile/score/top_mean_block.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace simile {

/// How a bank of queries tells hubs: rows that are close to much of what is asked, and so stand in the way of better ones.
enum class correction_method : std::uint8_t {
    inverted_softmax = 0,  ///< score/inverted_softmax.hpp
    nnn = 1,               ///< score/nnn.hpp, the safe default
    csls = 2,              ///< score/csls.hpp, without the part of the query
};

struct correction_options {
    correction_method method = correction_method::nnn;
    /// Inverse temperature of inverted softmax.
    double beta = score::inverted_softmax_options{}.beta;
    /// Neighbours in the bank, of nnn (128 when not given) and csls (10).
    std::optional<std::size_t> k{};
    /// Of nnn.
    double alpha = score::nnn_options{}.alpha;
    /// Corrects a query only when its best row is among the `active_k` best of one of the bank: harmless with a bank of other matters (dynamic inverted softmax).
    bool dynamic = false;
    std::size_t active_k = 1;
    executor* threads = nullptr;
    progress const* watch = nullptr;
};

/// What to take off the scores of an index. It belongs to the rows as they were when it was fitted.
struct score_correction {
    std::vector<float> bias;             ///< one a row, in the unit of the scores
    std::optional<row_filter> active{};  ///< of dynamic ones

    /// Makes a search correct its scores; refers to this.
    void apply_to(search_options& options) const noexcept {
        options.bias = bias;
        options.active = active ? &*active : nullptr;
    }
};

namespace detail {

/// The biases of one block from its scores with the bank.
class block_correction {
public:
    block_correction(correction_options const& options, bool are_cosines, std::size_t bank)
        : options_(options), bank_(bank), shifted_(are_cosines && options.beta <= score::largest_shifted_beta) {}

    void operator()(std::span<quantize::block_scores const> scores, std::span<float> bias) const {
        if (options_.method == correction_method::inverted_softmax)
            return shifted_ ? softmax_of_cosines(scores, bias) : softmax_of_any(scores, bias);
        double const factor = options_.method == correction_method::csls ? 0.5 : options_.alpha;
        std::size_t const k =
            options_.k.value_or(options_.method == correction_method::csls ? score::csls_published_k : score::nnn_options{}.k);
        std::array<double, block_rows> means;
        score::top_mean_block room;
        room({scores.front().data(), scores.size() * block_rows}, k, means);
        for (std::size_t r = 0; r < bias.size(); ++r) bias[r] = static_cast<float>(factor * means[r]);
    }
    static_assert(sizeof(quantize::block_scores) == block_rows * sizeof(float));

private:
    void softmax_of_cosines(std::span<quantize::block_scores const> scores, std::span<float> bias) const noexcept {
        std::array<double, block_rows> sums{};
        for (auto const& s : scores) score::add_exponentials(s, options_.beta, sums);
        for (std::size_t r = 0; r < bias.size(); ++r) bias[r] = bias_of(options_.beta + std::log(sums[r]));
    }
    void softmax_of_any(std::span<quantize::block_scores const> scores, std::span<float> bias) const noexcept {
        for (std::size_t r = 0; r < bias.size(); ++r) {
            score::log_sum_exp sum;
            for (auto const& s : scores) sum.add(options_.beta * double{s[r]});
            bias[r] = bias_of(sum.value());
        }
    }
    [[nodiscard]] float bias_of(double lse) const noexcept {
        return static_cast<float>(score::inverted_softmax_bias(lse, static_cast<double>(bank_), options_.beta));
    }

    correction_options const& options_;
    std::size_t bank_;
    bool shifted_;
};

inline void check(correction_options const& options) {
    score::detail::require_positive(options.beta, "beta");
    score::detail::require_finite(options.alpha, "alpha");
    require(options.alpha >= 0, error_code::invalid_argument, "alpha is ", options.alpha, ", less than 0");
    score::detail::require_some(options.k.value_or(1), "k");
    score::detail::require_some(options.active_k, "active_k");
}

}  // namespace detail

namespace detail {
/// The biases of some rows.
/// @param bias  [index.size()], of which those are written
inline void correct_rows(vector_index const& index, matrix_view<float const> bank, correction_options const& options, row_range rows,
                         std::span<float> bias) {
    if (bank.rows() == 0 || rows.first >= rows.last)
        return void(std::ranges::fill(bias.subspan(rows.first, rows.last - std::min(rows.first, rows.last)), 0.0F));
    block_correction const correct(options, index.similarity() == similarity_kind::cosine, bank.rows());
    auto const visit = [&](row_t first, std::size_t count, std::span<quantize::block_scores const> scores) {
        std::array<float, block_rows> found;
        correct(scores, std::span(found).first(count));
        for (std::size_t r = 0; r < count; ++r)
            if (first + r >= rows.first && first + r < rows.last) bias[first + r] = found[r];
    };
    index.visit_scores(bank, visit, options.threads, options.watch != nullptr ? *options.watch : progress{}, rows);
}
}  // namespace detail

/// The correction that a bank of queries tells. A bank of the kind of queries to come is worth most; a thousand are enough.
///
/// @param bank  [n][dims]; n = 0 gives a correction that changes nothing
/// @throws error as vector_index::search_many for the bank; invalid_argument or not_finite for options out of range; cancelled
[[nodiscard]] inline score_correction fit_correction(vector_index const& index, matrix_view<float const> bank,
                                                     correction_options const& options = {}) {
    detail::check(options);
    score_correction out{std::vector<float>(index.size(), 0.0F), {}};
    if (options.dynamic) out.active.emplace(index.size());
    if (bank.rows() == 0 || index.size() == 0) return out;
    detail::correct_rows(index, bank, options, {0, static_cast<row_t>(index.size())}, out.bias);
    if (options.dynamic)
        for (auto const& found : index.search_many(bank, {.k = options.active_k, .threads = options.threads}))
            for (hit const& h : found.hits) out.active->allow(h.row);
    return out;
}

}  // namespace simile
