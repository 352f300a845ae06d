#include "watch/soft.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

namespace reloadrun::watch {
namespace {

std::vector<std::string> patterns_of(const std::vector<SoftRule>& rules) {
  std::vector<std::string> patterns;
  patterns.reserve(rules.size());
  for (const SoftRule& rule : rules) patterns.push_back(rule.pattern);
  return patterns;
}

}  // namespace

Soft::Soft(const std::vector<SoftRule>& rules, const std::string& here)
    : here_(here), patterns_("--soft", patterns_of(rules), here) {
  for (const SoftRule& rule : rules) signals_.push_back(rule.signal);
}

std::optional<int> Soft::signal(std::string_view path) const {
  if (patterns_.empty()) return std::nullopt;
  const std::string full = (std::filesystem::path(here_) / path).lexically_normal();
  const Pattern* const pattern = patterns_.match_nearest(full);
  if (pattern == nullptr || pattern->negated) return std::nullopt;
  return signals_.at(pattern->line - 1);
}

std::vector<int> Soft::signals(const std::vector<std::string>& paths) const {
  std::set<int> wanted;
  for (const std::string& path : paths) {
    const auto one = signal(path);
    if (!one) return {};
    wanted.insert(*one);
  }
  std::vector<int> in_order;
  std::copy_if(signals_.begin(), signals_.end(), std::back_inserter(in_order),
               [&](int one) { return wanted.erase(one) != 0; });
  return in_order;
}

}  // namespace reloadrun::watch
