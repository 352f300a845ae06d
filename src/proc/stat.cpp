#include "proc/stat.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <sstream>

#include "base/fd.hpp"
#include "base/format.hpp"
#include "proc/procfs.hpp"

namespace reloadrun::proc {
namespace {

/// The fields behind the name, which may hold spaces and parentheses itself; it is the only one
/// that does.
std::optional<std::istringstream> fields_of(const std::string& text) {
  const auto close = text.rfind(')');
  if (close == std::string::npos) return std::nullopt;
  return std::istringstream(text.substr(close + 1));
}

/// Passes over those from number `from` to before number `to`; see proc(5), /proc/pid/stat.
void skip(std::istringstream& fields, int from, int to) {
  std::string skipped;
  for (; from < to; ++from) fields >> skipped;
}

std::optional<Stat> parse_stat(pid_t pid, const std::string& text) {
  const auto open = text.find('(');
  auto fields = fields_of(text);
  if (open == std::string::npos || !fields) return std::nullopt;
  Stat stat;
  stat.process.pid = pid;
  stat.process.name = text.substr(open + 1, text.rfind(')') - open - 1);
  *fields >> stat.state >> stat.process.parent >> stat.process.group;
  skip(*fields, 6, 14);
  *fields >> stat.user_ticks;
  skip(*fields, 15, 22);
  *fields >> stat.process.start_time;
  stat.process.stopped = stat.state == 'T';
  stat.ended = stat.state == 'Z' || stat.state == 'X';
  return *fields ? std::optional(stat) : std::nullopt;
}

}  // namespace

std::optional<Stat> read_stat(pid_t pid) {
  return parse_stat(pid, read_kernel_file(fmt::format("/proc/{}/stat", pid)));
}

std::optional<Thread> thread_of(pid_t number) {
  static const long ticks_a_second = ::sysconf(_SC_CLK_TCK);
  // Its own: /proc/TID/stat has the times of all threads of its process.
  const auto stat =
      parse_stat(number, read_kernel_file(fmt::format("/proc/{0}/task/{0}/stat", number)));
  if (!stat) return std::nullopt;
  return Thread{stat->state, std::chrono::milliseconds(stat->user_ticks * 1000 / ticks_a_second)};
}

bool is_zombie(pid_t pid) {
  const auto stat = read_stat(pid);
  if (!stat || !stat->ended) return false;
  // Others than the first are zombies too while who traces them has not taken note of their ends.
  const auto threads = numbers_in(fmt::format("/proc/{}/task", pid));
  return std::ranges::all_of(threads, [pid](pid_t number) {
    const auto thread =
        parse_stat(number, read_kernel_file(fmt::format("/proc/{}/task/{}/stat", pid, number)));
    return !thread || thread->ended;
  });
}

Ending ending_of_zombie(pid_t pid) {
  constexpr Ending unknown{.value = 1, .unknown = true};
  // Who may not read it finds a 0 there. The same right is asked for this link, which leads nowhere
  // when a process has ended.
  std::array<char, 1> target{};
  const std::string link = fmt::format("/proc/{}/exe", pid);
  if (::readlink(link.c_str(), target.data(), target.size()) < 0 && errno != ENOENT) return unknown;
  auto fields = fields_of(read_kernel_file(fmt::format("/proc/{}/stat", pid)));
  int status = 0;
  if (!fields) return unknown;
  skip(*fields, 3, 52);
  return *fields >> status ? ending_from_wait(status) : unknown;
}

}  // namespace reloadrun::proc
