#include "peers.hpp"

#include <stdio.h>

#include <array>
#include <memory>
#include <optional>
#include <regex>

#include "fmt/format.h"
#include "proc/spawn.hpp"

namespace reloadrun::bench {
namespace {

Words operator+(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

Words target_of(const Job& job, Mode mode) {
  return {STAMP_TARGET_PATH, job.fifo, mode == Mode::bare ? "ends" : "runs"};
}

std::string quoted(const Words& words) {
  std::string line;
  for (const std::string& word : words) line += fmt::format("'{}' ", word);
  return line;
}

Words script_of(const Job& job) { return Words{STAMP_SCRIPT_PATH, job.fifo} + job.edited; }

/// The first thing that looks like one in what `--version` brings; entr answers with its usage.
std::string version_of(const std::string& path) {
  const std::string command = fmt::format("'{}' --version </dev/null 2>&1", path);
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  std::array<char, 4096> buffer{};
  const std::size_t length = pipe ? ::fread(buffer.data(), 1, buffer.size(), pipe.get()) : 0;
  const std::string said(buffer.data(), length);
  std::smatch found;
  return std::regex_search(said, found, std::regex(R"(\d+(\.\d+)+)")) ? found.str() : "";
}

struct Peer {
  const char* program;
  const char* name;
  /// What follows the program.
  Words (*arguments)(const Job&);
  bool wants_list = false;
};

Words server(const Job& job) { return target_of(job, Mode::usual); }

const std::array peers{
    // -n: it has no terminal here to read keys from.
    Peer{"entr", "entr -r",
         [](const Job& job) {
           return Words{"-n", "-r"} + server(job);
         },
         true},
    // Without --ext it watches scripts only. --exec is a line for a shell.
    Peer{"nodemon", "nodemon",
         [](const Job& job) {
           return Words{"--ext", "cpp", "--exec", quoted(server(job))};
         }},
    Peer{"node", "node --watch", [](const Job& job) { return Words{"--watch"} + script_of(job); }},
    Peer{"watchexec", "watchexec -r",
         [](const Job& job) {
           return Words{"--restart", "--"} + server(job);
         }},
    Peer{"reflex", "reflex -s",
         [](const Job& job) {
           return Words{"--start-service", "--"} + server(job);
         }},
    Peer{"watchmedo", "watchmedo",
         [](const Job& job) {
           return Words{"auto-restart", "--directory", ".", "--recursive", "--"} + server(job);
         }},
};

std::optional<std::string> in_path(const char* program) {
  const std::string file = proc::find_executable(program).file;
  return file.empty() ? std::nullopt : std::optional(file);
}

}  // namespace

Tool yardstick(Mode mode) {
  return {.name = yardstick_name, .mode = mode, .command = [mode](const Job& job) {
            return Words{YARDSTICK_PATH} + target_of(job, mode);
          }};
}

Tool reloadrun(const std::string& program, Mode mode) {
  return {.name = our_name, .mode = mode, .command = [program, mode](const Job& job) {
            const Words options = mode == Mode::bare ? Words{"--settle", "0"} : Words{};
            return Words{program} + options + Words{"--"} + target_of(job, mode);
          }};
}

std::vector<Tool> peers_in_path() {
  std::vector<Tool> found;
  for (const Peer& peer : peers) {
    const auto file = in_path(peer.program);
    if (!file) continue;
    found.push_back({.name = peer.name,
                     .version = version_of(*file),
                     .command = [&peer, path = *file](
                                    const Job& job) { return Words{path} + peer.arguments(job); },
                     .wants_list = peer.wants_list});
  }
  return found;
}

Words plain_node(const Job& job) {
  const auto file = in_path("node");
  return file ? Words{*file} + script_of(job) : Words{};
}

}  // namespace reloadrun::bench
