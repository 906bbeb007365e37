// SPDX-License-Identifier: Apache-2.0
#include <simile/score/log_sum_exp.hpp>

#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <limits>
#include <vector>

using namespace simile;
using namespace simile::test;
using score::log_sum_exp;

namespace {
constexpr double infinity = std::numeric_limits<double>::infinity();

/// By definition, in long double, after a shift by the largest.
double lse_by_definition(std::vector<double> const& x) {
    if (x.empty()) return -infinity;
    double const top = *std::max_element(x.begin(), x.end());
    long double sum = 0;
    for (double const v : x) sum += std::exp(static_cast<long double>(v) - static_cast<long double>(top));
    return top + static_cast<double>(std::log(sum));
}
std::vector<double> stream(std::size_t n, std::uint64_t seed, double scale) {
    auto const x = normal_vector(n, seed);
    std::vector<double> out(n);
    std::transform(x.begin(), x.end(), out.begin(), [scale](float v) { return scale * double{v}; });
    return out;
}
log_sum_exp sum_of(std::vector<double> const& x) {
    log_sum_exp out;
    for (double const v : x) out.add(v);
    return out;
}
bool near(double a, double b, double within = 1e-9) { return a == b || std::abs(a - b) <= within * std::max(1.0, std::abs(b)); }
}  // namespace

TEST_CASE("log_sum_exp of a stream is that of the batch, at any scale and in any order", "[score][log_sum_exp]") {
    for (std::uint64_t seed = 0; seed < 20; ++seed)
        for (double const scale : {1e-3, 1.0, 20.0, 1e3, 1e6}) {
            auto x = stream(1 + seed * 7, seed, scale);
            auto const expected = lse_by_definition(x);
            REQUIRE(near(sum_of(x).value(), expected));
            std::sort(x.begin(), x.end());
            REQUIRE(near(sum_of(x).value(), expected));
            std::reverse(x.begin(), x.end());
            REQUIRE(near(sum_of(x).value(), expected));
        }
    CHECK(log_sum_exp().value() == -infinity);
    CHECK(sum_of({-infinity}).value() == -infinity);
    CHECK(sum_of({1e300, -1e300, -infinity}).value() == 1e300);
}

TEST_CASE("merging two sums is summing both", "[score][log_sum_exp]") {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        auto const x = stream(1 + seed, seed, 50), y = stream(3 + seed, seed + 100, 20);
        auto both = x;
        both.insert(both.end(), y.begin(), y.end());
        for (auto [first, second] : {std::pair(sum_of(x), sum_of(y)), std::pair(sum_of(y), sum_of(x))}) {
            first.merge(second);
            REQUIRE(near(first.value(), lse_by_definition(both)));
            first.merge(log_sum_exp());
            REQUIRE(near(first.value(), lse_by_definition(both)));
        }
        log_sum_exp empty;
        empty.merge(sum_of(x));
        REQUIRE(near(empty.value(), lse_by_definition(x)));
        REQUIRE(near(log_sum_exp::of_value(lse_by_definition(x)).value(), lse_by_definition(x)));
    }
}

TEST_CASE("what is removed leaves the sum of the rest, or remove says that it must be summed again", "[score][log_sum_exp]") {
    int rebuilt = 0;
    for (std::uint64_t seed = 0; seed < 40; ++seed)
        for (double const scale : {1.0, 5.0, 40.0}) {
            auto x = stream(60, seed, scale);
            if (seed % 2 == 0) std::sort(x.begin(), x.end());  // the largest leaves first
            auto sum = sum_of(x);
            while (!x.empty()) {
                double const gone = x.back();
                x.pop_back();
                if (!sum.remove(gone)) {
                    ++rebuilt;
                    sum = sum_of(x);
                }
                REQUIRE(near(sum.value(), lse_by_definition(x), 1e-6));
            }
        }
    CHECK(rebuilt >= 120);  // the last value always
    auto sum = sum_of({0.0, 100.0});
    CHECK_FALSE(sum.remove(100.0));
    sum = sum_of({0.0, 10.0});
    CHECK(sum.remove(10.0));
    // What was many values is nothing beside a larger one that came later: that one's sum is good.
    sum = log_sum_exp();
    for (int i = 0; i < 2000000; ++i) sum.add(0);
    sum.add(30);
    CHECK(sum.remove(0));
}

TEST_CASE("decay makes what came before count less", "[score][log_sum_exp]") {
    auto const x = stream(200, 3, 10);
    log_sum_exp sum;
    std::vector<double> weighted;
    for (double const v : x) {
        sum.decay(0.9);
        for (double& w : weighted) w += std::log(0.9);
        sum.add(v);
        weighted.push_back(v);
    }
    CHECK(near(sum.value(), lse_by_definition(weighted)));
    for (int i = 0; i < 100000; ++i) sum.decay(0.5);  // no underflow
    CHECK(near(sum.value(), lse_by_definition(weighted) + 100000 * std::log(0.5)));
}

TEST_CASE("the sums of a bank are those of its columns", "[score][log_sum_exp]") {
    auto const values = normal_vector(5 * 7, 4);
    matrix_view<float const> const bank(values, 7);
    auto const sums = score::bank_log_sum_exp(bank, 7, 100.0);
    for (std::size_t g = 0; g < 7; ++g) {
        std::vector<double> column;
        for (std::size_t b = 0; b < 5; ++b) column.push_back(100 * double{bank[b][g]});
        CHECK(near(sums[g], lse_by_definition(column)));
    }
    CHECK(score::bank_log_sum_exp(matrix_view<float const>(), 3, 20.0) == std::vector<double>(3, -infinity));
}

TEST_CASE("bank_log_sum_exp refuses what makes no sense", "[score][log_sum_exp]") {
    std::vector<float> values(6, 0.5F);
    matrix_view<float> const bank(values.data(), 2, 3);
    auto const with = [&](std::size_t items, double beta) { return outcome([&] { return score::bank_log_sum_exp(bank, items, beta); }); };
    CHECK(with(3, 20) == "ok");
    CHECK(with(4, 20) == "dimension_mismatch");
    CHECK(with(3, 0) == "invalid_argument");
    CHECK(with(3, -1) == "invalid_argument");
    CHECK(with(3, infinity) == "not_finite");
    CHECK(with(3, std::nan("")) == "not_finite");
    values[4] = std::nanf("");
    CHECK(with(3, 20) == "not_finite");
    values[4] = std::numeric_limits<float>::infinity();
    CHECK(with(3, 20) == "not_finite");
}
