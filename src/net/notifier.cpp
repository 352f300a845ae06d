#include "net/notifier.hpp"

#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <span>
#include <vector>

#include "base/kernel.hpp"

namespace reloadrun::net {
namespace {

// From Linux 6.6, whose headers Debian 12 does not have: wake the other side on the same processor,
// since it is about to do nothing but wait.
constexpr unsigned long set_flags = _IOW('!', 4, std::uint64_t);
constexpr std::uint64_t sync_wake_up = 1;

/// The kernel may know longer ones than our headers, and wants room for them.
seccomp_notif_sizes sizes() {
  seccomp_notif_sizes known{sizeof(seccomp_notif), sizeof(seccomp_notif_resp),
                            sizeof(seccomp_data)};
  seccomp_notif_sizes asked{};
  if (::syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &asked) == 0) {
    known.seccomp_notif = std::max(known.seccomp_notif, asked.seccomp_notif);
    known.seccomp_notif_resp = std::max(known.seccomp_notif_resp, asked.seccomp_notif_resp);
  }
  return known;
}

bool has_64_bits(std::uint32_t architecture) { return (architecture & __AUDIT_ARCH_64BIT) != 0; }

/// How much could be read before something is not mapped.
std::size_t read_memory(pid_t thread, std::uint64_t address, std::span<char> into) {
  iovec here{into.data(), into.size()};
  iovec there{reinterpret_cast<void*>(address), into.size()};  // NOLINT(performance-no-int-to-ptr)
  const ssize_t got = ::process_vm_readv(thread, &here, 1, &there, 1, 0);
  return got < 0 ? 0 : static_cast<std::size_t>(got);
}

}  // namespace

std::optional<std::string> Call::text(std::size_t argument) const {
  std::uint64_t address = arguments.at(argument);
  std::string text;
  // Page by page: what follows the text may not be mapped.
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  while (address != 0 && text.size() < PATH_MAX) {
    std::array<char, 256> block{};
    const std::size_t size = std::min<std::uint64_t>(block.size(), page - address % page);
    const std::size_t got = read_memory(thread, address, std::span(block).first(size));
    if (got == 0) return std::nullopt;
    const std::size_t length = ::strnlen(block.data(), got);
    text.append(block.data(), length);
    if (length < got) return text.size() < PATH_MAX ? std::optional(text) : std::nullopt;
    address += got;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> Call::number_at(std::size_t argument) const {
  std::uint64_t value = 0;
  const std::size_t got =
      read_memory(thread, arguments.at(argument), {reinterpret_cast<char*>(&value), sizeof value});
  return got == sizeof value ? std::optional(value) : std::nullopt;
}

std::optional<std::string> Call::bytes(std::size_t argument, std::size_t size) const {
  std::string bytes(size, '\0');
  const std::size_t got = read_memory(thread, arguments.at(argument), bytes);
  return got == size ? std::optional(std::move(bytes)) : std::nullopt;
}

bool calls_can_go_on() { return kernel_version() >= KernelVersion{5, 9}; }

Notifier::Notifier(Fd listener) : listener_(std::move(listener)) {
  // An older kernel refuses, and only takes longer.
  static_cast<void>(::ioctl(listener_.get(), set_flags, sync_wake_up));
}

std::optional<Call> Notifier::next() {
  alignas(seccomp_notif) std::array<char, 1024> room{};  // to be all zeros
  auto& notice = *reinterpret_cast<seccomp_notif*>(room.data());
  static const bool fits = sizes().seccomp_notif <= room.size();
  if (!fits || ::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_RECV, &notice) != 0) {
    return std::nullopt;  // ENOENT: its process was killed, or a signal has taken it out of it
  }
  Call call;
  call.id = notice.id;
  call.thread = static_cast<pid_t>(notice.pid);
  call.number = notice.data.nr;
  std::ranges::copy(notice.data.args, call.arguments.begin());
  // The filter notifies of calls of two machines alone.
  if (has_64_bits(notice.data.arch)) {
    call.number &= ~static_cast<int>(x32_bit);
  } else {
    call.machine = Machine::compat;
    // What a program of 64 bits has beyond them, which makes such a call, is not passed on.
    for (std::uint64_t& one : call.arguments) one &= std::numeric_limits<std::uint32_t>::max();
  }
  return call;
}

bool Notifier::waits(const Call& call) const {
  return ::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_ID_VALID, &call.id) == 0;
}

void Notifier::let_go_on(const Call& call) { answer(call, SECCOMP_USER_NOTIF_FLAG_CONTINUE); }
void Notifier::answer_done(const Call& call) { answer(call, 0); }
void Notifier::answer_error(const Call& call, int error) { answer(call, 0, error); }

void Notifier::answer(const Call& call, std::uint32_t flags, int error) {
  alignas(seccomp_notif_resp) std::array<char, 1024> room{};
  auto& answer = *reinterpret_cast<seccomp_notif_resp*>(room.data());
  answer.id = call.id;
  answer.flags = flags;
  answer.error = -error;
  // It fails when nobody waits any more.
  static_cast<void>(::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_SEND, &answer));
}

bool Notifier::put(const Call& call, int file, int number, bool close_on_exec) {
  seccomp_notif_addfd put{};
  put.id = call.id;
  put.flags = SECCOMP_ADDFD_FLAG_SETFD;
  put.srcfd = static_cast<std::uint32_t>(file);
  put.newfd = static_cast<std::uint32_t>(number);
  put.newfd_flags = close_on_exec ? O_CLOEXEC : 0;
  return ::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_ADDFD, &put) == number;
}

}  // namespace reloadrun::net
