// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/simd/arch.hpp>

namespace simile::simd {

/// NEON with the instructions of FEAT_DotProd, which xsimd has no tag for. Its kernels are those of neon64 compiled with other flags, and the tag keeps
/// their names apart.
struct neon_dotprod : xsimd::neon64 {
    static constexpr char const* name() noexcept { return "arm64+dotprod"; }
};

}  // namespace simile::simd

namespace xsimd::types {
XSIMD_DECLARE_SIMD_REGISTER_ALIAS(simile::simd::neon_dotprod, neon64);
template <class T>
struct get_bool_simd_register<T, simile::simd::neon_dotprod> : detail::neon_bool_simd_register<T, simile::simd::neon_dotprod> {};
}  // namespace xsimd::types
