// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/index/coding.hpp>
#include <simile/index/flat.hpp>
#include <simile/index/progressive.hpp>
#include <simile/index/refined.hpp>
#include <simile/quantize/eden_codec.hpp>
#include <simile/quantize/integer_codec.hpp>
#include <simile/quantize/product_codec.hpp>

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

namespace simile {

/// An index whose coding is known only at run time.
/// @throws error out_of_range (dims), invalid_argument (a coding that lacks what its kind needs, or has what it does not take), dimension_mismatch
[[nodiscard]] inline std::unique_ptr<vector_index> make_index(coding how, std::size_t dims,
                                                              similarity_kind similarity = similarity_kind::cosine,
                                                              zero_vectors zeros = zero_vectors::refuse) {
    detail::require_whole(how, dims);
    quantize::transform map = how.map ? std::move(*how.map) : quantize::transform(dims);
    std::size_t const code_dims = map.code_dims();
    auto const flat = [&]<class Codec>(Codec codec) -> std::unique_ptr<vector_index> {
        return std::make_unique<flat_index<Codec>>(std::move(map), std::move(codec), similarity, zeros);
    };
    auto const progressive = [&]<class Codec>(Codec) -> std::unique_ptr<vector_index> {
        return std::make_unique<progressive_index<Codec>>(std::move(map), similarity, zeros);
    };
    switch (how.kind) {
        case codec_kind::f32: return std::make_unique<flat_index<quantize::f32_codec>>(dims, similarity, zeros);
        case codec_kind::f16: return flat(quantize::f16_codec(code_dims, similarity));
        case codec_kind::bf16: return flat(quantize::bf16_codec(code_dims, similarity));
        case codec_kind::int8: return flat(quantize::int8_codec(code_dims, similarity));
        case codec_kind::planes: return progressive(quantize::planes_1_3_4(code_dims));
        case codec_kind::planes2: return progressive(quantize::planes_2_2_4(code_dims));
        case codec_kind::planes12: return progressive(quantize::planes_1_3_4_4(code_dims));
        case codec_kind::integer: return flat(quantize::integer_codec(code_dims, std::move(*how.form)));
        case codec_kind::product: return flat(std::move(*how.product));
        case codec_kind::eden: return flat(std::move(*how.eden));
        case codec_kind::refined:
#if defined(__wasm__) && !defined(SIMILE_WASM_REFINED)
            // 8 kB more to download; pages have the planes, which are a cascade too.
            fail(error_code::invalid_argument, "this build has no codes of two stages: define SIMILE_WASM_REFINED");
#else
            return std::make_unique<refined_index>(std::move(how.stages[0]), std::move(how.stages[1]), dims, similarity, zeros);
#endif
    }
    fail(error_code::invalid_argument, "unknown codec ", static_cast<unsigned>(how.kind));
}
[[nodiscard]] inline std::unique_ptr<vector_index> make_index(codec_kind codec, std::size_t dims,
                                                              similarity_kind similarity = similarity_kind::cosine,
                                                              zero_vectors zeros = zero_vectors::refuse) {
    return make_index(coding{codec}, dims, similarity, zeros);
}
/// @param codec  a name that coding_of knows
[[nodiscard]] inline std::unique_ptr<vector_index> make_index(std::string_view codec, std::size_t dims,
                                                              similarity_kind similarity = similarity_kind::cosine,
                                                              zero_vectors zeros = zero_vectors::refuse) {
    return make_index(coding_of(codec, dims), dims, similarity, zeros);
}

}  // namespace simile
