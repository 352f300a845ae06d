#include "net/keep_ports.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace reloadrun::net {
namespace {

using namespace std::chrono_literals;

// A target that has listened on all that it wants does so soon after the first; one that takes
// longer to begin is waited for. What nobody accepts from for a while nobody serves.
constexpr Duration patience_when_served = 5s;
constexpr Duration patience_when_starting = 60s;
constexpr Duration check_interval = 5s;

// In which a worker that has ended is started again by its parent, or its siblings end too.
constexpr Duration time_to_be_replaced = 100ms;

// From letting listen() go on to its being done.
constexpr Duration most_unsure = 5s;

}  // namespace

void KeepPorts::take_over(std::vector<KeptSocket> sockets, TimePoint now) {
  for (KeptSocket& socket : sockets) {
    KeptPort kept;
    kept.number = socket_number(socket.socket.get());
    kept.kind = kind_of(socket.socket.get());
    kept.address = Address::of_socket(socket.socket.get());
    kept.raised = true;
    kept.it = std::move(socket);
    kept_.push_back(std::move(kept));
  }
  target_gone(now);
}

std::vector<KeptSocket> KeepPorts::hand_over() {
  std::vector<KeptSocket> sockets;
  for (KeptPort& kept : std::exchange(kept_, {})) {
    if (!listens(kept.it.socket.get())) {  // the target was refused, or has changed its mind
      kept.it.pay_debt();
      continue;
    }
    sockets.push_back(std::move(kept.it));
  }
  return sockets;
}

void KeepPorts::let_go_of_all() {
  while (!kept_.empty()) let_go(kept_.begin());
}

void KeepPorts::target_stops() {
  stopping_ = true;
  for (KeptPort& kept : kept_) {
    if (!listens(kept.it.socket.get())) continue;
    kept.raised = set_queue(kept.it.socket.get(), kept.it.values.rights.identity, SOMAXCONN);
  }
}

void KeepPorts::target_gone(TimePoint now) {
  target_stops();  // of one that has ended by itself
  stopping_ = false;
  for (KeptPort& kept : kept_) kept.claimed = kept.served = false;
  asked_for_any_port_.clear();
  served_since_.reset();
  free_since_ = now;
  if (!kept_.empty()) look_again_in(patience_when_starting, now);
}

PortTable::iterator KeepPorts::let_go(PortTable::iterator kept) {
  kept->it.pay_debt();  // the target would not be told of a failure either
  return kept_.erase(kept);
}

void KeepPorts::attend(TimePoint now) {
  next_.reset();
  const bool check = now >= next_check_;
  if (check) next_check_ = now + check_interval;
  pause_ = std::min(pause_ * 2, longest_pause);
  if (ends_.take() && !orphans_due_) orphans_due_ = now + time_to_be_replaced;
  if (orphans_due_ && now >= *orphans_due_) {
    orphans_due_.reset();
    let_go_of_orphans();
  }
  for (auto kept = kept_.begin(); kept != kept_.end();) {
    const bool stays = (!kept->unsure_since || make_sure(*kept, now)) &&
                       (kept->claimed || is_waited_for(*kept, now)) &&
                       !(kept->claimed && check && is_abandoned(*kept));
    if (stays && kept->served && kept->raised && !stopping_) lower(*kept, now);
    kept = stays ? kept + 1 : let_go(kept);
  }
  if (!kept_.empty()) look_again_in(next_check_ - now, now);
  next_ = earlier(next_, orphans_due_);
}

/// While siblings are served, what nobody has open is given connections too, and nobody accepts
/// them. Without us it would have been closed with its last descriptor.
void KeepPorts::let_go_of_orphans() {
  if (stopping_ || std::ranges::none_of(kept_, &KeptPort::claimed)) return;
  const auto open = open_sockets_();
  for (KeptPort& kept : kept_) kept.is_open = open.contains(kept.number);
  for (auto kept = kept_.begin(); kept != kept_.end();) {
    const bool is_orphan =
        kept->claimed && !kept->is_open && !kept->unsure_since &&
        has_sibling_that(*kept, [](const KeptPort& other) { return other.is_open; });
    kept = is_orphan ? let_go(kept) : kept + 1;
  }
}

bool KeepPorts::has_sibling_that(const KeptPort& kept, bool (*is)(const KeptPort& sibling)) const {
  return std::ranges::any_of(
      kept_, [&](const KeptPort& other) { return kept.is_sibling_of(other) && is(other); });
}

TimePoint KeepPorts::end_of_patience(const KeptPort& kept) const {
  TimePoint end =
      served_since_ ? *served_since_ + patience_when_served : free_since_ + patience_when_starting;
  Deadline siblings;
  for (const KeptPort& other : kept_) {
    if (!other.served || !kept.is_sibling_of(other)) continue;
    siblings = std::max(siblings.value_or(other.served_since), other.served_since);
  }
  return siblings ? std::min(end, *siblings + patience_with_siblings) : end;
}

/// Whether the next target still has time to ask for it.
bool KeepPorts::is_waited_for(KeptPort& kept, TimePoint now) {
  const TimePoint end = end_of_patience(kept);
  if (now < end) {
    look_again_in(end - now, now);
    return true;
  }
  kept.claimed = is_held(kept);  // by what the target has left running, when it ended
  // While others of its group stay, nobody is to miss it.
  const bool is_last = !has_sibling_that(kept, [](const KeptPort&) { return true; });
  if (!kept.claimed && is_last) tell(News::Kind::let_go, kept.address.text());
  return kept.claimed;
}

/// To the queue that the target has asked for, once nobody waits in it.
void KeepPorts::lower(KeptPort& kept, TimePoint now) {
  if (has_waiting(kept.it.socket.get())) return look_again_in(longest_pause, now);
  const KeptValues& values = kept.it.values;
  static_cast<void>(set_queue(kept.it.socket.get(), values.rights.identity, values.backlog));
  kept.raised = false;
}

/// False when listen() was refused.
bool KeepPorts::make_sure(KeptPort& kept, TimePoint now) {
  if (listens(kept.it.socket.get())) {
    kept.unsure_since.reset();
    serve(kept, now);
    return true;
  }
  look_again_in(pause_, now);
  return now - *kept.unsure_since < most_unsure;
}

/// Whether somebody waits, and nobody has it open to accept him, now and at the last check. While
/// the target ends nobody has to, however long it takes.
bool KeepPorts::is_abandoned(KeptPort& kept) const {
  const bool is_alone = !stopping_ && has_waiting(kept.it.socket.get()) && !is_held(kept);
  return std::exchange(kept.was_alone, is_alone) && is_alone;
}

void KeepPorts::look_again_in(Duration delay, TimePoint now) {
  next_ = earlier(next_, now + delay);
}

void KeepPorts::tell(News::Kind kind, const std::string& address, int error) {
  if (kind == News::Kind::cannot && std::exchange(told_cannot_, true)) return;
  if (kind == News::Kind::too_many && std::exchange(told_too_many_, true)) return;
  news_.push_back({kind, address, error});
}

}  // namespace reloadrun::net
