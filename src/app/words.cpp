#include "app/words.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/format.hpp"
#include "proc/signals.hpp"

namespace reloadrun::app {
namespace {

using watch::Change;
using Kind = Change::Kind;

struct Phrase {
  Kind kind;
  const char* one;
  const char* many;
};
constexpr std::array phrases{Phrase{Kind::modified, "changed", "changed"},
                             Phrase{Kind::appeared, "appeared", "appeared"},
                             Phrase{Kind::vanished, "is gone", "are gone"}};

/// "a.py, b.py and 3 more changed"; empty when no change is of this kind.
std::string phrase_text(const std::vector<Change>& changes, const Phrase& phrase) {
  constexpr std::size_t most_named = 3;
  std::vector<std::string> named;
  std::size_t count = 0;
  for (const Change& change : changes) {
    if (change.kind != phrase.kind) continue;
    if (++count <= most_named) named.push_back(change.path);
  }
  if (count == 0) return {};
  std::string names = fmt::format("{}", fmt::join(named, ", "));
  if (count > most_named) names += fmt::format(" and {} more", count - most_named);
  return fmt::format("{} {}", names, count == 1 ? phrase.one : phrase.many);
}

/// From the one mtime to the other; no more than thirty years.
Duration mtime_moved(const Change& change) {
  constexpr double most_seconds = 30.0 * 366 * 24 * 3600;
  const auto seconds = static_cast<double>(change.after.mtime_seconds) -
                       static_cast<double>(change.before.mtime_seconds);
  const std::chrono::nanoseconds rest(change.after.mtime_nanoseconds -
                                      change.before.mtime_nanoseconds);
  const std::chrono::seconds whole(
      static_cast<std::int64_t>(std::clamp(seconds, -most_seconds, most_seconds)));
  return whole + rest;
}

/// What to do about a COMMAND that is nowhere. A shell would have taken a word for something else.
const char* how_to_find(const std::string& command) {
  const auto has = [&](char c) { return command.find(c) != std::string::npos; };
  if (has('=') && command.find('=') < command.find_first_of(" /")) {
    return "set variables before reloadrun, with env or with --env-file";
  }
  if (has(' ') && has('/')) return "check its path, or give each word by itself";
  if (has(' ')) return "give each word by itself, or the whole line to sh -c";
  if (has('/')) return "check its path";
  return "check its name and PATH";
}

}  // namespace

std::string duration_text(Duration duration) {
  using std::chrono::duration_cast;
  const double milliseconds = std::chrono::duration<double, std::milli>(duration).count();
  if (milliseconds < 9.95) return fmt::format("{:.1f} ms", milliseconds);
  if (milliseconds < 999.5) return fmt::format("{:.0f} ms", milliseconds);
  if (milliseconds < 59'950) return fmt::format("{:.1f} s", milliseconds / 1000);
  const auto seconds = duration_cast<std::chrono::seconds>(duration).count();
  return fmt::format("{} min {} s", seconds / 60, seconds % 60);
}

std::string ending_text(const Ending& ending) {
  if (ending.unknown) return "has ended, and who traces it keeps its status";
  if (!ending.by_signal) return fmt::format("exited with status {}", ending.value);
  return fmt::format("was ended by {}{}", proc::signal_name(ending.value),
                     ending.core_dumped ? " (core dumped)" : "");
}

std::string changes_text(const std::vector<Change>& changes) {
  std::vector<std::string> parts;
  for (const Phrase& phrase : phrases) {
    if (auto text = phrase_text(changes, phrase); !text.empty()) parts.push_back(std::move(text));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string signals_text(const std::vector<int>& signals) {
  std::vector<std::string> names;
  names.reserve(signals.size());
  for (const int signal : signals) names.push_back(proc::signal_name(signal));
  return fmt::format("{}", fmt::join(names, " and "));
}

std::string change_detail(const Change& change) {
  const std::string& path = change.path;
  if (change.kind == Kind::appeared) {
    return fmt::format("{}: new, {} bytes", path, change.after.size);
  }
  if (change.kind == Kind::vanished) {
    return fmt::format("{}: was {} bytes", path, change.before.size);
  }
  std::vector<std::string> differences;
  if (const auto moved = mtime_moved(change); moved.count() != 0) {
    differences.push_back(moved.count() > 0
                              ? fmt::format("mtime {} later", duration_text(moved))
                              : fmt::format("mtime {} earlier", duration_text(-moved)));
  }
  if (change.before.size != change.after.size) {
    differences.push_back(fmt::format("{} -> {} bytes", change.before.size, change.after.size));
  }
  if (change.before.inode != change.after.inode) differences.emplace_back("another inode");
  if (!change.before.runnable && change.after.runnable) differences.emplace_back("x bit given");
  if (differences.empty()) differences.emplace_back("written again within a tick of the clock");
  return fmt::format("{}: {}", path, fmt::join(differences, ", "));
}

std::string count_text(std::size_t count, const char* singular) {
  return fmt::format("{} {}{}", count, singular, count == 1 ? "" : "s");
}

Error start_error(const std::string& command, int error, bool file_is_there) {
  if (error == ENOENT && !file_is_there) {
    return {fmt::format("COMMAND '{}' is not found", command), how_to_find(command),
            status_not_found};
  }
  const auto not_executable = [&](const char* why, const char* what_to_do) {
    return Error(fmt::format("COMMAND '{}' cannot be executed ({})", command, why), what_to_do,
                 status_not_executable);
  };
  switch (error) {
    case ENOENT:
      return not_executable("its interpreter or loader is missing", "check its first line");
    case EISDIR:
      return not_executable(std::strerror(error), "name a program");
    case EACCES:
      return not_executable(std::strerror(error), "make it executable, as with chmod +x");
    case ENOEXEC:
      return not_executable(std::strerror(error), "give it a #! line or build it for this machine");
    default:
      return not_executable(std::strerror(error), "mend that and try again");
  }
}

std::string unfinished_text(const std::string& command, proc::Wholeness wholeness) {
  using proc::Wholeness;
  const char* state = "is not whole";
  if (wholeness == Wholeness::missing) state = "is not there";
  if (wholeness == Wholeness::being_written) state = "is still being written";
  if (wholeness == Wholeness::not_executable) state = "may not be executed yet";
  if (wholeness == Wholeness::no_program) state = "is no program yet";
  return command + " " + state;
}

std::string blind_build_text(int error) {
  return fmt::format(
      "the kernel does not tell what a build writes ({}): what changes during a build leads to one "
      "more, and during that one is taken for output",
      std::strerror(error));
}

std::string call_options_text(CallsNeeded needed) {
  if (needed.keep_ports && needed.follow) return "--keep-ports and --follow";
  if (needed.keep_ports) return "--keep-ports";
  return needed.follow ? "--follow" : "";
}

std::string without_calls_text(CallsNeeded needed, const std::string& command) {
  std::string text;
  if (needed.keep_ports) text = fmt::format("the ports of {} are not kept", command);
  if (needed.keep_ports && needed.follow) text += ", and ";
  if (needed.follow) text += fmt::format("what {} opens is not followed", command);
  return text;
}

std::string deaf_to_calls_text(CallsNeeded needed, const std::string& command, int error) {
  std::string why = std::generic_category().message(error);
  if (error == EBUSY) {
    why = "who has started reloadrun answers system calls already, as another reloadrun may";
  } else if (error == ENOSYS || error == EINVAL) {
    why = "it needs Linux 5.9 or later, with seccomp";
  } else if (error == EPERM || error == EACCES) {
    why = "it is forbidden to look into this process, as in some containers";
  }
  return fmt::format("{}: {}: {}", call_options_text(needed), why,
                     without_calls_text(needed, command));
}

std::string lacking_text(KernelVersion kernel) {
  struct Lack {
    KernelVersion until;
    const char* what = nullptr;
  };
  constexpr std::array lacks{
      Lack{{5, 19}, "a signal that is handled interrupts a call that is answered (until 5.19)"},
      Lack{{6, 6}, "a call that is answered takes up to a millisecond or two (until 6.6)"},
      Lack{{6, 13}, "what changes within a tick of a start counts as after it (until 6.13)"},
      Lack{{6, 14}, "that another user's executable is being written is not seen (until 6.14)"}};
  std::vector<const char*> lacking;
  for (const Lack& one : lacks) {
    if (kernel < one.until) lacking.push_back(one.what);
  }
  if (lacking.empty()) return "";
  return fmt::format("on Linux {}.{} {}", kernel.major, kernel.minor, fmt::join(lacking, "; "));
}

std::string names_of(const std::vector<proc::TreeStop::Left>& left) {
  std::vector<std::string> names;
  names.reserve(left.size());
  for (const auto& [process, may_not_be_signalled] : left) {
    const std::string name = process.name.empty() ? "a process" : process.name;
    names.push_back(fmt::format("{} (pid {}{})", name, process.pid,
                                may_not_be_signalled ? ", which may not be signalled" : ""));
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace reloadrun::app
