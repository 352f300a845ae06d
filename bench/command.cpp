#include "command.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "base/fd.hpp"
#include "fmt/format.h"
#include "proc/tree.hpp"

namespace reloadrun::bench {
namespace {

namespace fs = std::filesystem;

pid_t spawn(const std::string& program, const std::string& directory, const std::string& watcher,
            const Fd& output) {
  std::vector<std::string> words{
      program, "--quiet", "--watcher", watcher, "/bin/sh", "-c", "echo; exec sleep infinity"};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addchdir_np(&actions, directory.c_str());
  ::posix_spawn_file_actions_adddup2(&actions, output.get(), STDOUT_FILENO);
  pid_t pid = -1;
  const int error =
      ::posix_spawn(&pid, program.c_str(), &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::system_error(error, std::generic_category(), program);
  return pid;
}

/// Of all threads, by the scheduler's own count: /proc/PID/stat knows only whole ticks.
Seconds processor_time_of(pid_t pid) {
  std::chrono::nanoseconds sum{0};
  for (const auto& thread : fs::directory_iterator(fmt::format("/proc/{}/task", pid))) {
    std::int64_t nanoseconds = 0;
    std::ifstream(thread.path() / "schedstat") >> nanoseconds;
    sum += std::chrono::nanoseconds(nanoseconds);
  }
  return sum;
}

/// What a process has to itself in its page table, but for memory files.
std::int64_t private_outside_memory_files(pid_t pid) {
  std::ifstream lines(fmt::format("/proc/{}/smaps", pid));
  std::int64_t kibibytes = 0;
  bool is_memory_file = false;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    if (!name.ends_with(':')) is_memory_file = line.find("/memfd:") != std::string::npos;
    std::int64_t value = 0;
    const bool is_private = name == "Private_Clean:" || name == "Private_Dirty:";
    if (is_private && !is_memory_file && words >> value) kibibytes += value;
  }
  return kibibytes * 1024;
}

/// What lies in the memory files that a process has open, mapped or not.
std::int64_t in_memory_files(pid_t pid) {
  std::int64_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(fmt::format("/proc/{}/fd", pid))) {
    std::error_code error;  // closed meanwhile
    const std::string target = fs::read_symlink(entry.path(), error).string();
    struct stat status {};
    if (!target.starts_with("/memfd:") || ::stat(entry.path().c_str(), &status) != 0) continue;
    bytes += std::int64_t{status.st_blocks} * 512;
  }
  return bytes;
}

}  // namespace

Command::Command(const std::string& program, const std::string& directory,
                 const std::string& watcher) {
  Pipe pipe = make_pipe();
  const auto begun = std::chrono::steady_clock::now();
  supervisor_ = spawn(program, directory, watcher, pipe.writing);
  pipe.writing = Fd();
  char word = 0;
  if (::read(pipe.reading.get(), &word, 1) != 1) {
    ::waitpid(supervisor_, nullptr, 0);
    throw std::runtime_error(fmt::format("{} has started no target", program));
  }
  first_start_ = std::chrono::steady_clock::now() - begun;
  reloader_ = *proc::children_of(supervisor_).begin();
}

Command::~Command() {
  ::kill(supervisor_, SIGTERM);
  ::waitpid(supervisor_, nullptr, 0);
}

Seconds Command::processor_time() const {
  return processor_time_of(supervisor_) + processor_time_of(reloader_);
}

std::int64_t Command::private_bytes() const {
  return private_outside_memory_files(reloader_) + in_memory_files(reloader_);
}

}  // namespace reloadrun::bench
