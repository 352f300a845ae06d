#include "app/handover.hpp"

namespace reloadrun::app {

std::string changed_variable(const std::vector<std::string>& paths) {
  constexpr std::size_t most = 4096;
  std::string text;
  for (const std::string& path : paths) {
    const std::size_t separator = text.empty() ? 0 : 1;
    if (text.size() + separator + path.size() > most) break;
    if (separator != 0) text += '\n';
    text += path;
  }
  return text;
}

}  // namespace reloadrun::app
