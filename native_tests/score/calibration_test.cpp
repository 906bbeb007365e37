// SPDX-License-Identifier: Apache-2.0
#include <simile/score/calibration.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using score::fit_beta;
using score::fit_isotonic;
using score::fit_platt;
using score::fit_temperature;

namespace {

/// Scores whose labels follow the logistic law 1 / (1 + exp(-(slope s + offset))).
struct logistic_sample {
    logistic_sample(std::size_t n, double slope, double offset, std::uint64_t seed) {
        xoshiro256 random(seed);
        for (std::size_t i = 0; i < n; ++i) {
            scores.push_back(static_cast<float>(0.4 * nearly_normal(random)));
            labels.push_back(uniform01(random) < 1 / (1 + std::exp(-(slope * double{scores.back()} + offset))));
        }
    }
    std::vector<float> scores;
    std::vector<std::uint8_t> labels;
};

/// The loss that Platt's fit makes least, by definition.
double platt_loss(logistic_sample const& sample, double a, double b) {
    double n1 = 0, loss = 0;
    for (auto const label : sample.labels) n1 += label;
    double const n0 = double(sample.labels.size()) - n1;
    for (std::size_t i = 0; i < sample.scores.size(); ++i) {
        double const p = 1 / (1 + std::exp(a * double{sample.scores[i]} + b)),
                     t = sample.labels[i] != 0 ? (n1 + 1) / (n1 + 2) : 1 / (n0 + 2);
        loss -= t * std::log(p) + (1 - t) * std::log(1 - p);
    }
    return loss;
}

}  // namespace

TEST_CASE("the sigmoid of SigLIP has its known even chance and never overflows", "[score][calibration]") {
    score::sigmoid_calibration const siglip;
    CHECK(std::abs(siglip(12.7 / 118.2) - 0.5) < 1e-12);
    CHECK(std::abs(siglip(0.1260) - 0.9) < 1e-3);
    CHECK(siglip(1e300) == 1);
    CHECK(siglip(-1e300) == 0);
    CHECK(score::logistic(-700) > 0);
    CHECK(std::abs(score::logistic(-2) + score::logistic(2) - 1) < 1e-15);
}

TEST_CASE("Platt's fit is the least loss and finds the law of a large sample", "[score][calibration]") {
    logistic_sample const sample(4000, 9, -2, 1);
    auto const fitted = fit_platt(sample.scores, sample.labels);
    CHECK(std::abs(-fitted.a - 9) < 0.9);
    CHECK(std::abs(-fitted.b + 2) < 0.3);
    double const least = platt_loss(sample, fitted.a, fitted.b);
    for (double const step : {1e-3, -1e-3}) {
        CHECK(platt_loss(sample, fitted.a + step, fitted.b) > least);
        CHECK(platt_loss(sample, fitted.a, fitted.b + step) > least);
    }
    CHECK(fitted(0.5) > fitted(0.4));
}

TEST_CASE("Platt's fit stays finite for separable scores and says nothing after one class", "[score][calibration]") {
    std::vector<float> const scores{0, 1, 2, 3};
    auto const separable = fit_platt(scores, std::vector<std::uint8_t>{0, 0, 1, 1});
    CHECK(std::isfinite(separable.a));
    CHECK((separable(3) > 0.7 && separable(0) < 0.3));
    auto const positive = fit_platt(scores, std::vector<std::uint8_t>{1, 1, 1, 1}),
               negative = fit_platt(scores, std::vector<std::uint8_t>{0, 0, 0, 0});
    CHECK((positive.a == 0 && negative.a == 0));
    CHECK(std::abs(positive(7) - 5.0 / 6) < 1e-12);
    CHECK(std::abs(negative(7) - 1.0 / 6) < 1e-12);
    std::vector<float> const large{1e6F, 2e6F, 3e6F, 4e6F}, tiny{1e-6F, 2e-6F, 3e-6F, 4e-6F};
    std::vector<std::uint8_t> const mixed{0, 1, 0, 1};
    auto const reference = fit_platt(std::vector<float>{1, 2, 3, 4}, mixed);
    CHECK(std::abs(fit_platt(large, mixed)(2e6) - reference(2)) < 1e-6);
    CHECK(std::abs(fit_platt(tiny, mixed)(2e-6) - reference(2)) < 1e-6);
    auto const equal = fit_platt(std::vector<float>(4, 0.3F), mixed);
    CHECK((equal.a == 0 && equal(0.3) == 0.5));
}

