#include "app/written_files.hpp"

#include <algorithm>

namespace reloadrun::app {

void WrittenFiles::note(const std::string& path) { written_[path] = ++last_; }

WrittenFiles::Number WrittenFiles::last_of(const std::string& path) const {
  Number number = 0;
  for (std::string part = path; !part.empty(); part.resize(part.rfind('/'))) {
    const auto found = written_.find(part);
    if (found != written_.end()) number = std::max(number, found->second);
    if (part.find('/') == std::string::npos) break;
  }
  const auto accounted = accounted_.find(path);
  const Number until = accounted == accounted_.end() ? 0 : accounted->second;
  return number > std::max(until, all_until_) ? number : 0;
}

void WrittenFiles::account(const std::string& path, Number until) { accounted_[path] = until; }

void WrittenFiles::account_all(Number until) {
  all_until_ = until;
  std::erase_if(written_, [until](const auto& one) { return one.second <= until; });
  std::erase_if(accounted_, [until](const auto& one) { return one.second <= until; });
}

}  // namespace reloadrun::app
