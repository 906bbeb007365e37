// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/hit.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace simile {

/// The rows a search may return: one bit a row, one word a block, so a block without any is skipped whole.
class row_filter {
public:
    /// Nothing is allowed yet.
    explicit row_filter(std::size_t rows) : words_(blocks_of(rows)), rows_(rows) {}

    /// Takes bitmap words over; bit r % 32 of word r / 32 is row r.
    /// @throws error dimension_mismatch unless there are exactly ceil(rows / 32) words
    row_filter(std::vector<std::uint32_t> words, std::size_t rows) : words_(std::move(words)), rows_(rows) {
        require(words_.size() == blocks_of(rows), error_code::dimension_mismatch, "a filter of ", rows, " rows has ", blocks_of(rows),
                " words, got ", words_.size());
    }

    /// @throws error out_of_range
    void allow(row_t row) {
        require(row < rows_, error_code::out_of_range, "row ", row, " of a filter of ", rows_, " rows");
        words_[row / block_rows] |= std::uint32_t{1} << (row % block_rows);
    }

    [[nodiscard]] bool allows(row_t row) const noexcept {
        return row < rows_ && (words_[row / block_rows] >> (row % block_rows) & 1U) != 0;
    }
    [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
    [[nodiscard]] std::uint32_t word(std::size_t block) const noexcept { return words_[block]; }

private:
    std::vector<std::uint32_t> words_;
    std::size_t rows_;
};

/// Rows of a block that exist and pass the filter.
[[nodiscard]] inline std::uint32_t block_mask(std::size_t block, std::size_t rows, row_filter const* filter) noexcept {
    std::size_t const left = rows - block * block_rows;
    std::uint32_t const exists = left >= block_rows ? ~std::uint32_t{0} : (std::uint32_t{1} << left) - 1;
    return filter == nullptr ? exists : exists & filter->word(block);
}

}  // namespace simile
