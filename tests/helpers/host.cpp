// A program that reloads itself: reports through a FIFO what happens to its main function, which
// does its orders, one after the other, and at their end waits to be asked to end.
//
//     test_host FIFO [ORDER...]
//
//     return=N      return this status
//     throw=TEXT    end by an exception
//     exit=N        call std::exit
//     die=N         end by this signal
//     fork          fork a child that waits for ever, and report it ("child pid=...")
//     daemon        the same, twice, in a session of its own
//     wait          fork a child that ends with 5, wait for it, and report ("waited status=...")
//     deaf          take no notice when asked to end
//     fork-exit     fork children that call exit(), and wait for them
//     read          read stdin on a thread that is left
//     quick=N       _exit with this status
//     load=FILE     load this shared object
//     first=ORDER   do it in the first generation alone
//     option=NAME[=VALUE]
//                   one of reloadrun's: watch, build, listen, keep_ports, exit, verbose, timeout
//                   (of the stop, in ms); handles (a path that on_change says it has handled),
//                   throws (in on_change), tells-restart, log (lines are reported); wrong (the name
//                   of one that is for the command line alone)
//     serve=PORT    answer each connection to this port, or to the first socket given (0), with the
//                   version and "\n", until asked to end
//     child-before  fork a child before reloadrun::run(), and report after its end whether it is
//                   there
//     waits-for=FILE  before reloadrun::run(), wait until this file is there
//     executes=FILE   before reloadrun::run(), in the process that it has executed, execute this by
//                   system(), with its stdout in the file of this name and ".out"
//     twice         call reloadrun::run() again inside

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "fmt/format.h"
#include "helpers/address.hpp"
#include "helpers/escape.hpp"
#include "helpers/reporting.hpp"
#include "reloadrun/reloadrun.hpp"

/// Of what this program was linked from.
extern const int version;

namespace reloadrun::test {
namespace {

pid_t fork_sleeper(bool daemon) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  if (daemon) {
    ::setsid();
    if (::fork() != 0) ::_exit(0);
  }
  report(fmt::format("child pid={}", ::getpid()));
  for (;;) ::pause();
}

void answer(int connection) {
  const std::string text = fmt::format("{}\n", version);
  static_cast<void>(!::write(connection, text.data(), text.size()));
  ::close(connection);
}

/// As servers do it: shutdown() wakes who waits in accept().
void serve(int port, const std::stop_token& stop) {
  int listener = -1;
  if (port == 0) {
    listener = sockets().at(0);
  } else {
    listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const sockaddr_in address = loopback(port);
    if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener, 5) != 0) {
      throw std::runtime_error("cannot listen");
    }
  }
  report(fmt::format("serves version={}", version));
  if (port == 0) {  // not to be shut down, for the next one
    ::fcntl(listener, F_SETFL, O_NONBLOCK);
    while (!stop.stop_requested()) {
      const int connection = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      connection >= 0 ? answer(connection) : static_cast<void>(::usleep(1000));
    }
  } else {
    const std::stop_callback on_stop(stop, [listener] { ::shutdown(listener, SHUT_RD); });
    for (;;) {
      const int connection = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      if (stop.stop_requested() || connection < 0) {
        ::close(connection);
        break;
      }
      answer(connection);
    }
  }
  ::close(listener);
}

struct Asked {
  Options options;
  Hooks hooks;
  bool deaf = false;
  pid_t child_before = 0;
  std::vector<std::string> orders;
};

std::string_view after(std::string_view order, std::string_view name) {
  return order.substr(name.size());
}

int do_orders(const Asked& asked, const std::stop_token& stop) {
  report(fmt::format("start pid={} generation={} changed={} run_main={} version={} reloader={}",
                     ::getpid(), escape(variable("RELOADRUN_GENERATION")),
                     escape(variable("RELOADRUN_CHANGED")), escape(variable("RUN_MAIN")), version,
                     is_reloader()));
  const bool first = variable("RELOADRUN_GENERATION") == "'1'";
  for (std::string_view order : asked.orders) {
    if (order.starts_with("first=")) {
      if (!first) continue;
      order = after(order, "first=");
    }
    const auto value = std::string(order.substr(std::min(order.size(), order.find('=') + 1)));
    if (order.starts_with("return=")) return std::stoi(value);
    if (order.starts_with("throw=")) throw std::runtime_error(value);
    if (order.starts_with("exit=")) std::exit(std::stoi(value));
    if (order.starts_with("die=")) ::raise(std::stoi(value));
    if (order == "fork") fork_sleeper(false);
    if (order == "daemon") fork_sleeper(true);
    if (order.starts_with("quick=")) ::_exit(std::stoi(value));
    if (order == "read") {
      std::thread([] {
        std::string line;
        std::getline(std::cin, line);
      }).detach();
    }
    if (order == "fork-exit") {
      for (int i = 0; i < 20; ++i) {
        const pid_t pid = ::fork();
        if (pid == 0) std::exit(0);
        ::waitpid(pid, nullptr, 0);
      }
    }
    if (order.starts_with("serve=")) serve(std::stoi(value), stop);
    if (order.starts_with("load=")) {
      report(::dlopen(value.c_str(), RTLD_NOW) != nullptr ? "loaded" : "not-loaded");
    }
    if (order == "wait") {
      const pid_t pid = ::fork();
      if (pid == 0) ::_exit(5);
      int status = 0;
      const bool waited = ::waitpid(pid, &status, 0) == pid;
      report(fmt::format("waited status={}", waited ? WEXITSTATUS(status) : -1));
    }
    if (order == "twice") {
      try {
        run([](const std::stop_token&) { return 0; });
      } catch (const Error& error) {
        report(fmt::format("error what={}", escape(error.what())));
      }
    }
  }
  report("ready");
  while (!stop.stop_requested() || asked.deaf)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  report("asked-to-end");
  return 0;
}

