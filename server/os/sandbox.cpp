#include "os/sandbox.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <system_error>

namespace sotto::os {
namespace {

namespace fs = std::filesystem;

/// What the C library, OpenSSL and the resolver look at while the process runs.
constexpr std::array system_folders{"/etc", "/usr/lib", "/lib", "/lib64", "/usr/share/zoneinfo", "/run/systemd"};

#ifndef SOTTO_SANITIZED // a sanitizer starts programs, and looks at its own process

constexpr std::array system_files{"/dev/null", "/dev/urandom"};

constexpr std::uint64_t reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t writing = reading | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                  LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                  LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK;
/// All that the first version of Landlock knows; what comes later stays as it is.
constexpr std::uint64_t handled = writing | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                                  LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
                                  LANDLOCK_ACCESS_FS_MAKE_SYM;

class Descriptor {
public:
    explicit Descriptor(int number) : number_{number} {}
    ~Descriptor()
    {
        if (number_ >= 0) close(number_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    [[nodiscard]] int number() const { return number_; }

private:
    int number_;
};

[[noreturn]] void fail(const char* what) { throw std::system_error{errno, std::generic_category(), what}; }

void admit(const Descriptor& rules, const fs::path& path, std::uint64_t access)
{
    const Descriptor folder{open(path.c_str(), O_PATH | O_CLOEXEC)};
    if (folder.number() < 0) return;
    const landlock_path_beneath_attr rule{.allowed_access = access, .parent_fd = folder.number()};
    if (syscall(SYS_landlock_add_rule, rules.number(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
        fail("admitting a folder");
}

void give_up_new_rights()
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("giving up new rights");
}

// clang-format off
constexpr std::array allowed{std::to_array<std::string_view>({
    // files
    "access", "chmod", "close", "dup", "dup2", "dup3", "faccessat", "faccessat2", "fallocate", "fchmod", "fchmodat",
    "fcntl", "fdatasync", "flock", "fstat", "fstatfs", "fsync", "ftruncate", "getcwd", "getdents64",
    "inotify_add_watch", "inotify_init1", "inotify_rm_watch", "ioctl", "lseek", "lstat", "mkdir", "mkdirat", "newfstatat",
    "open", "openat", "pipe2", "pread64", "pwrite64", "read", "readlink", "readlinkat", "readv", "rename", "renameat",
    "renameat2", "rmdir", "stat", "statfs", "statx", "umask", "unlink", "unlinkat", "utimensat", "write", "writev",
    // network: what listens was opened before
    "accept", "accept4", "connect", "getpeername", "getsockname", "getsockopt", "recvfrom", "recvmmsg", "recvmsg", "sendmmsg",
    "sendmsg", "sendto", "setsockopt", "shutdown", "socket", "socketpair",
    // waiting
    "clock_getres", "clock_gettime", "clock_nanosleep", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_wait", "eventfd2",
    "gettimeofday", "nanosleep", "poll", "ppoll", "pselect6", "restart_syscall", "select", "time", "timerfd_create",
    "timerfd_gettime", "timerfd_settime",
    // memory; mmap and mprotect under conditions
    "brk", "madvise", "mlock", "mlock2", "mremap", "munlock", "munmap",
    // threads and signals; clone under conditions
    "exit", "exit_group", "futex", "futex_waitv", "get_robust_list", "membarrier", "rseq", "rt_sigaction", "rt_sigprocmask",
    "rt_sigreturn", "rt_sigtimedwait", "sched_getaffinity", "sched_yield", "set_robust_list", "sigaltstack", "tgkill",
    // who and where we are
    "arch_prctl", "getegid", "geteuid", "getgid", "getgroups", "getpid", "getppid", "getrandom", "getrusage", "gettid", "getuid",
    "prctl", "prlimit64", "sysinfo", "times", "uname",
})};
// clang-format on

class Filter {
public:
    Filter() : context_{seccomp_init(SCMP_ACT_ERRNO(EPERM)), seccomp_release}
    {
        if (!context_) throw std::system_error{ENOMEM, std::generic_category(), "seccomp"};
    }
    template <class... Condition> void allow(std::string_view call, Condition... condition)
    {
        const int number = seccomp_syscall_resolve_name(std::string{call}.c_str());
        if (number == __NR_SCMP_ERROR) return; // the library is older than the call
        check(seccomp_rule_add(context_.get(), SCMP_ACT_ALLOW, number, sizeof...(condition), condition...));
    }
    void unknown(std::string_view call) // as if the kernel did not have it: the C library takes another way
    {
        check(seccomp_rule_add(context_.get(), SCMP_ACT_ERRNO(ENOSYS),
                               seccomp_syscall_resolve_name(std::string{call}.c_str()), 0));
    }
    void load()
    {
        check(seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_TSYNC, 1)); // all threads, not only this one
        check(seccomp_load(context_.get()));
    }

private:
    static void check(int result)
    {
        if (result != 0) throw std::system_error{-result, std::generic_category(), "seccomp"};
    }
    std::unique_ptr<void, void (*)(scmp_filter_ctx)> context_;
};

#endif

} // namespace

bool Folders::admits(const fs::path& folder) const
{
    const auto holds = [&](const fs::path& admitted) {
        std::error_code ignored;
        const auto from = fs::canonical(admitted, ignored);
        return !from.empty() && std::ranges::mismatch(from, folder).in1 == from.end();
    };
    return std::ranges::any_of(read, holds) || std::ranges::any_of(write, holds, &Own::folder) ||
           std::ranges::any_of(system_folders, holds);
}

std::vector<fs::path> folders_of(const fs::path& file)
{
    constexpr int most_links = 40; // as the kernel
    std::vector<fs::path> folders;
    auto at = file;
    for (int link = 0; link < most_links; ++link) {
        std::error_code fault;
        const auto folder = fs::canonical(at.parent_path(), fault);
        if (fault) break;
        if (std::ranges::find(folders, folder) == folders.end()) folders.push_back(folder);
        if (!fs::is_symlink(fs::symlink_status(at, fault))) break;
        const auto target = fs::read_symlink(at, fault);
        if (fault) break;
        at = folder / target;
    }
    return folders;
}

#ifdef SOTTO_SANITIZED
bool confine_files(const Folders&) { return true; }
void confine_calls() {}
#else
bool confine_files(const Folders& folders)
{
    const landlock_ruleset_attr attributes{.handled_access_fs = handled};
    const Descriptor rules{static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0))};
    if (rules.number() < 0) {
        if (errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM) return false; // EPERM: a container's own filter
        fail("Landlock");
    }
    for (const auto* folder : system_folders) admit(rules, folder, reading);
    for (const auto* file : system_files)
        admit(rules, file, LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE);
    for (const auto& folder : folders.read) admit(rules, folder, reading);
    for (const auto& [folder, mode] : folders.write) {
        mkdir(folder.c_str(), mode); // when it fails, whoever writes there says why
        admit(rules, folder, writing);
    }
    give_up_new_rights();
    if (syscall(SYS_landlock_restrict_self, rules.number(), 0) != 0) fail("Landlock");
    return true;
}

void confine_calls()
{
    Filter filter;
    for (const auto call : allowed) filter.allow(call);
    constexpr scmp_datum_t executed = PROT_EXEC, written = PROT_WRITE, thread = CLONE_THREAD;
    filter.allow("mmap", SCMP_A2(SCMP_CMP_MASKED_EQ, executed, 0));
    filter.allow("mmap", SCMP_A2(SCMP_CMP_MASKED_EQ, executed | written, executed));
    filter.allow("mprotect", SCMP_A2(SCMP_CMP_MASKED_EQ, executed, 0));
    filter.allow("clone", SCMP_A0(SCMP_CMP_MASKED_EQ, thread, thread));
    filter.unknown("clone3"); // its flags cannot be seen
    give_up_new_rights();
    filter.load();
}

#endif

} // namespace sotto::os
