// SPDX-License-Identifier: Apache-2.0
#include <simile/index/corrected_index.hpp>

#include "support/clustered.hpp"
#include "support/errors.hpp"
#include "support/file_surgery.hpp"
#include "support/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

using namespace simile;
using namespace simile::test;

namespace {

constexpr std::size_t hub_dims = 20;

std::vector<correction_options> all_corrections() {
    return {{.method = correction_method::inverted_softmax},
            {.method = correction_method::inverted_softmax, .beta = 400, .dynamic = true, .active_k = 3},
            {.k = 6, .alpha = 0.5},
            {.method = correction_method::csls, .dynamic = true}};
}
std::span<float const> hub_row(std::vector<float> const& values, std::size_t i) {
    return std::span(values).subspan(i * hub_dims, hub_dims);
}

/// That both correct the same scores in the same way.
void require_alike(corrected_index const& x, corrected_index const& y, std::vector<float> const& queries) {
    REQUIRE(x.size() == y.size());
    CHECK(std::equal(x.bias().begin(), x.bias().end(), y.bias().begin(), y.bias().end()));
    REQUIRE((x.active() == nullptr) == (y.active() == nullptr));
    if (x.active() != nullptr)
        for (row_t r = 0; r < x.size(); ++r) CHECK(x.active()->allows(r) == y.active()->allows(r));
    for (std::size_t q = 0; q * hub_dims < queries.size(); ++q) {
        auto const found = x.search(hub_row(queries, q), {.k = 12}), expected = y.search(hub_row(queries, q), {.k = 12});
        CHECK(found.hits == expected.hits);
        CHECK(found.corrected == expected.corrected);
    }
}

}  // namespace

TEST_CASE("a correction follows rows that come, change and go, to the bit", "[index][corrected_index]") {
    auto const values = clustered_vectors(260, hub_dims, 12, 0.7F, 3, 0), asked = clustered_vectors(40, hub_dims, 12, 0.7F, 3, 1),
               queries = clustered_vectors(10, hub_dims, 12, 0.7F, 3, 2);
    matrix_view<float const> const bank(asked, hub_dims);
    for (std::string const name : {"f32", "int8", "planes", "rabitq4"})
        for (correction_options const& options : all_corrections())
            for (similarity_kind const similarity : {similarity_kind::cosine, similarity_kind::dot}) {
                CAPTURE(name, static_cast<int>(options.method), options.dynamic, to_string(similarity));
                corrected_index changed(make_index(name, hub_dims, similarity), bank, options);
                CHECK(changed.search(hub_row(queries, 0)).hits.empty());
                std::vector<id_ref> ids;
                for (std::uint64_t i = 0; i < 100; ++i) ids.emplace_back(i);
                changed.add(ids, {values.data(), 100, hub_dims});
                for (std::uint64_t i = 100; i < 140; ++i) changed.add(i, hub_row(values, i));
                changed.update(std::uint64_t{7}, hub_row(values, 207));
                changed.remove(std::uint64_t{3});
                std::vector<id_ref> const three{std::uint64_t{50}, std::uint64_t{138}, std::uint64_t{50}, std::uint64_t{0}};
                changed.remove(three);
                changed.add(std::uint64_t{20}, hub_row(values, 220), on_duplicate::replace);
                // The same rows in the same places at once.
                std::shared_ptr<vector_index> const made = make_index(name, hub_dims, similarity);
                for (row_t r = 0; r < changed.size(); ++r) {
                    std::uint64_t const id = changed.rows().id(r).number();
                    made->add(id, hub_row(values, id == 7 || id == 20 ? 200 + id : id));
                }
                require_alike(changed, corrected_index(made, bank, options), queries);
                CHECK(changed.size() == 136);
                // And it is what fit_correction says, with the bank as its codes tell it.
                auto const plain = changed.search(hub_row(queries, 1), {.k = 5}, false);
                CHECK(plain.hits == made->search(hub_row(queries, 1), {.k = 5}).hits);
                CHECK_FALSE(plain.corrected);
                while (changed.size() > 0) changed.remove(changed.rows().id(0));
                CHECK(changed.search(hub_row(queries, 0)).hits.empty());
                changed.add(std::uint64_t{1}, hub_row(values, 1));
                CHECK(changed.search(hub_row(queries, 0)).hits.size() == 1);
            }
}

