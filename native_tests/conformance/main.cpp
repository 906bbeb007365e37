// SPDX-License-Identifier: Apache-2.0
// simile_conformance FILE|FOLDER...   runs conformance vectors against the library
//   --ops                             lists the operations it knows
// A line for each failed case; the last line is "N passed, N failed"; exit 1 on a failure.
#include "operations.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace {

using namespace simile;
using namespace simile::conformance;
namespace fs = std::filesystem;

std::vector<fs::path> files_of(fs::path const& path) {
    if (!fs::is_directory(path)) return {path};
    std::vector<fs::path> out;
    for (auto const& entry : fs::recursive_directory_iterator(path))
        if (entry.path().extension() == ".json") out.push_back(entry.path());
    std::sort(out.begin(), out.end());
    return out;
}

/// What is wrong with a case, or nothing.
std::string fault(operation const& run, json const& one, tolerance const& within) {
    std::string const wanted = one.value("error", "");
    json actual;
    try {
        // Where several answers are right, the operation may look at the expected one.
        json in = one.value("in", json::object());
        if (one.contains("out")) in["expected"] = one["out"];
        actual = run(in);
    } catch (error const& e) {
        return to_string(e.code()) == wanted ? "" : "threw " + std::string(to_string(e.code())) + " (" + e.what() + ")";
    } catch (std::exception const& e) {
        return std::string("cannot be read: ") + e.what();
    }
    if (!wanted.empty()) return "did not throw " + wanted;
    if (!one.contains("out") || one["out"].empty()) return "expects nothing";
    return difference(actual, one["out"], within, "out");
}

struct counts {
    int passed = 0, failed = 0;
    void add(std::string const& where, std::string const& found) {
        found.empty() ? ++passed : ++failed;
        if (!found.empty()) std::printf("%s: %s\n", where.c_str(), found.c_str());
    }
};

void run_file(fs::path const& path, counts& total) {
    json file;
    try {
        std::ifstream stream(path);
        file = json::parse(stream);
    } catch (std::exception const& e) {
        return total.add(path.string(), e.what());
    }
    if (!file.contains("op")) return;  // not a vector file
    std::string const op = file.value("op", "");
    auto const run = operations().find(op);
    for (auto const& one : file.at("cases")) {
        std::string const where = path.string() + ": " + op + ", " + one.value("name", "?");
        if (file.value("format", 0) != 1)
            total.add(where, "unknown format");
        else if (run == operations().end())
            total.add(where, "unknown operation");
        else {
            auto const limits = one.value("tolerance", file.value("tolerance", json::object()));
            total.add(where, fault(run->second, one, {limits.value("rel", 0.0), limits.value("abs", 0.0)}));
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::string> const arguments(argv + 1, argv + argc);
    if (arguments.empty()) return std::fputs("usage: simile_conformance --ops | FILE|FOLDER...\n", stderr), 2;
    if (arguments[0] == "--ops") {
        for (auto const& [name, run] : operations()) std::printf("%s\n", name.c_str());
        return 0;
    }
    counts total;
    for (auto const& path : arguments) {
        if (!fs::exists(path))
            total.add(path, "does not exist");
        else
            for (auto const& file : files_of(path)) run_file(file, total);
    }
    std::printf("%d passed, %d failed\n", total.passed, total.failed);
    return total.failed == 0 && total.passed > 0 ? 0 : 1;
}
