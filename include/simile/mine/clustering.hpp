// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/executor.hpp>
#include <simile/core/hit.hpp>
#include <simile/core/matrix_view.hpp>
#include <simile/core/norm.hpp>
#include <simile/core/progress.hpp>
#include <simile/simd/nearest_centroid.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace simile::mine {

using simd::centroid_panels;
using simd::nearest_centroid;

namespace detail {

/// Rows that are scored between two calls of a progress function.
inline constexpr std::size_t rows_a_step = 4096;

/// The nearest centroid of every row; `step(n)` hears of each n rows that are done.
template <class Step>
void find_nearest(centroid_panels const& panels, std::span<float const* const> rows, std::span<nearest_centroid> out, executor* threads,
                  Step&& step) {
    std::size_t const parts = threads == nullptr ? 1 : threads->concurrency();
    for (std::size_t first = 0; first < rows.size(); first += rows_a_step) {
        std::size_t const count = std::min(rows_a_step, rows.size() - first);
        auto const part = [&](std::size_t t) {
            std::size_t const from = first + count * t / parts, to = first + count * (t + 1) / parts;
            panels.nearest(rows.subspan(from, to - from), out.data() + from);
        };
        if (parts == 1)
            part(0);
        else
            threads->run(parts, part);
        step(count);
    }
}

/// The rows of each cluster, in order: those of cluster c are rows[starts[c]] .. rows[starts[c + 1] - 1].
struct member_lists {
    std::vector<std::size_t> starts;
    std::vector<std::uint32_t> rows;

    member_lists(std::span<nearest_centroid const> of, std::size_t clusters) : starts(clusters + 1), rows(of.size()) {
        for (auto const& n : of) ++starts[n.cluster + 1];
        for (std::size_t c = 0; c < clusters; ++c) starts[c + 1] += starts[c];
        auto next = starts;
        for (std::size_t r = 0; r < of.size(); ++r) rows[next[of[r].cluster]++] = static_cast<std::uint32_t>(r);
    }
    [[nodiscard]] std::span<std::uint32_t const> operator[](std::size_t c) const noexcept {
        return std::span(rows).subspan(starts[c], size(c));
    }
    [[nodiscard]] std::size_t size(std::size_t c) const noexcept { return starts[c + 1] - starts[c]; }
};

/// Moves rows out of clusters of more than `capacity`, those first that lose least of their score, each to the best cluster that was not full before.
/// Every round fills at least one more cluster for good, so it ends.
inline void limit_sizes(centroid_panels panels, std::span<float const* const> rows, std::span<nearest_centroid> of, std::size_t capacity,
                        executor* threads) {
    struct move {
        float loss;
        std::uint32_t row, to;
        float score;
    };
    std::vector<bool> full(panels.clusters());
    for (bool again = true; again;) {
        member_lists const members(of, panels.clusters());
        std::vector<std::size_t> overfull;
        std::vector<float const*> candidates;
        for (std::size_t c = 0; c < panels.clusters(); ++c) {
            if (members.size(c) <= capacity || full[c]) continue;
            full[c] = true;
            panels.close(c);
            overfull.push_back(c);
            for (auto const r : members[c]) candidates.push_back(rows[r]);
        }
        std::vector<nearest_centroid> second(candidates.size());
        find_nearest(panels, candidates, second, threads, [](std::size_t) {});
        std::size_t at = 0;
        for (std::size_t const c : overfull) {
            std::vector<move> moves;
            for (auto const r : members[c]) {
                moves.push_back({of[r].score - second[at].score, r, second[at].cluster, second[at].score});
                ++at;
            }
            auto const cut = moves.begin() + static_cast<std::ptrdiff_t>(moves.size() - capacity);
            std::nth_element(moves.begin(), cut, moves.end(),
                             [](move const& a, move const& b) { return a.loss < b.loss || (a.loss == b.loss && a.row < b.row); });
            for (auto m = moves.begin(); m != cut; ++m) of[m->row] = {m->to, m->score};
        }
        again = !overfull.empty();
    }
}

/// Pointers to rows that k-means can work with.
/// @throws error not_finite, out_of_range, with the number of the row
[[nodiscard]] inline std::vector<float const*> checked_rows(matrix_view<float const> points) {
    std::vector<float const*> rows(points.rows());
    for (std::size_t r = 0; r < rows.size(); ++r) {
        require(all_finite(points[r]), error_code::not_finite, "point ", r, " has a component that is NaN or infinite");
        require(norm(points[r]) < 0x1p60, error_code::out_of_range, "point ", r, " is longer than 2^60");
        rows[r] = points[r].data();
    }
    return rows;
}

/// Largest size of a cluster: balance times the mean, rounded up.
[[nodiscard]] inline std::size_t capacity_of(double balance, std::size_t rows, std::size_t clusters) {
    return static_cast<std::size_t>(std::ceil(balance * (static_cast<double>(rows) / static_cast<double>(clusters))));
}

inline void check_balance(double balance) {
    require(balance == 0 || (balance >= 1 && balance <= 0x1p32), error_code::invalid_argument, "balance must be 0 or at least 1, got ",
            balance);
}

}  // namespace detail

