// How KeepPorts answers each call.

#include <sys/socket.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <set>
#include <utility>

#include "net/acting_as.hpp"
#include "net/bound_place.hpp"
#include "net/caller_path.hpp"
#include "net/keep_ports.hpp"
#include "net/port_calls.hpp"
#include "net/probe.hpp"
#include "net/wake.hpp"

namespace reloadrun::net {
namespace {

// Descriptors go in one message with others, and the kernel takes 253 (SCM_MAX_FD). Those with a
// path have two.
constexpr std::size_t most_descriptors = 200;

int descriptor(const Call& call) { return static_cast<int>(call.arguments[0]); }

bool overlaps(const Address& a, const Address& b) {
  if (a.is_internet() && b.is_internet()) return a.port() == b.port() && a.port() != 0;
  return a == b;
}

/// The place of this path as the caller reaches it, and by its rights.
std::optional<BoundPlace> place_at(const Call& call, const Identity& caller,
                                   const std::string& path) {
  const auto named = caller_path(call.thread, path);
  const ActingAs acting(caller);
  return named && acting ? place_of(*named) : std::nullopt;
}

/// Whether it is where the socket was bound. Only who may ask the kernel can do for others what
/// is theirs: for all others it is enough that they may do no more than the caller.
bool is_of(int socket, const FileNumber& file, const Identity& caller) {
  const Fd bound = bound_file(socket);
  if (bound) return file_of(bound) == file;
  return errno == EPERM && is_no_less_than_we(caller);
}

/// Whether a process of the tree has a kept one open: asked once, and only if it matters.
class OpenNow {
 public:
  explicit OpenNow(const OpenSockets& ask) : ask_(ask) {}
  bool operator()(const KeptPort& kept) {
    if (!open_) open_ = ask_();
    return open_->contains(kept.number);
  }

 private:
  const OpenSockets& ask_;
  std::optional<std::set<SocketNumber>> open_;
};

}  // namespace

struct KeepPorts::Wish {
  Address address;
  SocketKind kind;
  Rights rights;
  std::optional<BoundPlace> place{};  // of a unix socket with a path
  bool may_replace = false;           // what is there
};

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
    case SYS_unlinkat:
      answer_unlink(notifier, *call);
      return true;
    default:
      return false;
  }
}

PortTable::iterator KeepPorts::find(SocketNumber number) {
  return number == 0 ? kept_.end() : std::ranges::find(kept_, number, &KeptPort::number);
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
  if (!kind.may_listen()) return false;
  const auto wish = wish_of(call, asked, kind);
  if (!wish || !notifier.waits(call)) return false;
  // A handled signal may take the caller out of a call that was answered already (before Linux
  // 5.19): then it makes the same call with the socket that it was given.
  const SocketNumber number = socket_number(own.get());
  if (const auto given = find(number); given != kept_.end()) {
    if (given->it.values.asked != asked || !given->given) return false;
    notifier.answer_done(call);
    return true;
  }
  const auto kept = choose(*wish);
  if (kept == kept_.end()) {
    make_room_for(*wish);
    if (asked.is_internet() && asked.port() == 0) asked_for_any_port_.note(number, asked);
    return false;
  }
  dress(kept->it.socket.get(), own.get());
  if (!notifier.put(call, kept->it.socket.get(), descriptor(call),
                    caller.closes_on_exec(descriptor(call)))) {
    return false;
  }
  if (kind.shares_port) ends_.watch(caller.process());
  kept->claimed = kept->given = kept->raised = true;
  kept->it.values.debtor.reset();
  notifier.answer_done(call);
  return true;
}

/// nullopt when we may not look, and nothing is to be done for the caller.
std::optional<KeepPorts::Wish> KeepPorts::wish_of(const Call& call, const Address& asked,
                                                  const SocketKind& kind) {
  auto rights = Caller(call).rights();
  if (!rights) return std::nullopt;
  Wish wish{asked, kind, std::move(*rights)};
  if (asked.path().empty()) return wish;
  wish.place = place_at(call, wish.rights.identity, asked.path());
  const ActingAs acting(wish.rights.identity);
  if (!wish.place || !acting) return std::nullopt;
  // To make another in its place it would have to remove it.
  wish.may_replace = wish.place->may_be_removed();
  return wish;
}

/// Whether it is what the caller would get by its own bind().
bool KeepPorts::fits(const KeptPort& kept, const Wish& wish) {
  const KeptValues& values = kept.it.values;
  const Address& asked = wish.address;
  const bool any_port = asked.is_internet() && asked.port() == 0;
  if (kept.kind != wish.kind || values.has_path() != wish.place.has_value()) return false;
  if (wish.place) {
    const bool is_there = kept.it.place.is(*wish.place) && wish.place->file() == values.file;
    if (!is_there || !wish.may_replace) return false;
  } else if (values.asked != asked && (any_port || kept.address != asked)) {
    return false;
  }
  if (wish.rights != values.rights) return false;
  // In one generation a port may be tried, closed and taken again. Whoever wants any port wants
  // another one each time.
  return !(any_port && kept.claimed);
}

/// Which of those that nobody has open. Of a group one after the other, and first the one in which
/// most wait.
PortTable::iterator KeepPorts::choose(const Wish& wish) {
  std::vector<PortTable::iterator> those;
  for (auto kept = kept_.begin(); kept != kept_.end(); ++kept) {
    if (fits(*kept, wish)) those.push_back(kept);
  }
  const auto rank = [](PortTable::iterator kept) {
    const int socket = kept->it.socket.get();
    return std::pair(kept->claimed, kept->kind.shares_port ? -how_many_wait(socket) : 0);
  };
  std::ranges::stable_sort(those, {}, rank);
  OpenNow is_open(open_sockets_);
  const auto chosen =
      std::ranges::find_if(those, [&](PortTable::iterator kept) { return !is_open(*kept); });
  return chosen == those.end() ? kept_.end() : *chosen;
}

