// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/hit.hpp>
#include <simile/core/matrix_view.hpp>
#include <simile/core/norm.hpp>
#include <simile/core/progress.hpp>
#include <simile/core/random.hpp>
#include <simile/core/resampling.hpp>
#include <simile/fit/adam.hpp>
#include <simile/score/cosine_adapter.hpp>
#include <simile/score/threshold.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

/// Fits the head of score/cosine_adapter.hpp to judged pairs. Needs no other library.
namespace simile::fit {

/// A judged pair: of a query, the cosine of an item with it, and whether the item is relevant.
struct judged_cosine {
    row_t query;
    float cosine;
    bool relevant;
};

/// The same before the cosine is known.
struct judged_pair {
    row_t query, item;
    bool relevant;
};

/// @param queries, items  [n, dims], finite
/// @throws error dimension_mismatch, out_of_range for a row that is not there, not_finite
[[nodiscard]] inline std::vector<judged_cosine> cosines_of(matrix_view<float const> queries, matrix_view<float const> items,
                                                           std::span<judged_pair const> pairs) {
    require(queries.dims() == items.dims(), error_code::dimension_mismatch, "queries have ", queries.dims(), " dimensions, items ",
            items.dims());
    require(all_finite(queries.values()) && all_finite(items.values()), error_code::not_finite,
            "a vector has a component that is NaN or infinite");
    std::vector<judged_cosine> out;
    for (auto const& [query, item, relevant] : pairs) {
        require(query < queries.rows() && item < items.rows(), error_code::out_of_range, "pair ", query, ", ", item, " of ", queries.rows(),
                " queries and ", items.rows(), " items");
        double dot = 0;
        for (std::size_t i = 0; i < queries.dims(); ++i) dot += double{queries[query][i]} * double{items[item][i]};
        double const lengths = norm(queries[query]) * norm(items[item]);
        out.push_back({query, lengths > 0 ? static_cast<float>(std::clamp(dot / lengths, -1.0, 1.0)) : 0.0F, relevant});
    }
    return out;
}

struct cosine_adapter_options {
    std::size_t hidden = 32;
    score::adapter_form form = score::adapter_form::power;  ///< not raw, which has nothing to fit
    double learning_rate = 0.01;
    std::size_t batch = 16;     ///< queries a step
    std::size_t epochs = 200;   ///< at most
    std::size_t patience = 20;  ///< epochs without a lower loss of the queries held out, after which it stops
    double held_out = 0.2;      ///< share of the queries, 0 .. 0.9; with 0, or where none has pairs, the loss of all decides
    double recall = 0.95;       ///< what the threshold shall keep of the relevant pairs held out
    std::uint64_t seed = 1;
};

struct fitted_cosine_adapter {
    score::cosine_adapter adapter;
    double loss_before;  ///< mean binary cross-entropy of the pairs held out, under y = cosine
    double loss;         ///< and under the adapter
    double threshold;  ///< of the mapped score, for the recall asked for; -infinity when too few relevant pairs were held out to promise it
    std::size_t epochs;  ///< made, those without gain among them
};

namespace detail {

/// The pairs of each query, one query after the other.
struct grouped_pairs {
    std::vector<std::vector<judged_cosine>> of_query;
    std::vector<row_t> training, held_out;  // queries that have pairs
};

/// Loss of y against the label, y kept 1e-6 away from certainty.
[[nodiscard]] inline double cross_entropy(double y, bool relevant) noexcept {
    return -std::log(std::clamp(relevant ? y : 1 - y, 1e-6, 1.0));
}

/// Its slope, at most 20: a pair beyond the ends of the map, where the slope of the clipped loss is 0 or without bound, still pulls back.
[[nodiscard]] inline double cross_entropy_slope(double raw, bool relevant) noexcept {
    if (relevant) return raw >= 1 ? 0 : -std::min(1 / std::max(raw, 0.05), 20.0);
    return raw <= 0 ? 0 : std::min(1 / std::max(1 - raw, 0.05), 20.0);
}

class cosine_adapter_trainer {
public:
    cosine_adapter_trainer(matrix_view<float const> queries, cosine_adapter_options const& options)
        : queries_(queries),
          options_(options),
          dims_(queries.dims()),
          hidden_(options.hidden),
          parameters_(hidden_ * dims_ + hidden_ + 3 * hidden_ + 3) {
        double squares = 0;
        for (float const v : queries.values()) squares += double{v} * double{v};
        double const length = std::sqrt(squares / static_cast<double>(queries.rows()));
        xoshiro256 random(options.seed);
        // Hidden units vary by about 1 over the queries; the head starts at the map y = cos and hardly depends on them.
        for (std::size_t i = 0; i < hidden_ * dims_; ++i) parameters_[i] = nearly_normal(random) / (length > 0 ? length : 1);
        for (std::size_t i = 0; i < 3 * hidden_; ++i) parameters_[w2() + i] = 0.01 * nearly_normal(random);
        parameters_[b2()] = parameters_[b2() + 2] = std::log(std::expm1(1.0));
    }

