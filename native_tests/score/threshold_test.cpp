// SPDX-License-Identifier: Apache-2.0
#include <simile/score/threshold.hpp>

#include <simile/io/npy.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"
#include "support/shared_data.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <fstream>

using namespace simile;
using namespace simile::test;
using score::false_accept_threshold;
using score::recall_threshold;

TEST_CASE("conformal thresholds are the order statistics of their formulas", "[score][threshold]") {
    std::vector<float> const s{5, 1, 4, 2, 3, 9, 8, 7, 6};  // n + 1 = 10
    CHECK(recall_threshold(s, 0.1) == 1);
    CHECK(recall_threshold(s, 0.19) == 1);
    CHECK(recall_threshold(s, 0.2) == 2);
    CHECK(recall_threshold(s, 0.09) == -INFINITY);
    CHECK(recall_threshold(s, 1) == INFINITY);
    CHECK(false_accept_threshold(s, 0.1) == 9);
    CHECK(false_accept_threshold(s, 0.5) == 5);
    CHECK(false_accept_threshold(s, 0.05) == INFINITY);
    CHECK(false_accept_threshold(s, 1) == -INFINITY);
    CHECK(recall_threshold({}, 0.1) == -INFINITY);
    CHECK(false_accept_threshold({}, 0.1) == INFINITY);
}

TEST_CASE("a recall threshold keeps its share of new relevant scores, and a false accept threshold lets few others in",
          "[score][threshold]") {
    double kept = 0, accepted = 0;
    std::size_t const rounds = 200, n = 99;
    for (std::size_t r = 0; r < rounds; ++r) {
        auto const fitted = normal_vector(n, 2 * r), fresh = normal_vector(500, 2 * r + 1);
        double const low = recall_threshold(fitted, 0.1), high = false_accept_threshold(fitted, 0.1);
        for (float const s : fresh) {
            kept += double{s} >= low;
            accepted += double{s} > high;
        }
    }
    // Exact shares 0.9 and 0.1; the standard error of the mean of 200 rounds is 0.0024.
    CHECK(std::abs(kept / (rounds * 500.0) - 0.9) < 0.01);
    CHECK(std::abs(accepted / (rounds * 500.0) - 0.1) < 0.01);
}

TEST_CASE("a p-value counts the irrelevant scores at least as high", "[score][threshold]") {
    score::conformal_reference reference(std::vector<float>{0.3F, 0.1F, 0.3F, 0.2F});
    CHECK(reference.p_value(0.0) == 1);
    CHECK(reference.p_value(double{0.3F}) == 0.6);
    CHECK(reference.p_value(0.31) == 0.2);
    reference.add(0.25F);
    CHECK(std::is_sorted(reference.rising().begin(), reference.rising().end()));
    CHECK(reference.p_value(0.22) == 4.0 / 6);
    CHECK(score::conformal_reference().p_value(5) == 1);
    CHECK(outcome([&] { return reference.add(NAN), 0; }) == "not_finite");
    CHECK(reference.rising().size() == 5);
}

TEST_CASE("Youden's threshold is the best of all", "[score][threshold]") {
    auto relevant = normal_vector(60, 1), irrelevant = normal_vector(80, 2);
    for (float& s : relevant) s = std::round(3 * (s + 1)) / 3;
    for (float& s : irrelevant) s = std::round(3 * s) / 3;
    auto const share = [](std::vector<float> const& s, double threshold) {
        double n = 0;
        for (float const v : s) n += double{v} >= threshold;
        return n / double(s.size());
    };
    auto const found = score::youden(relevant, irrelevant);
    CHECK(std::abs(found.j - (share(relevant, found.threshold) - share(irrelevant, found.threshold))) < 1e-12);
    for (double t = -4; t < 4; t += 0.01) CHECK(share(relevant, t) - share(irrelevant, t) <= found.j + 1e-12);
    auto const apart = score::youden(std::vector<float>{3, 2}, std::vector<float>{1, 0});
    CHECK((apart.threshold == 2 && apart.j == 1));
    auto const reversed = score::youden(std::vector<float>{0}, std::vector<float>{1});
    CHECK((reversed.threshold == 0 && reversed.j == 0));
}

TEST_CASE("a quantile threshold has an interval that usually holds the true quantile", "[score][threshold]") {
    std::size_t held = 0;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        auto const found = score::quantile_threshold(normal_vector(150, seed), 0.25, {.resamples = 200, .seed = seed});
        CHECK((found.low <= found.point && found.point <= found.high));
        held += found.low <= -0.6745 && -0.6745 <= found.high;
    }
    CHECK(held >= 88);
}

