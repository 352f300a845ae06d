#include "cli/option_parser.hpp"

#include <algorithm>
#include <memory>

#include "cli/nearest.hpp"
#include "cli/values.hpp"
#include "reloadrun/error.hpp"

namespace reloadrun::cli {
namespace {

constexpr auto see_help = "run 'reloadrun --help' for the options";

class HelpFormatter final : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(27); }
  std::string make_usage(const CLI::App*, std::string) const override {
    return "\nUsage: reloadrun [OPTIONS] [--] COMMAND [ARG...]\n\n";
  }
  /// Without the blank line before it: CLI11 puts one after each group already.
  std::string make_group(std::string group, bool is_positional,
                         std::vector<const CLI::Option*> options) const override {
    return CLI::Formatter::make_group(group, is_positional, options).substr(1);
  }
};

std::function<void(const std::string&, const OptionParser::Values&)> only_one(
    std::function<void(const std::string& name, const std::string& value)> take,
    const char* once = "give it once") {
  return
      [take = std::move(take), once](const std::string& name, const OptionParser::Values& values) {
        if (values.size() > 1) fail(name + " is given twice", once);
        take(name, values.front());
      };
}

/// What `setting` has for an option: a flag's truth, its texts, or those joined as one list.
Setting::Values texts_of(const Setting& setting, bool is_list) {
  if (const auto* truth = std::get_if<bool>(&setting.value)) {
    return {{*truth ? "true" : "false", setting.line}};
  }
  const auto& values = std::get<Setting::Values>(setting.value);
  if (!is_list || !setting.is_array || values.empty()) return values;
  std::string joined;
  for (const auto& value : values) joined += (&value == &values.front() ? "" : ",") + value.text;
  return {{joined, setting.line}};
}

/// Does what may fail over what `file` says in this line.
void at(const std::string& file, std::size_t line, const std::function<void()>& what) {
  try {
    what();
  } catch (const Error& error) {
    fail_at(file, line, error.what(), error.what_to_do());
  }
}

}  // namespace

OptionParser::OptionParser(std::string description, std::string footer)
    : app_(std::move(description), "reloadrun") {
  app_.prefix_command();
  app_.formatter(std::make_shared<HelpFormatter>());
  app_.set_help_flag();
  app_.footer(std::move(footer));
}

void OptionParser::note(const std::string& names, Kind kind, Take take) {
  known_[names.substr(names.find("--") + 2)] = {kind, command_line_only_, std::move(take)};
}

void OptionParser::add(const std::string& names, const char* value_name, const char* help,
                       Kind kind, Take take) {
  const std::string name = names.substr(names.find("--"));
  note(names, kind, take);
  app_.add_option(
          names,
          [name, take = std::move(take)](const Values& values) {
            // CLI11 takes whatever comes next for the value.
            if (std::ranges::count(values, "--") != 0) fail(name + " needs a value", see_help);
            take(name, values);
            return true;
          },
          help)
      ->option_text(value_name)
      ->group(group_)
      ->take_all();
}

void OptionParser::add_once(const std::string& names, const char* value_name, const char* help,
                            std::function<void(const std::string& name, const std::string&)> take) {
  add(names, value_name, help, Kind::once, only_one(std::move(take)));
}

void OptionParser::add_list(const std::string& names, const char* value_name, const char* help,
                            std::function<void(const std::string& name, const std::string&)> take) {
  add(names, value_name, help, Kind::list,
      only_one(std::move(take), "give it once, with a comma between its parts"));
}

void OptionParser::add_each(const std::string& names, const char* value_name, const char* help,
                            std::function<void(const std::string& name, const std::string&)> take) {
  add(names, value_name, help, Kind::each,
      [take = std::move(take)](const std::string& name, const Values& values) {
        for (const std::string& value : values) take(name, value);
      });
}

void OptionParser::add_text(const std::string& names, const char* value_name, const char* help,
                            std::string& text, const char* what_to_give) {
  add_once(names, value_name, help, [&text, what_to_give](const auto& name, const auto& value) {
    if (value.empty()) fail(name + " is empty", what_to_give);
    text = value;
  });
}

void OptionParser::add_texts(const std::string& names, const char* value_name, const char* help,
                             Values& texts, const char* what_to_give) {
  add(names, value_name, help, Kind::each,
      [&texts, what_to_give](const auto& name, const auto& values) {
        if (std::ranges::count(values, "") != 0) fail(name + " is empty", what_to_give);
        texts.insert(texts.end(), values.begin(), values.end());
      });
}

void OptionParser::add_flag(const std::string& names, const char* help, bool& flag) {
  CLI::Option* const option = app_.add_flag(names)->description(help)->group(group_);
  if (command_line_only_) option->disable_flag_override();
  note(names, Kind::flag,
       [&flag](const auto&, const Values& values) { flag = values.front() == "true"; });
}

