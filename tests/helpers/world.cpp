// Tells in which world a program finds itself: all that its process was given by whoever has
// started it, a line "FIELD=VALUE" each, escaped, in a file that is there once it is whole.
//
//     world FILE [then-wait]
//
//     then-wait     end only when a signal says so

#include <dirent.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/prctl.h>
#include <sched.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "fmt/format.h"
#include "helpers/escape.hpp"

namespace {

using reloadrun::test::escape;

class World {
 public:
  void tell(const std::string& field, const std::string& value) {
    std::string name = escape(field);
    while (fields_.contains(name)) name += " again";
    fields_[name] = escape(value);
  }
  void tell(const std::string& field, long value) { tell(field, std::to_string(value)); }

  void write_to(const std::string& file) const {
    std::ofstream stream(file + ".part");
    for (const auto& [field, value] : fields_) stream << field << '=' << value << '\n';
    stream.close();
    if (!stream || std::rename((file + ".part").c_str(), file.c_str()) != 0) std::exit(2);
  }

 private:
  std::map<std::string, std::string> fields_;
};

/// As far as it can be read: not all of them can, on every machine.
std::string content_of(const std::string& file) {
  std::string content;
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  std::array<char, 4096> block{};
  for (ssize_t got = 1; fd >= 0 && got > 0;) {
    got = ::read(fd, block.data(), block.size());
    if (got > 0) content.append(block.data(), static_cast<std::size_t>(got));
  }
  ::close(fd);
  return content;
}

std::string target_of(const std::string& link) {
  std::array<char, 4096> target{};
  const ssize_t got = ::readlink(link.c_str(), target.data(), target.size());
  return got < 0 ? "none" : std::string(target.data(), static_cast<std::size_t>(got));
}

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  DIR* const stream = ::opendir(directory.c_str());
  if (stream == nullptr) return names;
  const std::string itself = std::to_string(::dirfd(stream));
  while (const dirent* const entry = ::readdir(stream)) {
    const std::string name = entry->d_name;
    if (name != "." && name != ".." && name != itself) names.push_back(name);
  }
  ::closedir(stream);
  return names;
}

/// The kernel's tables of a field and its value a line.
void tell_tables(World& world) {
  std::istringstream status(content_of("/proc/self/status"));
  for (std::string line; std::getline(status, line);) {
    const auto colon = line.find(':');
    const auto value = line.find_first_not_of(" \t", colon + 1);
    world.tell(line.substr(0, colon), value == std::string::npos ? "" : line.substr(value));
  }
  std::istringstream limits(content_of("/proc/self/limits"));
  for (std::string line; std::getline(limits, line);) {
    constexpr std::size_t width = 26;  // of the name
    world.tell("limit " + line.substr(0, line.find("  ")), line.substr(width));
  }
}

void tell_files(World& world) {
  for (const char* name :
       {"attr/current", "autogroup", "cgroup", "cmdline", "comm", "coredump_filter", "gid_map",
        "io_uring", "loginuid", "oom_score_adj", "personality", "projid_map", "sessionid",
        "setgroups", "timens_offsets", "timers", "timerslack_ns", "uid_map"}) {
    world.tell(name, content_of(std::string("/proc/self/") + name));
  }
  for (const char* name : {"cwd", "root", "exe"}) {
    world.tell(name, target_of(std::string("/proc/self/") + name));
  }
  for (const std::string& name : names_in("/proc/self/ns")) {
    world.tell("namespace " + name, target_of("/proc/self/ns/" + name));
  }
}

void tell_descriptors(World& world) {
  for (const std::string& name : names_in("/proc/self/fd")) {
    std::string target = target_of("/proc/self/fd/" + name);
    // Which one it is differs from one test to the next.
    if (target.starts_with("pipe:") || target.starts_with("socket:")) target.resize(6);
    const int flags = ::fcntl(std::stoi(name), F_GETFL);
    constexpr int compared = O_ACCMODE | O_APPEND | O_NONBLOCK;
    world.tell("descriptor " + name, fmt::format("{} {:x}", target, flags & compared));
  }
  termios modes{};
  if (::tcgetattr(STDIN_FILENO, &modes) == 0) {
    world.tell("terminal", fmt::format("{:x} {:x} {:x} {:x}", modes.c_iflag, modes.c_oflag,
                                       modes.c_cflag, modes.c_lflag));
    world.tell("foreground group", ::tcgetpgrp(STDIN_FILENO));
  }
}

