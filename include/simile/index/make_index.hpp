// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/index/flat.hpp>
#include <simile/index/progressive.hpp>

#include <cstddef>
#include <memory>

namespace simile {

/// An index whose kind is known only at run time.
/// @throws error out_of_range (dims), invalid_argument
[[nodiscard]] inline std::unique_ptr<vector_index> make_index(codec_kind codec, std::size_t dims, similarity_kind similarity = similarity_kind::cosine,
                                                              zero_vectors zeros = zero_vectors::refuse) {
    switch (codec) {
        case codec_kind::f32: return std::make_unique<flat_index<quantize::f32_codec>>(dims, similarity, zeros);
        case codec_kind::f16: return std::make_unique<flat_index<quantize::f16_codec>>(dims, similarity, zeros);
        case codec_kind::int8: return std::make_unique<flat_index<quantize::int8_codec>>(dims, similarity, zeros);
        case codec_kind::planes: return std::make_unique<progressive_index>(dims, similarity, zeros);
    }
    fail(error_code::invalid_argument, "unknown codec ", static_cast<unsigned>(codec));
}

}  // namespace simile
