// What the reloader hears of its target's calls: of ports (--keep-ports) and files (--follow).

#include <utility>

#include "app/reloader.hpp"
#include "app/words.hpp"
#include "base/format.hpp"
#include "base/log.hpp"

namespace reloadrun::app {

void Reloader::take_call_news() {
  if (target_->starting()) return;  // first it is told that it has started
  observer_.follow_opened();
  using Kind = net::KeepPorts::News::Kind;
  for (const auto& news : calls_.news()) {
    switch (news.kind) {
      case Kind::listening:
        log::info("listening on {}, {} after {}", news.address,
                  duration_text(Clock::now() - started_since_), started_because_);
        break;
      case Kind::let_go:
        log::info("{} does not listen on {} any more: it is let go", name_, news.address);
        break;
      case Kind::cannot:
        observer_.tell_once(deaf_to_calls_text({.keep_ports = true}, name_, news.error));
        break;
      case Kind::too_many:
        log::warn("{} listens on too many ports: {} is not kept", name_, news.address);
        break;
    }
  }
}

/// Why what needs the target's calls is without effect on it.
void Reloader::tell_unheard(const Target::News& news) {
  const CallsNeeded needed{options_.keep_ports, options_.follow};
  const std::string asked = call_options_text(needed);
  if (asked.empty()) return;
  if (news.gains_rights) {
    observer_.tell_once(fmt::format("{} has rights of its own, which {} would take from it: {}",
                                    name_, asked, without_calls_text(needed, name_)));
    return;
  }
  const int error = calls_.refused() != 0 ? calls_.refused() : news.unheard;
  if (error != 0) observer_.tell_once(deaf_to_calls_text(needed, name_, error));
}

}  // namespace reloadrun::app
