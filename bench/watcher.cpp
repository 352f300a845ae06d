#include "watcher.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "base/fd.hpp"

namespace reloadrun::bench {
namespace {

using namespace std::chrono_literals;

constexpr Duration start_patience = 60s;

/// All over the tree, and none soon again: a tool may take a file that changes shortly after each
/// start for the target's output.
Words edited_in(const Tree& tree) {
  constexpr std::size_t count = 16;
  Words paths;
  for (std::size_t i = 0; i < count; ++i) {
    paths.push_back(tree.file(i * (tree.files() - 1) / (count - 1)));
  }
  return paths;
}

std::string input_of(const Tool& tool, const Tree& tree, const Reports& reports) {
  if (!tool.wants_list) return "/dev/null";
  std::string path = reports.directory() + "/list";
  std::ofstream list(path);
  for (std::size_t i = 0; i < tree.files(); ++i) list << tree.file(i) << '\n';
  return path;
}

}  // namespace

Watcher::Watcher(const Tool& tool, const Tree& tree, Duration quiet)
    : edited_(edited_in(tree)),
      process_(tool.command({reports_.fifo(), edited_}), tree.path(),
               input_of(tool, tree, reports_)) {
  if (!reports_.next(TimePoint(), Clock::now() + start_patience)) {
    throw DidNotStart("starts no target");
  }
  edit_until_answered(quiet);
}

/// Some start the target first and only then begin to watch.
void Watcher::edit_until_answered(Duration quiet) {
  constexpr Duration patience = 1s;
  const std::array places{edited_.front(), edited_[edited_.size() / 2], edited_.back()};
  const TimePoint deadline = Clock::now() + start_patience;
  for (std::size_t answered = 0; answered < places.size();) {
    if (Clock::now() > deadline) throw DidNotStart("does not answer");
    rest(quiet);
    answered = edit(places.at(answered), patience) ? answered + 1 : 0;
  }
}

std::optional<Milliseconds> Watcher::edit() {
  next_ = (next_ + 1) % edited_.size();
  return edit(edited_[next_], edit_patience);
}

std::optional<Milliseconds> Watcher::edit(const std::string& path, Duration patience) {
  Fd file = require_fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC), path.c_str());
  const TimePoint begun = Clock::now();
  if (::write(file.get(), "\n", 1) != 1) throw_errno(path.c_str());
  // Not after the close, which takes no time but wakes the tool: on a busy processor this process
  // would come back from it when the tool is done.
  const TimePoint ended = Clock::now();
  file = Fd();
  const auto started = reports_.next(begun, ended + patience);
  if (!started) return std::nullopt;
  return std::max(*started - ended, Duration::zero());
}

void Watcher::rest(Duration quiet) {
  while (reports_.next(TimePoint(), Clock::now() + quiet)) continue;
}

Milliseconds plain_node_start(const Tree& tree) {
  Reports reports;
  const Words words = plain_node({reports.fifo(), edited_in(tree)});
  const TimePoint begun = Clock::now();
  const ToolProcess process(words, tree.path(), "/dev/null");
  const auto started = reports.next(begun, begun + start_patience);
  if (!started) throw DidNotStart("node starts no script");
  return *started - begun;
}

}  // namespace reloadrun::bench
