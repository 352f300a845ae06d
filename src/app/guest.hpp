// A program that reloads itself: reloadrun is a guest in its processes (reloadrun::run()).
//
// app/embed.cpp makes it; the supervisor and the reloader ask it on their main threads.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "reloadrun/reloadrun.hpp"

namespace reloadrun::app {

struct Guest {
  MainFunc main_func;
  Hooks hooks;
  std::set<pid_t> children{};  ///< that the process had when run() was called: none of ours
};

/// The path by which this process was executed: what lies there later is the same program, built
/// anew. Throws Error when it cannot be read.
std::string program_path();
/// With which arguments, from argv[0] on. Throws Error when they cannot be read.
std::vector<std::string> program_arguments();

/// What copies_of_offered_sockets() gives from now on, blocking, whatever the last program to have
/// them has made of them. All on any thread.
void offer_sockets(std::vector<Fd> sockets);
/// One of them is another from now on.
void replace_offered_socket(std::size_t place, Fd socket);
/// Each the caller's own. Throws Error when there are no more descriptors.
std::vector<int> copies_of_offered_sockets();

}  // namespace reloadrun::app
