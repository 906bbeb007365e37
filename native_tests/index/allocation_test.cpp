// SPDX-License-Identifier: Apache-2.0
#include <simile/index/file.hpp>
#include <simile/index/make_index.hpp>

#include "support/allocations.hpp"
#include "support/errors.hpp"
#include "support/exact_search.hpp"

#include <catch2/catch_test_macros.hpp>

#include <functional>
#include <string>

using namespace simile;
using namespace simile::test;

namespace {

constexpr std::size_t refused_dims = 20;

std::shared_ptr<vector_index> make_filled(codec_kind codec, similarity_kind similarity, bool own_ids) {
    std::shared_ptr<vector_index> const index = make_index(codec, refused_dims, similarity);
    auto const rows = normal_vector(40 * refused_dims, 1);
    if (!own_ids) {
        index->add(matrix_view<float const>(rows, refused_dims));
        return index;
    }
    for (std::size_t i = 0; i < 40; ++i) index->add("name " + std::to_string(i), std::span(rows).subspan(i * refused_dims, refused_dims));
    return index;
}

struct operation {
    std::string name;
    std::function<void(vector_index&)> run;
};

std::vector<operation> operations(bool own_ids) {
    static auto const values = normal_vector(40 * refused_dims, 2);
    static matrix_view<float const> const rows(values, refused_dims);
    static std::vector<id_ref> const new_ids = [] {
        std::vector<id_ref> ids;
        for (std::uint64_t i = 0; i < 40; ++i) ids.emplace_back(1000 + i);
        return ids;
    }();
    id_ref const known = own_ids ? id_ref("name 7") : id_ref(7);
    std::vector<operation> all{
        {"add one", [](auto& i) { i.add("a new name", rows[0]); }},
        {"add many", [](auto& i) { i.add(new_ids, rows); }},
        {"update", [known](auto& i) { i.update(known, rows[3]); }},
        {"remove", [known](auto& i) { i.remove(known); }},
        {"search", [](auto& i) { static_cast<void>(i.search(rows[1])); }},
        {"search_many", [](auto& i) { static_cast<void>(i.search_many({values.data(), 2, refused_dims})); }},
        {"get", [known](auto& i) { static_cast<void>(i.get(known)); }},
        {"set_metadata", [](auto& i) { i.set_metadata(std::string(200, 'm')); }},
        {"to_bytes", [](auto& i) { static_cast<void>(to_bytes(i)); }},
    };
    if (!own_ids) all.push_back({"add rows", [](auto& i) { i.add(rows); }});
    return all;
}

// What is left of `run` when its n-th allocation is refused: true when none was.
bool completes_without_failure(vector_index& index, operation const& op, std::size_t n, bool for_ever) {
    allocations::fail_at(n, for_ever);
    bool thrown = false;
    try {
        op.run(index);
    } catch (std::bad_alloc const&) {
        thrown = true;
    } catch (error const& e) {
        allocations::fail_at(0, false);
        if (e.code() != error_code::out_of_memory) throw;
        thrown = true;
    }
    bool const refused = allocations::failed();
    allocations::fail_at(0, false);
    CHECK(thrown == refused);
    return !thrown;
}

}  // namespace

TEST_CASE("an operation that finds no memory says so and leaves the index as it was and usable", "[index][memory]") {
    for (codec_kind const codec : all_codecs)
        for (similarity_kind const similarity : {similarity_kind::cosine, similarity_kind::squared_l2})
            for (bool const own_ids : {false, true})
                for (operation const& op : operations(own_ids)) {
                    auto const expected = to_bytes(*make_filled(codec, similarity, own_ids));
                    auto const once = from_bytes(expected);
                    op.run(*once);
                    auto const expected_after = to_bytes(*once);
                    for (bool const for_ever : {false, true})
                        for (std::size_t n = 1;; ++n) {
                            REQUIRE(n < 10'000);
                            auto const index = from_bytes(expected);
                            CAPTURE(to_string(codec), to_string(similarity), own_ids, op.name, n, for_ever);
                            if (completes_without_failure(*index, op, n, for_ever)) break;
                            if (to_bytes(*index) != expected) FAIL_CHECK("the index has changed");
                            op.run(*index);  // the second time it works
                            if (to_bytes(*index) != expected_after) FAIL_CHECK("the index behaves in another way afterwards");
                        }
                }
}
