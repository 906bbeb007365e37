// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../support/real_sets.hpp"

#include <simile/score/activation_set.hpp>
#include <simile/score/background.hpp>
#include <simile/score/cohort.hpp>
#include <simile/score/csls.hpp>
#include <simile/score/distribution_normalization.hpp>
#include <simile/score/dual_inverted_softmax.hpp>
#include <simile/score/dual_softmax.hpp>
#include <simile/score/dynamic_inverted_softmax.hpp>
#include <simile/score/globally_corrected.hpp>
#include <simile/score/inverted_softmax.hpp>
#include <simile/score/logit_adjustment.hpp>
#include <simile/score/mean_centring.hpp>
#include <simile/score/nnn.hpp>
#include <simile/score/sinkhorn.hpp>
#include <simile/similarity/dot.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// Everything in score/ that can change the scores of a query, behind one interface.
namespace simile::bench {

/// Scores of rows with columns.
struct score_table {
    std::vector<float> values;
    std::size_t columns = 0;

    [[nodiscard]] matrix_view<float const> matrix() const { return {values.data(), columns == 0 ? 0 : values.size() / columns, columns}; }
    [[nodiscard]] std::span<float const> operator[](std::size_t row) const { return matrix()[row]; }
};

[[nodiscard]] inline score_table cosines(matrix_view<float const> rows, matrix_view<float const> columns) {
    score_table out{{}, columns.rows()};
    out.values.reserve(rows.rows() * columns.rows());
    for (std::size_t r = 0; r < rows.rows(); ++r)
        for (std::size_t c = 0; c < columns.rows(); ++c)
            out.values.push_back(std::clamp(similarity::dot(rows[r], columns[c]), -1.0F, 1.0F));
    return out;
}

/// What a normalizer may know: nothing of the right answers, and nothing of the other queries that are asked.
struct fold_scores {
    unit_rows asked, bank_rows;
    matrix_view<float const> gallery;
    score_table raw;              ///< [asked][items]
    score_table bank;             ///< [bank][items]
    score_table asked_with_bank;  ///< [asked][bank]
    score_table gallery_bank;     ///< [a sample of the items][items]

