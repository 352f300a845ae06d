#include "app/opened_files.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "net/acting_as.hpp"
#include "net/identity.hpp"
#include "watch/stamps.hpp"

namespace reloadrun::app {
namespace {

using What = OpenedFile::What;

// Then they are noted once more: whoever takes them knows them.
constexpr std::size_t most_known = 100'000;

constexpr auto of_the_system = std::to_array<std::string_view>(
    {"/bin", "/boot", "/dev", "/etc", "/gnu", "/lib", "/lib32", "/lib64", "/libx32", "/nix",
     "/proc", "/run", "/sbin", "/snap", "/sys", "/usr", "/var"});
constexpr auto but_not = std::to_array<std::string_view>({"/usr/src", "/var/tmp", "/var/www"});

bool lies_in(std::string_view path, std::string_view directory) {
  return path.starts_with(directory) &&
         (path.size() == directory.size() || path[directory.size()] == '/');
}

unsigned bit(What what) { return 1U << static_cast<unsigned>(what); }

/// The source of a module that Python has compiled, and reads in its place (PEP 3147); empty for
/// other files.
std::string source_of(const std::string& path) {
  constexpr std::string_view directory = "/__pycache__/";
  const auto at = path.rfind(directory);
  if (at == std::string::npos || !path.ends_with(".pyc")) return "";
  const std::string_view name = std::string_view(path).substr(at + directory.size());
  const auto end = name.find('.');
  if (name.find('/') != std::string_view::npos) return "";
  return path.substr(0, at + 1).append(name.substr(0, end)).append(".py");
}

std::optional<struct stat> status_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? std::optional(status) : std::nullopt;
}

/// Where everybody may make files (/tmp itself), new names tell nothing.
bool is_everybodys(const struct stat& directory) {
  return (directory.st_mode & (S_ISVTX | S_IWOTH)) == (S_ISVTX | S_IWOTH);
}

}  // namespace

bool is_of_the_system(std::string_view path) {
  if (path.find("/../") != std::string_view::npos) return false;  // the name does not tell
  const auto around = [path](std::string_view directory) { return lies_in(path, directory); };
  return std::ranges::any_of(of_the_system, around) && std::ranges::none_of(but_not, around);
}

bool OpenedFiles::is_known(const std::string& path, What what) const {
  const auto known = known_.find(path);
  if (known == known_.end()) return false;
  // What is written is output, whoever reads it as well.
  return (known->second & (bit(what) | bit(What::written))) != 0;
}

std::vector<OpenedFile> OpenedFiles::news_of(const net::Call& call) {
  if (net::changes_roots(call)) roots_ = net::Roots::any;
  // A known name need not be followed to its file: it is the name that is watched.
  const auto is_nothing_new = [this](std::string_view name) {
    return is_of_the_system(name) || is_known(std::string(name), What::read);
  };
  auto opened = net::opened_by(call, is_nothing_new, roots_);
  if (!opened) return {};
  std::optional<struct stat> status;
  if (opened->kind != net::Opened::Kind::missing) status = opened->status;
  std::vector<OpenedFile> news;
  if (opened->writes) {
    if (is_known(opened->path, What::written)) return news;
    news.push_back({.what = What::written, .path = opened->path, .keys = std::move(opened->keys)});
    return news;
  }
  if (opened->kind == net::Opened::Kind::unreachable) {
    if (!is_known(opened->path, What::unreachable)) {
      news.push_back({What::unreachable, opened->path});
    }
    return news;
  }
  const What what = opened->lists ? What::listed : What::read;
  if (is_known(opened->path, what)) return news;
  if (what == What::listed) {
    if (status && is_everybodys(*status)) return news;
    news.push_back({what, opened->path, status, watch::change_time_now()});
    return news;
  }
  if (const std::string source = source_of(opened->path); !source.empty()) {
    const net::ActingAs caller(net::identity_of(call.thread));
    if (caller) news.push_back({what, source, status_of(source)});
  }
  // A link is watched as well: it may come to lead elsewhere.
  if (!opened->link.empty()) news.push_back({what, opened->link, status});
  news.push_back({what, std::move(opened->path), status});
  return news;
}

bool OpenedFiles::note(std::vector<OpenedFile> news) {
  if (known_.size() > most_known) known_.clear();
  for (const OpenedFile& one : news) known_[one.path] |= bit(one.what);
  const std::lock_guard lock(mutex_);
  const bool first = noted_.empty();
  std::ranges::move(news, std::back_inserter(noted_));
  return first;
}

std::vector<OpenedFile> OpenedFiles::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(noted_, {});
}

}  // namespace reloadrun::app
