#include "base/arena.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <new>
#include <utility>

namespace reloadrun {
namespace {

// Where nothing else is mapped: below the shared libraries and above the program's own heap, also
// in a process with a sanitizer's shadow. On arm64 there may be but 39 bits, in which programs that
// lie anywhere lie from 0x5555555000 on.
#if defined(__aarch64__)
const auto address = reinterpret_cast<void*>(0x2000000000);
#else
const auto address = reinterpret_cast<void*>(0x567000000000);
#endif

constexpr std::uint64_t mark = 0x616e657261646c72;
constexpr std::size_t grain = alignof(std::max_align_t);
constexpr std::size_t smallest_power = 10;
constexpr std::size_t largest_small = std::size_t{1} << smallest_power;
constexpr std::size_t steps = 4;
// What is of one size is found close together: a search in a map touches few pages.
constexpr std::size_t run_length = std::size_t{1} << 18;
// Large blocks lie apart from the small ones.
constexpr std::size_t large_begin = Arena::most / 4;

/// Tells this program from another one whose objects may be laid out otherwise.
std::uint64_t this_program() {
  struct stat status {};
  if (::stat("/proc/self/exe", &status) != 0) return 0;
  return status.st_ino ^ (static_cast<std::uint64_t>(status.st_mtim.tv_nsec) << 32U);
}

bool map(const Fd& file) {
  constexpr int flags = MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
  void* const got = ::mmap(address, Arena::most, PROT_READ | PROT_WRITE, flags, file.get(), 0);
  if (got == MAP_FAILED) return false;
  if (got == address) {
    // Most of it is nothing, and a core takes long to say so.
    ::madvise(got, Arena::most, MADV_DONTDUMP);
    return true;
  }
  ::munmap(got, Arena::most);  // a kernel that takes the address for a wish
  return false;
}

/// Sizes that share a list of free blocks: small ones in steps of a grain, others in four steps
/// between a power of two and the next, so that at most a fifth of a block lies idle.
std::size_t class_of(std::size_t bytes) {
  if (bytes <= largest_small) return (bytes + grain - 1) / grain;
  const auto power = static_cast<std::size_t>(std::bit_width(bytes - 1)) - 1;
  const std::size_t step = (std::size_t{1} << power) / steps;
  const std::size_t above = (bytes - (std::size_t{1} << power) + step - 1) / step;
  return largest_small / grain + (power - smallest_power) * steps + above;
}

std::size_t size_of_class(std::size_t number) {
  const std::size_t small = largest_small / grain;
  if (number <= small) return number * grain;
  const std::size_t power = smallest_power + (number - small - 1) / steps;
  const std::size_t above = (number - small - 1) % steps + 1;
  return (std::size_t{1} << power) / steps * (steps + above);
}

}  // namespace

Arena::State* Arena::state_in_place() {
  static_assert(sizeof(Arena) % alignof(State) == 0);
  return reinterpret_cast<State*>(static_cast<std::byte*>(address) + sizeof(Arena));
}

Arena* Arena::create() {
  Fd file(::memfd_create("reloadrun snapshot", MFD_CLOEXEC));
  if (!file || ::ftruncate(file.get(), static_cast<off_t>(most)) != 0 || !map(file)) return nullptr;
  State& state = *new (state_in_place()) State;
  state.program = this_program();
  state.small_end = (sizeof(Arena) + sizeof(State) + grain - 1) / grain * grain;
  state.large_end = large_begin;
  state.mark = mark;
  return new (address) Arena(std::move(file), state);
}

Arena* Arena::adopt(Fd file) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || status.st_size != static_cast<off_t>(most)) {
    return nullptr;
  }
  if (!map(file)) return nullptr;
  State& state = *state_in_place();
  if (state.mark != mark || state.program != this_program()) {
    ::munmap(address, most);
    return nullptr;
  }
  return new (address) Arena(std::move(file), state);
}

void Arena::unmap_large_blocks() {
  ::madvise(static_cast<std::byte*>(address) + large_begin, most - large_begin, MADV_DONTNEED);
}

void* Arena::do_allocate(std::size_t bytes, std::size_t alignment) {
  if (alignment > grain) throw std::bad_alloc();
  const std::size_t number = class_of(std::max(bytes, grain));
  if (Free* const block = state_.free.at(number)) {
    state_.free.at(number) = block->next;
    return block;
  }
  const std::size_t size = size_of_class(number);
  Run& run = state_.runs.at(number);
  if (run.begin == run.end) {
    const std::size_t length = std::max(run_length / size, std::size_t{1}) * size;
    const bool is_small = size <= largest_small && length <= large_begin - state_.small_end;
    std::size_t& end = is_small ? state_.small_end : state_.large_end;
    if (!is_small && length > most - end) throw std::bad_alloc();
    run = {end, end + length};
    end = run.end;
  }
  void* const place = static_cast<std::byte*>(address) + run.begin;
  run.begin += size;
  return place;
}

void Arena::do_deallocate(void* place, std::size_t bytes, std::size_t /*alignment*/) {
  const std::size_t number = class_of(std::max(bytes, grain));
  state_.free.at(number) = new (place) Free{state_.free.at(number)};
}

}  // namespace reloadrun