TEST_CASE("a corrected index corrects as fit_correction does with the same bank", "[index][corrected_index]") {
    auto const values = clustered_vectors(300, hub_dims, 12, 0.7F, 4, 0), asked = clustered_vectors(50, hub_dims, 12, 0.7F, 4, 1),
               queries = clustered_vectors(20, hub_dims, 12, 0.7F, 4, 2);
    matrix_view<float const> const rows(values, hub_dims);
    std::shared_ptr<vector_index> const index = make_index("int8", hub_dims);
    index->add(rows);
    // What codes of the bank stand for, so that nothing is lost when it is coded again.
    auto const bank_index = make_index("int8", hub_dims);
    bank_index->add(matrix_view<float const>(asked, hub_dims));
    std::vector<float> bank;
    for (std::uint64_t i = 0; i < 50; ++i) {
        auto const one = bank_index->get(i);
        bank.insert(bank.end(), one.begin(), one.end());
    }
    for (correction_options const& options : all_corrections()) {
        auto const fitted = fit_correction(*index, matrix_view<float const>(bank, hub_dims), options);
        corrected_index const corrected(index, matrix_view<float const>(asked, hub_dims), options);
        CHECK(std::equal(fitted.bias.begin(), fitted.bias.end(), corrected.bias().begin(), corrected.bias().end()));
        search_options with{.k = 8};
        fitted.apply_to(with);
        auto const many = corrected.search_many(matrix_view<float const>(queries, hub_dims), {.k = 8});
        for (std::size_t q = 0; q < 20; ++q) {
            CHECK(corrected.search(hub_row(queries, q), {.k = 8}).hits == index->search(hub_row(queries, q), with).hits);
            CHECK(many[q].hits == corrected.search(hub_row(queries, q), {.k = 8}).hits);
        }
    }
}

TEST_CASE("a bank that grows and shrinks, also after loading, is the bank that it is at the end", "[index][corrected_index]") {
    auto const values = clustered_vectors(150, hub_dims, 12, 0.7F, 9, 0), asked = clustered_vectors(40, hub_dims, 12, 0.7F, 9, 1);
    std::vector<float> last;
    for (std::size_t const i : {0U, 1U, 2U, 38U}) last.insert(last.end(), hub_row(asked, i).begin(), hub_row(asked, i).end());
    last.insert(last.end(), asked.begin() + 4 * hub_dims, asked.begin() + 38 * hub_dims);
    for (similarity_kind const similarity : {similarity_kind::cosine, similarity_kind::dot})
        for (correction_options const& options : all_corrections()) {
            CAPTURE(static_cast<int>(options.method), options.dynamic, to_string(similarity));
            auto const rows = [&] {
                std::shared_ptr<vector_index> index = make_index("planes", hub_dims, similarity);
                index->add(matrix_view<float const>(values, hub_dims));
                return index;
            };
            corrected_index index(rows(), {asked.data(), 25, hub_dims}, options);
            index.add_to_bank({asked.data() + 25 * hub_dims, 5, hub_dims});
            auto loaded = corrected_index::from_bytes(index.to_bytes());
            loaded.add_to_bank({asked.data() + 30 * hub_dims, 10, hub_dims});
            loaded.remove_from_bank(std::vector<std::size_t>{39, 3, 3});
            CHECK(loaded.bank_size() == 38);
            corrected_index const whole(rows(), matrix_view<float const>(last, hub_dims), options);
            require_alike(loaded, whole, asked);
            require_alike(corrected_index::from_bytes(loaded.to_bytes(), verify_level::full), whole, asked);
            loaded.add_to_bank({asked.data() + 39 * hub_dims, 1, hub_dims});
            CHECK(loaded.bank_size() == 39);
            loaded.remove_from_bank(std::vector<std::size_t>{38});
            require_alike(loaded, whole, asked);
            CHECK(outcome([&] {
                      loaded.remove_from_bank(std::vector<std::size_t>{38});
                      return 0;
                  }) == "out_of_range");
            CHECK(outcome([&] {
                      loaded.add_to_bank({asked.data(), 1, hub_dims - 1});
                      return 0;
                  }) == "dimension_mismatch");
            CHECK(loaded.bank_size() == 38);
        }
}