    [[nodiscard]] score::cosine_adapter adapter() const {
        auto const floats = [&](std::size_t begin, std::size_t size) {
            std::vector<float> out;
            for (std::size_t i = 0; i < size; ++i) out.push_back(static_cast<float>(parameters_[begin + i]));
            return out;
        };
        return {dims_,           hidden_,      floats(0, hidden_ * dims_), floats(b1(), hidden_), floats(w2(), 3 * hidden_),
                floats(b2(), 3), options_.form};
    }

    /// One pass over the training queries in a new order.
    void epoch(grouped_pairs const& pairs, std::vector<row_t>& order, adam& optimiser, splitmix64& random) {
        for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[below(random, i)]);
        std::vector<double> gradient(parameters_.size());
        for (std::size_t begin = 0; begin < order.size(); begin += options_.batch) {
            auto const batch = std::span(order).subspan(begin, std::min(options_.batch, order.size() - begin));
            std::size_t count = 0;
            for (row_t const q : batch) count += pairs.of_query[q].size();
            std::fill(gradient.begin(), gradient.end(), 0.0);
            for (row_t const q : batch) add_gradient(queries_[q], pairs.of_query[q], 1 / static_cast<double>(count), gradient);
            optimiser.step(parameters_, gradient);
        }
    }

private:
    [[nodiscard]] std::size_t b1() const noexcept { return hidden_ * dims_; }
    [[nodiscard]] std::size_t w2() const noexcept { return b1() + hidden_; }
    [[nodiscard]] std::size_t b2() const noexcept { return w2() + 3 * hidden_; }

    void add_gradient(std::span<float const> query, std::span<judged_cosine const> pairs, double weight, std::span<double> gradient) {
        std::vector<double> unit(hidden_);
        double out[3] = {parameters_[b2()], parameters_[b2() + 1], parameters_[b2() + 2]}, slope[3] = {};
        for (std::size_t h = 0; h < hidden_; ++h) {
            unit[h] = parameters_[b1() + h];
            for (std::size_t i = 0; i < dims_; ++i) unit[h] += parameters_[h * dims_ + i] * double{query[i]};
            unit[h] = std::max(unit[h], 0.0);
            for (std::size_t o = 0; o < 3; ++o) out[o] += parameters_[w2() + o * hidden_ + h] * unit[h];
        }
        score::adapter_map const map{options_.form, std::max(score::softplus(out[0]), score::least_adapter_slope), out[1],
                                     std::max(score::softplus(out[2]), score::least_adapter_slope)};
        bool const power = options_.form == score::adapter_form::power;
        for (auto const& pair : pairs) {
            double const x = std::max(double{pair.cosine}, 0.0), raised = x > 0 ? std::pow(x, map.exponent()) : 0;
            double const pull = weight * cross_entropy_slope(map.a * raised + map.b, pair.relevant);
            slope[0] += pull * raised * score::logistic(out[0]);
            slope[1] += pull;
            if (power && x > 0) slope[2] += pull * map.a * raised * std::log(x) * score::logistic(out[2]);
        }
        for (std::size_t o = 0; o < 3; ++o) gradient[b2() + o] += slope[o];
        for (std::size_t h = 0; h < hidden_; ++h) {
            if (unit[h] <= 0) continue;
            double back = 0;
            for (std::size_t o = 0; o < 3; ++o) {
                gradient[w2() + o * hidden_ + h] += slope[o] * unit[h];
                back += slope[o] * parameters_[w2() + o * hidden_ + h];
            }
            gradient[b1() + h] += back;
            for (std::size_t i = 0; i < dims_; ++i) gradient[h * dims_ + i] += back * double{query[i]};
        }
    }