void take_option(Asked& asked, std::string_view option) {
  const std::string value(option.substr(std::min(option.size(), option.find('=') + 1)));
  if (option.starts_with("watch=")) asked.options.watch.push_back(value);
  if (option.starts_with("listen=")) asked.options.listen.push_back(value);
  if (option.starts_with("build=")) asked.options.build = value;
  if (option == "keep_ports") asked.options.keep_ports = true;
  if (option == "exit") asked.options.on_exit = OnExit::exit;
  if (option == "verbose") asked.options.verbosity = Verbosity::verbose;
  if (option.starts_with("timeout=")) {
    asked.options.stop_timeout = std::chrono::milliseconds(std::stoi(value));
  }
  if (option == "wrong=follow") asked.options.follow = true;
  if (option == "wrong=on_exit") asked.options.on_exit = OnExit::restart;
  if (option.starts_with("handles=")) {
    asked.hooks.on_change = [value](const std::vector<std::string>& paths) {
      report(fmt::format("on-change path={}", escape(paths.front())));
      return paths == std::vector{value};
    };
  }
  if (option == "throws") {
    asked.hooks.on_change = [](const std::vector<std::string>&) -> bool {
      throw std::runtime_error("on purpose");
    };
  }
  if (option == "throws-int") {
    asked.hooks.on_change = [](const std::vector<std::string>&) -> bool { throw 42; };
  }
  if (option == "wrong=interval") asked.options.interval = {};
  if (option == "wrong=stop_timeout") asked.options.stop_timeout = std::chrono::nanoseconds::max();
  if (option == "wrong=stop_signal") asked.options.stop_signal = 0;
  if (option == "tells-restart") asked.hooks.on_restart = [] { report("on-restart"); };
  if (option == "log") {
    asked.hooks.log = [](Level level, std::string_view line) {
      report(
          fmt::format("log level={} line={}", static_cast<int>(level), escape(std::string(line))));
    };
  }
}

int main(int argc, char** argv) {
  fifo = ::open(argv[1], O_WRONLY | O_CLOEXEC);
  Asked asked;
  asked.options.interval = std::chrono::milliseconds(20);
  for (int i = 2; i < argc; ++i) {
    const std::string_view order = argv[i];
    if (order.starts_with("option=")) {
      take_option(asked, after(order, "option="));
    } else if (order == "deaf") {
      asked.deaf = true;
    } else if (order.starts_with("waits-for=")) {
      while (::access(std::string(after(order, "waits-for=")).c_str(), F_OK) != 0) ::usleep(1000);
    } else if (order.starts_with("executes=")) {
      const std::string file(after(order, "executes="));
      if (is_reloader()) std::system(("'" + file + "' >'" + file + ".out'").c_str());
    } else if (order == "child-before") {
      if (is_reloader()) continue;
      asked.child_before = fork_sleeper(false);
    } else {
      asked.orders.emplace_back(order);
    }
  }
  struct Exits {
    ~Exits() { report(fmt::format("destroyed pid={}", ::getpid())); }
  };
  static const Exits exits;
  int status = 3;
  try {
    status = run([&asked](const std::stop_token& stop) { return do_orders(asked, stop); },
                 asked.options, asked.hooks);
  } catch (const Error& error) {
    report(fmt::format("error what={} status={}", escape(error.what()), error.exit_status()));
  }
  if (asked.child_before > 0) {
    report(fmt::format("left there={}", ::kill(asked.child_before, 0) == 0));
    ::kill(asked.child_before, SIGKILL);
    ::waitpid(asked.child_before, nullptr, 0);
  }
  sigset_t blocked;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
  report(
      fmt::format("returned status={} blocks_term={}", status, ::sigismember(&blocked, SIGTERM)));
  return status;
}

}  // namespace
}  // namespace reloadrun::test

int main(int argc, char** argv) { return reloadrun::test::main(argc, argv); }
