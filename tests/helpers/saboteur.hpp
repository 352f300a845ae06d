// Breaks what a reloader hands over before it exits with 3, from outside: by its own end of the
// private socket, which the process that has started it all may copy. Nothing in reloadrun knows
// of it.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace reloadrun::test {

/// What comes in place of a handover.
enum class Breakage {
  missing,
  torn_message,       ///< half of the message
  torn_file,          ///< half of what is in the memory file
  no_file,            ///< no descriptor comes with it
  garbage,            ///< any bytes
  foreign_file,       ///< any bytes in the memory file
  foreign_pipe,       ///< a pipe in place of the memory file
  foreign_snapshot,   ///< readable values, with a snapshot of another size
  empty_snapshot,     ///< ... with one of the right size, and nothing in it
  foreign_values,     ///< readable ones of another reloader, with its own snapshot and watches
  oversized_message,  ///< as much as a socket takes
  oversized_file,     ///< a memory file larger than all memory
  too_many_descriptors,
};
inline constexpr std::array every_breakage{Breakage::missing,
                                           Breakage::torn_message,
                                           Breakage::torn_file,
                                           Breakage::no_file,
                                           Breakage::garbage,
                                           Breakage::foreign_file,
                                           Breakage::foreign_pipe,
                                           Breakage::foreign_snapshot,
                                           Breakage::empty_snapshot,
                                           Breakage::foreign_values,
                                           Breakage::oversized_message,
                                           Breakage::oversized_file,
                                           Breakage::too_many_descriptors};
/// In CamelCase, for the name of a test.
std::string name_of(Breakage how);

/// How often COMMAND was started, by readable values that are not the reloader's.
inline constexpr std::uint64_t forged_starts = 1000;

/// Why this system does not let us; empty when it does.
std::string why_no_sabotage();

/// The reloader that this supervisor has now, and that knows it is one.
std::optional<pid_t> reloader_of(pid_t supervisor);

enum class Then {
  silence,  ///< the reloader's own is lost, as is whatever it says from now on
  its_own,  ///< the reloader's own comes after
};
/// Breaks the handover that the reloader of this supervisor will send. False when there is none
/// now that could send one.
bool break_handover(pid_t supervisor, Breakage how, Then then = Then::silence);

/// Lets `edit` lead to a handover that is whole, but for a descriptor of another kind in place of
/// the inotify instance. Returns when it is on its way.
void hand_over_an_event_for_inotify(pid_t supervisor, const std::function<void()>& edit);

}  // namespace reloadrun::test
