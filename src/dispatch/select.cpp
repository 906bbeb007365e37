// SPDX-License-Identifier: Apache-2.0
#include <simile/core/error.hpp>
#include <simile/simd/dispatch.hpp>

#include <cstdlib>
#include <string>

#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

namespace simile::simd {

// SIMILE_ARCHITECTURES(X) calls X(name, condition) for each architecture of this build, best first; see cmake/dispatch.cmake.
#include "architectures.inc"

#define SIMILE_DECLARE(name, ...) extern kernel_table const kernels_##name;
SIMILE_ARCHITECTURES(SIMILE_DECLARE)
#undef SIMILE_DECLARE

namespace {

#if defined(__x86_64__) || defined(__i386__)
#define SIMILE_HAS(feature) (__builtin_cpu_supports(feature) != 0)
#endif

#if defined(__aarch64__)
// Linux says it in bit 20, HWCAP_ASIMDDP; every 64-bit processor of Apple's computers has it.
[[maybe_unused]] bool has_dotprod() noexcept {
#if defined(__linux__)
    return (getauxval(AT_HWCAP) >> 20 & 1) != 0;
#elif defined(__APPLE__)
    return true;
#else
    return false;
#endif
}
#endif

std::vector<kernel_table const*> available_tables() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_cpu_init();
#endif
    [[maybe_unused]] auto const seen = xsimd::available_architectures();
    std::vector<kernel_table const*> tables;
#define SIMILE_ADD(name, ...) \
    if (__VA_ARGS__) tables.push_back(&kernels_##name);
    SIMILE_ARCHITECTURES(SIMILE_ADD)
#undef SIMILE_ADD
    return tables;
}

kernel_table const& choose() {
    auto const tables = available_tables();
    char const* const wanted = std::getenv("SIMILE_ARCH");
    if (wanted == nullptr || *wanted == '\0') return *tables.front();
    std::string names;
    for (kernel_table const* table : tables) {
        if (std::string_view(table->name) == wanted) return *table;
        names += names.empty() ? "" : ", ";
        names += table->name;
    }
    fail(error_code::invalid_argument, "SIMILE_ARCH is ", std::string_view(wanted), ", but this build on this processor has only ",
         std::string_view(names));
}

}  // namespace

std::vector<std::string_view> available_architectures() {
    std::vector<std::string_view> names;
    for (kernel_table const* table : available_tables()) names.emplace_back(table->name);
    return names;
}

kernel_table const& active_kernels() {
    static kernel_table const& table = choose();
    return table;
}

std::string_view active_architecture() { return active_kernels().name; }

}  // namespace simile::simd
