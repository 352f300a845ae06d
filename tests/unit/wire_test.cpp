#include "app/wire.hpp"

#include <gtest/gtest.h>

#include "app/messages.hpp"

namespace reloadrun::app {
namespace {

using namespace std::chrono_literals;

watch::Pending::Item missed_file() {
  watch::Stamp before{.mtime_seconds = 1, .size = 2, .inode = 3, .content = 4};
  before.mtime_nanoseconds = 5;
  before.runnable = true;
  return {{watch::Change::Kind::vanished, "gone", before, {}}, TimePoint(126s)};
}

net::Identity somebody() { return {1, 2, 3, 4, {5, 6}, 7, 8}; }

Begin example() {
  Begin begin;
  begin.options.command = {"server", "", "two words", std::string("\0x", 2)};
  begin.options.watch = {"src"};
  begin.options.interval = 250ms;
  begin.options.on_exit = OnExit::restart;
  begin.options.clear = true;
  begin.options.color = Color::never;
  begin.signals = {0x8000000000000001U, true};
  begin.directory = "/home/somebody";
  begin.handover = {.starts = 7,
                    .built = true,
                    .postponed = true,
                    .changed = "a\nb",
                    .since = TimePoint(123s),
                    .burst = OpenBurst{TimePoint(124s), TimePoint(125s), {missed_file()}},
                    .cut_off = true,
                    .loop = {"app.log", 3, {"app.log"}},
                    .told = {"a notice"},
                    .environment = {{{"GIVEN", "a b"}}, "a fault"},
                    .listed = {{"listed"}},
                    .rules = {.scopes = {{.source = ".gitignore", .text = "*.tmp", .outer = 1}},
                              .outer = {{"/around", 2, {{"/around/.gitignore", {true, 3}}}, true}},
                              .kept = {{".gitignore", "*.tmp\n"}}},
                    .held = {{1, 2, 3}},
                    .closed = {{4, 5, 6}},
                    .follow = {{"/read"}, {"/listed"}, {{"/written", {{{1, 2, 3}, "name"}}}}},
                    .ports = {{.asked = net::Address("an address"),
                               .rights = {somebody(), 8},
                               .backlog = 6,
                               .file = {4, 5},
                               .name = "socket",
                               .debtor = somebody()}}};
  return begin;
}

TEST(Wire, GivesBackWhatWasWritten) {
  const Begin begin = wire::decode<Begin>(wire::encode(example()));
  EXPECT_EQ(begin.options.command, example().options.command);
  EXPECT_EQ(begin.options.watch, example().options.watch);
  EXPECT_EQ(begin.options.interval, 250ms);
  EXPECT_EQ(begin.options.on_exit, OnExit::restart);
  EXPECT_TRUE(begin.options.clear);
  EXPECT_EQ(begin.options.color, Color::never);
  EXPECT_EQ(begin.signals.mask, 0x8000000000000001U);
  EXPECT_TRUE(begin.signals.child_ignored);
  EXPECT_EQ(begin.handover.starts, 7U);
  EXPECT_TRUE(begin.handover.built);
  ASSERT_EQ(begin.handover.ports.size(), 1);
  const auto& port = begin.handover.ports.front();
  EXPECT_EQ(port.asked.bytes, "an address");
  EXPECT_EQ(port.rights, (net::Rights{somebody(), 8}));
  EXPECT_EQ(port.file, (net::FileNumber{4, 5}));
  EXPECT_EQ(port.name, "socket");
  EXPECT_EQ(port.debtor, somebody());
  EXPECT_EQ(port.backlog, 6);
  EXPECT_EQ(begin.handover.follow.files.at(0), "/read");
  EXPECT_EQ(begin.handover.follow.listings.at(0), "/listed");
  EXPECT_EQ(begin.handover.follow.outputs.at(0).path, "/written");
  EXPECT_EQ(begin.handover.follow.outputs.at(0).keys, (std::vector<FileKey>{{{1, 2, 3}, "name"}}));
  EXPECT_TRUE(begin.handover.postponed);
  EXPECT_EQ(begin.handover.changed, "a\nb");
  EXPECT_EQ(begin.handover.since, TimePoint(123s));
  EXPECT_EQ(begin.directory, example().directory);
  ASSERT_TRUE(begin.handover.burst);
  EXPECT_EQ(begin.handover.burst->first, TimePoint(124s));
  EXPECT_EQ(begin.handover.burst->last, TimePoint(125s));
  const auto& item = begin.handover.burst->changes.at(0);
  EXPECT_EQ(item.change.kind, watch::Change::Kind::vanished);
  EXPECT_EQ(item.change.path, "gone");
  EXPECT_EQ(item.change.before, missed_file().change.before);
  EXPECT_EQ(item.missing_since, TimePoint(126s));
  EXPECT_TRUE(begin.handover.cut_off);
  EXPECT_EQ(begin.handover.loop, example().handover.loop);
  EXPECT_EQ(begin.handover.told, example().handover.told);
  EXPECT_EQ(begin.handover.environment.variables, (std::vector<Variable>{{"GIVEN", "a b"}}));
  EXPECT_EQ(begin.handover.environment.fault, "a fault");
  EXPECT_EQ(begin.handover.listed, example().handover.listed);
  EXPECT_EQ(begin.handover.rules.kept, example().handover.rules.kept);
  EXPECT_EQ(begin.handover.rules.scopes.at(0).text, "*.tmp");
  EXPECT_EQ(begin.handover.rules.scopes.at(0).outer, 1U);
  EXPECT_EQ(begin.handover.rules.outer.at(0).read, example().handover.rules.outer.at(0).read);
  EXPECT_EQ(begin.handover.held, example().handover.held);
  EXPECT_EQ(begin.handover.closed, example().handover.closed);
}

TEST(Wire, EveryOptionIsHandedDown) {
  // A member that is forgotten in members() keeps its default: give each another value.
  Options options;
  options.command = {"c"};
  options.watch = {"w"};
  options.files_from = "f";
  options.listed = {"l"};
  options.extensions = {"e"};
  options.ignore = {"i"};
  options.filters = {"g"};
  options.use_ignore_files = options.use_default_ignores = false;
  options.env_files = {"n"};
  options.content = true;
  options.watcher = Watcher::stat;
  options.settle = 4s;
  options.soft = {{"s", 5}};
  options.build = "b";
  options.explain = "p";
  options.interval = 2s;
  options.stop_signal = 1;
  options.stop_timeout = 3s;
  options.on_exit = OnExit::exit;
  options.postpone = options.clear = options.list = true;
  options.verbosity = Verbosity::verbose;
  options.color = Color::always;
  const auto copy = wire::decode<Options>(wire::encode(options));
  EXPECT_EQ(copy.command, options.command);
  EXPECT_EQ(copy.watch, options.watch);
  EXPECT_EQ(copy.files_from, options.files_from);
  EXPECT_EQ(copy.listed, options.listed);
  EXPECT_EQ(copy.extensions, options.extensions);
  EXPECT_EQ(copy.ignore, options.ignore);
  EXPECT_EQ(copy.filters, options.filters);
  EXPECT_FALSE(copy.use_ignore_files || copy.use_default_ignores);
  EXPECT_EQ(copy.env_files, options.env_files);
  EXPECT_TRUE(copy.content);
  EXPECT_EQ(copy.watcher, options.watcher);
  EXPECT_EQ(copy.settle, options.settle);
  ASSERT_EQ(copy.soft.size(), 1U);
  EXPECT_EQ(copy.soft[0].pattern, "s");
  EXPECT_EQ(copy.soft[0].signal, 5);
  EXPECT_EQ(copy.build, options.build);
  EXPECT_EQ(copy.explain, options.explain);
  EXPECT_EQ(copy.interval, options.interval);
  EXPECT_EQ(copy.stop_signal, options.stop_signal);
  EXPECT_EQ(copy.stop_timeout, options.stop_timeout);
  EXPECT_EQ(copy.on_exit, options.on_exit);
  EXPECT_TRUE(copy.postpone && copy.clear && copy.list);
  EXPECT_EQ(copy.verbosity, options.verbosity);
  EXPECT_EQ(copy.color, options.color);
  EXPECT_EQ(wire::encode(copy), wire::encode(options));
}

TEST(Wire, ACutMessageIsTornAtEveryLength) {
  const std::string whole = wire::encode(example());
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_THROW(wire::decode<Begin>(whole.substr(0, length)), wire::Torn) << length;
  }
  EXPECT_THROW(wire::decode<Begin>(whole + "x"), wire::Torn);
}

TEST(Wire, AnAbsurdSizeIsTornAndNotAllocated) {
  EXPECT_THROW(wire::decode<Begin>(std::string(64, '\xff')), wire::Torn);
}

TEST(Wire, OneOfSeveralByItsPlace) {
  const Report line = Line{2, "text"};
  const auto back = wire::decode_one_of<Report>(wire::encode_one_of(line));
  EXPECT_EQ(std::get<Line>(back).text, "text");
  const Report farewell = Farewell{Ending{true, 11, true}};
  EXPECT_EQ(std::get<Farewell>(wire::decode_one_of<Report>(wire::encode_one_of(farewell))).like,
            (Ending{true, 11, true}));
  EXPECT_THROW(wire::decode_one_of<Report>(""), wire::Torn);
  EXPECT_THROW(wire::decode_one_of<Report>("\x7f"), wire::Torn);
}

}  // namespace
}  // namespace reloadrun::app
