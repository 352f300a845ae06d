#include "app/stack.hpp"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <ucontext.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>

namespace reloadrun::app {
namespace {

constexpr std::size_t enough = std::size_t{1} << 20U;

bool is_large() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur >= enough;
}

void make_threads_stacks_large() {
  pthread_attr_t attributes;
  if (::pthread_getattr_default_np(&attributes) != 0) return;
  if (::pthread_attr_setstacksize(&attributes, enough) == 0) {
    ::pthread_setattr_default_np(&attributes);
  }
  ::pthread_attr_destroy(&attributes);
}

/// Null when there is no memory. What lies below it may not be touched.
void* make_stack() {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK;
  void* const memory = ::mmap(nullptr, page + enough, PROT_NONE, flags, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  void* const stack = static_cast<std::byte*>(memory) + page;
  return ::mprotect(stack, enough, PROT_READ | PROT_WRITE) == 0 ? stack : nullptr;
}

}  // namespace

void on_large_stack(void (*work)()) {
  if (!is_large()) {
    make_threads_stacks_large();
    // Not on the stack that is small: a context takes a kilobyte.
    static ucontext_t context;
    void* const stack = make_stack();
    if (stack != nullptr && ::getcontext(&context) == 0) {
      context.uc_stack.ss_sp = stack;
      context.uc_stack.ss_size = enough;
      ::makecontext(&context, work, 0);
      ::setcontext(&context);
    }
  }
  work();
  std::abort();
}

}  // namespace reloadrun::app
