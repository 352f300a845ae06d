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

/// Start a build. One that runs is stopped before, and not told of any more.
struct BuildOrder {
  std::uint64_t number = 0;
};
struct StopBuildOrder {};  ///< stop it; it may have ended
/// Which writes of these files are not accounted for? Absolute paths. Without paths: which files
/// are written to their end, as of now, before a look at everything?
struct WritesQuestion {
  std::uint64_t number = 0;  ///< of the question
  std::vector<std::string> paths;
};
/// Those up to these are.
struct WritesSeen {
  std::map<std::string, WrittenFiles::Number> until;
};
/// All are of what was written to its end by then.
struct AllWritesSeen {
  WrittenFiles::Settling until = 0;
};
using BuildRequest =
    std::variant<BuildOrder, StopBuildOrder, WritesQuestion, WritesSeen, AllWritesSeen>;

// From the builder -------------------------------------------------------------------------------

/// The build runs. `refusal`: errno, when the kernel does not tell what it writes; or 0.
struct BuildRuns {
  std::uint64_t number = 0;  ///< of the order
  int refusal = 0;
};
/// It has ended, or could not be started.
struct BuildOver {
  std::uint64_t number = 0;  ///< of the order
  int error = 0;             ///< errno of the start
  Ending ending;
  Duration ran{0};
  WrittenFiles::Settling settled = 0;  ///< what it wrote is written to its end
};
struct WritesAnswer {
  std::uint64_t number = 0;
  std::vector<WrittenFiles::Writes> writes;  ///< of each path
  WrittenFiles::Settling settled = 0;        ///< when no path was named
};
using BuildReport = std::variant<BuildRuns, BuildOver, WritesAnswer>;
using BuildNews = std::variant<BuildRuns, BuildOver>;

// ------------------------------------------------------------------------------------------------

/// The reloader's end; the supervisor keeps it for the next one, so the builder sees no reloader's
/// end. A builder that has gone answers nothing: the supervisor ends us then.
class BuildLink {
 public:
  explicit BuildLink(Fd socket) : socket_(std::move(socket)) {}

  [[nodiscard]] int fd() const { return socket_.fd(); }
  /// nullopt when there is none now.
  std::optional<BuildNews> next();
  /// Whether next() has some that fd() does not tell of.
  [[nodiscard]] bool has_news() const { return !news_.empty(); }

  void order_build() { send(BuildOrder{build_ = ++number_}); }
  void order_stop() { send(StopBuildOrder{}); }

  /// The writes of each of these files that are not accounted for. Waits a while for the answer;
  /// nullopt when there is none by then.
  std::optional<std::vector<WrittenFiles::Writes>> writes_of(const std::vector<std::string>& paths);
  /// Before a look at everything, for account_all() after it; 0 when there is nothing to be
  /// accounted for, or no answer.
  WrittenFiles::Settling settle();
  void account(const std::map<std::string, WrittenFiles::Number>& until);
  void account_all(WrittenFiles::Settling until) { send(AllWritesSeen{until}); }

 private:
  void send(const BuildRequest& request);
  std::optional<BuildReport> receive();
  std::optional<WritesAnswer> ask(std::vector<std::string> paths);

  MessageSocket socket_;
  std::deque<BuildNews> news_;  // that have come before an answer
  // Of the last order or question; not begun anew by each reloader, for whose number something old
  // may wait here.
  std::uint64_t number_ = static_cast<std::uint64_t>(Clock::now().time_since_epoch().count());
  std::uint64_t build_ = 0;  // the one that is told of
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
