#include "proc/worker.hpp"

#include <sys/auxv.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/fd.hpp"
#include "base/format.hpp"
#include "base/system_calls.hpp"
#include "proc/procfs.hpp"

namespace reloadrun::proc {
namespace {

/// The number after `label`; nullopt when there is none.
std::optional<std::uint64_t> number_after(std::string_view label, std::string_view text) {
  const auto place = text.find(label);
  if (place == std::string_view::npos) return std::nullopt;
  text.remove_prefix(place + label.size());
  std::uint64_t number = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  return end.ec == std::errc() ? std::optional(number) : std::nullopt;
}

bool is_shells_name(std::string_view name) {
  constexpr std::array shells{"sh",   "bash", "rbash", "dash", "ash",     "zsh",    "ksh",   "rksh",
                              "mksh", "lksh", "oksh",  "yash", "busybox", "toybox", "fish",  "csh",
                              "tcsh", "posh", "rc",    "es",   "osh",     "ysh",    "elvish"};
  // Of what may follow: zsh5, ksh93, bash-static, busybox.static, "dash (deleted)".
  const auto is_letter = [](char one) { return one >= 'a' && one <= 'z'; };
  const auto* const end = std::ranges::find_if_not(name, is_letter);
  return std::ranges::find(shells, std::string_view(name.begin(), end)) != shells.end();
}

}  // namespace

std::optional<Image> image_of(pid_t pid) {
  Image image{read_kernel_file(fmt::format("/proc/{}/auxv", pid))};
  const std::uint64_t there = auxiliary_value(image.auxiliary_vector, AT_RANDOM);
  if (there == 0) return std::nullopt;
  const iovec here{image.random.data(), image.random.size()};
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  const iovec of_it{reinterpret_cast<void*>(there), image.random.size()};
  const auto length = static_cast<ssize_t>(image.random.size());
  if (::process_vm_readv(pid, &here, 1, &of_it, 1, 0) != length) return std::nullopt;
  // Who has used them up (Go does) cannot be told from another execution at the same places.
  const bool used_up = std::ranges::all_of(image.random, [](auto byte) { return byte == 0; });
  return used_up ? std::nullopt : std::optional(std::move(image));
}

std::optional<std::uint64_t> switches_of(pid_t pid) {
  const std::string tasks = fmt::format("/proc/{}/task", pid);
  const auto threads = numbers_in(tasks);
  if (threads.empty()) return std::nullopt;
  std::uint64_t sum = 0;
  for (const pid_t thread : threads) {
    const std::string status = read_kernel_file(fmt::format("{}/{}/status", tasks, thread));
    const auto voluntary = number_after("\nvoluntary_ctxt_switches:\t", status);
    const auto forced = number_after("\nnonvoluntary_ctxt_switches:\t", status);
    if (!voluntary || !forced) return std::nullopt;
    sum += *voluntary + *forced;
  }
  return sum;
}

bool waits_for_a_child(pid_t pid) {
  constexpr std::array waits{calls::wait4, calls::waitid, calls::waitpid};
  const auto call = call_of(pid);
  return call && std::ranges::any_of(waits, [&](const SystemCall& one) { return call->is(one); });
}

bool is_shell(const Process& process) {
  std::error_code error;
  const auto file = std::filesystem::read_symlink(fmt::format("/proc/{}/exe", process.pid), error);
  // The name alone where the file is an emulator's, or may not be read.
  return is_shells_name(file.filename().native()) || is_shells_name(process.name);
}

std::optional<Image> Workers::image_of_worker(const Process& process, const Process& parent) {
  auto [place, is_new] = masters_.try_emplace(parent.pid);
  auto& master = place->second;
  if (is_new && answers_signal(parent.pid, signal_, given_) && !is_shell(parent)) {
    master = image_of(parent.pid);
  }
  if (!master) return std::nullopt;
  auto image = image_of(process.pid);
  return image == master ? image : std::nullopt;
}

}  // namespace reloadrun::proc
