// One command of git, one restart: it is waited for while it rewrites the work tree, and not while
// it only holds its lock.

#include <sys/stat.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <thread>

#include "helpers/saves.hpp"

namespace reloadrun::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class Git : public Saves {
 protected:
  std::string git(const Words& arguments) { return git(arguments, place.work()); }
  std::string git(const Words& arguments, const fs::path& directory) {
    Words command{"git"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return run(command, directory);
  }
  void commit_all(const std::string& message) { commit_all(message, place.work()); }
  void commit_all(const std::string& message, const fs::path& directory) {
    git({"add", "--all"}, directory);
    git({"commit", "--quiet", "--message", message}, directory);
  }

  /// A repository in this directory, with a tree of 10 files a directory committed.
  Words make_repository(const fs::path& directory, int directories = 50) {
    git({"init", "--quiet", directory.string()}, place.work());
    Words names = write_tree(directory, "one\n", directories);
    commit_all("One", directory);
    return names;
  }

  /// Where git locks the index of the work tree that this directory lies in.
  fs::path lock_of(const fs::path& directory) {
    std::string path = git({"rev-parse", "--git-path", "index.lock"}, directory);
    path.pop_back();  // the line's end
    return directory / path;
  }

  /// Fails unless edits wait for the end of this lock, and are one restart then.
  void expect_to_wait_for(const fs::path& lock, const std::string& one, const std::string& other) {
    std::ofstream{lock};
    place.edit(one, "edited\n");
    std::this_thread::sleep_for(300ms);  // several looks, and much longer than --settle
    place.edit(other, "edited\n");
    EXPECT_FALSE(reports.has("start"));  // the old target goes on
    fs::remove(lock);
    expect_one_restart({one, other});
  }
};

INSTANTIATE_TEST_SUITE_P(Watcher, Git, testing::Values("auto", "stat"), watcher_name);

TEST_P(Git, Checkout) {
  const Words names = make_repository(place.work());
  git({"checkout", "--quiet", "-b", "other"});
  write_tree(place.work(), "another one\n", 50);
  commit_all("Another one");
  start();
  git({"checkout", "--quiet", "main"});
  expect_one_restart(names);
  git({"checkout", "--quiet", "other"});
  expect_one_restart(names);
}

TEST_P(Git, StashAndPop) {
  const Words names = make_repository(place.work());
  write_tree(place.work(), "not committed\n", 50);
  start();
  git({"stash", "--quiet"});
  expect_one_restart(names);
  git({"stash", "pop", "--quiet"});
  expect_one_restart(names);
}

TEST_P(Git, Rebase) {
  Words names = make_repository(place.work());
  git({"checkout", "--quiet", "-b", "topic"});
  for (int part = 0; part < 5; ++part) {
    for (std::size_t i = 0; i < 100; ++i) {
      place.edit(names[static_cast<std::size_t>(part) * 100 + i], "topic\n");
    }
    commit_all("Part " + std::to_string(part));
  }
  git({"checkout", "--quiet", "main"});
  place.edit("of-main", "main's own\n");
  commit_all("Of main");
  git({"checkout", "--quiet", "topic"});
  start();
  git({"rebase", "--quiet", "main"});
  names.emplace_back("of-main");
  expect_one_restart(names);
}

TEST_P(Git, CommitWithItsEditorOpen) {
  make_repository(place.work(), 1);
  place.edit("d0/0", "to be committed\n");
  ASSERT_EQ(::mkfifo(place.beside("closing").c_str(), 0600), 0);
  std::ofstream(place.beside("editor")) << "#!/bin/sh\n"
                                           "echo Two >\"$1\"\n"
                                           ": >../opened\n"
                                           "read -r line <../closing\n";
  fs::permissions(place.beside("editor"), fs::perms::owner_all);
  start();
  Program commit({.arguments = {"git", "commit", "--quiet", "-a"},
                  .directory = place.work(),
                  .environment = {"GIT_EDITOR=" + place.beside("editor").string()}});
  eventually("git's editor", [this] { return fs::exists(place.beside("opened")); });
  place.edit("d0/1", "edited meanwhile\n");

  expect_start({"d0/1"});
  struct stat lock {};
  timespec now{};
  ASSERT_EQ(::stat(lock_of(place.work()).c_str(), &lock), 0);  // not waited for until it ends
  ::clock_gettime(CLOCK_REALTIME, &now);
  EXPECT_GE(now.tv_sec - lock.st_ctim.tv_sec, 5);
  place.edit("fence", "while the lock is stale\n");
  expect_start({"fence"});

  std::ofstream(place.beside("closing")) << "\n";
  EXPECT_EQ(commit.wait(), Ending{}) << commit.said();
  place.edit("fence", "after the commit\n");
  expect_start({"fence"});
}

TEST_P(Git, LockOfARepository) {
  make_repository(place.work(), 1);
  start();
  expect_to_wait_for(lock_of(place.work()), "d0/0", "d0/1");
}

TEST_P(Git, LockOfALinkedWorktree) {
  const fs::path repository = place.beside("repository");
  make_repository(repository, 1);
  git({"worktree", "add", "--quiet", place.work().string(), "-b", "linked"}, repository);
  start();
  const fs::path lock = lock_of(place.work());
  EXPECT_TRUE(lock.string().starts_with(repository.string())) << lock;
  expect_to_wait_for(lock, "d0/0", "d0/1");
}

TEST_P(Git, LockOfASubmodule) {
  const fs::path library = place.beside("library");
  make_repository(library, 1);
  make_repository(place.work(), 1);
  git({"submodule", "--quiet", "add", library.string(), "sub"});
  commit_all("A submodule");
  start();
  const fs::path lock = lock_of(place.work() / "sub");
  EXPECT_NE(lock, lock_of(place.work()));
  expect_to_wait_for(lock, "sub/d0/0", "sub/d0/1");
}

}  // namespace
}  // namespace reloadrun::test
