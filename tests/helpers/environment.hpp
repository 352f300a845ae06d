// Variables of the environment as a test wants them, put back when it ends.
#pragma once

#include <map>
#include <optional>
#include <string>

namespace reloadrun::test {

class Environment {
 public:
  using Values = std::map<std::string, std::optional<std::string>>;

  /// Sets these; nullopt: not set at all.
  explicit Environment(const Values& values);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  Values before_;
};

}  // namespace reloadrun::test
