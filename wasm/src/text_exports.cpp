// SPDX-License-Identifier: Apache-2.0
// simile-text.wasm: texts and words; abi-text.md is the contract.
#include "exports.hpp"
#include "numbers.hpp"

#include <simile/text/bm25_index.hpp>
#include <simile/text/highlight.hpp>

#include <algorithm>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace simile;
using namespace simile::wasm;

/// Gives the new length of a term of `size` bytes that it has changed in place, or -1 to drop it, or -2 after an error of its own.
extern "C" __attribute__((import_module("simile"), import_name("rewrite"))) std::int32_t simile_rewrite(char* term, std::uint32_t size,
                                                                                                        std::uint32_t room);

namespace {

handles<text::bm25_index> texts;

constexpr std::uint32_t term_room = 1024;  // bytes

bool rewrite(std::string& term) {
    auto const size = static_cast<std::uint32_t>(term.size());
    term.resize(std::max(term_room, size));
    std::int32_t const length = simile_rewrite(term.data(), size, static_cast<std::uint32_t>(term.size()));
    require(length != -2, error_code::invalid_argument, "a term could not be rewritten");
    if (length < 0) return false;
    term.resize(static_cast<std::size_t>(length));
    return true;
}
std::function<bool(std::string&)> rewriter(std::uint32_t rewrites) { return rewrites == 0 ? std::function<bool(std::string&)>() : rewrite; }

std::string_view text_at(std::uint32_t pointer, std::uint32_t size) {
    auto const bytes = at<char>(pointer, size);
    return {bytes.data(), bytes.size()};
}

/// Texts one after the other, with how long and how much each is.
class field_reader {
public:
    field_reader(std::uint32_t bytes, std::uint32_t size, std::uint32_t fields, std::uint32_t count)
        : bytes_(text_at(bytes, size)), fields_(at<std::uint32_t>(fields, std::size_t{2} * count)) {}

    [[nodiscard]] std::vector<text::text_field> take(std::uint32_t count) {
        require(count <= fields_.size() / 2, error_code::invalid_argument, "there are fewer fields than rows say");
        std::vector<text::text_field> out;
        out.reserve(count);
        for (auto const pair = fields_.first(std::size_t{2} * count); out.size() < count;) {
            std::uint32_t const length = pair[2 * out.size()], weight = pair[2 * out.size() + 1];
            require(length <= bytes_.size(), error_code::invalid_argument, "the fields are longer than their bytes");
            out.push_back({bytes_.substr(0, length), weight});
            bytes_.remove_prefix(length);
        }
        fields_ = fields_.subspan(std::size_t{2} * count);
        return out;
    }

private:
    std::string_view bytes_;
    std::span<std::uint32_t const> fields_;
};

void put_position(std::size_t position) { answer.put(static_cast<std::uint32_t>(position)); }

}  // namespace

EXPORT(simile_text_create)
std::uint32_t simile_text_create(std::uint32_t kind, double k1, double b, double delta, std::uint32_t unspaced, std::uint32_t fold,
                                 std::uint32_t rewrites) {
    return guarded([&] {
        require(kind <= 3 && unspaced <= 2 && fold <= 1 && rewrites <= 1, error_code::invalid_argument, "unknown option");
        text::bm25_options const scoring{static_cast<text::bm25_kind>(kind), k1, b, delta};
        text::tokenizer_options tokens;
        tokens.unspaced = static_cast<text::unspaced_terms>(unspaced);
        tokens.fold_accents = fold == 1;
        tokens.rewrite = rewriter(rewrites);
        answer.put(texts.add(std::make_shared<text::bm25_index>(scoring, std::move(tokens))));
    });
}

EXPORT(simile_text_destroy) void simile_text_destroy(std::uint32_t index) { texts.remove(index); }

EXPORT(simile_text_info) std::uint32_t simile_text_info(std::uint32_t handle) {
    return guarded([&] {
        text::bm25_index const& index = texts[handle];
        text::bm25_options const& scoring = index.scoring();
        text::tokenizer_options const& tokens = index.tokens().options();
        put_position(index.size());
        answer.put(static_cast<std::uint32_t>(scoring.kind));
        answer.put(static_cast<std::uint32_t>(tokens.unspaced));
        answer.put(std::uint32_t{tokens.fold_accents});
        for (double const value : {static_cast<double>(index.memory()), index.average_length(), scoring.k1, scoring.b, scoring.delta})
            answer.put(value);
    });
}

