#include "app/handover.hpp"

#include <algorithm>

#include "base/printable.hpp"

namespace reloadrun::app {

std::size_t Handover::port_descriptors() const {
  const auto with_path = std::ranges::count_if(ports, &net::KeptValues::has_path);
  return ports.size() + static_cast<std::size_t>(with_path);
}

std::string changed_variable(const std::vector<std::string>& paths, std::string so_far) {
  constexpr std::size_t most = 4096;
  const std::string before = "\n" + so_far + "\n";
  for (const std::string& name : paths) {
    const std::string path = quoted(name, Names::for_a_terminal);  // COMMAND may print it
    if (before.find("\n" + path + "\n") != std::string::npos) continue;
    const std::size_t separator = so_far.empty() ? 0 : 1;
    if (so_far.size() + separator + path.size() > most) break;
    if (separator != 0) so_far += '\n';
    so_far += path;
  }
  return so_far;
}

}  // namespace reloadrun::app
