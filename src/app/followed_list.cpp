#include "app/followed_list.hpp"

#include <fcntl.h>

#include <utility>

#include "app/file_list.hpp"

namespace reloadrun::app {

// The state is not read at first: what has changed since the supervisor read the file is to be
// found.
FollowedList::FollowedList(const Options& options)
    : file_(options.files_from == "-" ? "" : options.files_from), paths_(options.listed) {}

bool FollowedList::refresh() {
  if (file_.empty()) return false;
  const auto now = watch::rule_file_state(AT_FDCWD, file_, watch::Links::followed);
  if (std::exchange(state_, now) == now) return false;
  auto paths = read_file_list(file_);
  const bool others = paths != paths_;
  paths_ = std::move(paths);
  return others;
}

}  // namespace reloadrun::app
