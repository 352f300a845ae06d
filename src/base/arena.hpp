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
  static constexpr std::size_t classes = 160;  // for all of it
  /// What outlives the process; it lies in the file, right behind the arena itself.
  struct State {
    std::uint64_t mark = 0;     // the last to be written when it is made
    std::uint64_t program = 0;  // which program has made it
    void* root = nullptr;
    std::size_t used = 0;  // bytes from the file's begin
    std::array<Free*, classes> free{};
  };
  static State* state_in_place();

  Fd file_;
  State& state_;
};

}  // namespace reloadrun
