// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <random>
#include <span>
#include <string>
#include <system_error>
#include <utility>

namespace simile::io {

/// The system calls a save depends on. Tests put others here that fail.
struct posix_calls {
    static int open(char const* path, int flags, mode_t mode) noexcept { return ::open(path, flags, mode); }
    static ssize_t write(int fd, void const* bytes, std::size_t size) noexcept { return ::write(fd, bytes, size); }
    static int sync(int fd) noexcept {
#if defined(F_FULLFSYNC)
        return ::fcntl(fd, F_FULLFSYNC);  // on Apple's systems fsync leaves the bytes in the drive's cache
#else
        return ::fsync(fd);
#endif
    }
    static int close(int fd) noexcept { return ::close(fd); }
    static int rename(char const* from, char const* to) noexcept { return ::rename(from, to); }
    static int unlink(char const* path) noexcept { return ::unlink(path); }
};

/// Replaces a file so that after a crash at any moment the old one or the new one is there, whole.
///
/// The bytes go to NAME.tmp.<pid>.<random> in the same folder; `commit` makes them durable and then renames. Without `commit`, or when
/// any step fails, the old file stays as it was and the temporary one is removed. What a killed program leaves is removed by the next save.
template <class Calls>
class basic_atomic_file {
public:
    /// @throws error io_failure with the system's own words; so do `write` and `commit`
    explicit basic_atomic_file(std::filesystem::path target) : target_(std::move(target)) {
        std::error_code ignored;
        if (std::filesystem::is_symlink(target_, ignored)) target_ = std::filesystem::weakly_canonical(target_, ignored);
        remove_leftovers();
        create();
        keep_mode();
    }
    basic_atomic_file(basic_atomic_file const&) = delete;
    basic_atomic_file& operator=(basic_atomic_file const&) = delete;
    ~basic_atomic_file() { abandon(); }

    void write(std::span<std::byte const> bytes) {
        while (!bytes.empty()) {
            ssize_t const n = Calls::write(file_, bytes.data(), bytes.size());
            if (n < 0 && errno == EINTR) continue;
            if (n == 0) errno = EIO;
            check(n > 0, "write");
            bytes = bytes.subspan(static_cast<std::size_t>(n));
        }
    }

    void commit() {
        check(Calls::sync(file_) == 0, "sync");
        lock_ =
            ::dup(file_);  // close reports late write errors; the lock must outlive it, so that nobody sweeps the file up before the rename
        check(Calls::close(std::exchange(file_, -1)) == 0, "close");
        check(Calls::rename(temporary_.c_str(), target_.c_str()) == 0, "rename");
        temporary_.clear();
        abandon();
        sync_folder();
    }

private:
    void create() {
        std::random_device random;
        for (int attempt = 0; attempt < 100; ++attempt) {
            auto name = target_;
            name += ".tmp." + std::to_string(::getpid()) + "." + std::to_string(random());
            file_ = Calls::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
            if (file_ < 0 && (errno == EEXIST || errno == EINTR)) continue;
            check(file_ >= 0, "create");
            temporary_ = std::move(name);
            if (locked_and_there()) return;
            abandon();
        }
        fail(error_code::io_failure, "cannot create a temporary file beside ", target_.string());
    }

    // False when another save took the fresh file for a leftover before it could be locked.
    [[nodiscard]] bool locked_and_there() const noexcept {
        struct stat status{};
        bool const taken = ::flock(file_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
        return !taken && ::fstat(file_, &status) == 0 && status.st_nlink != 0;
    }

    void keep_mode() const noexcept {
        struct stat status{};
        if (::stat(target_.c_str(), &status) == 0) static_cast<void>(::fchmod(file_, status.st_mode & 07777));
    }

    // A living save holds a lock on its temporary file. Best effort: whatever cannot be removed is in nobody's way.
    void remove_leftovers() const {
        std::error_code error;
        std::string const prefix = target_.filename().string() + ".tmp.";
        for (std::filesystem::directory_iterator entry(folder(), error), end; !error && entry != end; entry.increment(error)) {
            if (!entry->path().filename().string().starts_with(prefix)) continue;
            int const leftover = ::open(entry->path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
            if (leftover < 0) continue;
            if (::flock(leftover, LOCK_EX | LOCK_NB) == 0) ::unlink(entry->path().c_str());
            ::close(leftover);
        }
    }

    void sync_folder() const {
        int const opened = Calls::open(folder().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
        // Some file systems cannot sync a folder and say EINVAL: there the rename is as durable as it gets.
        bool const ok = opened >= 0 && (Calls::sync(opened) == 0 || errno == EINVAL);
        int const reason = errno;
        if (opened >= 0) static_cast<void>(Calls::close(opened));
        require(ok, error_code::io_failure, "cannot sync the folder of ", target_.string(), ": ", std::generic_category().message(reason));
    }

    [[nodiscard]] std::filesystem::path folder() const {
        return target_.has_parent_path() ? target_.parent_path() : std::filesystem::path(".");
    }

    void check(bool ok, char const* step) {
        if (ok) return;
        std::string const reason = std::generic_category().message(errno);
        abandon();
        fail(error_code::io_failure, "cannot ", std::string_view(step), " ", target_.string(), ": ", reason);
    }

    void abandon() noexcept {
        if (!temporary_.empty()) static_cast<void>(Calls::unlink(temporary_.c_str()));
        if (file_ >= 0) static_cast<void>(Calls::close(file_));
        if (lock_ >= 0) static_cast<void>(::close(lock_));
        temporary_.clear();
        file_ = lock_ = -1;
    }

    std::filesystem::path target_;
    std::filesystem::path temporary_;
    int file_ = -1;
    int lock_ = -1;
};

using atomic_file = basic_atomic_file<posix_calls>;

/// @throws error io_failure
inline void replace_file(std::filesystem::path const& path, std::span<std::byte const> bytes) {
    atomic_file file(path);
    file.write(bytes);
    file.commit();
}

}  // namespace simile::io
