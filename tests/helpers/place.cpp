#include "helpers/place.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <system_error>

#include "helpers/deadline.hpp"
#include "watch/stamps.hpp"

namespace reloadrun::test {

namespace fs = std::filesystem;

Place::Place() {
  std::string name = (fs::temp_directory_path() / "reloadrun-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(), "mkdtemp");
  }
  root_ = fs::canonical(name);
  fs::create_directory(work());
}

Place::~Place() {
  if (testing::Test::HasFailure()) {
    std::cerr << "kept: " << root_ << '\n';
    return;
  }
  std::error_code ignored;
  fs::remove_all(root_, ignored);
}

void Place::edit(const std::string& name, const std::string& content) const {
  const fs::path target = work() / name;
  const fs::path aside = beside("aside");
  const bool there = fs::exists(target);
  const auto before = there ? fs::last_write_time(target) : fs::file_time_type();
  std::ofstream(aside) << content;
  if (there) {
    fs::permissions(aside, fs::status(target).permissions());
    if (fs::last_write_time(aside) <= before) {
      fs::last_write_time(aside, before + std::chrono::milliseconds(1));
    }
  }
  fs::rename(aside, target);
}

void let_change_time_pass() {
  const watch::ChangeTime before = watch::change_time_now();
  eventually("time goes on", [&before] { return watch::change_time_now() > before; });
}

std::string content_of(const fs::path& file) {
  std::ifstream stream(file);
  EXPECT_TRUE(stream) << file;
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace reloadrun::test