void OptionParser::add_duration(const std::string& name, const char* help,
                                std::chrono::nanoseconds& duration,
                                std::chrono::milliseconds least) {
  add_once(name, "TIME", help, [&duration, least](const auto& option, const auto& text) {
    using Problem = DurationText::Problem;
    const auto [problem, value] = parse_duration(text);
    const std::string given = fmt::format("{} '{}'", option, text);
    const char* as_in = "write it like 500ms, 1s, 1.5s or 2m";
    if (problem == Problem::not_a_duration) fail(given + " is not a duration", as_in);
    if (problem == Problem::negative) fail(given + " is negative", as_in);
    if (problem == Problem::too_long) fail(given + " is too long", "give at most a year");
    if (value < least) {
      fail(given + " is too short", fmt::format("give at least {}ms", least.count()));
    }
    duration = value;
  });
}

std::size_t OptionParser::parse(int argc, const char* const* argv) {
  try {
    app_.parse(argc, argv);
  } catch (const CLI::ArgumentMismatch& mismatch) {
    // "--name: 1 required TEXT missing", or "name was given a disallowed flag override".
    const std::string text = mismatch.what();
    const std::string name = text.substr(0, text.find_first_of(": "));
    if (text.ends_with(" missing")) fail(name + " needs a value", see_help);
    fail(fmt::format("--{} takes no value", name), "leave the value out");
  } catch (const CLI::ParseError& error) {
    fail(error.what(), see_help);
  }
  take_flags();
  Values rest = app_.remaining();
  // An option that CLI11 does not know is left among the rest, before COMMAND.
  if (!rest.empty() && rest.front().starts_with('-') && rest.front().size() > 1 &&
      rest.front() != "--") {
    const std::string& unknown = rest.front();
    const std::string name = unknown.substr(0, unknown.find('='));
    fail_unknown(fmt::format("unknown option '{}'", unknown), "--",
                 name.starts_with("--") ? name.substr(2) : "");
  }
  const bool separated = !rest.empty() && rest.front() == "--";
  const std::size_t command_size = rest.size() - (separated ? 1 : 0);
  for (int i = 1; i < argc - static_cast<int>(command_size); ++i) {
    const std::string_view argument = argv[i];
    // CLI11 would take the next argument for the value of "--name=".
    if (argument.starts_with("--") && argument.ends_with('=')) {
      fail(fmt::format("{} needs a value", argument.substr(0, argument.size() - 1)), see_help);
    }
  }
  return command_size;
}

/// "--name", or "--name=false" for one that the file sets.
void OptionParser::take_flags() const {
  for (const auto& [name, known] : known_) {
    if (known.kind != Kind::flag || !has_given(name)) continue;
    const std::string truth = app_.get_option("--" + name)->results().back();
    if (truth != "true" && truth != "false") {
      fail(fmt::format("--{} takes no value but true or false", name), "leave the value out");
    }
    known.take(name, {truth});
  }
}

void OptionParser::fail_unknown(const std::string& what, const std::string& dashes,
                                const std::string& name) const {
  Values names;
  for (const auto& [known, how] : known_) {
    if (!dashes.empty() || !how.command_line_only) names.push_back(known);
  }
  const auto meant = nearest(name, names);
  fail(what, meant ? fmt::format("did you mean '{}{}'?", dashes, *meant) : see_help);
}

bool OptionParser::has_given(const std::string& name) const {
  return app_.get_option("--" + name)->count() > 0;
}

std::map<std::string, std::size_t> OptionParser::apply(const std::vector<Setting>& settings,
                                                       const std::string& file) {
  std::map<std::string, std::size_t> lines;
  for (const Setting& setting : settings) {
    const auto place = known_.find(setting.name);
    const Known* const known = place == known_.end() ? nullptr : &place->second;
    at(file, setting.line, [&] { require_fitting(setting, known); });
    if (has_given(setting.name)) continue;
    for (const auto& [text, line] : texts_of(setting, known->kind == Kind::list)) {
      at(file, line, [&, &one = text] { known->take(setting.name, {one}); });
      lines.emplace(fmt::format("--{} '{}'", setting.name, text), line);
    }
    lines["--" + setting.name] = setting.line;
  }
  return lines;
}

/// Throws Error for a key that is none, or has a value of another kind.
void OptionParser::require_fitting(const Setting& setting, const Known* known) const {
  const std::string& name = setting.name;
  if (known == nullptr) fail_unknown(fmt::format("unknown key '{}'", name), "", name);
  if (known->command_line_only) {
    fail(name + " is for the command line alone", "take it out of the file");
  }
  const bool is_flag = known->kind == Kind::flag;
  if (is_flag != std::holds_alternative<bool>(setting.value)) {
    fail(fmt::format("{} takes {}", name,
                     is_flag ? "no value but true or false" : "a text or a number"),
         fmt::format("write {} = {}", name, is_flag ? "true" : "\"...\""));
  }
  if (setting.is_array && known->kind == Kind::once) {
    fail(name + " takes one value, not an array", fmt::format("write {} = \"...\"", name));
  }
}

}  // namespace reloadrun::cli
