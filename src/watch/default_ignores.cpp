#include "watch/default_ignores.hpp"

#include <array>

namespace reloadrun::watch {
namespace {

constexpr auto version_control = "version control";
constexpr auto database = "database";
constexpr auto virtual_environment = "Python: virtual environment";

constexpr auto table = std::to_array<DefaultIgnore>({
    {".git", version_control},  // in a worktree and a submodule it is a file
    {".hg/", version_control},
    {".svn/", version_control},
    {".bzr/", version_control},
    {"CVS/", version_control},
    {"_darcs/", version_control},
    {".jj/", version_control},
    {".pijul/", version_control},
    {".fslckout*", version_control},
    {"_FOSSIL_*", version_control},
    {"node_modules/", "JavaScript: installed packages"},
    {"__pycache__/", "Python: compiled modules"},
    {"*.pyc", "Python: compiled module"},
    {".venv/", virtual_environment},
    {"venv/", virtual_environment},
    {".tox/", virtual_environment},
    {".nox/", virtual_environment},
    {".*.sw?", "vim: swap file; nano: lock file"},
    {".sw?", "vim: swap file of a nameless buffer"},
    {"4913", "vim: probe"},
    {"5036", "vim: probe when the one before exists"},
    {"5159", "vim: probe when those before exist"},
    {"*~", "vim, emacs, nano, kate: backup"},
    {"#*#", "emacs: what is not saved yet"},
    {".#*", "emacs: lock"},
    {"*.save", "nano: emergency copy"},
    {"*___jb_tmp___", "JetBrains: file being saved"},
    {"*___jb_old___", "JetBrains: file before it was saved"},
    {".idea/", "JetBrains: state of the editor"},
    {"*.vsctmp", "VS Code: file being saved"},
    {".*.kate-swp", "kate: swap file"},
    {".goutputstream-*", "gedit and others of GNOME: file being saved"},
    {".subl*.tmp", "Sublime Text: file being saved"},
    {".~lock.*#", "LibreOffice: lock"},
    {".nfs*", "NFS: deleted file still open"},
    {".fuse_hidden*", "FUSE: deleted file still open"},
    {".DS_Store", "macOS: state of the file manager"},
    {"*.log", "log"},
    {"nohup.out", "log of nohup"},
    {"*.pid", "process number"},
    {".coverage", "Python: coverage data"},
    {".coverage.*", "Python: coverage data"},
    {"*.db", database},
    {"*.db-journal", database},
    {"*.db-wal", database},
    {"*.db-shm", database},
    {"*.sqlite3", database},
    {"*.sqlite3-journal", database},
    {"*.sqlite3-wal", database},
    {"*.sqlite3-shm", database},
});

Patterns compile_table() {
  Patterns patterns("default ignores");
  for (std::size_t at = 0; at < table.size(); ++at) patterns.add(table[at].pattern, at + 1);
  return patterns;
}

}  // namespace

std::span<const DefaultIgnore> default_ignore_table() { return table; }

const Patterns& default_ignores() {
  static const Patterns patterns = compile_table();
  return patterns;
}

}  // namespace reloadrun::watch