TEST_CASE("the beta calibration is the least loss with both slopes not negative", "[score][calibration]") {
    logistic_sample const sample(600, 9, -2, 2);
    std::vector<double> p;
    for (float const s : sample.scores) p.push_back(score::beta_calibration::of_cosine(std::tanh(double{s})));
    double const ridge = 0.01;
    auto const loss = [&](double a, double b, double c) {
        double sum = ridge / 2 * (a * a + b * b + c * c);
        for (std::size_t i = 0; i < p.size(); ++i) {
            double const q = 1 / (1 + std::exp(-(a * std::log(p[i]) - b * std::log(1 - p[i]) + c)));
            sum -= sample.labels[i] != 0 ? std::log(q) : std::log(1 - q);
        }
        return sum;
    };
    auto const f = fit_beta(p, sample.labels, ridge);
    CHECK((f.a > 0 && f.b > 0));
    double const least = loss(f.a, f.b, f.c);
    for (double const step : {1e-3, -1e-3}) {
        CHECK(loss(f.a + step, f.b, f.c) > least);
        CHECK(loss(f.a, f.b + step, f.c) > least);
        CHECK(loss(f.a, f.b, f.c + step) > least);
    }
    score::beta_calibration const identity;
    for (double const x : {0.0, 0.1, 0.5, 0.99, 1.0}) CHECK(std::abs(identity(x) - x) < 1e-11);
}

TEST_CASE("where larger probabilities are the less relevant, the beta calibration is flat instead of falling", "[score][calibration]") {
    logistic_sample const sample(400, -6, 0, 3);
    std::vector<double> p;
    for (float const s : sample.scores) p.push_back(score::beta_calibration::of_cosine(std::tanh(double{s})));
    auto const f = fit_beta(p, sample.labels);
    CHECK((f.a == 0 && f.b == 0));
    CHECK(f(0.9) == f(0.1));
}

TEST_CASE("the softmax of a list adds up to one, and to less when more was not shown", "[score][calibration]") {
    std::vector<float> const scores{0.9F, 0.8F, 0.1F};
    auto const p = score::softmax(scores, 0.1);
    double total = 0;
    for (float const s : scores) total += std::exp(double{s} / 0.1);
    for (std::size_t i = 0; i < 3; ++i) CHECK(std::abs(p[i] - std::exp(double{scores[i]} / 0.1) / total) < 1e-12);
    auto const less = score::softmax(scores, 0.1, 100);
    CHECK(std::abs(less[0] - std::exp(double{0.9F} / 0.1) / (total + 100 * std::exp(double{0.1F} / 0.1))) < 1e-12);
    CHECK(score::softmax(std::vector<float>{1e30F, -1e30F}, 1e-3) == std::vector<double>{1, 0});
    CHECK(score::softmax({}, 1).empty());
}

TEST_CASE("the temperature of a list of known answers is found again", "[score][calibration]") {
    // The right answer of each list is drawn by the softmax at 0.25.
    std::size_t const n = 3000, k = 6;
    auto const lists = normal_vector(n * k, 4, 0.3F);
    matrix_view<float const> const view(lists, k);
    xoshiro256 random(6);
    std::vector<std::size_t> right;
    for (std::size_t i = 0; i < n; ++i) {
        auto const p = score::softmax(view[i], 0.25);
        double u = uniform01(random);
        std::size_t at = 0;
        while (at + 1 < k && u >= p[at]) u -= p[at++];
        right.push_back(at);
    }
    auto const loss = [&](double t) {
        double sum = 0;
        for (std::size_t i = 0; i < n; ++i) sum -= std::log(score::softmax(view[i], t)[right[i]]);
        return sum;
    };
    double const t = fit_temperature(view, right);
    CHECK(std::abs(t - 0.25) < 0.03);
    CHECK((loss(t) < loss(t * 1.01) && loss(t) < loss(t * 0.99)));
}