/// Centroids and the rule by which points belong to them.
class clustering {
public:
    clustering() = default;
    /// @param centroids  [k][d], finite, shorter than 2^60
    /// @param spherical  the largest inner product decides, instead of the smallest Euclidean distance
    /// @throws error invalid_argument (sizes do not fit), not_finite, out_of_range
    clustering(std::vector<float> centroids, std::size_t dims, bool spherical)
        : values_(std::move(centroids)), dims_(dims), spherical_(spherical) {
        require(dims >= 1 && !values_.empty() && values_.size() % dims == 0, error_code::invalid_argument, values_.size(),
                " values do not make centroids of ", dims);
        static_cast<void>(detail::checked_rows(this->centroids()));
    }

    [[nodiscard]] std::size_t dims() const noexcept { return dims_; }
    [[nodiscard]] std::size_t clusters() const noexcept { return dims_ == 0 ? 0 : values_.size() / dims_; }
    [[nodiscard]] bool spherical() const noexcept { return spherical_; }
    [[nodiscard]] matrix_view<float const> centroids() const noexcept { return {values_.data(), clusters(), dims_}; }

    /// The centroids in the layout that finds the nearest; scores rank as closeness does.
    [[nodiscard]] centroid_panels panels() const {
        std::vector<float> offsets(clusters(), 0.0F);
        for (std::size_t c = 0; c < clusters() && !spherical_; ++c) {
            double const length = norm(centroids()[c]);
            offsets[c] = static_cast<float>(-0.5 * (length * length));
        }
        return {centroids(), offsets};
    }

    /// The cluster of every point, ties to the smaller number. The same on every platform and with any executor.
    /// @param points   [n][d], finite, shorter than 2^60
    /// @param balance  0, or how many times the mean size n / k a cluster may have, at least 1: fuller ones give away the points that lose least
    /// @throws error dimension_mismatch, invalid_argument, not_finite, out_of_range, cancelled
    [[nodiscard]] std::vector<std::uint32_t> assign(matrix_view<float const> points, double balance = 0, executor* threads = nullptr,
                                                    progress const& watch = {}) const {
        require(points.dims() == dims_ && dims_ >= 1, error_code::dimension_mismatch, "points have ", points.dims(),
                " dimensions, centroids ", dims_);
        detail::check_balance(balance);
        auto const rows = detail::checked_rows(points);
        auto const panels = this->panels();
        std::vector<nearest_centroid> nearest(rows.size());
        std::size_t done = 0;
        detail::find_nearest(panels, rows, nearest, threads, [&](std::size_t n) { watch.step(done += n, rows.size()); });
        if (balance != 0) detail::limit_sizes(panels, rows, nearest, detail::capacity_of(balance, rows.size(), clusters()), threads);
        std::vector<std::uint32_t> out(rows.size());
        std::transform(nearest.begin(), nearest.end(), out.begin(), [](nearest_centroid const& n) { return n.cluster; });
        return out;
    }

private:
    std::vector<float> values_;
    std::size_t dims_ = 0;
    bool spherical_ = false;
};

}  // namespace simile::mine
