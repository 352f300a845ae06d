#include "app/words.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "fmt/format.h"
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
    if (++count <= most_named) named.push_back(printable(change.path));
  }
  if (count == 0) return {};
  std::string names = fmt::format("{}", fmt::join(named, ", "));
  if (count > most_named) names += fmt::format(" and {} more", count - most_named);
  return fmt::format("{} {}", names, count == 1 ? phrase.one : phrase.many);
}

}  // namespace

std::string duration_text(Duration duration) {
  using std::chrono::duration_cast;
  const double milliseconds = std::chrono::duration<double, std::milli>(duration).count();
  if (milliseconds < 10) return fmt::format("{:.1f} ms", milliseconds);
  if (milliseconds < 1000) return fmt::format("{:.0f} ms", milliseconds);
  if (milliseconds < 60'000) return fmt::format("{:.1f} s", milliseconds / 1000);
  const auto seconds = duration_cast<std::chrono::seconds>(duration).count();
  return fmt::format("{} min {} s", seconds / 60, seconds % 60);
}

std::string ending_text(const Ending& ending) {
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

std::string change_detail(const Change& change) {
  const std::string path = printable(change.path);
  if (change.kind == Kind::appeared) {
    return fmt::format("{}: new, {} bytes", path, change.after.size);
  }
  if (change.kind == Kind::vanished) {
    return fmt::format("{}: was {} bytes", path, change.before.size);
  }
  std::vector<std::string> differences;
  if (change.before.mtime_ns != change.after.mtime_ns) {
    const std::chrono::nanoseconds moved(change.after.mtime_ns - change.before.mtime_ns);
    differences.push_back(moved.count() > 0
                              ? fmt::format("mtime {} later", duration_text(moved))
                              : fmt::format("mtime {} earlier", duration_text(-moved)));
  }
  if (change.before.size != change.after.size) {
    differences.push_back(fmt::format("{} -> {} bytes", change.before.size, change.after.size));
  }
  if (change.before.inode != change.after.inode) differences.emplace_back("another inode");
  if (change.before.runnable != change.after.runnable) differences.emplace_back("x bit given");
  return fmt::format("{}: {}", path, fmt::join(differences, ", "));
}

std::string count_text(std::size_t count, const char* singular) {
  return fmt::format("{} {}{}", count, singular, count == 1 ? "" : "s");
}

Error start_error(const std::string& command, int error) {
  const bool missing = ::access(command.c_str(), F_OK) != 0;
  const bool by_name = command.find('/') == std::string::npos;
  if (error == ENOENT && (by_name || missing)) {
    return {fmt::format("COMMAND '{}' is not found", printable(command)),
            by_name ? "check its name and PATH" : "check its path", status_not_found};
  }
  const auto text = [&](const char* why) {
    return fmt::format("COMMAND '{}' cannot be executed ({})", printable(command), why);
  };
  switch (error) {
    case ENOENT:
      return {text("its interpreter or loader is missing"), "check its first line",
              status_not_executable};
    case EACCES:
      return {text(std::strerror(error)), "make it executable, as with chmod +x",
              status_not_executable};
    case ENOEXEC:
      return {text(std::strerror(error)), "give it a #! line or build it for this machine",
              status_not_executable};
    default:
      return {text(std::strerror(error)), "mend that and try again", status_not_executable};
  }
}

std::string names_of(const std::vector<proc::TreeStop::Left>& left) {
  std::vector<std::string> names;
  names.reserve(left.size());
  for (const auto& [process, may_not_be_signalled] : left) {
    names.push_back(fmt::format("{} (pid {}{})", printable(process.name), process.pid,
                                may_not_be_signalled ? ", which may not be signalled" : ""));
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string printable(std::string_view name) {
  std::string text;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      text += fmt::format("\\x{:02x}", byte);
    } else {
      text += c;
    }
  }
  return text;
}

}  // namespace reloadrun::app
