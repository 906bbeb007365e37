// SPDX-License-Identifier: Apache-2.0
#include <simile/core/progress.hpp>

#include "support/errors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <stop_token>
#include <utility>

using namespace simile;
using namespace simile::test;

TEST_CASE("progress reports steps and stops by a token", "[core][progress]") {
    std::pair<std::size_t, std::size_t> seen;
    std::stop_source source;
    progress const watch{[&](std::size_t done, std::size_t total) { seen = {done, total}; }, stop_when(source.get_token())};
    watch.step(3, 10);
    CHECK(seen == std::pair<std::size_t, std::size_t>{3, 10});
    source.request_stop();
    CHECK(outcome([&] {
              watch.step(4, 10);
              return 0;
          }) == "cancelled");
    CHECK(seen.first == 3);
    CHECK(outcome([] {
              progress{}.step(1, 1);
              return 0;
          }) == "ok");
}