TEST_CASE("the isotonic fit is the nearest rising function", "[score][calibration]") {
    logistic_sample const sample(300, 5, 0, 9);
    std::vector<float> x = sample.scores, y(sample.labels.begin(), sample.labels.end());
    for (float& v : x) v = std::round(10 * v) / 10;  // ties
    auto const fitted = fit_isotonic(x, y);
    for (std::size_t i = 1; i < fitted.steps.size(); ++i) {
        CHECK(fitted.steps[i].low > fitted.steps[i - 1].high);
        CHECK(fitted.steps[i].value > fitted.steps[i - 1].value);
    }
    // Min-max formula: max over starts <= x of the min over ends >= x of the mean of what lies between.
    for (std::size_t i = 0; i < x.size(); i += 7) {
        double best = -1e9;
        for (float const start : x) {
            if (start > x[i]) continue;
            double least = 1e9;
            for (float const end : x) {
                if (end < x[i]) continue;
                double sum = 0, count = 0;
                for (std::size_t j = 0; j < x.size(); ++j)
                    if (x[j] >= start && x[j] <= end) {
                        sum += double{y[j]};
                        ++count;
                    }
                least = std::min(least, sum / count);
            }
            best = std::max(best, least);
        }
        CHECK(std::abs(fitted(double{x[i]}) - best) < 1e-12);
    }
    auto const apart = fit_isotonic(x, y, false);
    CHECK(apart.steps.size() >= fitted.steps.size());
    for (double s = -2; s < 2; s += 0.037) CHECK(std::abs(apart(s) - fitted(s)) < 1e-12);
}

TEST_CASE("the isotonic map is straight between steps and constant outside", "[score][calibration]") {
    auto const f = fit_isotonic(std::vector<float>{1, 1, 2, 2, 3}, std::vector<float>{0, 1, 0, 0, 1});
    REQUIRE(f.steps.size() == 2);
    CHECK((f(-5) == 0.25 && f(1.5) == 0.25 && f(2) == 0.25 && f(2.5) == 0.625 && f(3) == 1 && f(99) == 1));
    CHECK(score::isotonic_calibration{}(0.3) == 0);
    auto const flat = fit_isotonic(std::vector<float>{3, 1, 2}, std::vector<float>{1, 1, 1});
    CHECK(flat.steps.size() == 1);
    CHECK(fit_isotonic(std::vector<float>{3, 1, 2}, std::vector<float>{1, 1, 1}, false).steps.size() == 3);
}

TEST_CASE("calibrations refuse what makes no sense", "[score][calibration]") {
    std::vector<float> const two{0.1F, 0.2F}, bad{0.1F, NAN};
    std::vector<double> const p{0.1, 0.9}, high{0.1, 1.1};
    std::vector<std::uint8_t> const both{0, 1}, same{1, 1}, one{1};
    CHECK(outcome([&] { return fit_platt(two, one); }) == "dimension_mismatch");
    CHECK(outcome([&] { return fit_platt(bad, both); }) == "not_finite");
    CHECK(outcome([&] { return fit_platt({}, {}); }) == "invalid_argument");
    CHECK(outcome([&] { return fit_beta(p, same); }) == "invalid_argument");
    CHECK(outcome([&] { return fit_beta(p, one); }) == "dimension_mismatch");
    CHECK(outcome([&] { return fit_beta(high, both); }) == "invalid_argument");
    CHECK(outcome([&] { return fit_beta(std::vector<double>{0.1, NAN}, both); }) == "not_finite");
    CHECK(outcome([&] { return fit_beta(p, both, -1); }) == "invalid_argument");
    CHECK(outcome([&] { return fit_beta(p, both, INFINITY); }) == "not_finite");
    for (double const t : {0.0, -1.0}) CHECK(outcome([&] { return score::softmax(two, t); }) == "invalid_argument");
    CHECK(outcome([&] { return score::softmax(two, NAN); }) == "not_finite");
    CHECK(outcome([&] { return score::softmax(bad, 1); }) == "not_finite");
    CHECK(outcome([&] { return fit_isotonic(two, std::vector<float>{1}); }) == "dimension_mismatch");
    CHECK(outcome([&] { return fit_isotonic({}, {}); }) == "invalid_argument");
    CHECK(outcome([&] { return fit_isotonic(bad, two); }) == "not_finite");
    CHECK(outcome([&] { return fit_isotonic(two, bad); }) == "not_finite");
    std::vector<std::size_t> const first{0}, beyond{2};
    CHECK(outcome([&] { return fit_temperature({two.data(), 1, 2}, {}); }) == "dimension_mismatch");
    CHECK(outcome([&] { return fit_temperature({two.data(), 1, 2}, beyond); }) == "out_of_range");
    CHECK(outcome([&] { return fit_temperature({two.data(), 1, 1}, first); }) == "invalid_argument");
    CHECK(outcome([&] { return fit_temperature({bad.data(), 1, 2}, first); }) == "not_finite");
    std::vector<float> const equal{1, 1};
    CHECK(outcome([&] { return fit_temperature({equal.data(), 1, 2}, first); }) == "invalid_argument");
}
