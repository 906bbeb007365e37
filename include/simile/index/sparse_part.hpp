// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>
#include <simile/index/sparse_search.hpp>
#include <simile/index/sparse_segment.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace simile::detail {

/// A segment among others.
struct sparse_part {
    sparse_segment segment;
    std::size_t base = 0;                 // its slot 0
    std::vector<std::uint32_t> buried{};  // slots of the segment without a row, rising
};

[[nodiscard]] inline std::vector<std::uint32_t> terms_of_parts(std::span<sparse_part const* const> from) {
    std::vector<std::uint32_t> out, both;
    for (sparse_part const* p : from) {
        both.clear();
        std::set_union(out.begin(), out.end(), p->segment.terms().begin(), p->segment.terms().end(), std::back_inserter(both));
        out.swap(both);
    }
    return out;
}
/// Slots are different, so pairs of slot and code sort as one number each, which is quick and needs no code of its own.
inline void sort_by_slot(std::vector<posting>& list) {
    if (std::is_sorted(list.begin(), list.end(), [](posting const& a, posting const& b) { return a.slot < b.slot; })) return;
    std::vector<std::uint64_t> pairs;
    pairs.reserve(list.size());
    for (posting const& p : list) pairs.push_back(std::uint64_t{p.slot} << 32 | p.code);
    std::sort(pairs.begin(), pairs.end());
    std::transform(pairs.begin(), pairs.end(), list.begin(),
                   [](std::uint64_t pair) { return posting{static_cast<std::uint32_t>(pair >> 32), static_cast<std::uint32_t>(pair)}; });
}
/// @param place  of each slot of all parts in the new segment; no_row leaves it out
[[nodiscard]] inline sparse_segment gather_parts(sparse_form form, std::span<sparse_part const* const> from,
                                                 std::vector<row_t> const& place, std::vector<std::uint32_t> lengths,
                                                 std::optional<std::vector<std::uint32_t>> const& order) {
    sparse_segment out(form, std::move(lengths));
    auto const terms = order ? *order : terms_of_parts(from);
    std::vector<std::size_t> next(from.size());  // lists of each part that are done, when terms rise
    auto const list_of = [&](std::size_t part, std::uint32_t term) {
        sparse_segment const& s = from[part]->segment;
        if (order) return s.list(term);
        return next[part] < s.terms().size() && s.terms()[next[part]] == term ? s.list_at(next[part]++) : std::span<posting_block const>();
    };
    std::vector<posting> list;
    for (std::size_t i = 0; i < terms.size(); ++i) {
        list.clear();
        for (std::size_t part = 0; part < from.size(); ++part)
            from[part]->segment.each(list_of(part, terms[i]), [&, base = from[part]->base](std::uint32_t slot, std::uint32_t code) {
                if (place[base + slot] != no_row) list.push_back({place[base + slot], code});
            });
        sort_by_slot(list);
        out.add_list(order ? static_cast<std::uint32_t>(i) : terms[i], list);
    }
    out.finish();
    return out;
}

/// Slots of a list that are buried. Opens blocks only where there are any.
[[nodiscard]] inline std::size_t buried_in(sparse_part const& p, std::span<posting_block const> list) {
    std::size_t n = 0;
    std::array<std::uint32_t, posting_block::size> slots;
    auto dead = p.buried.begin();
    for (auto block = list.begin(); dead != p.buried.end();) {
        block = std::lower_bound(block, list.end(), *dead, [](posting_block const& b, std::uint32_t slot) { return b.last < slot; });
        if (block == list.end()) break;
        dead = std::lower_bound(dead, p.buried.end(), block->first);
        if (dead == p.buried.end() || *dead > block->last) continue;
        open_block const open = p.segment.open(*block);
        open.slots(block->first, slots.data());
        for (; dead != p.buried.end() && *dead <= block->last; ++dead)
            n += std::binary_search(slots.begin(), slots.begin() + static_cast<std::ptrdiff_t>(open.count), *dead) ? 1U : 0U;
    }
    return n;
}

}  // namespace simile::detail
