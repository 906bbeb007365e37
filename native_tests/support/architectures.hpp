// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/simd/arch.hpp>
#if defined(SIMILE_DISPATCH)
#include <simile/simd/dispatch.hpp>
#endif

#include <string_view>

namespace simile::test {

#if !defined(SIMILE_SCALAR)
namespace detail {
template <class Check, class... Archs>
void for_each_of(xsimd::arch_list<Archs...>, Check& check) {
    auto const run = [&check](auto arch) {
        // supported: these compiler flags know it. available: so does this processor.
        if constexpr (decltype(arch)::supported())
            if (xsimd::available_architectures().has(arch)) check(arch, std::string_view(decltype(arch)::name()));
    };
    (run(Archs{}), ...);
}
}  // namespace detail
#endif

/// Calls check(tag, name) for the scalar architecture and for every one that this program is compiled for; where kernels are chosen at run time, for
/// the chosen ones instead.
template <class Check>
void for_each_architecture(Check check) {
    check(scalar_arch{}, std::string_view("scalar"));
#if defined(SIMILE_DISPATCH)
    check(simd::dispatched_arch{}, simd::active_architecture());
#elif !defined(SIMILE_SCALAR)
    detail::for_each_of(xsimd::supported_architectures{}, check);
#endif
}

}  // namespace simile::test