/// That of no class says nothing: on older kernels it depends on whether the process has waited for
/// a disk.
long io_priority() {
  constexpr int class_shift = 13;  // IOPRIO_CLASS_SHIFT of linux/ioprio.h
  const long priority = ::syscall(SYS_ioprio_get, 1, 0);
  return priority >> class_shift == 0 ? 0 : priority;
}

void tell_scheduling(World& world) {
  struct {
    unsigned size = 56;
    std::array<unsigned, 13> values{};
  } attributes;
  ::syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0);
  std::string text;
  for (const unsigned value : attributes.values) text += fmt::format("{:x} ", value);
  world.tell("scheduling", text);
  world.tell("nice", ::getpriority(PRIO_PROCESS, 0));
  world.tell("io priority", io_priority());
  int policy = -1;
  std::array<unsigned long, 16> nodes{};
  ::syscall(SYS_get_mempolicy, &policy, nodes.data(), nodes.size() * 64, nullptr, 0);
  world.tell("memory policy", fmt::format("{} {:x}", policy, nodes[0]));
}

void tell_controls(World& world) {
  int value = 0;
  ::prctl(PR_GET_PDEATHSIG, &value);
  world.tell("parent-death signal", value);
  ::prctl(PR_GET_CHILD_SUBREAPER, &value);
  world.tell("subreaper", value);
  world.tell("dumpable", ::prctl(PR_GET_DUMPABLE));
  world.tell("keeps capabilities", ::prctl(PR_GET_KEEPCAPS));
  world.tell("securebits", ::prctl(PR_GET_SECUREBITS));
  world.tell("timer slack", ::prctl(PR_GET_TIMERSLACK));
  world.tell("huge pages disabled", ::prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
  world.tell("memory errors", ::prctl(PR_MCE_KILL_GET, 0, 0, 0, 0));
  world.tell("flushes", ::prctl(PR_GET_IO_FLUSHER, 0, 0, 0, 0));
  world.tell("secure execution", static_cast<long>(::getauxval(AT_SECURE)));
  // NOLINTNEXTLINE(performance-no-int-to-ptr): so the kernel gives it
  world.tell("executed as", reinterpret_cast<const char*>(::getauxval(AT_EXECFN)));
  world.tell("session keyring",
             ::syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0));
  for (const auto timer : {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF}) {
    itimerval left{};
    ::getitimer(timer, &left);
    world.tell(fmt::format("timer {}", static_cast<int>(timer)), left.it_value.tv_sec);
  }
  stack_t stack{};
  ::sigaltstack(nullptr, &stack);
  world.tell("signal stack", stack.ss_flags);
}

void tell_relatives(World& world) {
  world.tell("group", ::getpgrp());
  world.tell("session", ::getsid(0));
  // Behind the name, which may have blanks: the state, the parent, group, session, terminal ...
  const std::string stat = content_of("/proc/self/stat");
  std::istringstream fields(stat.substr(stat.rfind(')') + 2));
  const std::vector<std::string> values{std::istream_iterator<std::string>(fields), {}};
  world.tell("controlling terminal", values.at(4));
  world.tell("terminal's group", values.at(5));
  world.tell("signal at its end", values.at(35));
}

}  // namespace

int main(int argc, char** argv) {
  World world;
  tell_descriptors(world);
  tell_tables(world);
  tell_files(world);
  tell_scheduling(world);
  tell_controls(world);
  tell_relatives(world);
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    const auto equals = text.find('=');
    world.tell("environment " + std::string(text.substr(0, equals)),
               std::string(text.substr(equals + 1)));
  }
  world.write_to(argv[1]);
  if (argc <= 2) return 0;
  for (;;) ::pause();
}
