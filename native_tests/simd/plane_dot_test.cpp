// SPDX-License-Identifier: Apache-2.0
#include <simile/simd/plane_dot.hpp>

#include "support/architectures.hpp"
#include "support/guard_page.hpp"
#include "support/integer_samples.hpp"

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace simile;
using namespace simile::test;
using simd::bit_plane;

TEMPLATE_TEST_CASE_SIG("plane_dot is <v, q> of a row on every architecture, beside guard pages and unaligned", "[simd][plane_dot]",
                       ((unsigned Bits), Bits), 1, 2, 4) {
    using layout = bit_plane<Bits>;
    auto lengths = integer_lengths();
    lengths.push_back(65536);
    for (std::size_t const d : lengths)
        for (unsigned pattern = 0; pattern < integer_patterns; ++pattern) {
            auto const s = make_integer_sample(Bits, 1, d, pattern);
            std::vector<std::uint8_t> plane(layout::bytes(d));
            layout::pack(d, plane.data(), [&](std::size_t i) { return s.value(0, i); });
            auto query = s.query;
            query.resize(layout::padded(d));
            auto const expected = s.dot(0);
            guarded<std::uint8_t> const p_after(plane, guard::before), p_before(plane, guard::after);
            guarded<std::int8_t> const q_after(query, guard::before), q_before(query, guard::after);
            auto far_plane = plane;
            auto far_query = query;
            far_plane.insert(far_plane.begin(), 7, std::uint8_t{0xFF});
            far_query.insert(far_query.begin(), 3, std::int8_t{99});
            for_each_architecture([&](auto arch, std::string_view name) {
                auto const check = [&](std::uint8_t const* p, std::int8_t const* q, std::string_view where) {
                    std::int32_t const dot = simd::plane_dot<Bits>(arch, p, q, layout::groups(d));
                    if (dot != expected)
                        FAIL(name << " at " << d << " dims, pattern " << pattern << ", " << where << ": " << dot << " instead of "
                                  << expected);
                };
                check(p_after.data(), q_after.data(), "after a guard page");
                check(p_before.data(), q_before.data(), "before a guard page");
                check(far_plane.data() + 7, far_query.data() + 3, "unaligned");
            });
        }
}

TEMPLATE_TEST_CASE_SIG("plane_dot of no groups is zero", "[simd][plane_dot]", ((unsigned Bits), Bits), 1, 2, 4) {
    for_each_architecture([](auto arch, std::string_view name) {
        CAPTURE(name);
        CHECK(simd::plane_dot<Bits>(arch, nullptr, nullptr, 0) == 0);
    });
}
