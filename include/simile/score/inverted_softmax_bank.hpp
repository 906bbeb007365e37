// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>
#include <simile/score/exponential_sums.hpp>
#include <simile/score/inverted_softmax.hpp>
#include <simile/score/log_sum_exp.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace simile::score {

/// What the scores are, which decides how sums of their exponentials are kept.
enum class score_range : std::uint8_t {
    cosine,  ///< in [-1, 1]
    any      ///< logits, inner products
};

/// Inverted softmax whose bank and whose items come and go, by their scores alone: the state is a sum an item.
///
/// Cosines with beta <= largest_shifted_beta keep e^(beta (s - 1)) in one double an item, which a scan fills by blocks (`sums`, `rows_added`). All else
/// keeps a log_sum_exp an item.
/// Items are rows 0 .. items() - 1 as in an index: removing one gives its row to the last.
/// Error     lse() of what was added and removed in any order is within 1e-6 max(1, |lse|) of that of what remains; for cosines the float scores themselves
///           are e^(beta s) to 1e-7 beta only.
class inverted_softmax_bank {
public:
    /// @throws error not_finite, invalid_argument (beta not positive)
    explicit inverted_softmax_bank(std::size_t items = 0, double beta = 20, score_range range = score_range::cosine)
        : beta_(beta), shifted_(range == score_range::cosine && beta <= largest_shifted_beta) {
        detail::require_positive(beta, "beta");
        resize(items);
    }

    [[nodiscard]] double beta() const noexcept { return beta_; }
    [[nodiscard]] std::size_t items() const noexcept { return items_; }
    /// How many vectors the bank has; after decay() less than that.
    [[nodiscard]] double weight() const noexcept { return weight_; }

    /// A vector of the bank, by its score with every item.
    /// @throws error not_finite, dimension_mismatch, invalid_argument (not a cosine where the range says so)
    void add_row(std::span<float const> scores) {
        check(scores, items_, "a row of the bank");
        if (shifted_)
            for_blocks(scores, [&](std::size_t g, double term) { sums_[g] += term; });
        else
            for (std::size_t g = 0; g < items_; ++g) states_[g].add(beta_ * double{scores[g]});
        weight_ += 1;
    }

    /// Takes a vector of the bank out that was added since the last decay(), by the same scores.
    /// @return  the items of which so little is left that set_item() must sum them up again
    [[nodiscard]] std::vector<row_t> remove_row(std::span<float const> scores) {
        check(scores, items_, "a row of the bank");
        require(weight_ >= 1, error_code::invalid_argument, "a bank of weight ", weight_, " has no row to remove");
        std::vector<row_t> stale;
        auto const note = [&](std::size_t g, bool good) {
            if (!good) stale.push_back(static_cast<row_t>(g));
        };
        if (shifted_)
            for_blocks(scores, [&](std::size_t g, double term) { note(g, take_away(g, term)); });
        else
            for (std::size_t g = 0; g < items_; ++g) note(g, states_[g].remove(beta_ * double{scores[g]}));
        weight_ -= 1;
        return stale;
    }

    /// Lets everything so far count less: a sliding bank does so before each new row.
    /// @param factor  in (0, 1]
    void decay(double factor) {
        detail::require_positive(factor, "the decay");
        require(factor <= 1, error_code::invalid_argument, "the decay is ", factor, ", more than 1");
        for (double& sum : sums_) sum *= factor;
        for (double& peak : peaks_) peak *= factor;
        for (log_sum_exp& state : states_) state.decay(factor);
        weight_ *= factor;
        decayed_ = decayed_ || factor < 1;
    }

    /// A new item, by its score with every vector of the bank (none of which may have decayed).
    void add_item(std::span<float const> scores) {
        check(scores, whole_weight(), "a new item");
        resize(items_ + 1);
        sum_up(items_ - 1, scores);
    }
    /// The same for an item that changed, or that remove_row() named.
    void set_item(row_t item, std::span<float const> scores) {
        require_item(item);
        check(scores, whole_weight(), "an item");
        sum_up(item, scores);
    }
    /// The last item takes its row.
    void remove_item(row_t item) {
        require_item(item);
        auto const move_last = [&](auto& values) {
            if (values.empty()) return;
            values[item] = values[items_ - 1];
        };
        move_last(sums_), move_last(peaks_), move_last(states_);
        resize(items_ - 1);
    }

    /// Adds the bank of the other, over the same items, to this one.
    void merge(inverted_softmax_bank const& other) {
        detail::require_size(other.items_, items_, "the other bank");
        require(other.beta_ == beta_ && other.shifted_ == shifted_, error_code::invalid_argument, "the banks have beta ", beta_, " and ",
                other.beta_);
        for (std::size_t g = 0; g < sums_.size(); ++g) sums_[g] += other.sums_[g];
        for (std::size_t g = 0; g < states_.size(); ++g) states_[g].merge(other.states_[g]);
        weight_ += other.weight_;
        decayed_ = decayed_ || other.decayed_;
    }

