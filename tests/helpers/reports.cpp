#include "helpers/reports.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <array>
#include <sstream>

#include "helpers/deadline.hpp"
#include "helpers/escape.hpp"

namespace reloadrun::test {
namespace {

Report parse(const std::string& line) {
  Report report;
  std::istringstream words(line);
  words >> report.event;
  for (std::string word; words >> word;) {
    const auto equals = word.find('=');
    report.fields[word.substr(0, equals)] = unescape(word.substr(equals + 1));
  }
  return report;
}

}  // namespace

const std::string& Report::operator[](const std::string& name) const { return fields.at(name); }
int Report::number(const std::string& name) const { return std::stoi(fields.at(name)); }

Reports::Reports(const std::filesystem::path& fifo) : path_(fifo) {
  if (::mkfifo(path_.c_str(), 0600) != 0) throw_errno("mkfifo");
  // Read and write: a FIFO without writers would end.
  fifo_ = require_fd(::open(path_.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC), "open fifo");
}

Report Reports::next(const std::string& event) {
  Report report;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!take(event, report)) {
    if (std::chrono::steady_clock::now() > deadline) throw TimedOut("no report of " + event);
    read_more(100);
  }
  return report;
}

bool Reports::has(const std::string& event) {
  while (read_more(0)) {
  }
  Report report;
  return take(event, report);
}

bool Reports::read_more(int milliseconds) {
  pollfd readable{fifo_.get(), POLLIN, 0};
  if (::poll(&readable, 1, milliseconds) <= 0) return false;
  std::array<char, 65536> block{};
  const ssize_t got = ::read(fifo_.get(), block.data(), block.size());
  if (got > 0) text_.append(block.data(), static_cast<std::size_t>(got));
  return got > 0;
}

bool Reports::take(const std::string& event, Report& report) {
  for (auto end = text_.find('\n'); end != std::string::npos; end = text_.find('\n')) {
    report = parse(text_.substr(0, end));
    text_.erase(0, end + 1);
    if (report.event == event) return true;
  }
  return false;
}

}  // namespace reloadrun::test
