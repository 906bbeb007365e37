// SPDX-License-Identifier: Apache-2.0
#include <simile/index/choose_codec.hpp>

#include <simile/core/thread_pool.hpp>

#include "support/clustered.hpp"
#include "support/embeddings.hpp"
#include "support/errors.hpp"
#include "support/exact_search.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

using namespace simile;
using namespace simile::test;

namespace {

std::vector<float> sample_of(std::size_t count, std::size_t dims) { return clustered_vectors(count, dims, 25, 0.7F, 3, 0); }

codec_trial const& trial(codec_choice const& choice, std::string const& name) {
    auto const at = std::find_if(choice.trials.begin(), choice.trials.end(), [&](codec_trial const& t) { return t.codec == name; });
    REQUIRE(at != choice.trials.end());
    return *at;
}
bool tried(codec_choice const& choice, std::string const& name) {
    return std::any_of(choice.trials.begin(), choice.trials.end(), [&](codec_trial const& t) { return t.codec == name; });
}

/// What a coding finds of the exact k nearest, by brute force in double: every tenth row is searched for among the others.
double recall_by_definition(std::string const& name, std::vector<float> const& sample, std::size_t dims, std::size_t k,
                            similarity_kind similarity) {
    matrix_view<float const> const rows(sample, dims);
    std::size_t const wanted = rows.rows() / 10;
    std::vector<std::span<float const>> queries, gallery;
    for (std::size_t i = 0; i < rows.rows(); ++i)
        (queries.size() < wanted && i == queries.size() * rows.rows() / wanted ? queries : gallery).push_back(rows[i]);
    auto const index = make_index(name, dims, similarity);
    for (auto const& row : gallery) index->add(index->size(), row);
    std::size_t right = 0;
    for (auto const& query : queries) {
        std::vector<double> scores;
        for (auto const& row : gallery) scores.push_back(exact_score(similarity, row, query));
        auto sorted = scores;
        std::sort(sorted.rbegin(), sorted.rend());
        double const kth = sorted[k - 1] - 1e-6 * std::max(1.0, std::abs(sorted[k - 1]));
        for (hit const& h : index->search(query, {.k = k}).hits) right += scores[h.row] >= kth ? 1U : 0U;
    }
    return static_cast<double>(right) / static_cast<double>(k * queries.size());
}

}  // namespace

TEST_CASE("what was tried has the bytes and the recall that a search by definition finds", "[index][choose_codec]") {
    for (similarity_kind const similarity : all_similarities) {
        std::size_t const dims = 48;
        auto const sample = sample_of(300, dims);
        auto const choice = choose_codec({sample, dims}, 0.9, 1e9, {.k = 5, .similarity = similarity});
        CHECK(choice.trials.size() >= 10);
        for (codec_trial const& t : choice.trials) {
            double const expected = recall_by_definition(t.codec, sample, dims, 5, similarity);
            CAPTURE(to_string(similarity), t.codec, t.recall, expected);
            CHECK(std::abs(t.recall - expected) <= 0.0068);  // one of 150, when a score lies on the edge
            CHECK(t.bytes == make_index(t.codec, dims, similarity)->bytes_per_row());
            CHECK(t.fits);
            CHECK(t.reaches == (t.recall >= 0.9));
        }
        CHECK(trial(choice, "f32").recall == 1);
    }
}

TEST_CASE("the choice is the smallest that reaches the recall within the bytes, or else says so", "[index][choose_codec]") {
    for (std::size_t const dims : {std::size_t{64}, std::size_t{256}}) {
        auto const sample = sample_of(400, dims);
        auto const measured = choose_codec({sample, dims}, 0.9, 100).trials;
        // The wishes change what fits and reaches, not what was measured.
        auto const choose = [&](double target, double most) {
            auto trials = measured;
            for (codec_trial& t : trials) t.fits = t.bytes <= most, t.reaches = t.recall >= target;
            return simile::detail::decide(trials, target, most);
        };
        auto const whole = choose_codec({sample, dims}, 0.95, 2.0 * static_cast<double>(dims)),
                   part = choose(0.95, 2.0 * static_cast<double>(dims));
        CHECK(whole.codec == part.codec);
        CHECK(whole.reason == part.reason);
        double last_bytes = 0;
        for (double const target : {0.3, 0.6, 0.8, 0.9, 0.95, 0.99, 0.999, 1.0})
            for (double const most : {1e9, 8.0 * static_cast<double>(dims), 1.2 * static_cast<double>(dims),
                                      0.55 * static_cast<double>(dims), 0.2 * static_cast<double>(dims), 1.0}) {
                auto const choice = choose(target, most);
                auto const& chosen = trial(choice, choice.codec);
                CAPTURE(dims, target, most, choice.codec, choice.reason);
                bool any_fits = false, any_good = false;
                double best_recall = 0, least_bytes = 1e9, smallest = 1e9;
                for (codec_trial const& t : choice.trials) {
                    any_fits |= t.bytes <= most;
                    smallest = std::min(smallest, t.bytes);
                    if (t.bytes <= most) best_recall = std::max(best_recall, t.recall);
                    if (t.bytes <= most && t.recall >= target) any_good = true, least_bytes = std::min(least_bytes, t.bytes);
                }
                CHECK(choice.reached == any_good);
                if (any_fits) CHECK(chosen.bytes <= most);
                if (any_good) {
                    CHECK(chosen.recall >= target);
                    CHECK(chosen.bytes <= least_bytes / 0.97 + 1e-9);  // a cascade may be a few per cent longer
                } else if (any_fits) {
                    CHECK(chosen.recall == best_recall);
                    CHECK(choice.reason.find("none of them reaches") != std::string::npos);
                } else {
                    CHECK(chosen.bytes == smallest);
                    CHECK(choice.reason.find("nothing fits") != std::string::npos);
                }
                CHECK(choice.reason.find(choice.codec + " finds ") == 0);
                CHECK(choice.reason.find(simile::detail::to_text(100 * chosen.recall, 2) + " %") != std::string::npos);
                CHECK(choice.reason.find(simile::detail::to_text(chosen.bytes, 1) + " bytes") != std::string::npos);
                // More recall never costs fewer bytes, but for those few per cent.
                if (most == 1e9 && choice.reached) {
                    CHECK(chosen.bytes >= 0.97 * last_bytes);
                    last_bytes = chosen.bytes;
                }
            }
        CHECK(last_bytes > 0);
    }
}

