// The options as they are now: what the command line and its configuration file say, checked, and
// read again when that file has changed. Driven by the supervisor before each reloader, and by the
// builder before each build, each on its main thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "app/env_file.hpp"
#include "reloadrun/options.hpp"

namespace reloadrun::app {

/// What the command line and its configuration file ask for now: a run, or a text for stdout.
/// Throws Error for what is wrong with them.
using ReadOptions = std::function<std::variant<Options, std::string>()>;

/// Checks what `options` name that `known` do not: what was there once may be missing later, which
/// is told elsewhere. Reads the list of --files-from, but for stdin's. Returns what the env files
/// give. Throws Error (status 2); where the configuration file is to blame, with its name and line.
/// `executables` as for watch::WatchSet.
std::vector<Variable> check(Options& options, const std::vector<std::string>& executables,
                            const Options& known = {});

/// What the configuration file has now; nullopt when it cannot be read, or is not there.
std::optional<std::string> config_text(const Options& options);

class Settings {
 public:
  /// `options` are checked. `read` is not called when they name no configuration file.
  Settings(Options options, ReadOptions read);

  /// The same object throughout.
  [[nodiscard]] const Options& options() const { return options_; }

  /// What the configuration file had when refresh() read it last.
  [[nodiscard]] const std::optional<std::string>& text() const { return text_; }

  /// Reads the configuration file again when it is another than it was. When it has become wrong,
  /// the last good options stay. Returns those that others have replaced; nullopt when none have.
  std::optional<Options> refresh();

  /// What there is to tell of the configuration file as refresh() found it: what is wrong, or what
  /// cannot change while reloadrun runs.
  [[nodiscard]] const std::vector<std::string>& notices() const { return notices_; }

 private:
  [[nodiscard]] bool may_have_changed();
  void keep_what_counts_once(Options& fresh);

  Options options_;
  const ReadOptions read_;
  bool known_ = false;               // what the file has is what the options were made of
  std::optional<std::string> text_;  // what it has; nullopt when it could not be read
  std::vector<std::string> notices_;
};

}  // namespace reloadrun::app