TEST_CASE("a correction comes back from its file, and readers that do not know it find plain scores", "[index][corrected_index][file]") {
    auto const values = clustered_vectors(200, hub_dims, 12, 0.7F, 5, 0), asked = clustered_vectors(30, hub_dims, 12, 0.7F, 5, 1),
               queries = clustered_vectors(10, hub_dims, 12, 0.7F, 5, 2);
    for (std::string const name : {"int8", "planes"})
        for (correction_options const& options : all_corrections()) {
            corrected_index index(make_index(name, hub_dims), matrix_view<float const>(asked, hub_dims), options);
            std::vector<id_ref> ids;
            for (std::uint64_t i = 0; i < 180; ++i) ids.emplace_back(i);
            index.add(ids, {values.data(), 180, hub_dims});
            auto const file = index.to_bytes();
            auto loaded = corrected_index::from_bytes(file, verify_level::full);
            CAPTURE(name, static_cast<int>(options.method), options.dynamic);
            CHECK(loaded.to_bytes() == file);
            CHECK(loaded.bank_size() == 30);
            require_alike(loaded, index, queries);
            // It goes on from there.
            for (auto* const one : {&loaded, &index}) {
                one->remove(std::uint64_t{11});
                for (std::uint64_t i = 180; i < 200; ++i) one->add(i, hub_row(values, i));
            }
            require_alike(loaded, index, queries);
            CHECK(loaded.to_bytes() == index.to_bytes());
            auto const plain = simile::from_bytes(file, verify_level::full);
            CHECK(plain->size() == 180);
            CHECK(plain->search(hub_row(queries, 0)).hits == simile::from_bytes(to_bytes(*plain))->search(hub_row(queries, 0)).hits);
            CHECK(outcome([&] { return corrected_index::from_bytes(to_bytes(*plain)); }) == "invalid_argument");
        }
    corrected_index empty(make_index("int8", hub_dims), {asked.data(), 0, hub_dims});
    empty.add(std::uint64_t{1}, hub_row(values, 0));
    auto const loaded = corrected_index::from_bytes(empty.to_bytes(), verify_level::full);
    CHECK(loaded.bank_size() == 0);
    CHECK(loaded.search(hub_row(queries, 0)).hits == empty.rows().search(hub_row(queries, 0)).hits);
    CHECK_FALSE(loaded.search(hub_row(queries, 0)).corrected);
}

TEST_CASE("every single-bit flip and every truncation of a corrected file is refused", "[index][corrected_index][damage]") {
    auto const values = normal_vector(9 * 3, 1);
    corrected_index index(make_index("int8", 3), {values.data(), 2, 3}, {.dynamic = true, .active_k = 2});
    for (std::uint64_t i = 0; i < 7; ++i) index.add(i, std::span(values).subspan(3 * (2 + i), 3));
    auto const file = index.to_bytes();
    for (std::size_t bit = 0; bit < 8 * file.size(); ++bit) {
        auto damaged = file;
        damaged[bit / 8] ^= std::byte{1} << (bit % 8);
        auto const result = outcome([&] { return corrected_index::from_bytes(damaged); });
        if (result != "corrupt_file") FAIL("bit " << bit % 8 << " of byte " << bit / 8 << ": " << result);
    }
    for (std::size_t length = 0; length < file.size(); ++length) {
        auto const result = outcome([&] { return corrected_index::from_bytes(std::span(file).first(length)); });
        if (result != "truncated_file") FAIL("first " << length << " bytes: " << result);
    }
    // Without checksums: refused, or used without harm.
    auto const query = normal_vector(3, 77);
    std::size_t used = 0;
    for (std::size_t bit = 0; bit < 8 * file.size(); ++bit) {
        auto damaged = file;
        damaged[bit / 8] ^= std::byte{1} << (bit % 8);
        auto const result = outcome([&] {
            auto one = corrected_index::from_bytes(damaged, verify_level::structure);
            static_cast<void>(one.search(query, {.k = 7}));
            one.remove(one.rows().id(0));
            static_cast<void>(one.search(query, {.k = 7}));
            ++used;
            return 0;
        });
        if (result != "ok" && result != "corrupt_file" && result != "unsupported_version")
            FAIL("bit " << bit % 8 << " of byte " << bit / 8 << ": " << result);
    }
    CHECK(used > 100);
}