TEST_CASE("a choice weighs what suits the number of dimensions", "[index][choose_codec]") {
    auto const short_ones = choose_codec({sample_of(60, 40), 40}, 0.9), long_ones = choose_codec({sample_of(60, 210), 210}, 0.9);
    CHECK(tried(short_ones, "planes2"));
    CHECK(!tried(short_ones, "planes"));
    CHECK(!tried(short_ones, "planes12"));
    CHECK(tried(long_ones, "planes"));
    CHECK(tried(long_ones, "planes12"));
    CHECK(!tried(long_ones, "planes2"));
}

TEST_CASE("a choice is the same with any number of threads, tells of its progress and can be stopped", "[index][choose_codec][threads]") {
    thread_pool pool(3);
    auto const sample = sample_of(300, 32);
    auto const alone = choose_codec({sample, 32}, 0.95);
    std::vector<std::size_t> seen;
    choose_options options{.threads = &pool};
    std::size_t total = 0;
    options.watch.report = [&](std::size_t done, std::size_t all) {
        seen.push_back(done);
        CHECK((total == 0 || total == all));
        total = all;
    };
    auto const together = choose_codec({sample, 32}, 0.95, 1e9, options);
    CHECK(together.codec == alone.codec);
    CHECK(together.reason == alone.reason);
    REQUIRE(seen.size() == alone.trials.size() + 1);
    for (std::size_t i = 0; i < seen.size(); ++i) CHECK(seen[i] == i);
    CHECK(total == alone.trials.size());
    std::size_t asked = 0;
    options.watch.stop = [&] { return ++asked == 4; };
    CHECK(outcome([&] { return choose_codec({sample, 32}, 0.95, 1e9, options); }) == "cancelled");
    CHECK(asked == 4);
}

TEST_CASE("samples and wishes that make no sense are refused", "[index][choose_codec]") {
    auto sample = sample_of(40, 8);
    matrix_view<float const> const rows(sample, 8);
    double const nan = std::numeric_limits<double>::quiet_NaN();
    auto const refused = [&](double target, double most = 100, choose_options const& options = {}) {
        return outcome([&] { return choose_codec(rows, target, most, options); });
    };
    CHECK(refused(0.9) == "ok");
    CHECK(refused(1) == "ok");
    for (double const target : {0.0, -1.0, 1.001, nan}) CHECK(refused(target) == "invalid_argument");
    for (double const most : {0.0, -5.0, nan}) CHECK(refused(0.9, most) == "invalid_argument");
    CHECK(refused(0.9, 100, {.k = 0}) == "invalid_argument");
    CHECK(refused(0.9, 100, {.k = 1000}) == "ok");
    CHECK(refused(0.9, 100, {.queries = 1000}) == "ok");
    CHECK(outcome([&] { return choose_codec({sample.data(), 19, 8}, 0.9); }) == "invalid_argument");
    CHECK(outcome([&] { return choose_codec({sample.data(), 20, 8}, 0.9); }) == "ok");
    std::fill_n(sample.begin() + 8, 8, 0.0F);
    CHECK(refused(0.9) == "zero_norm");
    CHECK(refused(0.9, 100, {.similarity = similarity_kind::dot}) == "ok");
    sample[3] = std::numeric_limits<float>::infinity();
    CHECK(refused(0.9, 100, {.similarity = similarity_kind::dot}) == "not_finite");
}

TEST_CASE("a code chosen for a part of real embeddings keeps its recall on the whole", "[index][choose_codec][shared]") {
    for (char const* const name : {"minilm-real/minilm-pool4544.npy", "glove100-words20k.npy"}) {
        auto const all = shared_vectors(name);
        auto const sample = spread_rows(all, 1200), queries = spread_rows(all, 200);
        for (double const target : {0.93, 0.98}) {
            auto const choice = choose_codec(sample.matrix(), target);
            CAPTURE(name, target, choice.reason);
            REQUIRE(choice.reached);
            auto const index = make_index(choice.codec, all.dims());
            index->add(all.matrix());
            double const measured =
                recall(search_all(*index, queries.matrix(), {.k = 10}), *index_of(codec_kind::f32, all), queries.matrix(), 10);
            CAPTURE(measured);
            // The whole is more crowded than the sample; and to find oneself is easy.
            CHECK(measured >= target - 0.02);
            CHECK(trial(choice, choice.codec).bytes < 4 * static_cast<double>(all.dims()));
        }
    }
}
