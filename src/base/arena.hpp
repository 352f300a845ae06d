// Memory that outlives a process. What is built in it, with pointers and all, is there again for
// the process that adopts it: nothing is written out and read in, so that handing over costs the
// same however much it holds. Driven by one thread; what it holds belongs to one process at a time.
//
// It is a memory file, mapped at one address in every process of this program. Only containers with
// a polymorphic allocator live in it, and no object with virtual functions but the arena itself,
// which each process makes anew at the same place.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <utility>

#include "base/fd.hpp"

namespace reloadrun {

class Arena final : public std::pmr::memory_resource {
 public:
  /// Bytes of address space that it takes; a page of memory is taken when it is used.
  static constexpr std::size_t most = std::size_t{1} << 33;

  /// An empty one, owned by the process; nullptr when the system does not give it. There is one in
  /// a process at most: it has its own address.
  static Arena* create();
  /// The arena that `file` holds. nullptr when it is none of this very program, or not whole.
  static Arena* adopt(Fd file);

  [[nodiscard]] int fd() const { return file_.get(); }
  /// What the next process is to find, kept in the arena; null at first.
  [[nodiscard]] void* root() const { return state_.root; }
  void set_root(void* root) { state_.root = root; }

  /// Takes the pages of large blocks out of this process's page table, where the next touch puts
  /// them again: each that is there makes the process's end longer. Small blocks, through which
  /// searches go, stay.
  static void unmap_large_blocks();

 private:
  struct State;
  Arena(Fd file, State& state) : file_(std::move(file)), state_(state) {}

  void* do_allocate(std::size_t bytes, std::size_t alignment) override;
  void do_deallocate(void* place, std::size_t bytes, std::size_t alignment) override;
  [[nodiscard]] bool do_is_equal(const memory_resource& other) const noexcept override {
    return this == &other;
  }

  struct Free {
    Free* next;
  };
  /// Blocks of one size that were never given out; from and to what byte of the file.
  struct Run {
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  static constexpr std::size_t classes = 160;  // for all of it
  /// What outlives the process; it lies in the file, right behind the arena itself.
  struct State {
    std::uint64_t mark = 0;     // the last to be written when it is made
    std::uint64_t program = 0;  // which program has made it
    void* root = nullptr;
    // Where what was never used begins, for small and for large blocks: bytes of the file.
    std::size_t small_end = 0;
    std::size_t large_end = 0;
    std::array<Free*, classes> free{};
    std::array<Run, classes> runs{};
  };
  static State* state_in_place();

  Fd file_;
  State& state_;
};

}  // namespace reloadrun
