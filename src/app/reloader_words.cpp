// What the reloader tells the user of what goes on.

#include <algorithm>
#include <span>
#include <string>

#include "app/reloader.hpp"
#include "app/words.hpp"
#include "base/format.hpp"
#include "base/log.hpp"

namespace reloadrun::app {
namespace {

constexpr std::size_t most_details = 20;  // of what -v says of a look

}  // namespace

void Reloader::tell_watching() const {
  const std::string files = count_text(observer_.file_count(), "file");
  const std::string where = observer_.description();
  if (where.empty()) return log::info("watching {} that the program is made of", files);
  log::info("watching {} in {}", files, where);
}

void Reloader::tell_started(const Target::News& news) {
  const bool first = handover_.starts == 1;
  if (first) tell_watching();
  const char* verb = first ? "started" : "restarted";
  started_since_ = starting_since_.value_or(Clock::now());
  started_because_ = !starting_since_            ? "its start"
                     : handover_.changed.empty() ? "it was asked for"
                                                 : "the change";
  if (starting_since_) {
    log::info("{} {} in {}, pid {}", name_, verb, duration_text(Clock::now() - *starting_since_),
              news.pid);
  } else {
    log::info("{} {}, pid {}", name_, verb, news.pid);
  }
  log::debug("generation {}", handover_.starts);
  handover_.changed.clear();  // another start in this generation has other reasons
}

void Reloader::tell_details(const watch::Changes& changes) {
  for (const auto& change : std::span(changes).first(std::min(changes.size(), most_details))) {
    log::debug("{}", change_detail(change));
  }
  if (changes.size() > most_details) log::debug("and {} more", changes.size() - most_details);
}

/// Of the tree; a main function has no process of its own. "" when all have ended by now.
std::string Reloader::who_is_left() const {
  const auto left = tree_.left();
  if (!left.empty()) return names_of(left);
  return target_->busy() ? name_ : "";
}

void Reloader::carry_out(const core::Tell& tell) {
  using Topic = core::Tell::Topic;
  switch (tell.topic) {
    case Topic::postponed:
      tell_watching();
      log::info("waiting for the first change to start {}", name_);
      break;
    case Topic::waiting:
      if (start_error_) {
        log::error("{}: {}", start_error_->what(), start_error_->what_to_do());
        start_error_.reset();
      }
      log::info("waiting for a change to start {} again", name_);
      break;
    case Topic::starting_again:
      log::info("starting {} again in {}", name_, duration_text(tell.delay));
      break;
    case Topic::file_is_busy:
      log::info("{} is still being written: waiting for it", name_);
      break;
    case Topic::slow_to_stop:
      if (const auto left = who_is_left(); !left.empty()) {
        log::info("waiting up to {} for {} to end", duration_text(tell.delay), left);
      }
      break;
    case Topic::cannot_be_ended:
      if (const auto left = who_is_left(); !left.empty()) {
        log::error("cannot end {}: nothing is started while it runs", left);
      }
      break;
    case Topic::left_behind:
      if (const auto left = who_is_left(); !left.empty()) {
        log::error("cannot end {}: it is left behind", left);
      }
      break;
  }
}

}  // namespace reloadrun::app
