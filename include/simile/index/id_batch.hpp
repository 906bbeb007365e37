// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/hit.hpp>
#include <simile/index/id_table.hpp>
#include <simile/index/input_rules.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace simile::detail {

/// The ids of one `add`: copies, because a caller's may lie in memory that growing moves.
class id_batch {
public:
    /// @param known  the ids that are there
    /// @param ids    one a row of the call
    /// @throws error invalid_argument (no UTF-8, too long), duplicate_id (unless ids may be replaced)
    id_batch(id_table const& known, std::span<id_ref const> ids, bool may_replace) {
        for (id_ref const id : ids) {
            input_rules::check_id(id);
            bytes += 10 + id.text().size();
        }
        ids_.reserve(ids.size(), bytes);
        which_.reserve(ids.size());
        is_fresh.reserve(ids.size());
        for (id_ref const id : ids) {
            auto const earlier = ids_.find(id);
            bool const is_known = earlier.has_value() || known.find(id).has_value();
            require(!is_known || may_replace, error_code::duplicate_id, "id ", quoted(id), " is there already");
            which_.push_back(earlier.value_or(static_cast<row_t>(ids_.size())));
            is_fresh.push_back(!is_known);
            fresh += is_known ? 0 : 1;
            if (!earlier) ids_.append(id);
        }
    }

    [[nodiscard]] id_ref id(std::size_t i) const noexcept { return ids_[which_[i]]; }

    std::vector<bool> is_fresh;  ///< the first row of an id that is not known
    std::size_t fresh = 0;       ///< how many
    std::size_t bytes = 0;       ///< of memory that all ids may need

private:
    id_table ids_;              // each once
    std::vector<row_t> which_;  // of `ids_`, for each row of the call
};

}  // namespace simile::detail
