// What the reloader hears of the ports that its target listens on (--keep-ports).

#include <utility>

#include "app/reloader.hpp"
#include "app/words.hpp"
#include "base/log.hpp"

namespace reloadrun::app {

void Reloader::take_call_news() {
  if (target_.starting()) return;  // first it is told that it has started
  using Kind = net::KeepPorts::News::Kind;
  for (const auto& news : calls_.news()) {
    const std::string address = printable(news.address);
    switch (news.kind) {
      case Kind::listening:
        log::info("listening on {}, {} after {}", address,
                  duration_text(Clock::now() - started_since_), started_because_);
        break;
      case Kind::let_go:
        log::info("{} does not listen on {} any more: it is let go", name_, address);
        break;
      case Kind::cannot:
        observer_.tell_once(deaf_to_calls_text(name_, news.error));
        break;
      case Kind::too_many:
        log::warn("{} listens on too many ports: {} is not kept", name_, address);
        break;
    }
  }
}

/// Why --keep-ports is without effect on this target.
void Reloader::tell_unheard(const Target::News& news) {
  if (!options_.keep_ports) return;
  if (news.gains_rights) {
    observer_.tell_once(name_ + " has rights of its own, which --keep-ports would take from it: "
                                "its ports are not kept");
    return;
  }
  const int error = calls_.refused() != 0 ? calls_.refused() : news.unheard;
  if (error != 0) observer_.tell_once(deaf_to_calls_text(name_, error));
}

}  // namespace reloadrun::app
