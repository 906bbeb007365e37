// SPDX-License-Identifier: Apache-2.0
#include <simile/fit/cosine_adapter.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using fit::cosine_adapter_options;
using fit::fit_cosine_adapter;
using fit::judged_cosine;

namespace {

/// Queries of two kinds: where the first component is positive an item is relevant from a cosine of 0.7 on, elsewhere from 0.3 on, with some noise. No one
/// threshold on the cosine serves both.
struct judged_sample {
    judged_sample(std::size_t n, std::size_t d, std::uint64_t seed) : dims(d) {
        xoshiro256 random(seed);
        for (std::size_t q = 0; q < n; ++q) {
            auto const x = unit_vector(d, 1000 * seed + q);
            queries.insert(queries.end(), x.begin(), x.end());
            double const needed = x[0] > 0 ? 0.7 : 0.3;
            for (int i = 0; i < 12; ++i) {
                double const cosine = uniform01(random);
                pairs.push_back({static_cast<row_t>(q), static_cast<float>(cosine), cosine + 0.03 * nearly_normal(random) >= needed});
            }
        }
    }
    [[nodiscard]] matrix_view<float const> view() const { return {queries, dims}; }
    std::size_t dims;
    std::vector<float> queries;
    std::vector<judged_cosine> pairs;
};

/// Share of the pairs that the best single threshold gets right.
template <class Score>
double best_accuracy(judged_sample const& sample, Score score_of) {
    std::vector<std::pair<double, bool>> scored;
    for (auto const& pair : sample.pairs) scored.emplace_back(score_of(pair), pair.relevant);
    std::sort(scored.begin(), scored.end());
    double right = 0, best = 0;
    for (auto const& [s, relevant] : scored) right += relevant;
    for (auto const& [s, relevant] : scored) best = std::max(best, right += relevant ? -1 : 1);
    return best / double(scored.size());
}

}  // namespace

TEST_CASE("an adapter learns what a cosine means to each query", "[fit][cosine_adapter]") {
    judged_sample const known(400, 8, 1), fresh(200, 8, 2);
    auto const fitted = fit_cosine_adapter(known.view(), known.pairs);
    CHECK(fitted.loss < 0.75 * fitted.loss_before);
    double const raw = best_accuracy(fresh, [](judged_cosine const& p) { return double{p.cosine}; });
    auto const mapped = [&](judged_cosine const& p) { return fitted.adapter.map_of(fresh.view()[p.query])(double{p.cosine}); };
    double const adapted = best_accuracy(fresh, mapped);
    CAPTURE(raw, adapted, fitted.loss, fitted.loss_before, fitted.epochs);
    CHECK(raw < 0.85);
    CHECK(adapted > 0.9);
    // The threshold keeps about the recall asked for, on queries it has not seen, as a score and as a cut of the cosine.
    double relevant = 0, kept = 0, cut = 0;
    for (auto const& p : fresh.pairs) {
        relevant += p.relevant;
        kept += p.relevant && static_cast<float>(mapped(p)) >= static_cast<float>(fitted.threshold);
        cut += p.relevant && p.cosine >= fitted.adapter.map_of(fresh.view()[p.query]).cut_off(fitted.threshold);
    }
    CHECK(std::abs(kept / relevant - 0.95) < 0.03);
    CHECK(std::abs(cut - kept) <= 2);
}

TEST_CASE("a fit is repeatable for a seed, and another seed starts elsewhere", "[fit][cosine_adapter]") {
    judged_sample const sample(60, 5, 3);
    cosine_adapter_options options{.hidden = 4, .epochs = 5};
    auto const first = fit_cosine_adapter(sample.view(), sample.pairs, options),
               again = fit_cosine_adapter(sample.view(), sample.pairs, options);
    CHECK(first.adapter.w1 == again.adapter.w1);
    CHECK(first.adapter.b2 == again.adapter.b2);
    CHECK(first.threshold == again.threshold);
    options.seed = 2;
    CHECK(fit_cosine_adapter(sample.view(), sample.pairs, options).adapter.w1 != first.adapter.w1);
}

TEST_CASE("labels without a rule stop the fit early and never make it worse than where it began", "[fit][cosine_adapter]") {
    judged_sample sample(80, 6, 4);
    xoshiro256 random(9);
    for (auto& p : sample.pairs) p.relevant = uniform01(random) < 0.5;
    auto const fitted = fit_cosine_adapter(sample.view(), sample.pairs, {.epochs = 500, .patience = 5});
    CHECK(fitted.epochs < 500);
    CHECK(fitted.loss < fitted.loss_before);  // a flat map is better than the cosine
    CHECK(fitted.loss > 0.6);                 // ln 2 is all there is to know
}

