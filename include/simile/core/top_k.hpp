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
    explicit top_k(std::size_t k) : k_(k), capacity_(std::max<std::size_t>(2 * k, k + 64)) { buffer_.reserve(capacity_); }

    /// Only a hit with at least this score can still get in. Never NaN.
    [[nodiscard]] float threshold() const noexcept { return threshold_; }

    void push(row_t row, float score) {
        if (!(score >= threshold_)) return;
        buffer_.push_back({row, score});
        if (buffer_.size() == capacity_) cut();
    }

    /// Offers the rows of one block: bit i of `mask` says whether row `first + i` takes part.
    void push_block(row_t first, std::span<float const, block_rows> scores, std::uint32_t mask) {
        for (std::uint32_t rest = mask & reaching(scores, threshold_); rest != 0; rest &= rest - 1) {
            auto const i = static_cast<unsigned>(std::countr_zero(rest));
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
        threshold_ = -std::numeric_limits<float>::infinity();
        return std::exchange(buffer_, {});
    }

private:
    // Without branches, so that compilers turn it into one vector comparison.
    static std::uint32_t reaching(std::span<float const, block_rows> scores, float threshold) noexcept {
        std::uint32_t bits = 0;
        for (unsigned i = 0; i < block_rows; ++i) bits |= static_cast<std::uint32_t>(scores[i] >= threshold) << i;
        return bits;
    }

    void cut() {
        if (buffer_.size() <= k_) return;
        auto const kth = buffer_.begin() + static_cast<std::ptrdiff_t>(k_) - 1;
        std::nth_element(buffer_.begin(), kth, buffer_.end(), ranks_before);
        threshold_ = kth->score;
        buffer_.resize(k_);
    }

    std::size_t k_;
    std::size_t capacity_;
    float threshold_ = -std::numeric_limits<float>::infinity();
    std::vector<hit> buffer_;
};

}  // namespace simile
