#include "app/followed.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "app/file_names.hpp"
#include "app/words.hpp"
#include "base/format.hpp"
#include "base/log.hpp"
#include "watch/listing.hpp"
#include "watch/stamps.hpp"

namespace reloadrun::app {
namespace {

using What = OpenedFile::What;

// A directory costs one watch of inotify, a file a stat() at times. More are a program that reads
// through a disk.
constexpr std::size_t most_files = 20'000;
constexpr std::size_t most_listings = 2'000;
// A server may make a file for each request: the oldest are forgotten.
constexpr std::size_t most_outputs = 10'000;

// Beside its database, by whoever writes that.
constexpr auto sqlites = std::to_array<std::string_view>({"-journal", "-wal", "-shm"});

}  // namespace

/// What is watched anyway.
struct Followed::Outside {
  explicit Outside(const View& view) {
    const auto& directories = view.looker.snapshot().directories;
    for (const std::string& root : view.watched.roots()) {
      const auto known = directories.find(root);
      if (known == directories.end() || !known->second.walked) continue;
      inside.emplace_back(known->second.full);
      if (!inside.back().ends_with('/')) inside.back() += '/';
    }
    for (const auto* const named : {&view.watched.executables(), &view.watched.read_files()}) {
      for (const std::string& path : *named) files.push_back(watch::canonical(path));
    }
  }

  [[nodiscard]] bool contains(const std::string& path) const {
    const auto around = [&](const std::string& directory) {
      return path.starts_with(directory) || path + '/' == directory;
    };
    return std::ranges::none_of(inside, around) && std::ranges::find(files, path) == files.end();
  }

  std::vector<std::string> inside;  // with a '/' at their end
  std::vector<std::string> files;
};

Followed::Followed(OpenedFiles* opened, FollowMemory& memory, const std::string& directory)
    : opened_(opened), memory_(memory), directory_(directory) {
  for (const KnownFile& output : memory.outputs) {
    outputs_.insert(output.path);
    output_keys_.insert(output.keys.begin(), output.keys.end());
  }
}

bool Followed::take_in() {
  if (opened_ == nullptr) return false;
  for (OpenedFile& file : opened_->take()) {
    if (file.what == What::written) {
      note_output({std::move(file.path), std::move(file.keys)});
    } else if (file.what == What::unreachable) {
      tell_unreachable(file.path);
    } else {
      to_follow_.push_back(std::move(file));
    }
  }
  return !to_follow_.empty();
}

void Followed::follow(View& view, watch::Changes& found) {
  const auto files = std::exchange(to_follow_, {});
  if (files.empty()) return;
  const Outside outside(view);
  for (const OpenedFile& file : files) {
    if (!follow(view, outside, file, found)) continue;
    const bool names = file.what == What::listed;
    (names ? memory_.listings : memory_.files).push_back(file.path);
    log::debug("following {}{}", names ? "the names in " : "", shown(file.path));
  }
}

bool Followed::follow(View& view, const Outside& outside, const OpenedFile& file,
                      watch::Changes& found) {
  const bool names = file.what == What::listed;
  if (is_output(file.path) || !outside.contains(file.path)) return false;
  if (view.rules.ignores_outside(file.path, names)) return false;
  const bool full =
      names ? memory_.listings.size() >= most_listings : memory_.files.size() >= most_files;
  too_many_ = too_many_ || full;
  if (full) return false;
  const std::string path = shown(file.path);
  if (names) return view.looker.watch_names(path, file.path, file.status, file.moment, &found);
  std::optional<watch::Stamp> before;
  if (file.status) before = watch::plain_stamp(*file.status);
  return view.looker.watch_file(path, before, &found);
}

void Followed::follow_again(View& view) {
  for (const std::string& path : memory_.files) {
    view.looker.watch_file(shown(path), std::nullopt, nullptr);
  }
  for (const std::string& path : memory_.listings) {
    struct stat status {};
    const bool there = ::stat(path.c_str(), &status) == 0;
    view.looker.watch_names(shown(path), path, there ? std::optional(status) : std::nullopt,
                            watch::change_time_now(), nullptr);
  }
}

void Followed::sort_out(watch::Changes& found) {
  if (outputs_.empty()) return;
  std::erase_if(found, [this](const watch::Change& change) {
    const auto names = names_of(change.path);
    const bool output = std::ranges::any_of(
        names, [this](const auto& one) { return is_output(one) || has_output_key(one); });
    if (output && told_.insert(names.front()).second) {
      log::debug("{} is output: what reloadrun runs has opened it for writing", change.path);
    }
    return output;
  });
}

std::string Followed::limit() const {
  if (!too_many_) return "";
  return fmt::format(
      "--follow: more than {} files or {} directories are opened outside of the watched "
      "directories: the others are not followed",
      most_files, most_listings);
}

void Followed::tell_unreachable(const std::string& path) {
  if (std::exchange(memory_.told_unreachable, true)) return;
  log::debug(
      "{} is opened in another mount namespace, and no mount here has it: such files are "
      "not followed",
      path);
}

void Followed::note_output(KnownFile file) {
  if (!outputs_.insert(file.path).second) return;
  auto& kept = memory_.outputs;
  if (kept.size() >= most_outputs) {
    const auto end = kept.begin() + most_outputs / 10;
    std::for_each(kept.begin(), end, [this](const KnownFile& one) {
      outputs_.erase(one.path);
      for (const FileKey& key : one.keys) output_keys_.erase(key);
    });
    kept.erase(kept.begin(), end);
  }
  output_keys_.insert(file.keys.begin(), file.keys.end());
  kept.push_back(std::move(file));
}

/// Or lies in a directory that is, or beside a database that is.
bool Followed::is_output(const std::string& path) const {
  for (std::string part = path; !part.empty(); part.resize(part.rfind('/'))) {
    if (outputs_.contains(part)) return true;
  }
  return std::ranges::any_of(sqlites, [&](std::string_view ending) {
    return path.ends_with(ending) && outputs_.contains(path.substr(0, path.size() - ending.size()));
  });
}

/// The same, whatever path it was written by.
bool Followed::has_output_key(const std::string& path) const {
  const auto keys = FileKeys().of(path);
  return std::ranges::any_of(keys, [this](const FileKey& key) {
    if (output_keys_.contains(key)) return true;
    return std::ranges::any_of(sqlites, [&](std::string_view ending) {
      if (!key.name.ends_with(ending) || key.name.size() == ending.size()) return false;
      const auto base = key.name.substr(0, key.name.size() - ending.size());
      return output_keys_.contains({key.file, base});
    });
  });
}

/// As looks call it: what lies below the working directory by its path from there.
std::string Followed::shown(const std::string& path) const {
  if (path == directory_) return ".";
  const bool below = !directory_.empty() && path.starts_with(directory_ + "/");
  return below ? path.substr(directory_.size() + 1) : path;
}

}  // namespace reloadrun::app