TEST_CASE("each form of the map can be fitted, and its parts fit together", "[fit][cosine_adapter]") {
    judged_sample const sample(100, 6, 5);
    for (auto const form :
         {score::adapter_form::linear, score::adapter_form::square_root, score::adapter_form::square, score::adapter_form::power}) {
        auto const fitted = fit_cosine_adapter(sample.view(), sample.pairs, {.hidden = 8, .form = form, .epochs = 40});
        CHECK(outcome([&] { return fitted.adapter.check(), 0; }) == "ok");
        CHECK(fitted.adapter.form == form);
        CHECK(fitted.loss < fitted.loss_before);
    }
}

TEST_CASE("without queries held out the loss of all decides", "[fit][cosine_adapter]") {
    judged_sample const sample(10, 4, 6);
    auto const fitted = fit_cosine_adapter(sample.view(), sample.pairs, {.epochs = 20, .held_out = 0});
    double sum = 0;
    for (auto const& p : sample.pairs) {
        double const y = fitted.adapter.map_of(sample.view()[p.query])(double{p.cosine});
        sum -= std::log(std::max(p.relevant ? y : 1 - y, 1e-6));
    }
    CHECK(std::abs(sum / double(sample.pairs.size()) - fitted.loss) < 1e-9);
}

TEST_CASE("cosines of judged pairs are computed from the vectors", "[fit][cosine_adapter]") {
    auto const queries = normal_vector(12, 1), items = normal_vector(20, 2);
    matrix_view<float const> const q(queries, 4), g(items, 4);
    std::vector<fit::judged_pair> const pairs{{2, 4, true}, {0, 1, false}};
    auto const found = fit::cosines_of(q, g, pairs);
    CHECK(std::abs(double{found[0].cosine} - cosine_by_definition<float>(q[2], g[4])) < 1e-7);
    CHECK((found[0].query == 2 && found[0].relevant && !found[1].relevant));
    std::vector<fit::judged_pair> const beyond{{3, 0, true}};
    CHECK(outcome([&] { return fit::cosines_of(q, g, beyond); }) == "out_of_range");
    CHECK(outcome([&] { return fit::cosines_of(q, matrix_view<float const>(items, 5), pairs); }) == "dimension_mismatch");
}

TEST_CASE("a fit refuses what makes no sense and can be stopped", "[fit][cosine_adapter]") {
    judged_sample sample(20, 3, 7);
    auto const with = [&](cosine_adapter_options const& options) {
        return outcome([&] { return fit_cosine_adapter(sample.view(), sample.pairs, options); });
    };
    CHECK(with({.hidden = 0}) == "invalid_argument");
    CHECK(with({.form = score::adapter_form::raw}) == "invalid_argument");
    CHECK(with({.learning_rate = 0}) == "invalid_argument");
    CHECK(with({.learning_rate = NAN}) == "invalid_argument");
    CHECK(with({.batch = 0}) == "invalid_argument");
    CHECK(with({.epochs = 0}) == "invalid_argument");
    CHECK(with({.held_out = 1}) == "invalid_argument");
    CHECK(with({.recall = 1.5}) == "invalid_argument");
    CHECK(outcome([&] { return fit_cosine_adapter({}, sample.pairs); }) == "invalid_argument");
    CHECK(outcome([&] { return fit_cosine_adapter(sample.view(), {}); }) == "invalid_argument");
    progress watch;
    watch.stop = [] { return true; };
    CHECK(outcome([&] { return fit_cosine_adapter(sample.view(), sample.pairs, {}, watch); }) == "cancelled");
    auto const changed = [&](auto change) {
        auto pairs = sample.pairs;
        change(pairs);
        return outcome([&] { return fit_cosine_adapter(sample.view(), pairs); });
    };
    CHECK(changed([](auto& p) { p[3].cosine = NAN; }) == "not_finite");
    CHECK(changed([](auto& p) { p[3].query = 20; }) == "out_of_range");
    CHECK(changed([](auto& p) {
              for (auto& pair : p) pair.relevant = true;
          }) == "invalid_argument");
    sample.queries[0] = INFINITY;
    CHECK(with({}) == "not_finite");
}
