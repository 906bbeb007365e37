// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace simile {

inline constexpr char const* version = "0.1.0";

}  // namespace simile
