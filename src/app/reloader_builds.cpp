// What the reloader does about builds (--build): a burst is settled and built for while the old
// target goes on, and only what was built is handed over and started.

#include <chrono>
#include <cstring>
#include <string>
#include <utility>

#include "app/reloader.hpp"
#include "app/words.hpp"
#include "base/format.hpp"
#include "base/log.hpp"

namespace reloadrun::app {

void Reloader::take_build_news() {
  while (build_link_) {
    const auto news = build_link_->next();
    if (!news) return;
    if (const auto* runs = std::get_if<BuildRuns>(&*news)) {
      if (runs->refusal != 0) observer_.tell_once(blind_build_text(runs->refusal));
      feed(core::BuildBegun{runs->refusal == 0});
    } else if (const auto* over = std::get_if<BuildOver>(&*news)) {
      observer_.build_ended(over->settled);
      build_over_ = *over;
      feed(core::BuildEnded{over->error == 0 && over->ending == Ending{}, observer_.in_burst()});
    }
  }
}

/// A signal needs no build, if COMMAND answers it; everything else does.
void Reloader::build_after(const Burst::Noticed& noticed) {
  const auto what = changes_text(noticed.changes);
  const bool answered = !noticed.signals.empty() && target_->busy() && !target_->starting() &&
                        !deaf_to(noticed.signals);
  if (answered) {
    log::info("{}: {} to {}", what, signals_text(noticed.signals), name_);
  } else {
    log::info("{}: building", what);
  }
  tell_details(noticed.changes);
  if (!handover_.since) handover_.since = noticed.first;
  const auto paths = watch::paths_of(noticed.changes);
  if (answered) {
    feed(core::Changed{paths, noticed.signals});
  } else {
    feed(core::BuildWanted{paths});
  }
}

void Reloader::feed(const core::BuildEvent& event) {
  if (policy_.ending()) return;
  for (const core::BuildAction& action : builds_.on(event)) {
    std::visit([this](const auto& what) { carry_out(what); }, action);
  }
}

void Reloader::carry_out(const core::StartBuild&) { build_link_->order_build(); }

void Reloader::carry_out(const core::StopBuild&) { build_link_->order_stop(); }

void Reloader::carry_out(const core::ForgetChanges&) { observer_.forget_changes(); }

void Reloader::carry_out(const core::Built& built) {
  log::info("built in {}", duration_text(build_over_.ran));
  if (begun_) {
    built_ = true;
    return feed(core::Changed{built.paths});
  }
  handover_.changed = changed_variable(built.paths, std::move(handover_.changed));
  begun_ = true;
  feed(core::Begin{});
}

void Reloader::carry_out(const core::BuildFailed&) {
  const std::string what =
      build_over_.error != 0
          ? fmt::format("cannot be started ({})", std::strerror(build_over_.error))
          : fmt::format("{} after {}", ending_text(build_over_.ending),
                        duration_text(build_over_.ran));
  log::error("the build {}: {}the next change builds again", what,
             target_->busy() ? name_ + " goes on, and " : "");
  handover_.since.reset();  // another change is another restart
}

}  // namespace reloadrun::app
