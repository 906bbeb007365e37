// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/random.hpp>
#include <simile/mine/clustering.hpp>
#include <simile/simd/float_sums.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace simile::mine {

/// Where the centroids begin.
enum class seeding : std::uint8_t {
    random_rows,       ///< distinct rows, each as likely
    k_means_plus_plus  ///< rows drawn by their squared distance to those drawn before: better for few clusters, one pass over the points each
};

struct k_means_options {
    std::size_t clusters = 256;
    /// Passes over the sample; fewer when nothing changes any more.
    std::size_t iterations = 10;
    std::uint64_t seed = 1;
    /// At most this many points a cluster take part, drawn without replacement; 0: all.
    std::size_t points_per_cluster = 64;
    /// Points a pass looks at, drawn anew for each; 0: all of the sample.
    std::size_t mini_batch = 0;
    /// Centroids of unit length, and the largest inner product instead of the smallest distance.
    bool spherical = false;
    /// 0, or how many times the mean size a cluster may have in each pass, at least 1.
    double balance = 0;
    seeding start = seeding::random_rows;
    executor* threads = nullptr;
    progress const* watch = nullptr;
};

namespace detail {

[[nodiscard]] inline std::size_t below(xoshiro256& random, std::size_t n) noexcept {
    return std::min(n - 1, static_cast<std::size_t>(uniform01(random) * static_cast<double>(n)));
}

/// `count` of the rows without replacement, in their order.
[[nodiscard]] inline std::vector<float const*> draw(std::vector<float const*> const& rows, std::size_t count, xoshiro256& random) {
    std::vector<float const*> out;
    out.reserve(count);
    // Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S.
    for (std::size_t r = 0; r < rows.size() && out.size() < count; ++r)
        if (below(random, rows.size() - r) < count - out.size()) out.push_back(rows[r]);
    return out;
}

/// Arthur, Vassilvitskii, "k-means++: The Advantages of Careful Seeding", 2007.
[[nodiscard]] inline std::vector<float const*> draw_apart(std::vector<float const*> const& rows, std::size_t dims, std::size_t count,
                                                          xoshiro256& random) {
    std::vector<double> distance(rows.size(), 1.0);
    std::vector<float const*> out;
    while (out.size() < count) {
        double const total = std::accumulate(distance.begin(), distance.end(), 0.0);
        double rest = uniform01(random) * total;
        std::size_t chosen = 0;
        while (chosen + 1 < rows.size() && (rest -= distance[chosen]) >= 0) ++chosen;
        // Nothing but copies of what was drawn: any row will do.
        if (total == 0) chosen = out.size();
        out.push_back(rows[chosen]);
        for (std::size_t r = 0; r < rows.size(); ++r) {
            double const d = simd::sum_pair<simd::squared_difference>(default_arch{}, rows[chosen], rows[r], dims);
            distance[r] = out.size() == 1 ? d : std::min(distance[r], d);
        }
    }
    return out;
}

/// One run of Lloyd's algorithm (1982), or of its mini-batch form (Sculley, "Web-Scale K-Means Clustering", 2010).
class lloyd {
public:
    lloyd(std::vector<float const*> sample, std::size_t dims, k_means_options const& options)
        : options_(options),
          dims_(dims),
          random_(options.seed),
          sample_(thin(std::move(sample))),
          values_(options.clusters * dims),
          weights_(options.clusters) {
        auto const first = options.start == seeding::random_rows ? draw(sample_, options.clusters, random_)
                                                                 : draw_apart(sample_, dims, options.clusters, random_);
        for (std::size_t c = 0; c < first.size(); ++c) {
            std::copy_n(first[c], dims, centroid(c).begin());
            if (options.spherical) to_unit(centroid(c), centroid(c));
        }
    }

    [[nodiscard]] clustering run() {
        std::size_t const batch = options_.mini_batch == 0 ? sample_.size() : std::min(options_.mini_batch, sample_.size());
        std::size_t const total = batch * options_.iterations;
        std::vector<std::uint32_t> before;
        std::size_t done = 0;
        for (std::size_t pass = 0; pass < options_.iterations; ++pass) {
            auto const drawn = batch < sample_.size() ? draw(sample_, batch, random_) : std::vector<float const*>();
            auto const& rows = batch < sample_.size() ? drawn : sample_;
            std::vector<nearest_centroid> nearest(rows.size());
            auto const panels = state().panels();
            find_nearest(panels, rows, nearest, options_.threads, [&](std::size_t n) {
                done += n;
                if (options_.watch != nullptr && done < total) options_.watch->step(done, total);
            });
            if (options_.balance != 0)
                limit_sizes(panels, rows, nearest, capacity_of(options_.balance, rows.size(), options_.clusters), options_.threads);
            member_lists const members(nearest, options_.clusters);
            if (batch == sample_.size() && members.rows == before) break;
            update(rows, members);
            before = members.rows;
        }
        if (options_.watch != nullptr) options_.watch->step(total, total);
        return state();
    }

private:
    [[nodiscard]] std::vector<float const*> thin(std::vector<float const*> rows) {
        std::size_t const most = options_.points_per_cluster == 0 ? rows.size() : options_.points_per_cluster * options_.clusters;
        return most < rows.size() ? draw(rows, most, random_) : rows;
    }
    [[nodiscard]] std::span<float> centroid(std::size_t c) noexcept { return std::span(values_).subspan(c * dims_, dims_); }
    [[nodiscard]] clustering state() const { return {values_, dims_, options_.spherical}; }

