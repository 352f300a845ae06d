// Env files (--env-file): variables for the target's environment. Read by the supervisor before
// anything is started, and by the reloader's main thread before every start.
//
// One variable a line, `NAME=VALUE`, also with `export ` before it. White space around NAME and
// around VALUE is dropped, and so are a byte order mark and the carriage returns of CRLF. Blank
// lines, lines that begin with `#`, and what follows a `#` after white space are comments. A VALUE
// in quotes ends on its line: between single ones everything is as it stands; between double ones
// `\n` is a line feed, and `\"` and `\\` are what follows the backslash. Nothing else is read into
// a value: no `$`, no command. Bytes are kept as they are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace reloadrun::app {

struct Variable {
  std::string name;
  std::string value;
  bool operator==(const Variable&) const = default;
};

/// The variables of an env file's `text`, in their order; `file` is its name for the user. Throws
/// Error (status 2) with "FILE:LINE: ..." for whatever is none of the above, and for the names that
/// are not the user's to give: RUN_MAIN, RELOADRUN_*, LISTEN_*. No error quotes from the file: it
/// may hold secrets.
std::vector<Variable> parse_env_file(std::string_view text, const std::string& file);

/// The variables of all `files`, each once: the last one of a name counts. Throws Error (status 2)
/// also for a file that cannot be read, and for more than can be handed over.
std::vector<Variable> read_env_files(const std::vector<std::string>& files);

/// What the env files gave when they were last right.
struct Environment {
  std::vector<Variable> variables;
  std::string fault;  ///< what is wrong with them since; told
};

/// Reads `files` into `environment`; when they have become wrong, says so in one line, once for the
/// same fault, and leaves the last good ones there.
void reread_env_files(const std::vector<std::string>& files, Environment& environment);

}  // namespace reloadrun::app
