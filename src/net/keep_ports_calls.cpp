// How KeepPorts answers each call.

#include <sys/socket.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <set>
#include <utility>

#include "net/keep_ports.hpp"
#include "net/named_path.hpp"
#include "net/port_calls.hpp"
#include "net/probe.hpp"

namespace reloadrun::net {
namespace {

// Descriptors go in one message with others, and the kernel takes 253 (SCM_MAX_FD).
constexpr std::size_t most_kept = 200;

int descriptor(const Call& call) { return static_cast<int>(call.arguments[0]); }

bool overlaps(const Address& a, const Address& b) {
  if (a.is_internet() && b.is_internet()) return a.port() == b.port() && a.port() != 0;
  return a == b;
}

}  // namespace

bool KeepPorts::answer(Notifier& notifier, const Call& waiting, TimePoint now) {
  const auto call = port_call(waiting);
  if (!call) return false;
  switch (call->number) {
    case SYS_bind:
      answer_bind(notifier, *call);
      return true;
    case SYS_connect:
      answer_connect(notifier, *call);
      return true;
    case SYS_listen:
      answer_listen(notifier, *call, now);
      return true;
    case SYS_shutdown:
      answer_shutdown(notifier, *call);
      return true;
#ifdef SYS_unlink
    case SYS_unlink:
#endif
    case SYS_unlinkat:
      answer_unlink(notifier, *call);
      return true;
    default:
      return false;
  }
}

KeepPorts::Table::iterator KeepPorts::find(SocketNumber number) {
  return number == 0 ? kept_.end() : std::ranges::find(kept_, number, &Kept::number);
}

// bind() -----------------------------------------------------------------------------------------

void KeepPorts::answer_bind(Notifier& notifier, const Call& call) {
  const auto size = std::min<std::uint64_t>(call.arguments[2], sizeof(sockaddr_storage));
  const auto bytes = call.bytes(1, size);
  if (!bytes && errno == EPERM) tell(News::Kind::cannot, {}, EPERM);
  const Address asked(bytes.value_or(""));
  const bool concerns_us = asked.is_internet() || asked.family() == AF_UNIX;
  if (!concerns_us || !swap(notifier, call, asked)) notifier.let_go_on(call);
}

/// Returns whether the call is answered.
bool KeepPorts::swap(Notifier& notifier, const Call& call, const Address& asked) {
  const Caller caller(call);
  const Fd own = caller.take_socket(descriptor(call));
  if (!own) {
    if (errno == EPERM || errno == EACCES) tell(News::Kind::cannot, {}, errno);
    return false;
  }
  const SocketKind kind = kind_of(own.get());
  if (!kind.may_listen() || !notifier.waits(call)) return false;
  // A handled signal may take the caller out of a call that was answered already (before Linux
  // 5.19): then it makes the same call with the socket that it was given.
  const SocketNumber number = socket_number(own.get());
  if (const auto given = find(number); given != kept_.end()) {
    if (given->it.values.asked != asked || !given->raised) return false;
    notifier.answer_done(call);
    return true;
  }
  const auto kept = choose(kind, call, asked);
  if (kept == kept_.end()) {
    make_room_for(asked, caller);
    if (asked.is_internet() && asked.port() == 0) asked_for_any_port_.note(number, asked);
    return false;
  }
  dress(kept->it.socket.get(), own.get());
  if (!notifier.put(call, kept->it.socket.get(), descriptor(call),
                    caller.closes_on_exec(descriptor(call)))) {
    return false;
  }
  if (kind.shares_port) ends_.watch(caller.process());
  kept->claimed = true;
  kept->raised = true;
  kept->it.values.owed_path.clear();
  notifier.answer_done(call);
  return true;
}

/// Whether it is what `call` would get by its own bind().
bool KeepPorts::fits(const Kept& kept, const Call& call, const Address& asked) const {
  const KeptValues& values = kept.it.values;
  const bool any_port = asked.is_internet() && asked.port() == 0;
  if (!asked.path().empty()) {
    if (file_named(call, asked.path()) != values.file) return false;
  } else if (values.asked != asked && (any_port || kept.address != asked)) {
    return false;
  }
  if (Caller(call).rights() != values.rights) return false;
  // In one generation a port may be tried, closed and taken again. Whoever wants any port wants
  // another one each time.
  return !(any_port && kept.claimed);
}

/// Which of those that nobody has open. Of a group one after the other, and first the one in which
/// most wait.
KeepPorts::Table::iterator KeepPorts::choose(const SocketKind& kind, const Call& call,
                                             const Address& asked) {
  std::vector<Table::iterator> those;
  for (auto kept = kept_.begin(); kept != kept_.end(); ++kept) {
    if (kept->kind == kind) those.push_back(kept);
  }
  const auto rank = [](Table::iterator kept) {
    const int socket = kept->it.socket.get();
    return std::pair(kept->claimed, kept->kind.shares_port ? -how_many_wait(socket) : 0);
  };
  std::ranges::stable_sort(those, {}, rank);
  std::optional<std::set<SocketNumber>> open;
  const auto is_open = [&](const Kept& kept) {
    if (!open) open = open_sockets_();
    return open->contains(kept.number);
  };
  const auto is_it = [&](Table::iterator kept) {
    // The common case of a group, and to ask for rights of each costs more.
    const bool is_member = kept->kind.shares_port && kept->address == asked;
    if (is_member && kept->claimed && is_open(*kept)) return false;
    return fits(*kept, call, asked) && !is_open(*kept);
  };
  const auto chosen = std::ranges::find_if(those, is_it);
  return chosen == those.end() ? kept_.end() : *chosen;
}

/// What is kept, and nobody has open, is not to be in the way of another address that has the same
/// port.
void KeepPorts::make_room_for(const Address& asked, const Caller& caller) {
  const auto is_in_the_way = [&](const Kept& kept) {
    return overlaps(kept.address, asked) && !kept.unsure_since;
  };
  if (std::ranges::none_of(kept_, is_in_the_way)) return;
  const auto rights = caller.rights();
  const auto open = open_sockets_();
  for (auto kept = kept_.begin(); kept != kept_.end();) {
    const bool is_free = is_in_the_way(*kept) && rights &&
                         rights->network_namespace == kept->it.values.rights.network_namespace &&
                         !open.contains(kept->number);
    kept = is_free ? let_go(kept) : kept + 1;
  }
}

// connect() --------------------------------------------------------------------------------------

void KeepPorts::answer_connect(Notifier& notifier, const Call& call) {
  const int error = refusal_of(call, kept_, open_sockets_);
  if (error == 0 || !notifier.waits(call)) return notifier.let_go_on(call);
  notifier.answer_error(call, error);
}

// listen() ---------------------------------------------------------------------------------------

void KeepPorts::answer_listen(Notifier& notifier, const Call& call, TimePoint now) {
  const auto kept = find(Caller(call).socket_at(descriptor(call)));
  if (kept != kept_.end()) return listen_again(notifier, call, *kept, now);
  keep(notifier, call, now);
  notifier.let_go_on(call);
}

/// It listens already. While others wait in its queue, that is left as long as it is.
void KeepPorts::listen_again(Notifier& notifier, const Call& call, Kept& kept, TimePoint now) {
  kept.it.values.backlog = static_cast<int>(call.arguments[1]);
  if (kept.raised && notifier.waits(call)) {
    notifier.answer_done(call);
    look_again_in(longest_pause, now);
  } else {
    notifier.let_go_on(call);
  }
  if (!kept.unsure_since && !kept.served) serve(kept, now);
}

void KeepPorts::serve(Kept& kept, TimePoint now) {
  kept.served = kept.claimed = true;
  served_since_ = kept.served_since = now;
  const bool is_first = !has_sibling_that(kept, [](const Kept& other) { return other.served; });
  if (is_first) tell(News::Kind::listening, kept.address.text());
  look_again_in(patience_with_siblings, now);
}

void KeepPorts::keep(Notifier& notifier, const Call& call, TimePoint now) {
  const Caller caller(call);
  Kept kept;
  kept.it.socket = caller.take_socket(descriptor(call));
  if (!kept.it.socket) return;
  const int socket = kept.it.socket.get();
  kept.kind = kind_of(socket);
  kept.number = socket_number(socket);
  kept.address = Address::of_socket(socket);
  const auto rights = caller.rights();
  // One that listens already was inherited: it is somebody else's to keep.
  if (!kept.kind.may_listen() || listens(socket) || !rights) return;
  if (kept.address.is_internet() && kept.address.port() == 0) return;  // no server's way
  KeptValues& values = kept.it.values;
  values.asked = asked_for_any_port_.of(kept.number).value_or(kept.address);
  values.rights = *rights;
  values.backlog = static_cast<int>(call.arguments[1]);
  if (!kept.address.path().empty()) {
    const auto file = file_named(call, kept.address.path());
    if (!file) return;
    values.file = *file;
  }
  if (!notifier.waits(call)) return;
  if (kept_.size() >= most_kept) return tell(News::Kind::too_many, kept.address.text());
  if (kept.kind.shares_port) ends_.watch(caller.process());
  kept.claimed = true;
  kept.unsure_since = now;
  kept_.push_back(std::move(kept));
  pause_ = first_pause;
  look_again_in(pause_, now);
}

// shutdown(), unlink() ---------------------------------------------------------------------------

/// It would end the socket for everybody, and drop who waits. But whoever waits in accept() is to
/// go on as he would.
void KeepPorts::answer_shutdown(Notifier& notifier, const Call& call) {
  const Caller caller(call);
  const auto kept = find(caller.socket_at(descriptor(call)));
  const bool is_listener = kept != kept_.end() && listens(kept->it.socket.get());
  const bool is_valid = call.arguments[1] <= SHUT_RDWR;
  if (!is_listener || !is_valid || !notifier.waits(call)) return notifier.let_go_on(call);
  const int acceptors = caller.acceptors_of(descriptor(call));
  notifier.answer_done(call);
  const auto here = file_at("/proc/self/ns/net");
  if (here && here->inode == kept->it.values.rights.network_namespace) {
    wake_acceptors(kept->address, acceptors);
  }
}

/// Of a kept socket's path: it stays, and is owed.
void KeepPorts::answer_unlink(Notifier& notifier, const Call& call) {
  const auto has_path = [](const Kept& kept) { return kept.it.values.file != FileNumber{}; };
  if (std::ranges::none_of(kept_, has_path)) return notifier.let_go_on(call);
  const bool at = call.number == SYS_unlinkat;
  const auto named =
      path_named(call, at ? PathArguments{0, 1} : PathArguments{working_directory, 0});
  const auto entry = named ? resolved_entry(*named) : std::nullopt;
  const auto file = entry ? file_at(*entry) : std::nullopt;
  const auto kept = std::ranges::find_if(
      kept_, [&](const Kept& one) { return file && one.it.values.file == *file; });
  if (kept == kept_.end() || !notifier.waits(call)) return notifier.let_go_on(call);
  kept->it.values.owed_path = *entry;
  notifier.answer_done(call);
}

}  // namespace reloadrun::net
