// A program of this machine's 32-bit one, without a library: it makes system calls by the numbers
// that the kernel's own headers have for such programs.
//
//     program_32 CALL [ARGUMENT...]   makes one call; ends with its error
//     program_32 serve FILE PORT      answers whoever connects with what FILE has, over HTTP
//     program_32 serve FILE PATH      the same on a unix socket, in the place of an older one
//     program_32 listen PORT          binds, listens, and ends that
//     program_32 once PORT            serves one client as well
//     program_32 wait                 forks, and waits for the child, which never ends
//     program_32 shutdown PORT        ends a listener that another thread waits in accept() of
//
// With `multiplexed` at the end of what concerns a PORT it makes calls of sockets by socketcall(),
// if it is i386's, by which old programs make all of them.
//
// An ARGUMENT is a number with '#' before it, the flags of a struct open_how with '=', or a text.

#include <asm/unistd.h>
#include <linux/net.h>

using Word = unsigned long;

// In assembly below.
extern "C" long start_thread(Word flags, void* stack_end);
// Called from there.
extern "C" [[noreturn]] void thread();
extern "C" [[noreturn]] void begin(const long* initial_stack);

namespace {

constexpr int at_cwd = -100;
constexpr int unix_family = 1;
constexpr int internet_family = 2;
constexpr int stream = 1;
constexpr int refused = -111;
constexpr int shut_both = 2;
constexpr int no_such_call = 38;

#if defined(__i386__)
long call(Word number, Word a = 0, Word b = 0, Word c = 0, Word d = 0, Word e = 0) {
  long result = 0;
  asm volatile("int $0x80"
               : "=a"(result)
               : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
               : "memory");
  return result;
}
asm(R"(
.globl _start
_start:
  mov %esp, %eax
  and $-16, %esp
  sub $12, %esp
  push %eax
  call begin
.globl start_thread
start_thread:  # with the flags, and the end of a stack; as clone()
  push %ebx
  mov 8(%esp), %ebx
  mov 12(%esp), %ecx
  xor %edx, %edx
  mov $120, %eax
  int $0x80
  test %eax, %eax
  jnz 1f
  call thread
1: pop %ebx
  ret
)");
#elif defined(__arm__)
long call(Word number, Word a = 0, Word b = 0, Word c = 0, Word d = 0, Word e = 0) {
  register Word r0 asm("r0") = a;
  register Word r1 asm("r1") = b;
  register Word r2 asm("r2") = c;
  register Word r3 asm("r3") = d;
  register Word r4 asm("r4") = e;
  register Word r7 asm("r7") = number;
  asm volatile("svc 0" : "+r"(r0) : "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r7) : "memory");
  return static_cast<long>(r0);
}
asm(R"(
.globl _start
_start:
  mov r0, sp
  bic sp, sp, #15
  bl begin
.globl start_thread
start_thread:
  push {r7, lr}
  mov r2, #0
  mov r3, #0
  mov r7, #120
  svc 0
  cmp r0, #0
  bleq thread
  pop {r7, pc}
)");
#endif
static_assert(__NR_clone == 120);

Word word(const void* pointer) { return reinterpret_cast<Word>(pointer); }

Word length(const char* text) {
  Word size = 0;
  while (text[size] != 0) ++size;
  return size;
}

bool same(const char* a, const char* b) {
  while (*a != 0 && *a == *b) ++a, ++b;
  return *a == *b;
}

/// Octal with a zero before it.
long number_in(const char* text) {
  const bool negative = *text == '-';
  if (negative) ++text;
  const long base = *text == '0' ? 8 : 10;
  long number = 0;
  for (; *text != 0; ++text) number = number * base + (*text - '0');
  return negative ? -number : number;
}

struct Known {
  const char* name;
  Word number;
};
constexpr Known known[] = {
    {"bind", __NR_bind},           {"chmod", __NR_chmod},
    {"creat", __NR_creat},         {"fchmodat", __NR_fchmodat},
    {"futimesat", __NR_futimesat}, {"io_uring_setup", __NR_io_uring_setup},
    {"link", __NR_link},           {"linkat", __NR_linkat},
    {"mkdir", __NR_mkdir},         {"mknod", __NR_mknod},
    {"mknodat", __NR_mknodat},     {"open", __NR_open},
    {"openat", __NR_openat},       {"openat2", __NR_openat2},
    {"rename", __NR_rename},       {"renameat", __NR_renameat},
    {"renameat2", __NR_renameat2}, {"rmdir", __NR_rmdir},
    {"symlink", __NR_symlink},     {"symlinkat", __NR_symlinkat},
    {"truncate", __NR_truncate},   {"truncate64", __NR_truncate64},
    {"unlink", __NR_unlink},       {"unlinkat", __NR_unlinkat},
    {"utimensat", __NR_utimensat}, {"utimensat_time64", __NR_utimensat_time64},
    {"utimes", __NR_utimes},
#if defined(__i386__)
    {"utime", __NR_utime},
#endif
};

long one_call(int count, char** words) {
  Word arguments[5] = {};
  unsigned long long how[3] = {};
  for (int i = 1; i < count && i <= 5; ++i) {
    const char* const text = words[i];
    Word& argument = arguments[i - 1];
    if (*text == '#') {
      argument = static_cast<Word>(number_in(text + 1));
    } else if (*text == '=') {
      how[0] = static_cast<unsigned long long>(number_in(text + 1));
      argument = word(how);
    } else {
      argument = word(text);
    }
  }
  for (const Known& one : known) {
    if (same(one.name, words[0])) {
      return call(one.number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4]);
    }
  }
  return -no_such_call;
}

bool multiplexed = false;

long socket_call([[maybe_unused]] int which, Word number, Word a, Word b = 0, Word c = 0) {
#if defined(__i386__)
  if (multiplexed || number == 0) {
    const Word arguments[] = {a, b, c, 0};
    return call(__NR_socketcall, static_cast<Word>(which), word(arguments));
  }
#endif
  return call(number, a, b, c);
}

#if defined(__i386__)
constexpr Word call_accept = 0;  // it has none of its own
#else
constexpr Word call_accept = __NR_accept;
#endif

long make_socket(int family) {
  return socket_call(SYS_SOCKET, __NR_socket, static_cast<Word>(family), stream);
}
long accept_on(Word listener) { return socket_call(SYS_ACCEPT, call_accept, listener); }

struct Address {
  unsigned char bytes[110] = {};
  Word size = 0;
  int family = 0;

