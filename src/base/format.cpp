#include "base/format.hpp"

namespace reloadrun::fmt {

std::string vformat(::fmt::string_view format, ::fmt::format_args args) {
  return ::fmt::vformat(format, args);
}

}  // namespace reloadrun::fmt
