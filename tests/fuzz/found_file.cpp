// What lies where a file is to be read. The input: what kind of thing it is, how much may be read
// of it, and what it holds.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "app/file_list.hpp"
#include "base/fd.hpp"
#include "base/regular_file.hpp"
#include "fuzz/property.hpp"
#include "watch/repository.hpp"
#include "watch/rule_file.hpp"

namespace reloadrun::fuzz {
namespace {

namespace fs = std::filesystem;

/// One for all inputs, removed at the end.
class Directory {
 public:
  Directory() {
    std::string name = fs::temp_directory_path() / "reloadrun-fuzz-XXXXXX";
    require(::mkdtemp(name.data()) != nullptr, "there is room for a directory");
    path_ = fs::canonical(name);
  }
  ~Directory() { fs::remove_all(path_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

enum class Kind { file, huge, fifo, written_fifo, zero, null, directory, loop, dangling, socket };
constexpr int kinds = 10;

bool is_file(Kind kind) { return kind == Kind::file || kind == Kind::huge; }

void write(const fs::path& path, int flags, std::string_view content) {
  const Fd file = require_fd(::open(path.c_str(), flags | O_CLOEXEC, 0600), "open");
  require(::write(file.get(), content.data(), content.size()) >= 0, "it takes what it is given");
}

/// The descriptor keeps a FIFO's writer, if it has one.
Fd make(Kind kind, const fs::path& path, std::string_view content) {
  constexpr std::size_t in_a_fifo = 4096;
  constexpr off_t terabyte = off_t{1} << 40U;
  fs::remove_all(path);
  if (is_file(kind)) write(path, O_WRONLY | O_CREAT, content);
  if (kind == Kind::huge) require(::truncate(path.c_str(), terabyte) == 0, "it may have holes");
  if (kind == Kind::fifo || kind == Kind::written_fifo) ::mkfifo(path.c_str(), 0600);
  if (kind == Kind::zero) fs::create_symlink("/dev/zero", path);
  if (kind == Kind::null) fs::create_symlink("/dev/null", path);
  if (kind == Kind::directory) fs::create_directory(path);
  if (kind == Kind::loop) fs::create_symlink(path.filename(), path);
  if (kind == Kind::dangling) fs::create_symlink("missing", path);
  if (kind == Kind::socket) ::mknod(path.c_str(), S_IFSOCK | 0600, 0);
  if (kind != Kind::written_fifo) return {};
  Fd writer = require_fd(::open(path.c_str(), O_RDWR | O_CLOEXEC), "open");
  const auto part = content.substr(0, in_a_fifo);
  require(::write(writer.get(), part.data(), part.size()) >= 0, "it takes what it is given");
  return writer;
}

void read_it(Kind kind, const fs::path& path, std::size_t most, std::string_view content) {
  const RegularFile file = read_regular_file(AT_FDCWD, path, most);
  require(static_cast<bool>(file) == (kind == Kind::file && content.size() <= most),
          "a file is read, if it is not too large, and nothing else");
  require(file.content == (file ? content : ""), "it is read whole, or not at all");
  require(static_cast<bool>(file) == why_not(file, most).empty(), "there is a reason otherwise");
  for (const auto links : {watch::Links::followed, watch::Links::refused}) {
    const auto rules = watch::read_rule_file(AT_FDCWD, path, links);
    require(!rules || rules->text.has_value() == (kind == Kind::file), "a rule file is a file");
    require(!rules || !rules->text || *rules->text == content, "a rule file is read whole");
  }
}

void read_list(const fs::path& path, std::string_view content) {
  try {
    for (const std::string& listed : app::read_file_list(path)) {
      require(!listed.empty() && listed.find('\0') == listed.npos, "a path is a path");
      require(content.find(listed) != content.npos, "it is listed");
    }
  } catch (const Error& error) {
    require_clear(error);
  }
}

void read_repository(const fs::path& top) {
  const auto repository = watch::repository_at(top);
  require(!repository || fs::path(repository->git_dir).is_absolute(), "a repository has its place");
}

}  // namespace
}  // namespace reloadrun::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace reloadrun::fuzz;
  static const Directory directory;
  constexpr unsigned patience = 20;
  ::alarm(patience);  // nothing of it is waited for
  Input input(data, size);
  const auto kind = static_cast<Kind>(input.byte() % kinds);
  const std::size_t most = std::size_t{input.byte()} * 16;
  const std::string_view content = input.rest();
  const auto path = directory.path() / ".git";
  const auto writer = make(kind, path, content);
  read_it(kind, path, most, content);
  read_list(path, content);
  read_repository(directory.path());
  ::alarm(0);
  return 0;
}