  explicit Address(const char* text) {
    family = *text == '/' ? unix_family : internet_family;
    bytes[0] = static_cast<unsigned char>(family);
    if (family == unix_family) {
      size = 2 + length(text) + 1;
      for (Word i = 0; i < length(text); ++i) bytes[2 + i] = static_cast<unsigned char>(text[i]);
      return;
    }
    const long port = number_in(text);
    bytes[2] = static_cast<unsigned char>(port >> 8);
    bytes[3] = static_cast<unsigned char>(port & 0xff);
    bytes[4] = 127;
    bytes[7] = 1;
    size = 16;
  }
};

/// Negative with an error.
long listen_on(const Address& address) {
  const long listener = make_socket(address.family);
  if (listener < 0) return listener;
  const auto socket = static_cast<Word>(listener);
  const int yes = 1;
  constexpr Word socket_level = 1;
  constexpr Word reuse_address = 2;
  call(__NR_setsockopt, socket, socket_level, reuse_address, word(&yes), sizeof yes);
  long result = socket_call(SYS_BIND, __NR_bind, socket, word(address.bytes), address.size);
  if (result == 0) result = socket_call(SYS_LISTEN, __NR_listen, socket, 5);
  return result == 0 ? listener : result;
}

void write_all(Word to, const char* text, Word size) { call(__NR_write, to, word(text), size); }

void write_all(Word to, const char* text) { write_all(to, text, length(text)); }

long serve(const char* file, const char* at) {
  char content[256];
  const long opened = call(__NR_openat, static_cast<Word>(at_cwd), word(file), 0);
  if (opened < 0) return opened;
  const long size = call(__NR_read, static_cast<Word>(opened), word(content), sizeof content);
  if (size < 0) return size;
  if (*at == '/') call(__NR_unlink, word(at));
  const long listener = listen_on(Address(at));
  if (listener < 0) return listener;
  for (;;) {
    const long client = accept_on(static_cast<Word>(listener));
    if (client < 0) return client;
    const auto to = static_cast<Word>(client);
    if (*at != '/') {
      char request[1024];
      call(__NR_read, to, word(request), sizeof request);
      write_all(to, "HTTP/1.0 200 OK\r\n\r\n");
    }
    write_all(to, content, static_cast<Word>(size));
    call(__NR_close, to);
  }
}

long listen_once(const char* port) {
  const long listener = listen_on(Address(port));
  if (listener < 0) return listener;
  return socket_call(SYS_SHUTDOWN, __NR_shutdown, static_cast<Word>(listener), shut_both);
}

/// Nobody listens there before, not even who keeps the port for the next.
long once(const char* port) {
  const Address address(port);
  const long other = make_socket(address.family);
  const long connected = socket_call(SYS_CONNECT, __NR_connect, static_cast<Word>(other),
                                     word(address.bytes), address.size);
  if (connected != refused) return connected;
  const long listener = listen_on(address);
  if (listener < 0) return listener;
  const long client = accept_on(static_cast<Word>(listener));
  if (client < 0) return client;
  write_all(static_cast<Word>(client), "served");
  call(__NR_close, static_cast<Word>(client));
  return socket_call(SYS_SHUTDOWN, __NR_shutdown, static_cast<Word>(listener), shut_both);
}

alignas(16) char stack[65536];
volatile long accepting = -1;   // on this socket
volatile long its_status = -1;  // /proc/PID/task/TID/stat of the thread, opened by itself
volatile bool is_to_end = false;
volatile bool has_ended = false;

/// It does so in accept() alone.
bool thread_sleeps() {
  char text[256];
  if (its_status < 0) return false;
  const auto status = static_cast<Word>(its_status);
  call(__NR_lseek, status, 0, 0);
  const long size = call(__NR_read, status, word(text), sizeof text);
  long at = 0;
  while (at < size && text[at] != ')') ++at;
  return at + 2 < size && text[at + 2] == 'S';
}

long shut_down(const char* port) {
  const long seconds[4] = {0, 0, 100, 0};
  call(__NR_setitimer, 0, word(seconds));  // whoever is never woken is ended by SIGALRM
  accepting = listen_on(Address(port));
  if (accepting < 0) return accepting;
  constexpr Word as_a_thread = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000 | 0x40000;
  const long thread = start_thread(as_a_thread, stack + sizeof stack);
  if (thread < 0) return thread;
  while (!thread_sleeps()) call(__NR_sched_yield);
  is_to_end = true;
  const auto listener = static_cast<Word>(accepting);
  const long result = socket_call(SYS_SHUTDOWN, __NR_shutdown, listener, shut_both);
  while (!has_ended) call(__NR_sched_yield);
  return result;
}

long wait_for_child() {
  constexpr Word as_by_fork = 17;
  const long child = call(__NR_clone, as_by_fork);
  if (child == 0) {
    for (;;) call(__NR_pause);
  }
  return child < 0 ? child : call(__NR_wait4, static_cast<Word>(child));
}

long run(int count, char** words) {
  if (count == 1 && same(words[0], "wait")) return wait_for_child();
  if (count >= 3 && same(words[0], "serve")) return serve(words[1], words[2]);
  multiplexed = count >= 3 && same(words[2], "multiplexed");
  if (count >= 2 && same(words[0], "listen")) return listen_once(words[1]);
  if (count >= 2 && same(words[0], "once")) return once(words[1]);
  if (count >= 2 && same(words[0], "shutdown")) return shut_down(words[1]);
  return count >= 1 ? one_call(count, words) : 0;
}

}  // namespace

extern "C" {

[[noreturn]] void thread() {
  its_status = call(__NR_open, word("/proc/thread-self/stat"), 0);
  while (!is_to_end) call(__NR_close, static_cast<Word>(accept_on(static_cast<Word>(accepting))));
  has_ended = true;
  for (;;) call(__NR_exit);
}

[[noreturn]] void begin(const long* initial_stack) {
  const int count = static_cast<int>(initial_stack[0]);
  auto** const words = reinterpret_cast<char**>(const_cast<long*>(initial_stack + 1));
  const long result = run(count - 1, words + 1);
  for (;;) call(__NR_exit_group, static_cast<Word>(result < 0 ? -result : 0));
}

// What the compiler may call.
void* memset(void* place, int value, Word size) {
  auto* const bytes = static_cast<volatile unsigned char*>(place);
  for (Word i = 0; i < size; ++i) bytes[i] = static_cast<unsigned char>(value);
  return place;
}
void* memcpy(void* to, const void* from, Word size) {
  auto* const into = static_cast<volatile unsigned char*>(to);
  for (Word i = 0; i < size; ++i) into[i] = static_cast<const unsigned char*>(from)[i];
  return to;
}

}  // extern "C"
