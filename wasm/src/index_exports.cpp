// SPDX-License-Identifier: Apache-2.0
// The index half of the boundary; abi.md is the contract.
#include "fits.hpp"
#include "indexes.hpp"
#include "numbers.hpp"
#include "team.hpp"

#include <simile/version.hpp>

#include <algorithm>
#include <string_view>

using namespace simile;
using namespace simile::wasm;

namespace {

struct loading {
    index_loader loader;
    verify_level verify;
    load_limits limits;
    std::shared_ptr<scored_index> index{};
    std::uint32_t number = 0;  // of the index, once it was asked for

    /// The bank comes last.
    void finish() {
        if (!loader.finished() || !index || index->correction || loader.correction().empty()) return;
        index->correction.emplace(corrected_index::from_loaded(index->rows, loader.correction(), verify, limits));
    }
};
handles<loading> loaders;

std::vector<id_ref> decode_ids(std::uint32_t ids, std::uint32_t size) {
    auto const bytes = at<std::byte>(ids, size);
    std::vector<id_ref> out;
    for (std::size_t next = 0; next < bytes.size();) {
        auto const id = id_codec::read(bytes, next);
        require(id.has_value(), error_code::invalid_argument, "the encoded ids are malformed");
        out.push_back(*id);
    }
    return out;
}

void put_ids(vector_index const& index, std::span<hit const> hits) {
    std::vector<std::byte> encoded;
    for (hit const& h : hits) id_codec::append(index.id(h.row), encoded);
    answer.put(static_cast<std::uint32_t>(encoded.size()));
    answer.put_all(std::span<std::byte const>(encoded));
    answer.pad_to_4();
}

void put_result(vector_index const& index, search_result const& result) {
    answer.put(std::uint32_t{result.level});
    answer.put(static_cast<std::uint32_t>(result.hits.size()));
    answer.put_all(std::span<hit const>(result.hits));
    answer.put(static_cast<std::uint32_t>(result.relevance.size()));
    answer.put_all(std::span<float const>(result.relevance));
    put_ids(index, result.hits);
}

}  // namespace

EXPORT(simile_version) std::uint32_t simile_version() {
    return guarded([] { answer.put_text(version); });
}

EXPORT(simile_create)
std::uint32_t simile_create(std::uint32_t dims, std::uint32_t similarity, std::uint32_t codec, std::uint32_t codec_size,
                            std::uint32_t zeros) {
    return guarded([&] {
        require(zeros <= 1 && similarity <= 255, error_code::invalid_argument, "unknown option");
        auto const name = at<char>(codec, codec_size);
        std::shared_ptr<vector_index> rows = make_index(std::string_view(name.data(), name.size()), dims,
                                                        static_cast<similarity_kind>(similarity), static_cast<zero_vectors>(zeros));
        answer.put(indexes.add(std::make_shared<scored_index>(scored_index{std::move(rows)})));
    });
}

EXPORT(simile_destroy) void simile_destroy(std::uint32_t index) { indexes.remove(index); }

EXPORT(simile_info) std::uint32_t simile_info(std::uint32_t handle) {
    return guarded([&] {
        scored_index const& held = indexes[handle];
        vector_index const& index = *held.rows;
        for (std::size_t const value :
             {index.dims(), index.size(), static_cast<std::size_t>(index.similarity()), static_cast<std::size_t>(index.zeros()),
              static_cast<std::size_t>(index.level()), static_cast<std::size_t>(index.levels())})
            answer.put(static_cast<std::uint32_t>(value));
        answer.put(static_cast<double>(index.memory()));
        answer.put(held.correction ? static_cast<std::uint32_t>(held.correction->bank_size()) : std::uint32_t{0});
        answer.put(index.relevance() == nullptr ? std::uint32_t{0}
                                                : static_cast<std::uint32_t>(1 + index.relevance()->parameters().index()));
    });
}

EXPORT(simile_codec) std::uint32_t simile_codec(std::uint32_t handle) {
    return guarded([&] { answer.put_text(indexes[handle].rows->codec_name()); });
}

