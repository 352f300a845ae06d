// A tool's process, with all that it starts: children of this process, which must be a subreaper.
#pragma once

#include <sys/types.h>

#include <string>

#include "peers.hpp"

namespace reloadrun::bench {

class ToolProcess {
 public:
  /// Starts it in `directory`, in a session of its own and silent. `input` is opened as its stdin.
  /// Throws std::system_error when there can be no process.
  ToolProcess(Words words, const std::string& directory, const std::string& input);
  /// Stops it. Some leave their target behind: it is killed.
  ~ToolProcess();
  ToolProcess(const ToolProcess&) = delete;
  ToolProcess& operator=(const ToolProcess&) = delete;

 private:
  pid_t pid_;
};

}  // namespace reloadrun::bench
