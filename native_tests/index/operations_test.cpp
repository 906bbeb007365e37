// SPDX-License-Identifier: Apache-2.0
#include <simile/index/file.hpp>
#include <simile/index/make_index.hpp>

#include "support/errors.hpp"
#include "support/exact_search.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cstdlib>
#include <string>

using namespace simile;
using namespace simile::test;

namespace {

// Random operations on an index and on the plainest thing that behaves alike: a list of ids and vectors, where removal moves the last one
// into the gap.
class scenario {
public:
    explicit scenario(std::uint64_t seed)
        : random_(seed),
          dims_(1 + pick(24)),
          codec_(all_codecs[pick(std::size(all_codecs))]),
          similarity_(all_similarities[pick(3)]),
          index_(make_index(codec_, dims_, similarity_)) {}

    void step() {
        switch (pick(12)) {
            case 0:
            case 1:
            case 2: add_one(); break;
            case 3: add_many(); break;
            case 4:
            case 5: remove_some(); break;
            case 6: update(); break;
            case 7: index_->set_metadata(std::string(pick(5), 'm')); break;
            case 8: save_and_load(); break;
            default: search(); break;
        }
        REQUIRE(index_->size() == ids_.size());
    }

    void check_everything() {
        for (std::size_t row = 0; row < ids_.size(); ++row) {
            REQUIRE(index_->find(ids_[row]) == static_cast<row_t>(row));
            REQUIRE(index_->id(static_cast<row_t>(row)) == id_ref(ids_[row]));
        }
        search();
        check_bytes_do_not_depend_on_history();
    }

private:
    std::size_t pick(std::size_t n) { return random_() % n; }
    std::string random_id() { return "id" + std::to_string(pick(90)); }
    std::vector<float> random_vector() { return normal_vector(dims_, random_(), std::ldexp(1.0F, static_cast<int>(pick(8)) - 4)); }
    std::size_t place_of(std::string const& id) const {
        return static_cast<std::size_t>(std::find(ids_.begin(), ids_.end(), id) - ids_.begin());
    }

    void put(std::string const& id, std::vector<float> const& x) {
        std::size_t const at = place_of(id);
        if (at == ids_.size()) {
            ids_.push_back(id);
            rows_.push_back(x);
        } else {
            rows_[at] = x;
        }
    }

    void add_one() {
        auto const id = random_id();
        auto const x = random_vector();
        bool const known = place_of(id) != ids_.size(), replace = pick(2) == 0;
        auto const result = outcome([&] {
            index_->add(id, x, replace ? on_duplicate::replace : on_duplicate::refuse);
            return 0;
        });
        REQUIRE(result == (known && !replace ? "duplicate_id" : "ok"));
        if (result == "ok") put(id, x);
    }

    void add_many() {
        std::vector<std::string> ids;
        std::vector<float> values;
        for (std::size_t i = 0, n = pick(70); i < n; ++i) {
            ids.push_back(random_id());
            auto const x = random_vector();
            values.insert(values.end(), x.begin(), x.end());
        }
        std::vector<id_ref> const refs(ids.begin(), ids.end());
        index_->add(refs, {values.data(), ids.size(), dims_}, on_duplicate::replace);
        for (std::size_t i = 0; i < ids.size(); ++i)
            put(ids[i], {values.begin() + std::ptrdiff_t(i * dims_), values.begin() + std::ptrdiff_t((i + 1) * dims_)});
    }

    void forget(std::string const& id) {
        std::size_t const at = place_of(id);
        if (at == ids_.size()) return;
        ids_[at] = ids_.back();
        rows_[at] = rows_.back();
        ids_.pop_back();
        rows_.pop_back();
    }

    void remove_some() {
        std::vector<std::string> ids;
        bool all_known = true;
        for (std::size_t i = 0, n = 1 + pick(4); i < n; ++i) {
            ids.push_back(ids_.empty() || pick(10) == 0 ? random_id() : ids_[pick(ids_.size())]);
            all_known = all_known && place_of(ids.back()) != ids_.size();
        }
        std::vector<id_ref> const refs(ids.begin(), ids.end());
        REQUIRE(outcome([&] {
                    index_->remove(refs);
                    return 0;
                }) == (all_known ? "ok" : "unknown_id"));
        if (all_known)
            for (auto const& id : ids) forget(id);
    }

    void update() {
        auto const id = random_id();
        auto const x = random_vector();
        bool const known = place_of(id) != ids_.size();
        REQUIRE(outcome([&] {
                    index_->update(id, x);
                    return 0;
                }) == (known ? "ok" : "unknown_id"));
        if (known) put(id, x);
    }

    void save_and_load() {
        auto const bytes = to_bytes(*index_);
        auto const query = random_vector();
        auto const before = index_->search(query, {.k = 20}).hits;
        auto const verify = pick(3);
        loaded_ = from_bytes(bytes, static_cast<verify_level>(verify));
        REQUIRE(to_bytes(*loaded_) == bytes);
        REQUIRE(loaded_->search(query, {.k = 20}).hits == before);
        REQUIRE(loaded_->metadata() == index_->metadata());
        index_ = loaded_;
    }

    void search() {
        auto const query = random_vector();
        std::size_t const k = 1 + pick(12);
        row_filter filter(ids_.size());
        bool const filtered = pick(3) == 0;
        for (std::size_t row = 0; row < ids_.size(); ++row)
            if (pick(2) == 0) filter.allow(static_cast<row_t>(row));
        auto const hits = index_->search(query, {.k = k, .filter = filtered ? &filter : nullptr, .recall = 1}).hits;
        REQUIRE(wrong_with(hits, rows_, query, k, codec_, similarity_, filtered ? &filter : nullptr) == "");
    }

    // However it came about, an index of the same rows, ids and metadata is the same file.
    void check_bytes_do_not_depend_on_history() {
        auto const fresh = make_index(codec_, dims_, similarity_);
        fresh->set_metadata(index_->metadata());
        for (std::size_t row = 0; row < ids_.size(); ++row) fresh->add(ids_[row], rows_[row]);
        REQUIRE(to_bytes(*fresh) == to_bytes(*index_));
    }

    xoshiro256 random_;
    std::size_t dims_;
    codec_kind codec_;
    similarity_kind similarity_;
    std::shared_ptr<vector_index> index_;
    std::shared_ptr<vector_index> loaded_;
    std::vector<std::string> ids_;
    std::vector<std::vector<float>> rows_;
};

}  // namespace

TEST_CASE("2,000 random sequences of 200 operations leave an index as the plainest model", "[index][model]") {
    char const* const first = std::getenv("SIMILE_SEED");
    std::uint64_t const begin = first == nullptr ? 0 : std::strtoull(first, nullptr, 10);
    for (std::uint64_t seed = begin; seed < begin + 2000; ++seed) {
        INFO("to repeat this sequence first: SIMILE_SEED=" << seed);
        scenario run(seed);
        for (int i = 0; i < 200; ++i) run.step();
        run.check_everything();
    }
}
