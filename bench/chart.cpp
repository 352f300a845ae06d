#include "chart.hpp"

#include <algorithm>
#include <set>

#include "fmt/format.h"
#include "watcher.hpp"

namespace reloadrun::bench {
namespace {

std::string with_commas(std::size_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

Bar bar_of(const Series& series) {
  if (series.times.empty()) return {std::nullopt, series.failure};
  std::string remark = series.lost == 0 ? "" : fmt::format("{} lost", series.lost);
  if (series.failed_starts > 0) {
    remark += fmt::format("{}hung {}×", remark.empty() ? "" : ", ", series.failed_starts);
  }
  return {series.spread(), remark};
}

Section section_of(const std::vector<Series>& all, Mode mode, const std::string& heading) {
  Section section{heading, {}};
  for (const Series& series : all) {
    if (series.tool.mode != mode) continue;
    if (section.rows.empty() || section.rows.back().name != series.tool.name) {
      section.rows.push_back({series.tool.name, {}});
    }
    section.rows.back().bars.push_back(bar_of(series));
  }
  return section;
}

std::string edits_of(const std::vector<Series>& all) {
  const auto [least, most] = std::ranges::minmax(all, {}, &Series::edits);
  return least.edits() == most.edits() ? fmt::format("{} edits", most.edits())
                                       : fmt::format("At most {} edits", most.edits());
}

std::string versions_of(const std::vector<Series>& all) {
  std::string words;
  for (const Series& series : all) {
    const std::string one =
        series.tool.name.substr(0, series.tool.name.find(' ')) + " " + series.tool.version;
    if (series.tool.version.empty() || words.find(one) != std::string::npos) continue;
    words += (words.empty() ? "" : ", ") + one;
  }
  return words;
}

}  // namespace

Chart chart_of(const std::vector<Series>& all, std::optional<double> plain_node) {
  Chart chart;
  chart.title = "From the end of a write to the first instruction of the new target";
  std::set<std::size_t> sizes;
  for (const Series& series : all) sizes.insert(series.files);
  for (const std::size_t files : sizes) chart.kinds.push_back(with_commas(files) + " files");
  chart.sections = {
      section_of(all, Mode::bare, "Without settling (--settle 0), the target ends at once"),
      section_of(all, Mode::usual, "Default settings, the target runs until it is stopped")};
  chart.caption = {fmt::format("{} for each dot, the tools in turns in one run. The yardstick is "
                               "inotify, kill, wait, fork and exec, in C.",
                               edits_of(all)),
                   versions_of(all)};
  if (plain_node) {
    chart.caption.push_back(fmt::format(
        "node --watch runs a script and watches what that requires; node itself needs {:.0f} ms to "
        "its first line.",
        *plain_node));
  }
  if (std::ranges::any_of(all, [](const Series& series) { return series.lost > 0; })) {
    chart.caption.push_back(
        fmt::format("lost: nothing was started within {} s of the edit.", edit_patience.count()));
  }
  if (std::ranges::any_of(all, [](const Series& series) { return series.failed_starts > 0; })) {
    chart.caption.emplace_back("hung: rounds in which the tool answered no three edits in a row.");
  }
  return chart;
}

}  // namespace reloadrun::bench