    [[nodiscard]] std::size_t items() const noexcept { return gallery.rows(); }
};

/// An item that is in the sample is not its own neighbour: its score with itself counts as the least there is.
[[nodiscard]] inline score_table sampled_gallery(matrix_view<float const> gallery, std::size_t most) {
    std::size_t const step = std::max<std::size_t>(1, gallery.rows() / most);
    std::vector<std::size_t> which;
    unit_rows sample;
    for (std::size_t g = 0; g < gallery.rows() && which.size() < most; g += step) {
        which.push_back(g);
        sample.add(gallery[g]);
    }
    auto out = cosines(sample.matrix(), gallery);
    for (std::size_t i = 0; i < which.size(); ++i) out.values[i * out.columns + which[i]] = -1;
    return out;
}

[[nodiscard]] inline fold_scores scores_of(real_set const& set, fold const& part, score_table const& gallery_bank) {
    fold_scores out{set.queries.picked(part.asked), set.bank.picked(part.bank), set.gallery.matrix(), {}, {}, {}, gallery_bank};
    out.raw = cosines(out.asked.matrix(), out.gallery);
    out.bank = cosines(out.bank_rows.matrix(), out.gallery);
    out.asked_with_bank = cosines(out.asked.matrix(), out.bank_rows.matrix());
    return out;
}

/// Turns the raw scores of asked query q with all items into others, in place.
using scorer = std::function<void(std::size_t q, std::span<double> scores)>;

struct normalizer {
    std::string name;
    std::function<scorer(fold_scores const&)> fit;
};

using biases = std::vector<double>;

[[nodiscard]] inline scorer less(biases bias) {
    return [bias = std::move(bias)](std::size_t, std::span<double> scores) {
        for (std::size_t g = 0; g < scores.size(); ++g) scores[g] -= bias[g];
    };
}

[[nodiscard]] inline score::activation_set active_items(score_table const& bank) {
    score::activation_set out(bank.columns);
    for (std::size_t b = 0; b < bank.matrix().rows(); ++b) out.add_row_scores(bank[b]);
    return out;
}
[[nodiscard]] inline row_t best_item(std::span<double const> scores) {
    return static_cast<row_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
}

/// The bias only for queries whose best raw item is one of the bank's.
[[nodiscard]] inline scorer dynamically_less(biases bias, score_table const& bank) {
    return [bias = std::move(bias), active = active_items(bank)](std::size_t, std::span<double> scores) {
        bool const open = active.active(best_item(scores));
        for (std::size_t g = 0; g < scores.size(); ++g) scores[g] = score::dynamic_score(scores[g], bias[g], open);
    };
}

inline constexpr score::dual_inverse_temperatures cosine_temperatures{20, 20};

[[nodiscard]] inline scorer fit_dual_dynamic(fold_scores const& f) {
    return [of_queries = score::inverted_softmax(f.bank.matrix(), f.items()),
            of_gallery = score::inverted_softmax(f.gallery_bank.matrix(), f.items()), by_queries = active_items(f.bank),
            by_gallery = active_items(f.gallery_bank)](std::size_t, std::span<double> scores) {
        row_t const best = best_item(scores);
        bool const queries = by_queries.active(best), gallery = by_gallery.active(best);
        for (std::size_t g = 0; g < scores.size(); ++g)
            scores[g] -= score::dual_bias(of_queries[g], of_gallery[g], cosine_temperatures, queries, gallery);
    };
}

[[nodiscard]] inline scorer fit_globally_corrected(fold_scores const& f) {
    return [falling = score::falling_bank_scores(f.bank.matrix(), f.items())](std::size_t, std::span<double> scores) {
        for (std::size_t g = 0; g < scores.size(); ++g)
            scores[g] = score::corrected_score(scores[g], score::corrected_rank(std::span<float const>(falling[g]), scores[g]));
    };
}

/// Of 1 + s, which is positive.
[[nodiscard]] inline scorer fit_dual_softmax(fold_scores const& f) {
    constexpr double temperature = 1.0 / 20;
    auto const rows = static_cast<double>(f.bank.matrix().rows());
    return [=, lse = score::bank_log_sum_exp(f.bank.matrix(), f.items(), 1 / temperature)](std::size_t, std::span<double> scores) {
        for (std::size_t g = 0; g < scores.size(); ++g)
            scores[g] = score::online_dual_softmax(1 + scores[g], lse[g] + 1 / temperature, rows, temperature);
    };
}

[[nodiscard]] inline std::vector<float> mean_of(matrix_view<float const> rows) {
    score::running_mean mean(rows.dims());
    for (std::size_t i = 0; i < rows.rows(); ++i) mean.add(rows[i]);
    return mean.mean();
}

[[nodiscard]] inline scorer fit_mean_centring(fold_scores const& f) {
    auto const mean = mean_of(f.gallery);
    std::vector<score::centring_terms> items, queries;
    for (std::size_t g = 0; g < f.items(); ++g) items.push_back(score::mean_centring(f.gallery[g], mean, true));
    for (std::size_t q = 0; q < f.asked.matrix().rows(); ++q) queries.push_back(score::mean_centring(f.asked.matrix()[q], mean, false));
    return [items = std::move(items), queries = std::move(queries)](std::size_t q, std::span<double> scores) {
        for (std::size_t g = 0; g < scores.size(); ++g) scores[g] = score::centred_cosine(scores[g], queries[q], items[g]);
    };
}

[[nodiscard]] inline scorer fit_distribution(fold_scores const& f) {
    auto const mean_query = mean_of(f.bank_rows.matrix()), mean_gallery = mean_of(f.gallery);
    biases bias, offsets;
    for (std::size_t g = 0; g < f.items(); ++g) bias.push_back(score::distribution_bias(f.gallery[g], mean_query));
    for (std::size_t q = 0; q < f.asked.matrix().rows(); ++q)
        offsets.push_back(score::distribution_offset(f.asked.matrix()[q], mean_query, mean_gallery));
    return [bias = std::move(bias), offsets = std::move(offsets)](std::size_t q, std::span<double> scores) {
        for (std::size_t g = 0; g < scores.size(); ++g) scores[g] -= bias[g] + offsets[q];
    };
}

[[nodiscard]] inline scorer fit_background(fold_scores const& f) {
    return [&f](std::size_t q, std::span<double> scores) {
        double const bias = score::background_bias(f.asked_with_bank[q]);
        for (double& s : scores) s -= bias;
    };
}

/// s-norm against the bank as cohort, over the nearest so many of it.
[[nodiscard]] inline scorer fit_symmetric_norm(fold_scores const& f, std::size_t nearest) {
    return [&f, nearest, items = score::bank_cohort_moments(f.bank.matrix(), f.items(), nearest)](std::size_t q, std::span<double> scores) {
        auto const query = score::cohort_moments_of(f.asked_with_bank[q], nearest);
        for (std::size_t g = 0; g < scores.size(); ++g) scores[g] = score::symmetric_norm(scores[g], items[g], query);
    };
}

[[nodiscard]] inline scorer fit_logit_adjustment(fold_scores const& f) {
    auto const active = active_items(f.bank);
    return less(score::logit_adjustment(score::smoothed_priors(active.counts()), {.tau = 1, .scale = 20}));
}

/// The first one leaves scores as they are.
[[nodiscard]] inline std::vector<normalizer> normalizers() {
    using given = fold_scores const&;
    return {
        {"raw", [](given) { return scorer([](std::size_t, std::span<double>) {}); }},
        {"inverted softmax", [](given f) { return less(score::inverted_softmax(f.bank.matrix(), f.items())); }},
        {"dynamic inverted softmax", [](given f) { return dynamically_less(score::inverted_softmax(f.bank.matrix(), f.items()), f.bank); }},
        {"dual inverted softmax",
         [](given f) {
             return less(score::dual_inverted_softmax(f.bank.matrix(), f.gallery_bank.matrix(), f.items(), cosine_temperatures));
         }},
        {"dual dynamic", fit_dual_dynamic},
        {"NNN", [](given f) { return less(score::nnn(f.bank.matrix(), f.items())); }},
        {"NNN, k 16, alpha 0.5", [](given f) { return less(score::nnn(f.bank.matrix(), f.items(), {.k = 16, .alpha = 0.5})); }},
        {"dynamic NNN", [](given f) { return dynamically_less(score::nnn(f.bank.matrix(), f.items()), f.bank); }},
        {"CSLS", [](given f) { return less(score::csls(f.bank.matrix(), f.items())); }},
        {"globally corrected", fit_globally_corrected},
        {"Sinkhorn", [](given f) { return less(score::sinkhorn_bias(f.bank.matrix(), f.items())); }},
        {"dual softmax, online", fit_dual_softmax},
        {"mean-centring", fit_mean_centring},
        {"distribution normalization", fit_distribution},
        {"logit adjustment", fit_logit_adjustment},
        {"background", fit_background},
        {"s-norm", [](given f) { return fit_symmetric_norm(f, score::whole_cohort); }},
        {"adaptive s-norm, 100", [](given f) { return fit_symmetric_norm(f, 100); }},
    };
}

}  // namespace simile::bench
