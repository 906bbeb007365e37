// SPDX-License-Identifier: Apache-2.0
#include <simile/index/correction_fit.hpp>

#include <simile/core/thread_pool.hpp>
#include <simile/index/corrected_index.hpp>

#include "support/clustered.hpp"
#include "support/errors.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

using namespace simile;
using namespace simile::test;

TEST_CASE("a bank that is fitted by parts, by one thread or several, is the bank fitted at once", "[index][correction_fit]") {
    std::size_t const d = 16;
    auto const values = clustered_vectors(333, d, 12, 0.7F, 3, 0), asked = clustered_vectors(25, d, 12, 0.7F, 3, 1);
    matrix_view<float const> const bank(asked, d);
    thread_pool pool(3);
    for (std::string const name : {"int8", "planes"})
        for (bool const dynamic : {false, true}) {
            std::shared_ptr<vector_index> const rows = make_index(name, d);
            rows->add(matrix_view<float const>(values, d));
            corrected_index const whole(rows, bank, {.k = 4, .dynamic = dynamic, .active_k = 2});
            for (std::size_t const part : {std::size_t{1}, std::size_t{100}, std::size_t{100'000}})
                for (executor* const threads : {static_cast<executor*>(nullptr), static_cast<executor*>(&pool)}) {
                    CAPTURE(name, dynamic, part, threads != nullptr);
                    correction_fit fit(*rows, bank, {.k = 4, .dynamic = dynamic, .active_k = 2, .threads = threads});
                    CHECK(fit.total() == 333);
                    std::size_t last = 0;
                    while (!fit.finished()) {
                        search_options early;
                        CHECK(outcome([&] {
                                  fit.apply_to(early);
                                  return 0;
                              }) == "incomplete");
                        fit.step(part);
                        REQUIRE(fit.done() > last);
                        last = fit.done();
                    }
                    CHECK(last == 333);
                    search_options with{.k = 9};
                    fit.apply_to(with);
                    for (std::size_t q = 0; q < 25; ++q) CHECK(rows->search(bank[q], with).hits == whole.search(bank[q], {.k = 9}).hits);
                    corrected_index const taken(rows, std::move(fit));
                    CHECK(taken.to_bytes() == whole.to_bytes());
                }
        }
}

TEST_CASE("a fit knows when its index has changed, and what it cannot fit", "[index][correction_fit]") {
    auto const values = normal_vector(40 * 8, 1);
    auto const index = make_index("int8", 8);
    index->add(matrix_view<float const>(values, 8));
    correction_fit fit(*index, {values.data(), 3, 8}, {});
    fit.step(32);
    index->remove(std::uint64_t{5});
    CHECK(outcome([&] {
              fit.step(32);
              return 0;
          }) == "invalid_argument");
    CHECK(outcome([&] { return correction_fit(*index, {values.data(), 3, 7}, {}); }) == "dimension_mismatch");
    CHECK(outcome([&] { return correction_fit(*index, {values.data(), 3, 8}, {.beta = 0}); }) == "invalid_argument");
    correction_fit const none(*index, {values.data(), 0, 8}, {.dynamic = true});
    CHECK(none.finished());
    search_options with{.k = 3};
    none.apply_to(with);
    CHECK(index->search(matrix_view<float const>(values, 8)[0], with).hits ==
          index->search(matrix_view<float const>(values, 8)[0], {.k = 3}).hits);
}
