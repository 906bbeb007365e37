// SPDX-License-Identifier: Apache-2.0
// Precompiled before every source of a test program: the indexes that make_index makes are compiled once, in index_instances.cpp,
// not in every file, where they take most of its time.
#pragma once

#include <simile/index/make_index.hpp>

#define SIMILE_INDEXES(X)                        \
    X(flat_index<quantize::f32_codec>)           \
    X(flat_index<quantize::f16_codec>)           \
    X(flat_index<quantize::bf16_codec>)          \
    X(flat_index<quantize::int8_codec>)          \
    X(flat_index<quantize::integer_codec>)       \
    X(flat_index<quantize::product_codec>)       \
    X(flat_index<quantize::eden_codec>)          \
    X(progressive_index<quantize::planes_1_3_4>) \
    X(progressive_index<quantize::planes_2_2_4>) \
    X(progressive_index<quantize::planes_1_3_4_4>)

#define SIMILE_DECLARE_INDEX(...) extern template class __VA_ARGS__;
namespace simile {
SIMILE_INDEXES(SIMILE_DECLARE_INDEX)
}
