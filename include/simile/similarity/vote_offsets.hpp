// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/similarity/checks.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <vector>

namespace simile::similarity {

/// One hit of a frame of the query: at `item_time` of the recording `group` something is like the query at `query_time`.
struct offset_vote {
    std::uint32_t group = 0;
    double query_time = 0;
    double item_time = 0;
    float similarity = 0;
};

/// A recording that runs along with the query, `offset` later.
struct offset_peak {
    std::uint32_t group;
    double offset;  ///< item_time - query_time, mean of the votes of its bin
    float score;    ///< sum of similarity - background over the votes of its bin
    std::size_t votes;
};

/// Offset voting: true matches of a recording share their offset, chance hits scatter. A histogram of (group, item_time - query_time) with bins of width
/// `bin` around its multiples, each vote adding similarity - background; what is returned are the bins that are larger than their neighbours and positive.
///
/// Shape     any number of votes, in any order: it changes nothing.
/// Unit      times and bin in one unit (seconds, frames): 1-2 s for video, the hop for audio. background: the mean similarity of unrelated frames, so that
///           hits no better than chance add nothing.
/// Ties      of two equal neighbouring bins the smaller offset wins.
/// @return   best first; equal scores by rising group, then offset
/// @throws error invalid_argument (bin not positive), not_finite, out_of_range (|offset| above 2^52 bins)
/// Source    Wang, "An Industrial-Strength Audio Search Algorithm", ISMIR 2003, section 2.3; weighted votes: Douze, Jegou, Schmid, "An Image-Based Approach to
///           Video Copy Detection with Spatio-Temporal Post-Filtering", IEEE Transactions on Multimedia 12, 2010.
[[nodiscard]] inline std::vector<offset_peak> vote_offsets(std::span<offset_vote const> votes, double bin, float background = 0) {
    detail::require_positive(bin, "the width of a bin");
    require(std::isfinite(background), error_code::not_finite, "the background is ", background);
    struct binned {
        std::uint32_t group;
        std::int64_t place;
        double offset;
        double weight;
        std::size_t votes;
    };
    std::vector<binned> bins;
    bins.reserve(votes.size());
    for (offset_vote const& v : votes) {
        double const offset = v.item_time - v.query_time;
        require(std::isfinite(offset) && std::isfinite(v.similarity), error_code::not_finite, "a vote for offset ", offset,
                " with similarity ", v.similarity);
        double const place = std::floor(offset / bin + 0.5);
        require(std::abs(place) <= 0x1p52, error_code::out_of_range, "an offset of ", place, " bins");
        bins.push_back({v.group, static_cast<std::int64_t>(place), offset, double{v.similarity} - double{background}, 1});
    }
    auto const key = [](binned const& b) { return std::tuple(b.group, b.place); };
    // To the last member, so that the order of the votes changes nothing.
    std::sort(bins.begin(), bins.end(), [](binned const& a, binned const& b) {
        return std::tie(a.group, a.place, a.offset, a.weight) < std::tie(b.group, b.place, b.offset, b.weight);
    });
    std::size_t kept = 0;
    for (binned const& b : bins) {
        if (kept > 0 && key(bins[kept - 1]) == key(b)) {
            bins[kept - 1].offset += b.offset;
            bins[kept - 1].weight += b.weight;
            bins[kept - 1].votes += 1;
        } else {
            bins[kept++] = b;
        }
    }
    bins.resize(kept);

    std::vector<offset_peak> peaks;
    for (std::size_t i = 0; i < bins.size(); ++i) {
        binned const& b = bins[i];
        auto const is_beside = [&](std::size_t other, std::int64_t distance) {
            return other < bins.size() && bins[other].group == b.group && bins[other].place == b.place + distance;
        };
        bool const tops_before = i == 0 || !is_beside(i - 1, -1) || b.weight > bins[i - 1].weight;
        bool const tops_after = !is_beside(i + 1, 1) || b.weight >= bins[i + 1].weight;
        if (b.weight > 0 && tops_before && tops_after)
            peaks.push_back({b.group, b.offset / static_cast<double>(b.votes), static_cast<float>(b.weight), b.votes});
    }
    std::sort(peaks.begin(), peaks.end(), [](offset_peak const& a, offset_peak const& b) {
        return std::tuple(-a.score, a.group, a.offset) < std::tuple(-b.score, b.group, b.offset);
    });
    return peaks;
}

}  // namespace simile::similarity
