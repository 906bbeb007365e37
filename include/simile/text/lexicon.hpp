// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

namespace simile::text {

/// Numbers for terms, 0, 1, 2 .. in the order they first came. Any bytes may be a term.
///
/// Memory  the bytes of the terms, 4 for where each ends, and 4 to 11 of hash table.
class lexicon {
public:
    lexicon() : slots_(16, none) {}

    [[nodiscard]] std::size_t size() const noexcept { return ends_.size(); }
    /// Valid until the next `number_of`.
    [[nodiscard]] std::string_view operator[](std::uint32_t number) const noexcept {
        std::size_t const begin = number == 0 ? 0 : ends_[number - 1];
        return {text_.data() + begin, ends_[number] - begin};
    }
    [[nodiscard]] std::optional<std::uint32_t> find(std::string_view term) const noexcept {
        std::uint32_t const number = slots_[slot_of(term)];
        return number == none ? std::nullopt : std::optional(number);
    }
    /// The number of a term, a new one if need be.
    /// @throws error limit_exceeded past 4 GiB of terms
    std::uint32_t number_of(std::string_view term) {
        std::size_t at = slot_of(term);
        if (slots_[at] != none) return slots_[at];
        require(term.size() < none - text_.size(), error_code::limit_exceeded, "terms of more than 4 GiB");
        if (4 * (size() + 1) > 3 * slots_.size()) {
            grow();
            at = slot_of(term);
        }
        make_room(ends_, 1);
        make_room(text_, term.size());
        text_.insert(text_.end(), term.begin(), term.end());
        ends_.push_back(static_cast<std::uint32_t>(text_.size()));
        return slots_[at] = static_cast<std::uint32_t>(size() - 1);
    }

    [[nodiscard]] std::size_t memory() const noexcept { return text_.capacity() + 4 * (ends_.capacity() + slots_.capacity()); }

private:
    static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

    /// FNV-1a with its bits mixed at the end.
    [[nodiscard]] static std::size_t hash(std::string_view term) noexcept {
        std::uint64_t h = 0xCBF29CE484222325U;
        for (char const c : term) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
        h = (h ^ h >> 32) * 0xD6E8FEB86659FD93U;
        return static_cast<std::size_t>(h ^ h >> 32);
    }
    /// Where the term is, or would be.
    [[nodiscard]] std::size_t slot_of(std::string_view term) const noexcept {
        std::size_t at = hash(term) & (slots_.size() - 1);
        while (slots_[at] != none && (*this)[slots_[at]] != term) at = (at + 1) & (slots_.size() - 1);
        return at;
    }
    void grow() {
        std::vector<std::uint32_t> fresh(2 * slots_.size(), none);
        for (std::uint32_t number = 0; number < size(); ++number) {
            std::size_t at = hash((*this)[number]) & (fresh.size() - 1);
            while (fresh[at] != none) at = (at + 1) & (fresh.size() - 1);
            fresh[at] = number;
        }
        slots_.swap(fresh);
    }
    template <class Vector>
    static void make_room(Vector& v, std::size_t more) {
        if (v.capacity() - v.size() < more) v.reserve(std::max(v.size() + more, v.size() + v.size() / 2));
    }

    std::vector<char> text_;
    std::vector<std::uint32_t> ends_;
    std::vector<std::uint32_t> slots_;  // a power of two, at most three quarters full
};

}  // namespace simile::text