/// What is kept, and nobody has open, is not to be in the way of another address that has the same
/// port; nor is a path that was removed, as whoever has done that believes.
void KeepPorts::make_room_for(const Wish& wish) {
  OpenNow is_open(open_sockets_);
  for (auto kept = kept_.begin(); kept != kept_.end();) {
    const KeptValues& values = kept->it.values;
    const bool is_owed = values.debtor && wish.place && kept->it.place.is(*wish.place);
    const bool is_in_the_way =
        !values.has_path() && overlaps(kept->address, wish.address) && !kept->unsure_since &&
        wish.rights.network_namespace == values.rights.network_namespace && !is_open(*kept);
    kept = is_owed || is_in_the_way ? let_go(kept) : kept + 1;
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
void KeepPorts::listen_again(Notifier& notifier, const Call& call, KeptPort& kept, TimePoint now) {
  kept.it.values.backlog = static_cast<int>(call.arguments[1]);
  kept.given = false;
  if (kept.raised && notifier.waits(call)) {
    notifier.answer_done(call);
    look_again_in(longest_pause, now);
  } else {
    notifier.let_go_on(call);
  }
  if (!kept.unsure_since && !kept.served) serve(kept, now);
}

void KeepPorts::serve(KeptPort& kept, TimePoint now) {
  kept.served = kept.claimed = true;
  served_since_ = kept.served_since = now;
  const bool is_first = !has_sibling_that(kept, [](const KeptPort& other) { return other.served; });
  if (is_first) tell(News::Kind::listening, kept.address.text());
  look_again_in(patience_with_siblings, now);
}

void KeepPorts::keep(Notifier& notifier, const Call& call, TimePoint now) {
  const Caller caller(call);
  KeptPort kept;
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
  if (!kept.address.path().empty() && !find_file(call, kept.it)) return;
  if (!notifier.waits(call)) return;
  const std::size_t needed = values.has_path() ? 2 : 1;
  if (descriptors() + needed > most_descriptors) {
    return tell(News::Kind::too_many, kept.address.text());
  }
  if (kept.kind.shares_port) ends_.watch(caller.process());
  kept.claimed = true;
  kept.unsure_since = now;
  kept_.push_back(std::move(kept));
  pause_ = first_pause;
  look_again_in(pause_, now);
}

/// Where the file of a unix socket is that was bound to a path; false when that cannot be said.
bool KeepPorts::find_file(const Call& call, KeptSocket& kept) {
  const Identity& caller = kept.values.rights.identity;
  auto place = place_at(call, caller, Address::of_socket(kept.socket.get()).path());
  const auto file = place ? place->file() : std::nullopt;
  if (!file || !is_of(kept.socket.get(), *file, caller)) return false;
  kept.place = std::move(*place);
  kept.values.name = kept.place.name;
  kept.values.file = *file;
  return true;
}

std::size_t KeepPorts::descriptors() const {
  const auto with_path = [](const KeptPort& kept) { return kept.it.values.has_path(); };
  return kept_.size() + static_cast<std::size_t>(std::ranges::count_if(kept_, with_path));
}

// shutdown(), unlink() ---------------------------------------------------------------------------

/// It would end the socket for everybody, and drop who waits. But whoever waits in accept() is to
/// go on as he would: when that cannot be had, it is carried out.
void KeepPorts::answer_shutdown(Notifier& notifier, const Call& call) {
  const Caller caller(call);
  const auto kept = find(caller.socket_at(descriptor(call)));
  const bool is_listener = kept != kept_.end() && listens(kept->it.socket.get());
  const bool is_valid = call.arguments[1] <= SHUT_RDWR;
  if (!is_listener || !is_valid) return notifier.let_go_on(call);
  const int acceptors = caller.acceptors_of(descriptor(call));
  const auto rights = caller.rights();
  if (!notifier.waits(call)) return;
  if (acceptors > 0 && !(rights && wake_acceptors(kept->it, rights->identity, acceptors))) {
    let_go(kept);
    return notifier.let_go_on(call);
  }
  notifier.answer_done(call);
}

/// Of a kept socket's own place, by who may remove it: it stays, and is owed.
void KeepPorts::answer_unlink(Notifier& notifier, const Call& call) {
  if (!owe(notifier, call)) notifier.let_go_on(call);
}

/// Returns whether the call is answered.
bool KeepPorts::owe(Notifier& notifier, const Call& call) {
  const auto has_path = [](const KeptPort& kept) { return kept.it.values.has_path(); };
  if (std::ranges::none_of(kept_, has_path)) return false;
  const auto named = caller_path(call, 1, 0);
  const auto is_named = [&](const KeptPort& kept) { return kept.it.values.name == named->name(); };
  if (!named || std::ranges::none_of(kept_, is_named)) return false;
  auto rights = Caller(call).rights();
  if (!rights) return false;
  const ActingAs acting(rights->identity);
  const auto place = acting ? place_of(*named) : std::nullopt;
  const auto is_removed = [&](const KeptPort& kept) {
    return place && kept.it.place.is(*place) && place->file() == kept.it.values.file &&
           listens(kept.it.socket.get());
  };
  const auto kept = std::ranges::find_if(kept_, is_removed);
  if (kept == kept_.end() || !place->may_be_removed() || !notifier.waits(call)) return false;
  kept->it.values.debtor = std::move(rights->identity);
  notifier.answer_done(call);
  return true;
}

}  // namespace reloadrun::net