    void update(std::vector<float const*> const& rows, member_lists const& members) {
        std::size_t const parts = options_.threads == nullptr ? 1 : options_.threads->concurrency();
        auto const part = [&](std::size_t t) {
            for (std::size_t c = options_.clusters * t / parts; c < options_.clusters * (t + 1) / parts; ++c)
                move_centroid(c, rows, members[c]);
        };
        if (parts == 1)
            part(0);
        else
            options_.threads->run(parts, part);
        if (std::find(weights_.begin(), weights_.end(), 0.0) != weights_.end()) fill_empty(rows, members);
    }

    // Sums in double in the order of rows. In a mini-batch the old centroid counts as often as it has been hit: weight and centroid multiply exactly.
    void move_centroid(std::size_t c, std::vector<float const*> const& rows, std::span<std::uint32_t const> members) {
        if (options_.mini_batch == 0) weights_[c] = 0;
        if (members.empty()) return;
        auto const to = centroid(c);
        std::vector<double> sum(to.begin(), to.end());
        for (double& s : sum) s *= weights_[c];
        for (auto const r : members)
            for (std::size_t i = 0; i < dims_; ++i) sum[i] += double{rows[r][i]};
        weights_[c] += static_cast<double>(members.size());
        for (std::size_t i = 0; i < dims_; ++i) to[i] = static_cast<float>(sum[i] / weights_[c]);
        if (options_.spherical && to_unit(to, to) == 0) weights_[c] = 0;
    }

    // An empty cluster takes half of the one whose points lie farthest from it in all: both get its centroid, moved a little to either side. (The one with
    // most points would not do: it may hold nothing but copies.)
    void fill_empty(std::vector<float const*> const& rows, member_lists const& members) {
        std::vector<double> spread(options_.clusters);
        for (std::size_t c = 0; c < options_.clusters; ++c)
            for (auto const r : members[c])
                spread[c] += double{simd::sum_pair<simd::squared_difference>(default_arch{}, centroid(c).data(), rows[r], dims_)};
        for (std::size_t empty = 0; empty < options_.clusters; ++empty) {
            if (weights_[empty] != 0) continue;
            auto const widest = static_cast<std::size_t>(std::max_element(spread.begin(), spread.end()) - spread.begin());
            if (!(weights_[widest] > 1)) return;
            split(widest, empty);
            spread[empty] = spread[widest] /= 2;
        }
    }

    void split(std::size_t from, std::size_t to) {
        constexpr float step = 0x1p-10F;
        for (std::size_t i = 0; i < dims_; ++i) {
            float const v = centroid(from)[i], aside = i % 2 == 0 ? step : -step;
            centroid(to)[i] = v * (1 + aside);
            centroid(from)[i] = v * (1 - aside);
        }
        if (options_.spherical)
            for (std::size_t const c : {from, to}) to_unit(centroid(c), centroid(c));
        weights_[to] = std::floor(weights_[from] / 2);
        weights_[from] -= weights_[to];
    }

    k_means_options options_;
    std::size_t dims_;
    xoshiro256 random_;
    std::vector<float const*> sample_;
    std::vector<float> values_;
    std::vector<double> weights_;
};

}  // namespace detail

/// Finds centroids so that points lie near one: k-means on a sample.
///
/// Bits     the same for the same points and options on every platform, with any executor.
/// Cost     iterations * sample * clusters * dims products.
/// Empty    a cluster that no point is nearest to takes half of the one with the largest distortion; with fewer distinct points than clusters some
///          stay empty.
/// @param points  [n][d], n >= clusters, finite, shorter than 2^60
/// @throws error invalid_argument (no clusters, fewer points than clusters, no dims, a balance between 0 and 1), not_finite, out_of_range, cancelled
[[nodiscard]] inline clustering k_means(matrix_view<float const> points, k_means_options const& options) {
    require(points.dims() >= 1, error_code::invalid_argument, "points of no dimensions");
    require(options.clusters >= 1, error_code::invalid_argument, "clusters must be at least 1");
    require(points.rows() >= options.clusters, error_code::invalid_argument, points.rows(), " points are too few for ", options.clusters,
            " clusters");
    require(points.rows() < ~row_t{0}, error_code::limit_exceeded, points.rows(), " points are more than 2^32 - 2");
    detail::check_balance(options.balance);
    return detail::lloyd(detail::checked_rows(points), points.dims(), options).run();
}

}  // namespace simile::mine