    matrix_view<float const> queries_;
    cosine_adapter_options const& options_;
    std::size_t dims_, hidden_;
    std::vector<double> parameters_;
};

[[nodiscard]] inline grouped_pairs group_pairs(std::size_t queries, std::span<judged_cosine const> pairs, double held_out,
                                               std::uint64_t seed) {
    grouped_pairs out;
    out.of_query.resize(queries);
    for (auto const& pair : pairs) out.of_query[pair.query].push_back(pair);
    for (std::size_t q = 0; q < queries; ++q)
        if (!out.of_query[q].empty()) out.training.push_back(static_cast<row_t>(q));
    splitmix64 random(seed);
    for (std::size_t i = out.training.size(); i > 1; --i) std::swap(out.training[i - 1], out.training[below(random, i)]);
    auto const aside = static_cast<std::size_t>(held_out * static_cast<double>(out.training.size()));
    out.held_out.assign(out.training.end() - static_cast<std::ptrdiff_t>(aside), out.training.end());
    out.training.resize(out.training.size() - aside);
    if (out.held_out.empty()) out.held_out = out.training;
    return out;
}

/// Mean over the pairs of some queries, under the map of each.
template <class Map>
[[nodiscard]] double mean_loss(grouped_pairs const& pairs, std::span<row_t const> queries, Map map_of) {
    double sum = 0, count = 0;
    for (row_t const q : queries) {
        auto const map = map_of(q);
        for (auto const& pair : pairs.of_query[q]) sum += cross_entropy(map(double{pair.cosine}), pair.relevant);
        count += static_cast<double>(pairs.of_query[q].size());
    }
    return sum / count;
}

inline void require_fit(matrix_view<float const> queries, std::span<judged_cosine const> pairs, cosine_adapter_options const& o) {
    require(queries.rows() > 0 && queries.dims() > 0, error_code::invalid_argument, queries.rows(), " queries of ", queries.dims(),
            " dimensions");
    require(all_finite(queries.values()), error_code::not_finite, "a query has a component that is NaN or infinite");
    std::size_t relevant = 0;
    for (auto const& pair : pairs) {
        require(pair.query < queries.rows(), error_code::out_of_range, "a pair of query ", pair.query, " of ", queries.rows());
        require(std::isfinite(pair.cosine), error_code::not_finite, "a cosine of query ", pair.query, " is ", pair.cosine);
        relevant += pair.relevant;
    }
    require(relevant > 0 && relevant < pairs.size(), error_code::invalid_argument, "both kinds are needed, ", relevant, " of ",
            pairs.size(), " pairs are relevant");
    require(o.hidden > 0 && o.batch > 0 && o.epochs > 0 && o.patience > 0, error_code::invalid_argument, o.hidden,
            " hidden units, batches of ", o.batch, ", ", o.epochs, " epochs, patience of ", o.patience, ": all must be at least 1");
    require(o.form != score::adapter_form::raw, error_code::invalid_argument, "the raw form has nothing to fit");
    require(std::isfinite(o.learning_rate) && o.learning_rate > 0, error_code::invalid_argument, "the learning rate is ", o.learning_rate);
    require(o.held_out >= 0 && o.held_out <= 0.9, error_code::invalid_argument, "the share held out is ", o.held_out, ", not in 0 .. 0.9");
    require(o.recall >= 0 && o.recall <= 1, error_code::invalid_argument, "the recall is ", o.recall, ", not in 0 .. 1");
}

}  // namespace detail

/// Fits the head by Adam and binary cross-entropy on y, with early stopping: the parameters of the least loss on queries held out are kept. Repeatable for a
/// seed on one platform; exp and log differ in their last bits between platforms, so store the result. O(epochs queries dims hidden).
///
/// @param queries  [n, dims], finite; of unit length, or as the adapter will see them
/// @param pairs    of both kinds; hundreds of queries with some of each are a beginning
/// @throws error invalid_argument (one kind only, senseless options), out_of_range, not_finite, cancelled
/// Source  the idea: Rossi et al., CIKM 2024; network and training are ours.
[[nodiscard]] inline fitted_cosine_adapter fit_cosine_adapter(matrix_view<float const> queries, std::span<judged_cosine const> pairs,
                                                              cosine_adapter_options const& options = {}, progress const& watch = {}) {
    detail::require_fit(queries, pairs, options);
    auto const grouped = detail::group_pairs(queries.rows(), pairs, options.held_out, options.seed);
    detail::cosine_adapter_trainer trainer(queries, options);
    auto const loss_of = [&](score::cosine_adapter const& adapter) {
        return detail::mean_loss(grouped, grouped.held_out, [&](row_t q) { return adapter.map_of(queries[q]); });
    };
    fitted_cosine_adapter best{trainer.adapter(), 0, 0, 0, 0};
    best.loss_before = detail::mean_loss(grouped, grouped.held_out, [](row_t) { return score::adapter_map{score::adapter_form::linear}; });
    best.loss = loss_of(best.adapter);
    adam optimiser(options.hidden * queries.dims() + 4 * options.hidden + 3, options.learning_rate);
    splitmix64 random(options.seed + 1);
    auto order = grouped.training;
    for (std::size_t waited = 0; best.epochs < options.epochs && waited < options.patience; ++best.epochs) {
        watch.step(best.epochs, options.epochs);
        trainer.epoch(grouped, order, optimiser, random);
        auto adapter = trainer.adapter();
        double const loss = loss_of(adapter);
        waited = loss < best.loss ? 0 : waited + 1;
        if (loss < best.loss) std::tie(best.loss, best.adapter) = std::pair(loss, std::move(adapter));
    }
    std::vector<float> kept;
    for (row_t const q : grouped.held_out)
        for (auto const& pair : grouped.of_query[q])
            if (pair.relevant) kept.push_back(static_cast<float>(best.adapter.map_of(queries[q])(double{pair.cosine})));
    best.threshold = score::recall_threshold(kept, 1 - options.recall);
    watch.step(options.epochs, options.epochs);
    return best;
}

}  // namespace simile::fit