TEST_CASE("distributions overlap by their common area", "[score][threshold]") {
    std::vector<float> const low{0, 0.1F, 0.2F}, high{0.9F, 1.0F};
    CHECK(score::distribution_overlap(low, high) == 0);
    CHECK(std::abs(score::distribution_overlap(low, low) - 1) < 1e-12);
    // Bins [0, 1) and [1, 2] of (0 0 1 2) and (0 2): 1/2 and 1/2 each.
    CHECK(std::abs(score::distribution_overlap(std::vector<float>{0, 0, 1, 2}, std::vector<float>{0, 2}, 2) - 1) < 1e-12);
    CHECK(std::abs(score::distribution_overlap(std::vector<float>{0, 0, 0, 2}, std::vector<float>{0, 2}, 2) - 0.75) < 1e-12);
    CHECK(score::distribution_overlap(std::vector<float>{1}, std::vector<float>{1, 1}) == 1);
}

TEST_CASE("thresholds refuse what makes no sense", "[score][threshold]") {
    std::vector<float> const s{1, 2}, bad{1, NAN};
    for (double const alpha : {-0.1, 1.1, double(NAN)}) {
        CHECK(outcome([&] { return recall_threshold(s, alpha); }) == "invalid_argument");
        CHECK(outcome([&] { return false_accept_threshold(s, alpha); }) == "invalid_argument");
        CHECK(outcome([&] { return score::quantile_threshold(s, alpha); }) == "invalid_argument");
    }
    CHECK(outcome([&] { return recall_threshold(bad, 0.1); }) == "not_finite");
    CHECK(outcome([&] { return false_accept_threshold(bad, 0.1); }) == "not_finite");
    CHECK(outcome([&] { return score::conformal_reference(bad); }) == "not_finite");
    CHECK(outcome([&] { return score::youden(s, {}); }) == "invalid_argument");
    CHECK(outcome([&] { return score::youden({}, s); }) == "invalid_argument");
    CHECK(outcome([&] { return score::youden(s, bad); }) == "not_finite");
    CHECK(outcome([&] { return score::quantile_threshold({}, 0.1); }) == "invalid_argument");
    CHECK(outcome([&] { return score::quantile_threshold(bad, 0.1); }) == "not_finite");
    CHECK(outcome([&] { return score::distribution_overlap(s, s, 0); }) == "invalid_argument");
    CHECK(outcome([&] { return score::distribution_overlap(s, {}); }) == "invalid_argument");
    CHECK(outcome([&] { return score::distribution_overlap(s, bad); }) == "not_finite");
}

TEST_CASE("a conformal 95 % recall threshold keeps 93 to 97 % of unseen definitions' words", "[score][threshold][shared]") {
    auto const glosses = io::read_npy<float>(shared_file("data/use512-wordnet20k.npy")),
               queries = io::read_npy<float>(shared_file("data/use512-revdict1000.npy"));
    std::ifstream file(shared_file("data/revdict1000.json"));
    auto const cases = nlohmann::json::parse(file);
    std::vector<float> best;  // of each definition, the cosine with the nearest of its right glosses
    for (std::size_t q = 0; q < cases.size(); ++q) {
        double cosine = -1;
        for (std::size_t const row : cases[q].at("rows").get<std::vector<std::size_t>>())
            cosine = std::max(cosine, cosine_by_definition<float>(queries.matrix()[q], glosses.matrix()[row]));
        best.push_back(static_cast<float>(cosine));
    }
    auto const share = [](std::span<float const> scores, double cut) {
        return double(std::count_if(scores.begin(), scores.end(), [cut](float s) { return double{s} >= cut; })) / double(scores.size());
    };
    // One half says where to cut, the other tells: as a user has it, and on the average of many halves, where chance has no part.
    double const once = share(std::span(best).subspan(500), recall_threshold(std::span(best).first(500), 0.05));
    CHECK((once >= 0.93 && once <= 0.97));
    double kept = 0;
    std::size_t const rounds = 50;
    xoshiro256 random(1);
    for (std::size_t round = 0; round < rounds; ++round) {
        for (std::size_t i = best.size(); i > 1; --i) std::swap(best[i - 1], best[below(random, i)]);
        double const cut = recall_threshold(std::span(best).first(500), 0.05);
        kept += share(std::span(best).subspan(500), cut) / double(rounds);
    }
    CHECK(kept >= 0.945);
    CHECK(kept <= 0.955);
}
