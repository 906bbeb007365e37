// SPDX-License-Identifier: Apache-2.0
#include <simile/similarity/cosine.hpp>
#include <simile/similarity/functor.hpp>
#include <simile/similarity/hamming.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cstdint>

using namespace simile::similarity;

namespace {
struct no_order {
    float operator()(std::span<float const>, std::span<float const>) const noexcept { return 0; }
};
struct may_throw {
    [[maybe_unused]] static constexpr simile::ordering order = simile::ordering::larger_is_closer;
    float operator()(std::span<float const>, std::span<float const>) const { return 0; }
};
}  // namespace

TEST_CASE("a similarity functor says its order, takes its element and never throws", "[similarity][functor]") {
    STATIC_CHECK(similarity_functor<cosine_fn, float>);
    STATIC_CHECK(!similarity_functor<cosine_fn, std::byte>);
    STATIC_CHECK(!similarity_functor<hamming_fn, float>);
    STATIC_CHECK(!similarity_functor<no_order, float>);
    STATIC_CHECK(!similarity_functor<may_throw, float>);
}
