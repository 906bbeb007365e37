// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <vector>

namespace simile {

/// Collects from a stream of estimates every row that may belong to the k best: those whose estimate is less than their margin below the k-th best. How
/// many that are follows from the data. What remains at the end does not depend on the order of arrival.
class candidate_pool {
public:
    struct candidate {
        row_t row;
        float estimate;
        float margin;  ///< by which the estimate may be too low
    };

    explicit candidate_pool(std::size_t k) : k_(k), capacity_(std::max<std::size_t>(512, 4 * k)) { kept_.reserve(capacity_); }

    /// Tells of a k-th best estimate that is known already.
    void raise(float kth) noexcept { kth_ = std::max(kth_, kth); }
    /// Only an estimate that reaches this can still stay.
    [[nodiscard]] float threshold(float margin) const noexcept { return kth_ - margin; }

    /// Bit i of `mask`: row first + i takes part and reaches threshold(margin).
    [[gnu::always_inline]] void push_block(row_t first, std::span<float const, block_rows> estimates, std::uint32_t mask, float margin) {
        std::size_t const before = kept_.size();
        kept_.resize(before + static_cast<std::size_t>(std::popcount(mask)));
        for (candidate* to = kept_.data() + before; mask != 0; mask &= mask - 1, ++to) {
            auto const i = static_cast<unsigned>(std::countr_zero(mask));
            *to = {first + i, estimates[i], margin};
        }
        if (kept_.size() + block_rows > capacity_) cut();
    }
    void push(row_t row, float estimate, float margin) {
        if (!(estimate >= threshold(margin))) return;
        kept_.push_back({row, estimate, margin});
        if (kept_.size() + block_rows > capacity_) cut();
    }
    void merge(candidate_pool const& other) {
        for (candidate const& c : other.kept_) push(c.row, c.estimate, c.margin);
    }

    /// In the order of arrival.
    [[nodiscard]] std::vector<candidate> take() {
        cut();
        return std::move(kept_);
    }

private:
    void cut() {
        if (kept_.size() > k_) {
            std::vector<float>& estimates = scratch_;
            estimates.resize(kept_.size());
            std::transform(kept_.begin(), kept_.end(), estimates.begin(), [](candidate const& c) { return c.estimate; });
            auto const kth = estimates.begin() + static_cast<std::ptrdiff_t>(k_) - 1;
            std::nth_element(estimates.begin(), kth, estimates.end(), std::greater<>());
            raise(*kth);
            std::erase_if(kept_, [this](candidate const& c) { return !(c.estimate >= threshold(c.margin)); });
        }
        if (kept_.size() > capacity_ / 2) kept_.reserve(capacity_ *= 2);
    }

    std::size_t k_;
    std::size_t capacity_;
    float kth_ = -std::numeric_limits<float>::infinity();
    std::vector<candidate> kept_;
    std::vector<float> scratch_;
};

}  // namespace simile
