#include "app/followed_list.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "app/file_list.hpp"
#include "app/words.hpp"
#include "base/format.hpp"
#include "proc/open_files.hpp"

namespace reloadrun::app {

// The state is not read at first: what has changed since the supervisor read the file is to be
// found.
FollowedList::FollowedList(const Options& options, std::optional<Paths>& kept)
    : name_(options.files_from),
      file_(options.files_from == "-" ? "" : options.files_from),
      kept_(kept),
      paths_(kept.value_or(options.listed)) {}

bool FollowedList::refresh() {
  if (file_.empty()) return false;
  const auto state = [this] {
    return watch::rule_file_state(AT_FDCWD, file_, watch::Links::followed);
  };
  const auto now = state();
  // Half of a list is none: it is read when its writer has closed it.
  if (now == state_ || proc::open_for_writing(file_) == proc::Writing::yes) return false;
  state_ = now;
  auto paths = read_file_list(file_);
  if (state() != now) {  // somebody has begun to write it meanwhile
    state_.reset();
    return false;
  }
  kept_ = paths;
  const bool others = paths != paths_;
  paths_ = std::move(paths);
  return others;
}

std::string FollowedList::missing() const {
  const auto gone = [](const std::string& path) { return ::access(path.c_str(), F_OK) != 0; };
  const auto first = std::ranges::find_if(paths_, gone);
  if (first == paths_.end()) return "";
  const auto count = static_cast<std::size_t>(std::count_if(first, paths_.end(), gone));
  return fmt::format("{} of {} {} not there ('{}'): waiting for {}", count_text(count, "path"),
                     name_, count == 1 ? "is" : "are", *first, count == 1 ? "it" : "them");
}

}  // namespace reloadrun::app
