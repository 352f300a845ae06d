#include "app/followed_list.hpp"

#include <fcntl.h>

#include <utility>

#include "app/file_list.hpp"

namespace reloadrun::app {

// The state is not read at first: what has changed since the supervisor read the file is to be
// found.
FollowedList::FollowedList(const Options& options, std::optional<Paths>& kept)
    : file_(options.files_from == "-" ? "" : options.files_from),
      kept_(kept),
      paths_(kept.value_or(options.listed)) {}

bool FollowedList::refresh() {
  if (file_.empty()) return false;
  const auto now = watch::rule_file_state(AT_FDCWD, file_, watch::Links::followed);
  if (std::exchange(state_, now) == now) return false;
  kept_ = paths_;
  auto paths = read_file_list(file_);
  kept_.reset();
  const bool others = paths != paths_;
  paths_ = std::move(paths);
  return others;
}

}  // namespace reloadrun::app
