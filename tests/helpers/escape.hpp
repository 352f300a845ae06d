// How a field of a report is written: see helpers/reports.hpp.
#pragma once

#include <string>

namespace reloadrun::test {

/// Percent-encodes what would end a field or a line.
std::string escape(const std::string& text);
std::string unescape(const std::string& text);

}  // namespace reloadrun::test
