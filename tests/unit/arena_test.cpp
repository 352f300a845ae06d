// Memory that the next process finds as it was.

#include "base/arena.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory_resource>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.hpp"
#include "helpers/processes.hpp"

namespace reloadrun {
namespace {

using Texts = std::pmr::map<std::pmr::string, int>;

Fd copy_of(int fd) { return Fd(::fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

/// As the end of this process would do it.
void leave(const Arena* arena) { ::munmap(const_cast<Arena*>(arena), Arena::most); }

/// How many pages of a block this process has in its page table. What /proc tells of shared memory
/// as a whole includes the program itself, when that lies on a tmpfs.
std::size_t mapped_pages(const void* block, std::size_t size) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const auto first = reinterpret_cast<std::uintptr_t>(block) / page;
  std::vector<std::uint64_t> entries(size / page);
  const std::size_t bytes = entries.size() * sizeof entries[0];
  const Fd pagemap(::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
  const auto offset = static_cast<off_t>(first * sizeof entries[0]);
  if (::pread(pagemap.get(), entries.data(), bytes, offset) != static_cast<ssize_t>(bytes)) {
    throw_errno("pread of /proc/self/pagemap");
  }
  // The highest bit says "present": Documentation/admin-guide/mm/pagemap.rst.
  return static_cast<std::size_t>(
      std::ranges::count_if(entries, [](std::uint64_t entry) { return (entry >> 63U) != 0; }));
}

// Each in a process of its own: there is one arena in a process.
TEST(Arena, IsThereAgain) {
  EXPECT_TRUE(test::in_child([] {
    Arena* arena = Arena::create();
    if (arena == nullptr || arena->root() != nullptr) return false;
    auto* texts = std::pmr::polymorphic_allocator<>(arena).new_object<Texts>();
    for (int i = 0; i < 1000; ++i) {
      texts->emplace(std::string(static_cast<std::size_t>(i), 'x'), i);
    }
    arena->set_root(texts);
    Fd file = copy_of(arena->fd());
    leave(arena);

    arena = Arena::adopt(std::move(file));
    if (arena == nullptr || arena->root() != texts || texts->size() != 1000) return false;
    for (int i = 0; i < 1000; ++i) {
      if (texts->at(std::pmr::string(static_cast<std::size_t>(i), 'x')) != i) return false;
    }
    texts->clear();
    texts->emplace("goes on", 1);
    return texts->contains("goes on");
  }));
}

TEST(Arena, UsesAgainWhatWasGivenBack) {
  EXPECT_TRUE(test::in_child([] {
    Arena* arena = Arena::create();
    for (const std::size_t size : {0U, 1U, 16U, 17U, 1000U, 1025U, 5000U, 1000000U}) {
      void* const first = arena->allocate(size);
      void* const second = arena->allocate(size);
      if (first == second) return false;
      arena->deallocate(second, size);
      if (arena->allocate(size) != second) return false;
    }
    return true;
  }));
}

TEST(Arena, LeavesLittleIdle) {
  EXPECT_TRUE(test::in_child([] {
    Arena* arena = Arena::create();
    for (std::size_t size = 1; size < Arena::most / 64; size += size / 7 + 1) {
      auto* const first = static_cast<std::byte*>(arena->allocate(size));
      auto* const second = static_cast<std::byte*>(arena->allocate(size));
      const auto taken = static_cast<std::size_t>(second - first);
      if (taken < size || taken > size + size / 4 + alignof(std::max_align_t)) return false;
    }
    return true;
  }));
}

TEST(Arena, HasWhatIsOfOneSizeCloseTogether) {
  EXPECT_TRUE(test::in_child([] {
    Arena* arena = Arena::create();
    constexpr std::size_t size = 64;
    auto* before = static_cast<std::byte*>(arena->allocate(size));
    for (int i = 0; i < 100; ++i) {
      static_cast<void>(arena->allocate(10 * size));  // lies elsewhere
      auto* const next = static_cast<std::byte*>(arena->allocate(size));
      if (next != before + size) return false;
      before = next;
    }
    return true;
  }));
}

TEST(Arena, HoldsMoreOfOneSizeThanARun) {
  EXPECT_TRUE(test::in_child([] {
    Arena* arena = Arena::create();
    std::set<void*> places;
    constexpr std::size_t size = 1000;
    constexpr int count = 10000;
    for (int i = 0; i < count; ++i) {
      void* const place = arena->allocate(size);
      std::memset(place, 1, size);
      places.insert(place);
    }
    const auto* const last = static_cast<std::byte*>(*places.begin());
    const auto too_close = [&, before = last](void* place) mutable {
      const auto* const at = static_cast<std::byte*>(place);
      const auto* const previous = std::exchange(before, at);
      return at != previous && at - previous < static_cast<std::ptrdiff_t>(size);
    };
    return places.size() == count && std::ranges::none_of(places, too_close);
  }));
}

TEST(Arena, KeepsWhatItUnmaps) {
  EXPECT_TRUE(test::in_child([] {
    Arena* arena = Arena::create();
    constexpr std::size_t large = 1U << 20;
    auto* const place = static_cast<char*>(arena->allocate(large));
    std::memset(place, 'x', large);
    if (mapped_pages(place, large) == 0) return false;
    Arena::unmap_large_blocks();
    if (mapped_pages(place, large) != 0) return false;
    return std::all_of(place, place + large, [](char c) { return c == 'x'; });
  }));
}

TEST(Arena, RefusesWhatIsNotItsOwn) {
  EXPECT_TRUE(test::in_child([] {
    Fd empty(::memfd_create("test", MFD_CLOEXEC));
    if (Arena::adopt(copy_of(empty.get())) != nullptr) return false;
    if (::ftruncate(empty.get(), static_cast<off_t>(Arena::most)) != 0) return false;
    return Arena::adopt(std::move(empty)) == nullptr && Arena::adopt(Fd()) == nullptr;
  }));
}

TEST(Arena, RefusesWhatWasTorn) {
  EXPECT_TRUE(test::in_child([] {
    Arena* arena = Arena::create();
    Fd file = copy_of(arena->fd());
    leave(arena);
    return ::ftruncate(file.get(), 4096) == 0 && Arena::adopt(std::move(file)) == nullptr;
  }));
}

TEST(Arena, IsOneInAProcess) {
  EXPECT_TRUE(
      test::in_child([] { return Arena::create() != nullptr && Arena::create() == nullptr; }));
}

}  // namespace
}  // namespace reloadrun
