#include "app/build_outputs.hpp"

#include <filesystem>
#include <system_error>
#include <utility>

#include "proc/open_files.hpp"

namespace reloadrun::app {
namespace {

namespace fs = std::filesystem;

/// Under which names the builder may know a file: its own without links before it, and what it
/// leads to if it is a link. Also for a file that has gone, with its directory even.
std::vector<std::string> names_of(const std::string& path) {
  std::error_code error;
  const fs::path whole = fs::absolute(path, error).lexically_normal();
  if (error) return {};
  const fs::path directory = fs::weakly_canonical(whole.parent_path(), error);
  if (error) return {};
  std::vector<std::string> names{directory / whole.filename()};
  if (fs::is_symlink(names.front(), error)) {
    const fs::path file = fs::weakly_canonical(names.front(), error);
    if (!error) names.push_back(file);
  }
  return names;
}

}  // namespace

std::vector<std::string> BuildOutputs::sort_out(watch::Changes& found) {
  if (link_ == nullptr) return {};
  std::vector<Asked> asked;
  for (const auto& change : found) asked.push_back({change.path, names_of(change.path)});
  // What was opened since has a later write.
  if (any_open()) {
    for (const auto& [path, writes] : open_) asked.push_back({path, names_of(path)});
  }
  if (asked.empty()) return {};
  const auto writes = writes_of(asked);
  std::erase_if(found, [&](const auto& change) { return writes.contains(change.path); });

  std::vector<std::string> closed;
  for (const auto& [path, its_writes] : writes) {
    const bool is_open = proc::open_for_writing(path) == proc::Writing::yes;
    (is_open ? open_ : closed_).insert_or_assign(path, its_writes);
    if (is_open) continue;
    open_.erase(path);
    closed.push_back(path);
  }
  return closed;
}

std::map<std::string, BuildOutputs::Writes> BuildOutputs::writes_of(
    const std::vector<Asked>& asked) {
  std::vector<std::string> names;
  for (const Asked& one : asked) names.insert(names.end(), one.names.begin(), one.names.end());
  const auto numbers = link_->last_writes(names);
  std::map<std::string, Writes> writes;
  std::size_t at = 0;
  for (const Asked& one : asked) {
    for (const std::string& name : one.names) {
      if (numbers[at] != 0) writes[one.path].emplace(name, numbers[at]);
      ++at;
    }
  }
  return writes;
}

void BuildOutputs::account(const std::vector<std::string>& closed) {
  Writes until;
  for (const std::string& path : closed) {
    if (auto one = closed_.extract(path)) until.merge(one.mapped());
  }
  if (!until.empty()) link_->account(std::move(until));
}

void BuildOutputs::account_all(WrittenFiles::Number until) {
  open_.clear();
  link_->account_all(until);
}

}  // namespace reloadrun::app
