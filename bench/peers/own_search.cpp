// SPDX-License-Identifier: Apache-2.0
// Our indexes in the native comparison with peers (see README.md beside this file): their public C++ API and nothing else.
// `contest.hpp` is the harness's: a contestant is built once, searched at some settings, one query at a time and in one batch.
#include "contest.hpp"

#include <simile/index/make_index.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace simile;

/// An index and the options of the setting that is being measured.
struct contestant_state {
    std::unique_ptr<vector_index> index;
    search_options options;
};

struct named_options {
    std::string name;
    search_options options;
};

using index_maker = std::function<std::unique_ptr<vector_index>(std::size_t dims)>;

void write_ids(search_result const& found, std::size_t k, std::int64_t* ids) {
    for (std::size_t i = 0; i < k; ++i) ids[i] = i < found.hits.size() ? std::int64_t{found.hits[i].row} : -1;
}

/// One query goes to `search`, several to `search_many`; vectors of the harness are of unit length, so cosine is the inner product.
Contestant contestant(std::string name, index_maker make, std::vector<named_options> settings) {
    auto const state = std::make_shared<contestant_state>();
    Contestant c;
    c.name = "simile " + std::move(name);
    c.build = [state, make = std::move(make)](bench::Data const& data) {
        state->index = make(data.d);
        state->index->reserve(data.n);
        state->index->add(matrix_view<float const>(data.base.data(), data.n, data.d));
        return static_cast<double>(state->index->memory()) / static_cast<double>(data.n);
    };
    for (named_options const& s : settings) c.settings.push_back({s.name, [state, s] { state->options = s.options; }});
    c.search = [state](float const* queries, std::size_t count, std::size_t k, std::int64_t* ids) {
        vector_index const& index = *state->index;
        search_options options = state->options;
        options.k = k;
        if (count == 1) return write_ids(index.search({queries, index.dims()}, options), k, ids);
        auto const found = index.search_many(matrix_view<float const>(queries, count, index.dims()), options);
        for (std::size_t q = 0; q < count; ++q) write_ids(found[q], k, ids + q * k);
    };
    c.drop = [state] { state->index.reset(); };
    return c;
}

Contestant flat(codec_kind codec) {
    return contestant(std::string("flat ") + std::string(to_string(codec)), [codec](std::size_t dims) { return make_index(codec, dims); },
                      {{"-", {}}});
}

named_options keep(std::size_t first, std::size_t second) {
    search_options options;
    options.keep_first = first;
    options.keep_second = second;
    return {"keep " + std::to_string(first) + ", " + std::to_string(second), options};
}

}  // namespace

void register_own_search(std::vector<Contestant>& contestants, bench::Data const&) {
    for (auto const codec : {codec_kind::f32, codec_kind::f16, codec_kind::int8}) contestants.push_back(flat(codec));
    contestants.push_back(contestant("cascade", [](std::size_t dims) { return make_index(codec_kind::planes, dims); },
                                     {{"default", {}}, keep(200, 20), keep(300, 30), keep(500, 40), keep(1000, 50), keep(2000, 50)}));
}
