#include "app/settings.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "app/command_target.hpp"
#include "app/file_list.hpp"
#include "app/named_file.hpp"
#include "app/words.hpp"
#include "app/working_directory.hpp"
#include "base/format.hpp"
#include "net/listen_address.hpp"
#include "reloadrun/error.hpp"
#include "watch/rules.hpp"
#include "watch/soft.hpp"
#include "watch/watch_set.hpp"

namespace reloadrun::app {
namespace {

namespace fs = std::filesystem;

constexpr auto from_stdin = "-";

/// Errors begin with the option that they are about; if the configuration file gave that, they are
/// about a line of it.
Error at_its_line(const Error& error, const Options& options) {
  const std::string what = error.what();
  const auto& lines = options.config_lines;
  // Of those that `what` begins with the longest is the last: "--watch 'src'" after "--watch".
  const auto given = std::find_if(lines.rbegin(), lines.rend(), [&what](const auto& one) {
    const std::string& name = one.first;
    return what.starts_with(name) && what.find_first_of(" :", name.size()) == name.size();
  });
  if (given == lines.rend()) return error;
  return {fmt::format("{}:{}: {}", options.config_file, given->second, what.substr(2)),
          error.what_to_do(), error.exit_status()};
}

/// Throws Error for a pattern that is none.
void require_patterns(const Options& options) {
  const std::string directory = working_directory();
  static_cast<void>(watch::Rules(options, directory));
  static_cast<void>(watch::Soft(options.soft, directory));
}

}  // namespace

std::vector<Variable> check(Options& options, const std::vector<std::string>& executables,
                            const Options& known) {
  try {
    std::vector<Variable> environment;
    if (options.listen != known.listen) static_cast<void>(net::parse_listen(options.listen));
    if (options.env_files != known.env_files) environment = read_env_files(options.env_files);
    if (options.files_from != known.files_from && options.files_from != from_stdin) {
      options.listed.clear();
      if (!options.files_from.empty()) options.listed = read_file_list(options.files_from);
    }
    if (options.watch != known.watch) {
      watch::WatchSet(options, executables, options.listed).require_roots();
    }
    require_patterns(options);
    return environment;
  } catch (const Error& error) {
    throw at_its_line(error, options);
  }
}

std::optional<std::string> config_text(const Options& options) {
  // As is usual; and the first exception of a process costs more than the rest of a restart.
  std::error_code unknown;
  if (options.config_file.empty() || !fs::exists(options.config_file, unknown)) return std::nullopt;
  try {
    return read_config_file("--config", options.config_file);
  } catch (const Error&) {  // it is told, if need be, by whoever parses it
    return std::nullopt;
  }
}

Settings::Settings(Options options, ReadOptions read)
    : options_(std::move(options)), read_(std::move(read)) {}

std::optional<Options> Settings::refresh() {
  if (options_.config_file.empty() || !may_have_changed()) return std::nullopt;
  notices_.clear();
  try {
    auto fresh = std::get<Options>(read_());
    keep_what_counts_once(fresh);
    options_.config_lines = fresh.config_lines;  // for messages alone
    if (fresh == options_) return std::nullopt;
    check(fresh, executables_of(fresh), options_);
    return std::exchange(options_, std::move(fresh));
  } catch (const Error& error) {
    known_ = false;  // it may be what it names that has to change
    notices_.push_back(
        fmt::format("{}: {}; the last good settings stay", error.what(), error.what_to_do()));
    return std::nullopt;
  }
}

/// By its bytes, read before it is parsed: what is written meanwhile is another text next time.
bool Settings::may_have_changed() {
  auto text = config_text(options_);
  if (std::exchange(known_, true) && text == text_) return false;
  text_ = std::move(text);
  return true;
}

/// The supervisor listens before anything else, and reads stdin to its end.
void Settings::keep_what_counts_once(Options& fresh) {
  const auto tell = [this](const char* name) {
    notices_.push_back(fmt::format("{}: another {} counts when reloadrun is started again",
                                   options_.config_file, name));
  };
  if (fresh.listen != options_.listen) {
    tell("listen");
    fresh.listen = options_.listen;
  }
  const bool another_list = fresh.files_from != options_.files_from;
  if (another_list && (fresh.files_from == from_stdin || options_.files_from == from_stdin)) {
    tell("files-from");
    fresh.files_from = options_.files_from;
  }
  if (fresh.files_from == options_.files_from) fresh.listed = options_.listed;
}

}  // namespace reloadrun::app
