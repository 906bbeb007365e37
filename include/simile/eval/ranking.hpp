// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/hit.hpp>
#include <simile/eval/statistics.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

/// Measures of a ranked list against judgements. Relevant is what has a gain above 0.
namespace simile::eval {

struct judgement {
    row_t row;
    float gain;  ///< >= 0; 1 for plain relevance
};

/// The rank of a list without anything relevant.
inline constexpr double no_rank = std::numeric_limits<double>::infinity();

/// What a list has at each rank, and what it could have had.
class judged_list {
public:
    /// @param ranked  rows, best first; a row that comes again counts for nothing the second time
    /// @param judged  the judgements of this query, in any order; rows that have none count as not relevant
    /// @throws error invalid_argument for a negative gain, not_finite, duplicate_id for a row judged twice
    judged_list(std::span<row_t const> ranked, std::span<judgement const> judged) {
        std::unordered_map<row_t, float> gain_of;
        for (auto const& [row, gain] : judged) {
            require(std::isfinite(gain), error_code::not_finite, "the gain of row ", row, " is ", gain);
            require(gain >= 0, error_code::invalid_argument, "the gain of row ", row, " is ", gain);
            require(gain_of.emplace(row, gain).second, error_code::duplicate_id, "row ", row, " is judged twice");
            if (gain > 0) ideal_.push_back(gain);
        }
        std::sort(ideal_.begin(), ideal_.end(), [](float a, float b) { return a > b; });
        for (row_t const row : ranked) {
            auto const found = gain_of.find(row);
            gains_.push_back(found == gain_of.end() ? 0.0F : found->second);
            if (found != gain_of.end()) gain_of.erase(found);
        }
    }

    [[nodiscard]] std::size_t relevant() const noexcept { return ideal_.size(); }
    [[nodiscard]] std::size_t size() const noexcept { return gains_.size(); }

    /// Share of the relevant rows among the first k. 0 when nothing is relevant.
    [[nodiscard]] double recall(std::size_t k) const { return share(found(k), relevant()); }
    /// Whether there is a relevant row among the first k: what papers with one right answer a query call R@k.
    [[nodiscard]] double success(std::size_t k) const { return found(k) > 0 ? 1 : 0; }
    /// Share of relevant rows among the first k places; an absent result is a wrong one.
    [[nodiscard]] double precision(std::size_t k) const { return share(found(k), k); }
    /// Precision at as many places as there are relevant rows.
    [[nodiscard]] double r_precision() const { return precision(relevant()); }
    /// Rank of the first relevant row, from 1; no_rank without one.
    [[nodiscard]] double first_rank() const {
        auto const first = std::find_if(gains_.begin(), gains_.end(), [](float g) { return g > 0; });
        return first == gains_.end() ? no_rank : static_cast<double>(first - gains_.begin() + 1);
    }
    /// 1 / first_rank when that is at most k, else 0.
    [[nodiscard]] double reciprocal_rank(std::size_t k = std::numeric_limits<std::size_t>::max()) const {
        double const rank = first_rank();
        return rank <= static_cast<double>(k) ? 1 / rank : 0;
    }
    /// Mean of the precisions at the relevant rows among the first k, over min(relevant, k).
    [[nodiscard]] double average_precision(std::size_t k = std::numeric_limits<std::size_t>::max()) const {
        double sum = 0, hits = 0;
        for (std::size_t i = 0; i < std::min(k, size()); ++i)
            if (gains_[i] > 0) sum += ++hits / static_cast<double>(i + 1);
        std::size_t const possible = std::min(relevant(), k);
        return possible == 0 ? 0 : sum / static_cast<double>(possible);
    }
    /// Discounted gain of the first k over that of the best order: linear gains, discount log2(rank + 1) (Jarvelin, Kekalainen 2002).
    [[nodiscard]] double ndcg(std::size_t k) const {
        double const best = discounted(ideal_, k);
        return best == 0 ? 0 : discounted(gains_, k) / best;
    }

private:
    [[nodiscard]] std::size_t found(std::size_t k) const {
        auto const end = gains_.begin() + static_cast<std::ptrdiff_t>(std::min(k, size()));
        return static_cast<std::size_t>(std::count_if(gains_.begin(), end, [](float g) { return g > 0; }));
    }
    [[nodiscard]] static double share(std::size_t part, std::size_t whole) {
        return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
    }
    [[nodiscard]] static double discounted(std::span<float const> gains, std::size_t k) {
        double sum = 0;
        for (std::size_t i = 0; i < std::min(k, gains.size()); ++i) sum += double{gains[i]} / std::log2(static_cast<double>(i + 2));
        return sum;
    }

    std::vector<float> gains_;  // at each rank
    std::vector<float> ideal_;  // all gains above 0, falling
};

/// Values of each measure, one a query: means, intervals and paired tests are made of these.
struct ranking_values {
    std::vector<double> recall, success, precision, reciprocal_rank, ndcg, average_precision, r_precision, first_rank;
};

/// Adds the measures of one query. Queries without anything relevant have no measures: they are left out, as trec_eval does.
/// @param k  the cut of recall, success, precision and nDCG, at least 1
/// @return whether the query counted
/// @throws error invalid_argument
inline bool add_query(ranking_values& values, judged_list const& list, std::size_t k) {
    require(k > 0, error_code::invalid_argument, "k is 0");
    if (list.relevant() == 0) return false;
    values.recall.push_back(list.recall(k));
    values.success.push_back(list.success(k));
    values.precision.push_back(list.precision(k));
    values.reciprocal_rank.push_back(list.reciprocal_rank());
    values.ndcg.push_back(list.ndcg(k));
    values.average_precision.push_back(list.average_precision());
    values.r_precision.push_back(list.r_precision());
    values.first_rank.push_back(list.first_rank());
    return true;
}

/// The median of the first ranks, no_rank among them; the mean of the two middle ones for an even count.
/// @throws error invalid_argument for none
[[nodiscard]] inline double median_rank(std::span<double const> ranks) { return median(ranks); }

}  // namespace simile::eval
