// SPDX-License-Identifier: Apache-2.0
#include <simile/core/error.hpp>
#include <simile/simd/dispatch.hpp>
#include <simile/similarity/dot.hpp>

#include "support/guard_page.hpp"
#include "support/reference.hpp"

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/reporters/catch_reporter_event_listener.hpp>
#include <catch2/reporters/catch_reporter_registrars.hpp>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>

using namespace simile;
using namespace simile::test;

static_assert(std::is_same_v<default_arch, simd::dispatched_arch>, "who links simile::dispatch calls through its table");

namespace {

template <class T>
T stored(float v) {
    if constexpr (std::is_same_v<T, half>)
        return simd::to_half(v);
    else if constexpr (std::is_same_v<T, bfloat16>)
        return simd::to_bfloat16(v);
    else
        return v;
}

/// Leaves with ctest's code for a skipped test, and the reason, where the processor lacks the architecture that the test is for.
struct skip_what_is_missing : Catch::EventListenerBase {
    using EventListenerBase::EventListenerBase;
    void testRunStarting(Catch::TestRunInfo const&) override {
        if (std::getenv("SIMILE_SKIP_MISSING") == nullptr) return;
        try {
            static_cast<void>(simd::active_architecture());
        } catch (error const& e) {
            std::printf("skipped: %s\n", e.what());
            std::exit(77);
        }
    }
};
CATCH_REGISTER_LISTENER(skip_what_is_missing)

// The bound that simd::fast_dot documents, for the width of registers that gives the largest.
double fast_bound(std::size_t n, exact_sum const& exact) {
    double most = 0;
    for (double const lanes : {4.0, 8.0, 16.0}) most = std::max(most, std::ceil(static_cast<double>(n) / (2 * lanes)) + lanes + 8);
    return error_factor(most) * exact.magnitude;
}

}  // namespace

TEST_CASE("the architecture that SIMILE_ARCH names is active, and without it the best", "[dispatch]") {
    auto const names = simd::available_architectures();
    char const* const wanted = std::getenv("SIMILE_ARCH");
    CHECK(simd::active_architecture() == (wanted != nullptr ? std::string_view(wanted) : names.front()));
    CHECK(std::ranges::find(names, simd::active_architecture()) != names.end());
    CHECK(names.back() == "scalar");
}

TEST_CASE("an unknown SIMILE_ARCH is refused with the names of those there are", "[.unknown]") {
    for (int again = 0; again < 2; ++again) try {
            static_cast<void>(simd::active_architecture());
            FAIL("nothing was thrown");
        } catch (error const& e) {
            CHECK(e.code() == error_code::invalid_argument);
            CHECK(std::string_view(e.what()).find("abacus") != std::string_view::npos);
            for (std::string_view const name : simd::available_architectures())
                CHECK(std::string_view(e.what()).find(name) != std::string_view::npos);
        }
}

TEMPLATE_TEST_CASE("float kernels of the active architecture keep their bits and bounds", "[dispatch][floats]", float, half, bfloat16) {
    constexpr default_arch active;
    for (std::size_t const n : kernel_lengths()) {
        auto const values = normal_vector(2 * n, n);
        auto const query = normal_vector(n, n + 1);
        std::vector<TestType> x(n), y(n);
        std::vector<float> wide_x(n), wide_y(n);
        for (std::size_t i = 0; i < n; ++i) {
            x[i] = stored<TestType>(values[i]), y[i] = stored<TestType>(values[n + i]);
            wide_x[i] = simd::to_float(x[i]), wide_y[i] = simd::to_float(y[i]);
        }
        guarded<TestType> const a(x, guard::after), b(y, guard::before);
        auto const same = [](float f, float g) { return std::bit_cast<std::uint32_t>(f) == std::bit_cast<std::uint32_t>(g); };
        bool const bits = same(simd::sum_pair<simd::product>(active, query.data(), a.data(), n),
                               simd::sum_pair<simd::product>(scalar_arch{}, query.data(), a.data(), n)) &&
                          same(simd::sum_pair<simd::squared_difference>(active, a.data(), b.data(), n),
                               simd::sum_pair<simd::squared_difference>(scalar_arch{}, a.data(), b.data(), n));
        auto const dot = dot_by_definition<float>(wide_x, wide_y), xx = dot_by_definition<float>(wide_x, wide_x);
        auto const l2 = squared_l2_by_definition<float>(wide_x, wide_y);
        auto const cosine = simd::fast_cosine_sums(active, a.data(), b.data(), n);
        bool const bound = std::abs(simd::fast_dot(active, a.data(), b.data(), n) - dot.value) <= fast_bound(n, dot) &&
                           std::abs(simd::fast_squared_l2(active, a.data(), b.data(), n) - l2.value) <= fast_bound(n, l2) &&
                           std::abs(cosine.xy - dot.value) <= fast_bound(n, dot) && std::abs(cosine.xx - xx.value) <= fast_bound(n, xx);
        if (!bits || !bound) FAIL(simd::active_architecture() << " at length " << n << ": bits " << bits << ", bound " << bound);
    }
    float four[4], one;
    auto const rows = normal_vector(4 * 40, 5), query = normal_vector(37, 6);
    simd::sum_rows<simd::product, 4>(active, query.data(), rows.data(), 40, 37, four);
    for (std::size_t r = 0; r < 4; ++r) {
        simd::sum_rows<simd::product, 1>(scalar_arch{}, query.data(), rows.data() + 40 * r, 40, 37, &one);
        CHECK(four[r] == one);
    }
}
