// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../json.hpp"

#include <simile/core/error.hpp>

#include <functional>
#include <map>
#include <string>
#include <vector>

/// What each operation of the conformance vectors does with the library: `in` of a case to everything that `out` may ask for.
namespace simile::conformance {

using operation = std::function<json(json const&)>;
using operation_map = std::map<std::string, operation>;

template <class T>
void require_same_size(std::vector<T> const& x, std::vector<T> const& y) {
    require(x.size() == y.size(), error_code::dimension_mismatch, "x has ", x.size(), " elements, y has ", y.size());
}

}  // namespace simile::conformance
