// The socket between reloader and builder. The builder outlives the reloaders, of which the one
// that runs has the other end, on its main thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "app/message_socket.hpp"
#include "app/written_files.hpp"
#include "base/clock.hpp"
#include "base/ending.hpp"
#include "base/fd.hpp"

namespace reloadrun::app {

// From the reloader ------------------------------------------------------------------------------

struct BuildOrder {};      ///< start a build; none is running
struct StopBuildOrder {};  ///< stop it; it may have ended
/// Which writes of these files are not accounted for? Absolute paths.
struct WritesQuestion {
  std::uint64_t number = 0;  ///< of the question
  std::vector<std::string> paths;
};
/// Those up to these are.
struct WritesSeen {
  std::map<std::string, WrittenFiles::Number> until;
};
/// All up to this one are.
struct AllWritesSeen {
  WrittenFiles::Number until = 0;
};
using BuildRequest =
    std::variant<BuildOrder, StopBuildOrder, WritesQuestion, WritesSeen, AllWritesSeen>;

// From the builder -------------------------------------------------------------------------------

/// The build runs. `refusal`: errno, when the kernel does not tell what it writes; or 0.
struct BuildRuns {
  int refusal = 0;
};
/// It has ended, or could not be started.
struct BuildOver {
  int error = 0;  ///< errno of the start
  Ending ending;
  Duration ran{0};
  WrittenFiles::Number last_write = 0;  ///< all that it wrote is up to here
};
struct WritesAnswer {
  std::uint64_t number = 0;
  std::vector<WrittenFiles::Writes> writes;  ///< of each path
};
using BuildReport = std::variant<BuildRuns, BuildOver, WritesAnswer>;
using BuildNews = std::variant<BuildRuns, BuildOver>;

// ------------------------------------------------------------------------------------------------

/// The reloader's end. A builder that has gone answers nothing: the supervisor ends us then.
class BuildLink {
 public:
  explicit BuildLink(Fd socket) : socket_(std::move(socket)) {}

  [[nodiscard]] int fd() const { return socket_.fd(); }
  /// nullopt when there is none now.
  std::optional<BuildNews> next();
  /// Whether next() has some that fd() does not tell of.
  [[nodiscard]] bool has_news() const { return !news_.empty(); }

  void order_build() { send(BuildOrder{}); }
  void order_stop() { send(StopBuildOrder{}); }

  /// The writes of each of these files that are not accounted for. Waits for the answer.
  std::vector<WrittenFiles::Writes> writes_of(const std::vector<std::string>& paths);
  void account(std::map<std::string, WrittenFiles::Number> until);
  void account_all(WrittenFiles::Number until) { send(AllWritesSeen{until}); }

 private:
  void send(const BuildRequest& request);
  std::optional<BuildReport> receive();
  std::optional<WritesAnswer> answer_to(std::uint64_t question);

  MessageSocket socket_;
  std::deque<BuildNews> news_;  // that have come before an answer
  // Of the last question; not begun anew by each reloader, for whose number an old answer may wait.
  std::uint64_t question_ = static_cast<std::uint64_t>(Clock::now().time_since_epoch().count());
};

/// The builder's end.
class BuildService {
 public:
  explicit BuildService(Fd socket) : socket_(std::move(socket)) {}

  [[nodiscard]] int fd() const { return socket_.fd(); }
  /// nullopt when there is none now.
  std::optional<BuildRequest> next();
  void report(const BuildReport& report);

 private:
  MessageSocket socket_;
};

}  // namespace reloadrun::app