TEST_CASE("a corrected index refuses bad input and stays as it was", "[index][corrected_index]") {
    auto const values = normal_vector(20 * hub_dims, 1);
    matrix_view<float const> const bank(values.data(), 5, hub_dims);
    corrected_index index(make_index("int8", hub_dims), bank, {.dynamic = true});
    for (std::uint64_t i = 0; i < 10; ++i) index.add(i, hub_row(values, i));
    auto const before = index.to_bytes();
    auto bad = std::vector<float>(hub_dims, 1.0F);
    bad[3] = std::numeric_limits<float>::quiet_NaN();
    std::vector<float> const shorter(hub_dims - 1, 1.0F), bias(10, 0.0F);
    CHECK(outcome([&] {
              index.add(std::uint64_t{4}, hub_row(values, 11));
              return 0;
          }) == "duplicate_id");
    CHECK(outcome([&] {
              index.add(std::uint64_t{40}, bad);
              return 0;
          }) == "not_finite");
    CHECK(outcome([&] {
              index.add(std::uint64_t{40}, shorter);
              return 0;
          }) == "dimension_mismatch");
    CHECK(outcome([&] {
              index.update(std::uint64_t{40}, hub_row(values, 1));
              return 0;
          }) == "unknown_id");
    CHECK(outcome([&] {
              index.remove(std::uint64_t{40});
              return 0;
          }) == "unknown_id");
    std::vector<id_ref> const some{std::uint64_t{1}, std::uint64_t{40}};
    CHECK(outcome([&] {
              index.remove(some);
              return 0;
          }) == "unknown_id");
    CHECK(outcome([&] {
              index.set_bank({bad.data(), 1, hub_dims}, {});
              return 0;
          }) == "not_finite");
    CHECK(outcome([&] {
              index.set_bank({shorter.data(), 1, hub_dims - 1}, {});
              return 0;
          }) == "dimension_mismatch");
    CHECK(outcome([&] {
              index.set_bank(bank, {.alpha = -1});
              return 0;
          }) == "invalid_argument");
    CHECK(outcome([&] { return index.search(hub_row(values, 0), {.bias = bias}); }) == "invalid_argument");
    CHECK(outcome([&] { return corrected_index(nullptr, bank); }) == "invalid_argument");
    progress watch;
    watch.stop = [] { return true; };
    CHECK(outcome([&] {
              index.set_bank(bank, {.dynamic = true, .watch = &watch});
              return 0;
          }) == "cancelled");
    correction_fit unfinished(index.rows(), bank, {});
    CHECK(outcome([&] {
              index.set_bank(unfinished);
              return 0;
          }) == "incomplete");
    auto const other = make_index("int8", hub_dims);
    other->add(matrix_view<float const>(values, hub_dims));
    correction_fit of_another(*other, bank, {});
    of_another.step(1'000'000);
    CHECK(outcome([&] {
              index.set_bank(of_another);
              return 0;
          }) == "invalid_argument");
    CHECK(index.to_bytes() == before);
    index.set_bank(bank, {.k = 2});
    CHECK(index.active() == nullptr);
    CHECK(index.to_bytes() != before);
}
