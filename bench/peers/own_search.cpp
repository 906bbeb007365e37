// SPDX-License-Identifier: Apache-2.0
// Our indexes in the native comparison with peers (see README.md beside this file): bench/support/contestants.hpp lists them.
// `contest.hpp` is the harness's: a contestant is built once, then searched at each setting, one query at a time and in one batch.
#include "../support/contestants.hpp"
#include "contest.hpp"

void register_own_search(std::vector<Contestant>& all, bench::Data const& data) {
    struct state {
        std::unique_ptr<simile::bench::built_index> index;
        std::size_t dims = 0, setting = 0;
    };
    for (simile::bench::contestant const& own : simile::bench::contestants(data.n)) {
        auto const now = std::make_shared<state>();
        Contestant c;
        c.name = "simile " + own.name;
        c.build = [now, own](bench::Data const& given) {
            now->dims = given.d;
            now->index = own.build({given.base.data(), given.n, given.d});
            return now->index->bytes_a_row();
        };
        for (std::size_t i = 0; i < own.settings.size(); ++i) c.settings.push_back({own.settings[i], [now, i] { now->setting = i; }});
        c.search = [now](float const* queries, std::size_t count, std::size_t k, std::int64_t* ids) {
            now->index->search({queries, count, now->dims}, now->setting, k, ids);
        };
        c.drop = [now] { now->index.reset(); };
        all.push_back(c);
    }
}
