#include "helpers/environment.hpp"

#include <cstdlib>

namespace reloadrun::test {
namespace {

void put(const Environment::Values& values) {
  for (const auto& [name, value] : values) {
    if (value) {
      ::setenv(name.c_str(), value->c_str(), 1);
    } else {
      ::unsetenv(name.c_str());
    }
  }
}

}  // namespace

Environment::Environment(const Values& values) {
  for (const auto& [name, value] : values) {
    const char* const before = std::getenv(name.c_str());
    before_[name] = before == nullptr ? std::nullopt : std::optional<std::string>(before);
  }
  put(values);
}

Environment::~Environment() { put(before_); }

}  // namespace reloadrun::test
