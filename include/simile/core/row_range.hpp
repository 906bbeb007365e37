// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>

namespace simile {

/// Rows first .. last - 1.
struct row_range {
    row_t first = 0;
    row_t last = 0;
    friend bool operator==(row_range const&, row_range const&) = default;
};

}  // namespace simile
