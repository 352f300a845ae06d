#include "cli/usage_error.hpp"

#include <utility>

#include "base/format.hpp"
#include "reloadrun/error.hpp"

namespace reloadrun::cli {

void fail(const std::string& what_is_wrong, std::string what_to_do) {
  throw Error(what_is_wrong, std::move(what_to_do), status_usage);
}

void fail_at(const std::string& file, std::size_t line, const std::string& what_is_wrong,
             std::string what_to_do) {
  fail(fmt::format("{}:{}: {}", file, line, what_is_wrong), std::move(what_to_do));
}

}  // namespace reloadrun::cli
