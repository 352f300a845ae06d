// What a list of files means. What is said of a wrong one: tests/e2e/bad_input_test.cpp.

#include "app/file_list.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "helpers/place.hpp"
#include "reloadrun/error.hpp"

namespace reloadrun::app {
namespace {

using List = std::vector<std::string>;
using namespace std::string_literals;

class FileList : public testing::Test {
 protected:
  List listed(const std::string& content) const {
    place.edit("list", content);
    return read_file_list((place.work() / "list").string());
  }

  test::Place place;
};

TEST_F(FileList, OnePathALineByteForByte) {
  EXPECT_EQ(listed(""), List{});
  EXPECT_EQ(listed("\n\n"), List{});
  EXPECT_EQ(listed("a"), List{"a"});
  EXPECT_EQ(listed("a\nb/c\n\n./d"), (List{"a", "b/c", "./d"}));
  EXPECT_EQ(listed(" a b \n#c\n-d\n\xff\xfe\n'e'\nf\r\n"),
            (List{" a b ", "#c", "-d", "\xff\xfe", "'e'", "f\r"}));
}

TEST_F(FileList, WithANulEndsEachPathByOne) {
  EXPECT_EQ(listed("a\0b/c\0"s), (List{"a", "b/c"}));
  EXPECT_EQ(listed("a\n\0b"s), (List{"a\n", "b"}));
  EXPECT_EQ(listed("\0\0\n\0\"\0"s), (List{"\n", "\""}));
  EXPECT_EQ(listed("\0"s), List{});
}

TEST_F(FileList, AFifoIsNotWaitedFor) {
  const auto fifo = (place.work() / "fifo").string();
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_THROW(read_file_list(fifo), Error);
}

}  // namespace
}  // namespace reloadrun::app