    /// ln(sum over the bank of e^(beta s)); minus infinity for an empty bank.
    [[nodiscard]] double lse(row_t item) const {
        require_item(item);
        if (!shifted_) return states_[item].value();
        return sums_[item] > 0 ? beta_ + std::log(sums_[item]) : -std::numeric_limits<double>::infinity();
    }
    /// What the item's scores lose: see inverted_softmax_bias.
    [[nodiscard]] double bias(row_t item) const { return inverted_softmax_bias(lse(item), weight_, beta_); }
    [[nodiscard]] std::vector<float> biases() const {
        std::vector<float> out(items_);
        for (std::size_t g = 0; g < items_; ++g) out[g] = static_cast<float>(bias(static_cast<row_t>(g)));
        return out;
    }

    /// Whether the state is one sum of add_exponentials() an item.
    [[nodiscard]] bool has_sums() const noexcept { return shifted_; }
    /// Those sums, for a scan that adds the scores of `count` bank vectors to them (items of other blocks from other threads) and then says rows_added(count).
    [[nodiscard]] std::span<double> sums() noexcept { return sums_; }
    [[nodiscard]] std::span<double const> sums() const noexcept { return sums_; }
    void rows_added(std::size_t count) noexcept { weight_ += static_cast<double>(count); }

    /// The state that gave these lse(): what a file keeps.
    [[nodiscard]] static inverted_softmax_bank of_values(std::span<double const> lse, double weight, double beta, score_range range) {
        inverted_softmax_bank out(lse.size(), beta, range);
        require(std::isfinite(weight) && weight >= 0, error_code::invalid_argument, "a bank of weight ", weight);
        for (std::size_t g = 0; g < lse.size(); ++g) {
            require(!std::isnan(lse[g]) && lse[g] < std::numeric_limits<double>::infinity(), error_code::not_finite, "the sum of item ", g,
                    " is ", lse[g]);
            if (out.shifted_)
                out.sums_[g] = std::exp(lse[g] - beta);
            else
                out.states_[g] = log_sum_exp::of_value(lse[g]);
        }
        out.weight_ = weight;
        out.decayed_ = weight != std::floor(weight);
        return out;
    }

private:
    void resize(std::size_t items) {
        if (shifted_)
            sums_.resize(items), peaks_.resize(items);
        else
            states_.resize(items);
        items_ = items;
    }

    void require_item(row_t item) const { require(item < items_, error_code::out_of_range, "there is no item ", item, " among ", items_); }
    [[nodiscard]] std::size_t whole_weight() const {
        require(!decayed_, error_code::invalid_argument, "the rows of a decayed bank (weight ", weight_, ") do not count alike");
        return static_cast<std::size_t>(weight_);
    }
    void check(std::span<float const> scores, std::size_t expected, std::string_view what) const {
        detail::require_size(scores.size(), expected, what);
        detail::require_finite(scores, "a score of the bank");
        if (!shifted_) return;
        for (float const s : scores)
            require(std::abs(s) <= 1.01F, error_code::invalid_argument, "a score of the bank is ", s,
                    ", not a cosine: give score_range::any");
    }

    /// Calls use(position, e^(beta (s - 1))) for all of them.
    template <class Use>
    void for_blocks(std::span<float const> scores, Use const& use) const {
        std::array<float, block_rows> padded{};
        std::array<double, block_rows> terms;
        for (std::size_t first = 0; first < scores.size(); first += block_rows) {
            std::size_t const n = std::min(block_rows, scores.size() - first);
            std::copy_n(scores.begin() + static_cast<std::ptrdiff_t>(first), n, padded.begin());
            shifted_exponentials(compiled_arch{}, padded, beta_, terms);
            for (std::size_t i = 0; i < n; ++i) use(first + i, terms[i]);
        }
    }
    [[nodiscard]] bool take_away(std::size_t g, double term) noexcept {
        peaks_[g] = std::max(peaks_[g], sums_[g]);
        sums_[g] = std::max(0.0, sums_[g] - term);
        return sums_[g] > 1e-6 * peaks_[g];
    }
    void sum_up(std::size_t g, std::span<float const> scores) {
        if (shifted_) {
            sums_[g] = peaks_[g] = 0;
            for_blocks(scores, [&](std::size_t, double term) { sums_[g] += term; });
        } else {
            states_[g] = {};
            for (float const s : scores) states_[g].add(beta_ * double{s});
        }
    }

    double beta_;
    bool shifted_;
    bool decayed_ = false;
    std::size_t items_ = 0;
    double weight_ = 0;
    std::vector<double> sums_;         // of e^(beta (s - 1)), when shifted_
    std::vector<double> peaks_;        // what they were at most before rows were removed
    std::vector<log_sum_exp> states_;  // otherwise
};

}  // namespace simile::score
