// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/matrix_view.hpp>
#include <simile/core/random.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace simile::test {

/// A matrix of scores in [-1, 1], the same for a seed on every platform.
class score_sample {
public:
    score_sample(std::size_t rows, std::size_t items, std::uint64_t seed) : items_(items), values_(rows * items) {
        xoshiro256 random(seed);
        for (float& v : values_) v = static_cast<float>(2 * uniform01(random) - 1);
    }
    [[nodiscard]] matrix_view<float const> matrix() const { return {values_.data(), values_.size() / items_, items_}; }
    [[nodiscard]] std::span<float const> row(std::size_t i) const { return matrix()[i]; }
    [[nodiscard]] std::vector<float> column(std::size_t g) const {
        std::vector<float> out;
        for (std::size_t i = 0; i < matrix().rows(); ++i) out.push_back(matrix()[i][g]);
        return out;
    }
    [[nodiscard]] std::vector<float>& values() { return values_; }

private:
    std::size_t items_;
    std::vector<float> values_;
};

/// Positions by falling score, equal ones by position.
[[nodiscard]] inline std::vector<std::size_t> order_of_scores(std::vector<double> const& scores) {
    std::vector<std::size_t> out(scores.size());
    std::iota(out.begin(), out.end(), std::size_t{0});
    std::sort(out.begin(), out.end(),
              [&](std::size_t a, std::size_t b) { return scores[a] > scores[b] || (scores[a] == scores[b] && a < b); });
    return out;
}

[[nodiscard]] inline bool nearly(double a, double b, double within = 1e-6) {
    return a == b || std::abs(a - b) <= within * std::max(1.0, std::abs(b));
}

}  // namespace simile::test
