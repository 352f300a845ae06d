// Keeps what the target listens on open while it is started anew, and gives it back when the next
// one binds the same address (--keep-ports). It answers bind(), connect(), listen(), shutdown() and
// unlink() in the place of the kernel where that is needed, and lets all others go on, so that a
// program that knows nothing of it finds what it would find without.
//
// A socket is kept from listen() on: who only binds may be a client. It is handed on at bind(), and
// not at listen(), since a program asks in between which port it has got.
//
// Driven by one thread, which answers calls and calls attend() at next(); see app/target_calls.
//
// keep_ports.cpp has how long a socket is kept, keep_ports_calls.cpp what is answered.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "net/address.hpp"
#include "net/asked_addresses.hpp"
#include "net/caller.hpp"
#include "net/kept_port.hpp"
#include "net/kept_socket.hpp"
#include "net/notifier.hpp"
#include "net/process_ends.hpp"

namespace reloadrun::net {

class KeepPorts {
 public:
  /// What the user is told.
  struct News {
    enum class Kind {
      listening,  ///< the target listens on `address` now
      let_go,     ///< ... has not asked for `address` any more
      cannot,     ///< a process of it may not be looked into: `error`
      too_many    ///< `address` and more are not kept
    } kind = Kind::listening;
    std::string address;
    int error = 0;
  };

  explicit KeepPorts(OpenSockets open_sockets) : open_sockets_(std::move(open_sockets)) {}

  /// Takes what an earlier generation has kept.
  void take_over(std::vector<KeptSocket> sockets, TimePoint now);
  /// Whether anything is.
  [[nodiscard]] bool keeps_any() const { return !kept_.empty(); }
  /// Gives it up, to be taken over; nothing is kept any more.
  std::vector<KeptSocket> hand_over();
  /// Closes all, and removes the paths that the target has removed.
  void let_go_of_all();

  /// The target that has listened so far is about to be stopped: whoever connects from now on
  /// waits for the next one, however many they are.
  void target_stops();
  /// ... is gone: what it has listened on waits for the next one, or for its time.
  void target_gone(TimePoint now);

  /// Answers the call, and returns true; false when it is none of those asked for.
  bool answer(Notifier& notifier, const Call& waiting, TimePoint now);

  /// Readable when there is something to attend() to.
  [[nodiscard]] int fd() const { return ends_.fd(); }
  /// When to attend() at the latest; nullopt: when a call comes.
  [[nodiscard]] Deadline next() const { return next_; }
  void attend(TimePoint now);

  /// What has happened since it was last asked.
  std::vector<News> news() { return std::exchange(news_, {}); }

 private:
  // Between two looks at those of which something is to come.
  static constexpr Duration first_pause = std::chrono::microseconds(200);
  static constexpr Duration longest_pause = std::chrono::milliseconds(100);
  // The members of a group are asked for together.
  static constexpr Duration patience_with_siblings = std::chrono::seconds(2);

  void answer_bind(Notifier& notifier, const Call& call);
  bool swap(Notifier& notifier, const Call& call, const Address& asked);
  void answer_connect(Notifier& notifier, const Call& call);
  void answer_listen(Notifier& notifier, const Call& call, TimePoint now);
  void listen_again(Notifier& notifier, const Call& call, KeptPort& kept, TimePoint now);
  void serve(KeptPort& kept, TimePoint now);
  void keep(Notifier& notifier, const Call& call, TimePoint now);
  void answer_shutdown(Notifier& notifier, const Call& call);
  void answer_unlink(Notifier& notifier, const Call& call);

  /// What bind() asks for, and who.
  struct Wish;
  static std::optional<Wish> wish_of(const Call& call, const Address& asked,
                                     const SocketKind& kind);
  static bool find_file(const Call& call, KeptSocket& kept);
  bool owe(Notifier& notifier, const Call& call);

  [[nodiscard]] PortTable::iterator find(SocketNumber number);
  [[nodiscard]] bool is_held(const KeptPort& kept) const {
    return open_sockets_().contains(kept.number);
  }
  static bool fits(const KeptPort& kept, const Wish& wish);
  PortTable::iterator choose(const Wish& wish);
  void make_room_for(const Wish& wish);
  [[nodiscard]] std::size_t descriptors() const;
  PortTable::iterator let_go(PortTable::iterator kept);
  void tell(News::Kind kind, const std::string& address, int error = 0);
  bool make_sure(KeptPort& kept, TimePoint now);
  bool is_waited_for(KeptPort& kept, TimePoint now);
  [[nodiscard]] TimePoint end_of_patience(const KeptPort& kept) const;
  void let_go_of_orphans();
  bool is_abandoned(KeptPort& kept) const;
  [[nodiscard]] bool has_sibling_that(const KeptPort& kept,
                                      bool (*is)(const KeptPort& sibling)) const;
  void lower(KeptPort& kept, TimePoint now);
  void look_again_in(Duration delay, TimePoint now);

  const OpenSockets open_sockets_;
  PortTable kept_;
  AskedAddresses asked_for_any_port_;  ///< by whom the kernel was to choose one
  TimePoint free_since_{};             ///< since when what is not claimed waits
  Deadline served_since_;              ///< when this generation has last begun to listen
  TimePoint next_check_{};             ///< of those that are abandoned
  ProcessEnds ends_;                   ///< of who has made members of groups
  Deadline orphans_due_;               ///< when those that have lost theirs are looked for
  Deadline next_;
  Duration pause_{};       ///< until the next look at who is unsure
  bool stopping_ = false;  ///< the target is
  bool told_cannot_ = false;
  bool told_too_many_ = false;
  std::vector<News> news_;
};

}  // namespace reloadrun::net
