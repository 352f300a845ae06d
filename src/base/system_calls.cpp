#include "base/system_calls.hpp"

#include <sys/auxv.h>

#include <charconv>
#include <cstring>
#include <string>
#include <system_error>

#include "base/fd.hpp"
#include "base/format.hpp"

namespace reloadrun {
namespace {

template <typename Word>
std::uint64_t value_in(std::string_view vector, unsigned long type) {
  struct {
    Word type = AT_NULL;
    Word value = 0;
  } entry;
  for (std::size_t at = 0; at + sizeof entry <= vector.size(); at += sizeof entry) {
    std::memcpy(&entry, vector.data() + at, sizeof entry);
    if (entry.type == type) return entry.value;
  }
  return 0;
}

/// Types are small numbers: a half of one that is not is the value of a 32-bit entry.
Machine machine_of(std::string_view vector) {
  std::uint64_t first_type = 0;
  if (vector.size() < sizeof first_type) return Machine::native;
  std::memcpy(&first_type, vector.data(), sizeof first_type);
  return first_type >> 32U == 0 ? Machine::native : Machine::compat;
}

std::string auxiliary_vector_of(pid_t process) {
  return read_kernel_file(fmt::format("/proc/{}/auxv", process));
}

/// Takes the number, and the space that follows it.
template <typename Number>
bool take_number(std::string_view& text, Number& number, int base) {
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (end.ec != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end.ptr - text.data()));
  if (text.starts_with(' ')) text.remove_prefix(1);
  return true;
}

}  // namespace

std::uint64_t auxiliary_value(std::string_view vector, unsigned long type) {
  return machine_of(vector) == Machine::native ? value_in<std::uint64_t>(vector, type)
                                               : value_in<std::uint32_t>(vector, type);
}

std::optional<SleepingCall> call_of(pid_t thread) {
  // "43 0x3 ..." while it is in a call, "running" or "-1 ..." otherwise; see proc(5).
  const std::string content = read_kernel_file(fmt::format("/proc/{}/syscall", thread));
  std::string_view text = content;
  SleepingCall call;
  if (!take_number(text, call.number, 10) || call.number < 0) return std::nullopt;
  for (auto& argument : call.arguments) {
    if (!text.starts_with("0x")) return std::nullopt;
    text.remove_prefix(2);
    if (!take_number(text, argument, 16)) return std::nullopt;
  }
  call.machine = machine_of(auxiliary_vector_of(thread));
  if (call.machine == Machine::native) call.number &= ~static_cast<int>(x32_bit);
  return call;
}

}  // namespace reloadrun
