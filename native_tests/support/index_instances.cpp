// SPDX-License-Identifier: Apache-2.0
#include "index_instances.hpp"

#define SIMILE_DEFINE_INDEX(...) template class __VA_ARGS__;
namespace simile {
SIMILE_INDEXES(SIMILE_DEFINE_INDEX)
}