EXPORT(simile_add)
std::uint32_t simile_add(std::uint32_t handle, std::uint32_t ids, std::uint32_t ids_size, std::uint32_t vectors, std::uint32_t rows,
                         std::uint32_t dims, std::uint32_t duplicates) {
    return guarded([&] {
        indexes[handle].add(decode_ids(ids, ids_size),
                            matrix_view<float const>(at<float>(vectors, std::size_t{rows} * dims).data(), rows, dims),
                            duplicates == 0 ? on_duplicate::refuse : on_duplicate::replace);
    });
}

EXPORT(simile_reserve) std::uint32_t simile_reserve(std::uint32_t handle, std::uint32_t rows) {
    return guarded([&] { indexes[handle].rows->reserve(rows); });
}

EXPORT(simile_remove) std::uint32_t simile_remove(std::uint32_t handle, std::uint32_t ids, std::uint32_t ids_size) {
    return guarded([&] {
        scored_index& index = indexes[handle];
        std::size_t const before = index.rows->size();
        index.remove(decode_ids(ids, ids_size));
        answer.put(static_cast<std::uint32_t>(before - index.rows->size()));
    });
}

EXPORT(simile_has) std::uint32_t simile_has(std::uint32_t handle, std::uint32_t ids, std::uint32_t ids_size) {
    return guarded([&] {
        for (id_ref const id : decode_ids(ids, ids_size)) answer.put(static_cast<std::uint8_t>(indexes[handle].rows->contains(id)));
    });
}

EXPORT(simile_get) std::uint32_t simile_get(std::uint32_t handle, std::uint32_t ids, std::uint32_t ids_size) {
    return guarded([&] {
        for (id_ref const id : decode_ids(ids, ids_size)) answer.put_all(std::span<float const>(indexes[handle].rows->get(id)));
    });
}

EXPORT(simile_ids) std::uint32_t simile_ids(std::uint32_t handle) {
    return guarded([&] {
        vector_index const& index = *indexes[handle].rows;
        std::vector<std::byte> encoded;
        for (row_t row = 0; row < index.size(); ++row) id_codec::append(index.id(row), encoded);
        answer.put_all(std::span<std::byte const>(encoded));
    });
}

EXPORT(simile_filter) std::uint32_t simile_filter(std::uint32_t handle, std::uint32_t ids, std::uint32_t ids_size) {
    return guarded([&] {
        vector_index const& index = *indexes[handle].rows;
        row_filter filter(index.size());
        for (id_ref const id : decode_ids(ids, ids_size))
            if (auto const row = index.find(id)) filter.allow(*row);
        for (std::size_t b = 0; b < blocks_of(index.size()); ++b) answer.put(filter.word(b));
    });
}

EXPORT(simile_search)
std::uint32_t simile_search(std::uint32_t handle, std::uint32_t queries, std::uint32_t count, std::uint32_t dims, std::uint32_t k,
                            std::uint32_t filter, std::uint32_t filter_words, std::uint32_t ranges, std::uint32_t range_count,
                            double recall, double min_score, double min_relevance, std::uint32_t correction) {
    return guarded([&] {
        scored_index const& held = indexes[handle];
        vector_index const& index = *held.rows;
        std::optional<row_filter> allowed;
        if (filter != 0) {
            auto const words = at<std::uint32_t>(filter, filter_words);
            allowed.emplace(std::vector<std::uint32_t>(words.begin(), words.end()), index.size());
        }
        search_options options;
        options.k = k;
        options.filter = allowed ? &*allowed : nullptr;
        options.ranges = at<row_range>(ranges, range_count);
        if (recall != 0) options.recall = recall;
        options.threads = threads;
        options.min_score = least_float(min_score);
        options.min_relevance = index.size() == 0 ? 0 : min_relevance;  // nothing is found either way, whatever scores mean
        if (min_relevance != 0 && index.relevance() == nullptr && held.unlabelled) options.relevance = &*held.unlabelled;
        if (correction > 1) fit_of(correction).apply_to(options);
        matrix_view<float const> const rows(at<float>(queries, std::size_t{count} * dims).data(), count, dims);
        bool const own = correction == 1 && held.correction.has_value();
        if (threads != nullptr && count == 1)  // one search is parted among the workers, of many each gets some
            return put_result(index, own ? held.correction->search(rows[0], options) : index.search(rows[0], options));
        for (auto const& result : own ? held.correction->search_many(rows, options) : index.search_many(rows, options))
            put_result(index, result);
    });
}

