// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/random.hpp>
#include <simile/quantize/rotation.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace simile::bench {

/// Unit vectors that lie as embeddings do: 500 centres uniform on the sphere, around them noise of 0.9 of their length whose standard deviation
/// along axis i falls as (i + 1)^-0.35, all turned so that no coordinate is an axis. The law of the comparison with peers, from another generator.
class clustered_rows {
public:
    explicit clustered_rows(std::size_t dims, std::uint64_t seed = 42)
        : dims_(dims), turn_(dims), generator_(seed), centres_(500 * dims), spread_(dims) {
        for (std::size_t c = 0; c < 500; ++c) {
            std::span const centre(centres_.data() + c * dims, dims);
            for (float& v : centre) v = static_cast<float>(nearly_normal(generator_));
            normalize(centre);
        }
        double sum = 0;
        for (std::size_t i = 0; i < dims; ++i) sum += std::pow(static_cast<double>(i + 1), -0.7);
        for (std::size_t i = 0; i < dims; ++i)
            spread_[i] = static_cast<float>(0.9 * std::pow(static_cast<double>(i + 1), -0.35) / std::sqrt(sum));
    }

    /// The next `count` rows; the order of calls decides what they are.
    [[nodiscard]] std::vector<float> take(std::size_t count) {
        std::vector<float> rows(count * dims_), noise(dims_), turned(turn_.padded());
        for (std::size_t r = 0; r < count; ++r) {
            std::span const row(rows.data() + r * dims_, dims_);
            float const* const centre = centres_.data() + generator_() % 500 * dims_;
            for (std::size_t i = 0; i < dims_; ++i) noise[i] = spread_[i] * static_cast<float>(nearly_normal(generator_));
            turn_.apply(noise, turned);
            for (std::size_t i = 0; i < dims_; ++i) row[i] = centre[i] + turned[i];
            normalize(row);
        }
        return rows;
    }

    static void normalize(std::span<float> row) {
        double square = 0;
        for (float const v : row) square += double{v} * v;
        auto const inverse = static_cast<float>(1 / std::sqrt(square));
        for (float& v : row) v *= inverse;
    }

private:
    std::size_t dims_;
    quantize::rotation turn_;
    xoshiro256 generator_;
    std::vector<float> centres_, spread_;
};

}  // namespace simile::bench
