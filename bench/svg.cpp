#include "svg.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "fmt/format.h"

namespace reloadrun::bench {
namespace {

// In pixels.
constexpr double width = 720;
constexpr double margin = 20;
constexpr double plot_left = 150;
constexpr double plot_right = 535;
constexpr double bar_distance = 15;
constexpr double row_padding = 9;
constexpr double heading_height = 34;
constexpr double caption_line = 17;

/// A ground of its own, since the page's colour and the reader's preference may differ.
constexpr const char* style = R"(<style>
text { font: 12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328 }
.ground { fill: #ffffff; stroke: #d1d9e0 }
.title { font-size: 15px; font-weight: 600 }
.heading, .ours { font-weight: 600 }
.quiet { fill: #59636e }
.grid { stroke: #d1d9e0 }
.line0 { stroke: #0969da; stroke-width: 2 }
.line1 { stroke: #bc4c00; stroke-width: 2 }
.dot0 { fill: #0969da }
.dot1 { fill: #bc4c00 }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc }
.ground { fill: #0d1117; stroke: #3d444d }
.quiet { fill: #9198a1 }
.grid { stroke: #3d444d }
.line0 { stroke: #4493f8 }
.line1 { stroke: #db6d28 }
.dot0 { fill: #4493f8 }
.dot1 { fill: #db6d28 }
}
</style>
)";

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '&') {
      safe += "&amp;";
    } else if (c == '<') {
      safe += "&lt;";
    } else {
      safe += c;
    }
  }
  return safe;
}

std::string in_words(double milliseconds) {
  if (milliseconds < 9.95) return fmt::format("{:.1f} ms", milliseconds);
  if (milliseconds < 999.5) return fmt::format("{:.0f} ms", milliseconds);
  return fmt::format("{:.1f} s", milliseconds / 1000);
}

constexpr std::array ticks{1, 2, 5};  // of every power of ten

double tick_below(double milliseconds) {
  const double power = std::pow(10, std::floor(std::log10(milliseconds)));
  double below = power;
  for (const int tick : ticks) {
    if (tick * power <= milliseconds) below = tick * power;
  }
  return below;
}

class Drawing {
 public:
  explicit Drawing(const Chart& chart) : chart_(chart) {
    for (const Section& section : chart.sections) {
      for (const Row& row : section.rows) {
        for (const Bar& bar : row.bars) include(bar);
      }
    }
  }

  std::string draw() {
    y_ = margin + 12;
    text(margin, "title", "start", chart_.title);
    draw_legend();
    for (const Section& section : chart_.sections) draw_section(section);
    draw_axis();
    for (const std::string& line : chart_.caption) {
      y_ += caption_line;
      text(margin, "quiet", "start", line);
    }
    return whole();
  }

 private:
  void include(const Bar& bar) {
    if (!bar.spread) return;
    from_ = std::min(from_, tick_below(bar.spread->low));
    to_ = std::max(to_, bar.spread->high);
  }

  [[nodiscard]] double x(double milliseconds) const {
    return plot_left +
           (plot_right - plot_left) * std::log(milliseconds / from_) / std::log(to_ * 1.1 / from_);
  }

  template <class... Arguments>
  void add(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(drawn_), format, std::forward<Arguments>(arguments)...);
  }

  void text(double at, const char* kind, const char* anchor, const std::string& words) {
    add("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"{}\" text-anchor=\"{}\">{}</text>\n", at, y_, kind,
        anchor, escaped(words));
  }

  void dot(double at, double height, std::size_t kind) {
    add("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4.5\" class=\"dot{}\"/>\n", at, height, kind);
  }

  void draw_legend() {
    constexpr double distance = 110;
    y_ += 24;
    double at = plot_left;
    for (std::size_t kind = 0; kind < chart_.kinds.size(); ++kind) {
      dot(at, y_ - 4, kind);
      text(at + 10, "quiet", "start", chart_.kinds[kind]);
      at += distance;
    }
    text(at, "quiet", "start", "dot: median, line: 10th to 90th percentile");
  }

  void draw_section(const Section& section) {
    y_ += heading_height;
    text(margin, "heading", "start", section.heading);
    y_ += row_padding;
    draw_grid(section);
    for (const Row& row : section.rows) draw_row(row);
  }

  void draw_row(const Row& row) {
    const double middle = bar_distance * static_cast<double>(row.bars.size()) / 2;
    y_ += row_padding / 2;
    const double top = y_;
    y_ = top + middle + 4;
    text(plot_left - 12, row.name == our_name ? "ours" : "", "end", row.name);
    y_ = top;
    for (std::size_t kind = 0; kind < row.bars.size(); ++kind) draw_bar(row.bars[kind], kind);
    y_ += row_padding / 2;
  }

  void draw_bar(const Bar& bar, std::size_t kind) {
    y_ += bar_distance;
    const double height = y_ - bar_distance / 2;
    std::string words = bar.remark;
    if (bar.spread) {
      add("<line x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\" class=\"line{}\"/>\n",
          x(bar.spread->low), x(bar.spread->high), height, height, kind);
      dot(x(bar.spread->median), height, kind);
      words = in_words(bar.spread->median);
      if (!bar.remark.empty()) words += ", " + bar.remark;
    }
    y_ -= bar_distance / 2 - 4;
    text(plot_right + 12, bar.spread ? "" : "quiet", "start", words);
    y_ += bar_distance / 2 - 4;
  }

  /// Of the ticks, those on the axis, from left to right.
  [[nodiscard]] std::vector<double> shown_ticks() const {
    std::vector<double> shown;
    for (double power = std::pow(10, std::floor(std::log10(from_))); power <= to_; power *= 10) {
      for (const int tick : ticks) {
        if (x(tick * power) > plot_left - 1 && x(tick * power) < plot_right + 1) {
          shown.push_back(tick * power);
        }
      }
    }
    return shown;
  }

  void draw_grid(const Section& section) {
    double bottom = y_ + row_padding / 2;
    for (const Row& row : section.rows) {
      bottom += row_padding + bar_distance * static_cast<double>(row.bars.size());
    }
    for (const double tick : shown_ticks()) {
      add("<line x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1:.1f}\" y2=\"{2:.1f}\" class=\"grid\"/>\n",
          x(tick), y_ - row_padding / 2, bottom);
    }
  }

  void draw_axis() {
    y_ += row_padding + 14;
    constexpr double character = 9;
    double free_from = 0;
    for (const double tick : shown_ticks()) {
      if (x(tick) < free_from) continue;
      const std::string label = fmt::format("{:g}", tick);
      text(x(tick), "quiet", "middle", label);
      free_from = x(tick) + character * static_cast<double>(label.size());
    }
    text(plot_right + 12, "quiet", "start", "ms (log scale)");
    y_ += 8;
  }

  [[nodiscard]] std::string whole() const {
    const double height = y_ + margin;
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
        "viewBox=\"0 0 {0:.0f} {1:.0f}\" role=\"img\">\n<title>{2}</title>\n{3}"
        "<rect x=\"0.5\" y=\"0.5\" width=\"{4:.0f}\" height=\"{5:.0f}\" rx=\"8\" "
        "class=\"ground\"/>\n{6}</svg>\n",
        width, height, escaped(chart_.title), style, width - 1, std::floor(height) - 1, drawn_);
  }

  const Chart& chart_;
  double from_ = 1;
  double to_ = 10;
  double y_ = 0;
  std::string drawn_;
};

}  // namespace

std::string svg(const Chart& chart) { return Drawing(chart).draw(); }

}  // namespace reloadrun::bench
