// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/vote_offsets.hpp>

#include "similarity/ranking.hpp"
#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <limits>
#include <map>

using namespace simile;
using namespace simile::test;
using similarity::offset_peak;
using similarity::offset_vote;
using similarity::vote_offsets;

namespace {
std::vector<offset_vote> chance_votes(std::size_t n, std::uint64_t seed) {
    xoshiro256 random(seed);
    std::vector<offset_vote> out;
    for (std::size_t i = 0; i < n; ++i)
        out.push_back({static_cast<std::uint32_t>(random() % 4), 20 * uniform01(random), 60 * uniform01(random),
                       static_cast<float>(uniform01(random))});
    return out;
}
}  // namespace

TEST_CASE("the recording that runs along gets the highest peak, at its offset", "[similarity][vote_offsets]") {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        auto votes = chance_votes(200, seed);
        for (int t = 0; t < 12; ++t) votes.push_back({3, double(t), t + 17.1 + 0.01 * (t % 3), 0.9F});
        auto const peaks = vote_offsets(votes, 1, 0.5F);
        REQUIRE(!peaks.empty());
        CHECK(peaks[0].group == 3);
        CHECK(std::abs(peaks[0].offset - 17.1) < 0.3);
        CHECK(peaks[0].votes >= 12);
    }
}

TEST_CASE("peaks are the local maxima of the histogram", "[similarity][vote_offsets]") {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        auto const votes = chance_votes(500, seed);
        float const background = 0.3F;
        std::map<std::pair<std::uint32_t, long>, std::pair<double, std::size_t>> bins;
        for (auto const& v : votes) {
            auto& bin = bins[{v.group, std::lround((v.item_time - v.query_time) / 1.5)}];
            bin.first += double(v.similarity) - double(background);
            bin.second += 1;
        }
        auto const score = [&](std::uint32_t group, long place) {
            auto const found = bins.find({group, place});
            return found == bins.end() ? -std::numeric_limits<double>::infinity() : found->second.first;
        };
        std::size_t expected = 0;
        for (auto const& [key, bin] : bins)
            expected +=
                bin.first > 0 && bin.first > score(key.first, key.second - 1) && bin.first >= score(key.first, key.second + 1) ? 1U : 0U;
        auto const peaks = vote_offsets(votes, 1.5, background);
        REQUIRE(peaks.size() == expected);
        for (std::size_t i = 0; i < peaks.size(); ++i) {
            auto const& p = peaks[i];
            long const place = std::lround(p.offset / 1.5);
            REQUIRE(std::abs(p.score - score(p.group, place)) < 1e-6);
            REQUIRE(p.votes == bins.at({p.group, place}).second);
            if (i > 0) REQUIRE(peaks[i - 1].score >= p.score);
        }
    }
}

TEST_CASE("the order of the votes changes nothing", "[similarity][vote_offsets]") {
    auto votes = chance_votes(300, 1);
    auto const before = vote_offsets(votes, 2, 0.25F);
    std::reverse(votes.begin(), votes.end());
    auto const after = vote_offsets(votes, 2, 0.25F);
    REQUIRE(before.size() == after.size());
    for (std::size_t i = 0; i < before.size(); ++i) {
        CHECK(before[i].group == after[i].group);
        CHECK(before[i].offset == after[i].offset);
        CHECK(before[i].score == after[i].score);
    }
}

TEST_CASE("bins lie around multiples of their width, and equal neighbours yield to the smaller offset", "[similarity][vote_offsets]") {
    std::vector<offset_vote> const jitter{{0, 0, 2.999, 1}, {0, 1, 4.001, 1}, {0, 2, 5, 1}};
    auto const peaks = vote_offsets(jitter, 1);
    REQUIRE(peaks.size() == 1);
    CHECK(std::abs(peaks[0].offset - 3) < 1e-9);
    CHECK(peaks[0].score == 3);
    auto const tie = vote_offsets(std::vector<offset_vote>{{1, 0, -3, 0.5F}, {1, 1, -1, 0.5F}}, 1);
    REQUIRE(tie.size() == 1);
    CHECK(tie[0].offset == -3);
    // Other recordings are no neighbours.
    CHECK(vote_offsets(std::vector<offset_vote>{{1, 0, 0, 0.5F}, {2, 0, 1, 0.5F}}, 1).size() == 2);
}

TEST_CASE("hits no better than the background make no peak", "[similarity][vote_offsets]") {
    auto const votes = chance_votes(50, 1);
    CHECK(vote_offsets(votes, 1, 1.0F).empty());
    CHECK(vote_offsets({}, 1).empty());
}

TEST_CASE("vote_offsets refuses bad widths, times and similarities", "[similarity][vote_offsets]") {
    auto const once = [](offset_vote v, double bin = 1, float background = 0) {
        return outcome([&] { return vote_offsets(std::span(&v, 1), bin, background); });
    };
    double const infinite = std::numeric_limits<double>::infinity();
    CHECK(once({0, 0, 1, 1}) == "ok");
    CHECK(once({0, 0, 1, 1}, 0) == "invalid_argument");
    CHECK(once({0, 0, 1, 1}, -1) == "invalid_argument");
    CHECK(once({0, 0, 1, 1}, infinite) == "not_finite");
    CHECK(once({0, 0, 1, 1}, 1, std::nanf("")) == "not_finite");
    CHECK(once({0, infinite, 1, 1}) == "not_finite");
    CHECK(once({0, 0, 1, std::nanf("")}) == "not_finite");
    CHECK(once({0, 0, 1e30, 1}) == "out_of_range");
}