EXPORT(simile_scores) std::uint32_t simile_scores(std::uint32_t handle, std::uint32_t query, std::uint32_t dims) {
    return guarded([&] {
        vector_index const& index = *indexes[handle].rows;
        auto const found =
            index.search(at<float>(query, dims), {.k = std::max<std::size_t>(1, index.size()), .threads = threads, .recall = 1});
        std::vector<float> scores(index.size());
        for (hit const& h : found.hits) scores[h.row] = h.score;
        answer.put_all(std::span<float const>(scores));
    });
}

EXPORT(simile_set_metadata) std::uint32_t simile_set_metadata(std::uint32_t handle, std::uint32_t bytes, std::uint32_t size) {
    return guarded([&] {
        auto const text = at<char>(bytes, size);
        indexes[handle].rows->set_metadata(std::string(text.begin(), text.end()));
    });
}

EXPORT(simile_metadata) std::uint32_t simile_metadata(std::uint32_t handle) {
    return guarded([&] { answer.put_text(indexes[handle].rows->metadata()); });
}

EXPORT(simile_save) std::uint32_t simile_save(std::uint32_t handle) {
    return guarded([&] {
        auto const file = indexes[handle].file();
        answer.reserve(static_cast<std::size_t>(file.length()));
        file.write([](std::span<std::byte const> bytes) { answer.put_all(bytes); });
    });
}

EXPORT(simile_loader_create)
std::uint32_t simile_loader_create(std::uint32_t verify, double bytes, double rows, std::uint32_t dims, std::uint32_t sections,
                                   double length) {
    return guarded([&] {
        require(verify <= 2, error_code::invalid_argument, "unknown verify level ", verify);
        load_limits limits;
        limits.max_bytes = whole(bytes, limits.max_bytes);
        limits.max_rows = whole(rows, limits.max_rows);
        if (dims != 0) limits.max_dims = dims;
        if (sections != 0) limits.max_sections = sections;
        auto const known = length >= 0 ? std::optional(static_cast<std::uint64_t>(length)) : std::nullopt;
        answer.put(loaders.add(std::make_shared<loading>(
            loading{index_loader(static_cast<verify_level>(verify), limits, known), static_cast<verify_level>(verify), limits})));
    });
}

EXPORT(simile_loader_feed) std::uint32_t simile_loader_feed(std::uint32_t handle, std::uint32_t bytes, std::uint32_t size) {
    return guarded([&] {
        loading& l = loaders[handle];
        index_loader& loader = l.loader;
        loader.feed(at<std::byte>(bytes, size));
        l.finish();
        answer.put(std::uint32_t{loader.level()});
        answer.put(std::uint32_t{loader.levels()});
        answer.put(std::uint32_t{loader.finished()});
        answer.put(loader.level() > 0 ? static_cast<std::uint32_t>(loader.index()->size()) : std::uint32_t{0});
        answer.put(static_cast<double>(loader.taken()));
        answer.put(static_cast<double>(loader.total()));
    });
}

EXPORT(simile_loader_end) std::uint32_t simile_loader_end(std::uint32_t handle) {
    return guarded([&] { loaders[handle].loader.end(); });
}

EXPORT(simile_loader_index) std::uint32_t simile_loader_index(std::uint32_t handle) {
    return guarded([&] {
        loading& l = loaders[handle];
        if (l.number == 0) {
            l.index = std::make_shared<scored_index>(scored_index{l.loader.index()});
            l.finish();
            l.number = indexes.add(l.index);
        }
        answer.put(l.number);
    });
}

EXPORT(simile_loader_destroy) void simile_loader_destroy(std::uint32_t handle) { loaders.remove(handle); }
