#include "proc/filter.hpp"

#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>

namespace reloadrun::proc {
namespace {

sock_fprog program_of(const std::vector<sock_filter>& filter) {
  return {static_cast<unsigned short>(filter.size()),
          const_cast<sock_filter*>(filter.data())};  // it is only read
}

/// The listener, or -1 with errno.
int install(const sock_fprog& filter) {
  // By the second a filter costs no mitigations against speculation: it keeps nobody from anything.
  constexpr unsigned wanted = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  // Without this a signal that the program handles takes it out of the call that waits.
  unsigned flags = wanted | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
  for (;;) {
    const long listener = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
    if (listener >= 0) return static_cast<int>(listener);
    if (errno == EACCES && ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0) {
      if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
    } else if (errno == EINVAL && flags != wanted) {
      flags = wanted;  // Linux before 5.19
    } else {
      return -1;
    }
  }
}

/// How the filter was taken, and room for its listener.
class Message {
 public:
  explicit Message(int error = 0) : error_(error) {
    header_.msg_iov = &text_;
    header_.msg_iovlen = 1;
    header_.msg_control = room_.data();
    header_.msg_controllen = room_.size();
  }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  msghdr& header() { return header_; }
  [[nodiscard]] int error() const { return error_; }

  void put(int descriptor) {
    if (descriptor < 0) {
      header_.msg_controllen = 0;
      return;
    }
    cmsghdr* const rights = CMSG_FIRSTHDR(&header_);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof descriptor);
    std::memcpy(CMSG_DATA(rights), &descriptor, sizeof descriptor);
  }
  /// -1: none.
  int get() {
    const cmsghdr* const rights = CMSG_FIRSTHDR(&header_);
    int descriptor = -1;
    if (rights != nullptr) std::memcpy(&descriptor, CMSG_DATA(rights), sizeof descriptor);
    return descriptor;
  }

 private:
  int error_;
  iovec text_{&error_, sizeof error_};
  msghdr header_{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> room_{};
};

}  // namespace

int filter_this_thread(const std::vector<sock_filter>& filter, Fd& listener) {
  const int taken = install(program_of(filter));
  if (taken < 0) return errno;
  listener = Fd(taken);  // close-on-exec (seccomp(2))
  return 0;
}

FilterWay::FilterWay(const std::vector<sock_filter>& filter, int lowest)
    : filter_(program_of(filter)) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw_errno("socketpair");
  }
  parents_ = Fd(ends[0]);
  childs_ = numbered_from(lowest, Fd(ends[1]));
}

void FilterWay::take() const {
  const int listener = install(filter_);
  Message message(listener < 0 ? errno : 0);
  message.put(listener);
  const bool sent = ::sendmsg(childs_.get(), &message.header(), MSG_NOSIGNAL) >= 0;
  // Filtered, and heard by nobody: every call would fail.
  if (!sent && listener >= 0) ::_exit(EXIT_FAILURE);
}

int FilterWay::receive(Fd& listener) const {
  Message message;
  const ssize_t got = ::recvmsg(parents_.get(), &message.header(), MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (got < 0) return errno;
  listener = Fd(message.get());
  if (message.error() == 0 && !listener)
    throw std::system_error(EMFILE, std::generic_category(), "recvmsg");
  return message.error();
}

}  // namespace reloadrun::proc
