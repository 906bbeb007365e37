// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace simile {

/// Keeps the k best hits of a stream. Hits gather in a buffer that is cut back to k when it is full, so a hit costs one comparison on
/// average; the set it keeps does not depend on the order of arrival.
class top_k {
public:
    /// @param least  no lower score is kept
    explicit top_k(std::size_t k, float least = -std::numeric_limits<float>::infinity())
        : k_(k), capacity_(k <= most_reserved ? std::max<std::size_t>(2 * k, k + 64) : k + k / 4), least_(least), threshold_(least) {
        buffer_.reserve(std::min(capacity_, 2 * most_reserved));
    }

    /// Only a hit with at least this score can still get in. Never NaN.
    [[nodiscard]] float threshold() const noexcept { return threshold_; }

    /// The k-th best score so far, exactly; before there are k, the least that is kept.
    [[nodiscard]] float kth() {
        cut();
        return threshold_;
    }

    void push(row_t row, float score) {
        if (!(score >= threshold_)) return;
        buffer_.push_back({row, score});
        if (buffer_.size() == capacity_) cut();
    }

    /// Offers rows of one block: bit i of `mask` says whether row `first + i` takes part.
    void push_block(row_t first, std::span<float const, block_rows> scores, std::uint32_t mask) {
        for (; mask != 0; mask &= mask - 1) {
            auto const i = static_cast<unsigned>(std::countr_zero(mask));
            push(first + i, scores[i]);
        }
    }

    /// Takes over what another selection kept (of other rows).
    void merge(top_k const& other) {
        for (hit const& h : other.buffer_) push(h.row, h.score);
    }

    /// Best first; leaves the selection empty.
    [[nodiscard]] std::vector<hit> take() {
        cut();
        std::sort(buffer_.begin(), buffer_.end(), ranks_before);
        threshold_ = least_;
        return std::exchange(buffer_, {});
    }

private:
    void cut() {
        if (buffer_.size() < k_ || k_ == 0) return;
        auto const kth = buffer_.begin() + static_cast<std::ptrdiff_t>(k_) - 1;
        std::nth_element(buffer_.begin(), kth, buffer_.end(), ranks_before);
        threshold_ = std::max(threshold_, kth->score);
        buffer_.resize(k_);
    }

    static constexpr std::size_t most_reserved = 4096;  // more hits than this may be wanted without being there

    std::size_t k_;
    std::size_t capacity_;
    float least_;
    float threshold_;
    std::vector<hit> buffer_;
};

}  // namespace simile
