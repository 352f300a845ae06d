// A tree of files to be looked at, in a temporary directory that goes with it.
#pragma once

#include <cstddef>
#include <string>

namespace reloadrun::bench {

class Tree {
 public:
  /// `files` empty files in directories of 100, two levels deep, all of it last touched a day ago,
  /// as most of a real tree is. Throws std::system_error.
  explicit Tree(std::size_t files);
  ~Tree();
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  /// As many files again, below a directory that a .gitignore leaves out.
  void add_ignored(std::size_t files);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::size_t files() const { return files_; }
  /// The path of one, by its number from 0.
  [[nodiscard]] std::string file(std::size_t number) const;
  /// Of every file, without its directory. Longer than what a std::string holds in itself.
  static constexpr std::size_t name_length = 17;

 private:
  std::size_t files_;
  std::string path_;
};

}  // namespace reloadrun::bench