EXPORT(simile_text_add)
std::uint32_t simile_text_add(std::uint32_t handle, std::uint32_t bytes, std::uint32_t size, std::uint32_t fields,
                              std::uint32_t field_count, std::uint32_t rows, std::uint32_t row_count) {
    return guarded([&] {
        text::bm25_index& index = texts[handle];
        std::size_t const before = index.size();
        try {
            field_reader in(bytes, size, fields, field_count);
            for (std::uint32_t const count : at<std::uint32_t>(rows, row_count)) index.add(in.take(count));
        } catch (...) {
            while (index.size() > before) index.remove(static_cast<row_t>(index.size() - 1));
            throw;
        }
    });
}

EXPORT(simile_text_update)
std::uint32_t simile_text_update(std::uint32_t handle, std::uint32_t row, std::uint32_t bytes, std::uint32_t size, std::uint32_t fields,
                                 std::uint32_t field_count) {
    return guarded([&] { texts[handle].update(row, field_reader(bytes, size, fields, field_count).take(field_count)); });
}

EXPORT(simile_text_remove) std::uint32_t simile_text_remove(std::uint32_t handle, std::uint32_t row) {
    return guarded([&] { texts[handle].remove(row); });
}

EXPORT(simile_text_truncate) std::uint32_t simile_text_truncate(std::uint32_t handle, std::uint32_t rows) {
    return guarded([&] {
        text::bm25_index& index = texts[handle];
        while (index.size() > rows) index.remove(static_cast<row_t>(index.size() - 1));
    });
}

EXPORT(simile_text_compact) std::uint32_t simile_text_compact(std::uint32_t handle) {
    return guarded([&] { texts[handle].compact(); });
}

EXPORT(simile_text_search)
std::uint32_t simile_text_search(std::uint32_t handle, std::uint32_t query, std::uint32_t query_size, std::uint32_t k, double min_score,
                                 std::uint32_t filter, std::uint32_t filter_words) {
    return guarded([&] {
        text::bm25_index const& index = texts[handle];
        std::optional<row_filter> allowed;
        if (filter != 0) {
            auto const words = at<std::uint32_t>(filter, filter_words);
            allowed.emplace(std::vector<std::uint32_t>(words.begin(), words.end()), index.size());
        }
        sparse_options options;
        options.k = k;
        options.filter = allowed ? &*allowed : nullptr;
        options.min_score = least_float(min_score);
        answer.put_all(std::span<hit const>(index.search(text_at(query, query_size), options)));
    });
}

EXPORT(simile_text_highlight)
std::uint32_t simile_text_highlight(std::uint32_t handle, std::uint32_t query, std::uint32_t query_size, std::uint32_t text,
                                    std::uint32_t text_size) {
    return guarded([&] {
        for (text::text_span const& place : text::highlight(texts[handle].tokens(), text_at(text, text_size), text_at(query, query_size)))
            put_position(place.first16), put_position(place.last16);
    });
}

EXPORT(simile_text_terms) std::uint32_t simile_text_terms(std::uint32_t handle, std::uint32_t text, std::uint32_t text_size) {
    return guarded([&] {
        texts[handle].tokens().each(text_at(text, text_size), [](std::string_view term, text::text_span const& place) {
            put_position(place.first16), put_position(place.last16), put_position(term.size());
            answer.put_text(term);
            answer.pad_to_4();
        });
    });
}

EXPORT(simile_text_count) std::uint32_t simile_text_count(std::uint32_t handle, std::uint32_t term, std::uint32_t term_size) {
    return guarded([&] { put_position(texts[handle].count(text_at(term, term_size))); });
}

EXPORT(simile_text_scale) std::uint32_t simile_text_scale(std::uint32_t handle, std::uint32_t query, std::uint32_t query_size) {
    return guarded([&] { answer.put(texts[handle].scale(text_at(query, query_size))); });
}

EXPORT(simile_text_save) std::uint32_t simile_text_save(std::uint32_t handle) {
    return guarded([&] { answer.put_all(std::span<std::byte const>(texts[handle].to_bytes())); });
}

EXPORT(simile_text_load)
std::uint32_t simile_text_load(std::uint32_t bytes, std::uint32_t size, std::uint32_t verify, double max_bytes, double max_rows,
                               std::uint32_t max_sections, std::uint32_t rewrites) {
    return guarded([&] {
        require(verify <= 2 && rewrites <= 1, error_code::invalid_argument, "unknown option");
        load_limits limits;
        limits.max_bytes = whole(max_bytes, limits.max_bytes);
        limits.max_rows = whole(max_rows, limits.max_rows);
        if (max_sections != 0) limits.max_sections = max_sections;
        answer.put(texts.add(std::make_shared<text::bm25_index>(
            text::bm25_index::from_bytes(at<std::byte>(bytes, size), rewriter(rewrites), static_cast<verify_level>(verify), limits))));
    });
}
