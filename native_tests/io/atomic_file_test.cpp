// SPDX-License-Identifier: Apache-2.0
#include <simile/io/atomic_file.hpp>

#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

using namespace simile;
using namespace simile::test;

namespace {

std::span<std::byte const> bytes_of(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

// Fails the n-th system call of a save with an error number of its own, or breaks a write in two.
struct failing_calls {
    static inline int left = 0;
    static inline int error = 0;
    static inline int made = 0;

    static bool fails() {
        ++made;
        if (left == 0 || --left != 0) return false;
        errno = error;
        return true;
    }
    static int open(char const* path, int flags, mode_t mode) { return fails() ? -1 : io::posix_calls::open(path, flags, mode); }
    static ssize_t write(int fd, void const* bytes, std::size_t size) {
        if (fails()) return error == 0 ? io::posix_calls::write(fd, bytes, 1) : -1;
        return io::posix_calls::write(fd, bytes, size);
    }
    static int sync(int fd) { return fails() ? -1 : io::posix_calls::sync(fd); }
    static int close(int fd) { return fails() ? (io::posix_calls::close(fd), -1) : io::posix_calls::close(fd); }
    static int rename(char const* from, char const* to) { return fails() ? -1 : io::posix_calls::rename(from, to); }
    static int unlink(char const* path) { return io::posix_calls::unlink(path); }
};

std::string save_with_failure(std::filesystem::path const& path, int call, int error) {
    failing_calls::left = call;
    failing_calls::error = error;
    failing_calls::made = 0;
    return outcome([&] {
        io::basic_atomic_file<failing_calls> file(path);
        file.write(bytes_of("new "));
        file.write(bytes_of("content"));
        file.commit();
        return 0;
    });
}

}  // namespace

TEST_CASE("a save replaces the file and leaves nothing beside it", "[io][atomic_file]") {
    temporary_folder const folder;
    io::replace_file(folder / "index", bytes_of("one"));
    CHECK(file_text(folder / "index") == "one");
    io::replace_file(folder / "index", bytes_of("two"));
    CHECK(file_text(folder / "index") == "two");
    CHECK(folder.names() == std::vector<std::string>{"index"});
}

TEST_CASE("a save without commit leaves the old file and nothing beside it", "[io][atomic_file]") {
    temporary_folder const folder;
    write_text(folder / "index", "old");
    {
        io::atomic_file file(folder / "index");
        file.write(bytes_of("new"));
        CHECK(folder.names().size() == 2);
        CHECK(file_text(folder / "index") == "old");
    }
    CHECK(file_text(folder / "index") == "old");
    CHECK(folder.names() == std::vector<std::string>{"index"});
}

TEST_CASE("a system call that fails during a save is an io_failure and the old file stays", "[io][atomic_file]") {
    temporary_folder const folder;
    int const error = GENERATE(EIO, ENOSPC);
    // open, write, write, sync, close, rename; after the rename the new file is there, and only its durability is in doubt.
    for (int call = 1; call <= 6; ++call) {
        CAPTURE(call, error);
        write_text(folder / "index", "old");
        CHECK(save_with_failure(folder / "index", call, error) == "io_failure");
        CHECK(file_text(folder / "index") == "old");
        CHECK(folder.names() == std::vector<std::string>{"index"});
    }
    for (int call = 7; call <= 8; ++call) {
        CAPTURE(call, error);
        write_text(folder / "index", "old");
        CHECK(save_with_failure(folder / "index", call, error) == "io_failure");
        CHECK(file_text(folder / "index") == "new content");
    }
    CHECK(save_with_failure(folder / "index", 100, error) == "ok");
    CHECK(failing_calls::made == 9);
}

TEST_CASE("a save whose write failed cannot be committed", "[io][atomic_file]") {
    temporary_folder const folder;
    write_text(folder / "index", "old");
    failing_calls::left = 2;
    failing_calls::error = ENOSPC;
    io::basic_atomic_file<failing_calls> file(folder / "index");
    CHECK(outcome([&] {
              file.write(bytes_of("new"));
              return 0;
          }) == "io_failure");
    CHECK(folder.names() == std::vector<std::string>{"index"});
    CHECK(outcome([&] {
              file.commit();
              return 0;
          }) == "io_failure");
    CHECK(file_text(folder / "index") == "old");
}

TEST_CASE("short and interrupted writes are carried on", "[io][atomic_file]") {
    temporary_folder const folder;
    CHECK(save_with_failure(folder / "index", 2, 0) == "ok");
    CHECK(file_text(folder / "index") == "new content");
    CHECK(save_with_failure(folder / "index", 2, EINTR) == "ok");
    CHECK(file_text(folder / "index") == "new content");
}

TEST_CASE("the message of a failed save names the file and the system's reason", "[io][atomic_file]") {
    temporary_folder const folder;
    auto const text = message([&] {
        io::replace_file(folder / "none" / "index", {});
        return 0;
    });
    CHECK(text.find("none/index: No such file or directory") != std::string::npos);
}

TEST_CASE("the next save sweeps up what a killed program left, but not what another save is writing", "[io][atomic_file]") {
    temporary_folder const folder;
    write_text(folder / "index.tmp.1.1", "left by a killed program");
    write_text(folder / "index.tm", "somebody else's");
    io::atomic_file running(folder / "index");
    CHECK(folder.names().size() == 2);
    io::replace_file(folder / "index", bytes_of("second"));
    running.write(bytes_of("first"));
    running.commit();
    CHECK(file_text(folder / "index") == "first");
    CHECK(folder.names() == std::vector<std::string>{"index", "index.tm"});
}

TEST_CASE("a save keeps the permissions of the file and follows a link to it", "[io][atomic_file]") {
    namespace fs = std::filesystem;
    temporary_folder const folder;
    write_text(folder / "index", "old");
    fs::permissions(folder / "index", fs::perms(0640));
    fs::create_symlink("index", folder / "link");
    io::replace_file(folder / "link", bytes_of("new"));
    CHECK(fs::is_symlink(folder / "link"));
    CHECK(file_text(folder / "index") == "new");
    CHECK(fs::status(folder / "index").permissions() == fs::perms(0640));
}

TEST_CASE("a program killed at any moment of its saves leaves a whole file", "[io][atomic_file]") {
    temporary_folder const folder;
    auto const path = folder / "index";
    std::string const contents[2] = {std::string(300'000, 'a'), std::string(500'000, 'b')};
    io::replace_file(path, bytes_of(contents[0]));
    for (int round = 0; round < 40; ++round) {
        pid_t const child = ::fork();
        if (child == 0) {
            for (std::size_t i = 0;; ++i) io::replace_file(path, bytes_of(contents[i % 2]));
        }
        REQUIRE(child > 0);
        std::this_thread::sleep_for(std::chrono::microseconds(500 + 731 * round));
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        auto const text = file_text(path);
        CHECK((text == contents[0] || text == contents[1]));
    }
    io::replace_file(path, bytes_of("end"));
    CHECK(folder.names() == std::vector<std::string>{"index"});
}
