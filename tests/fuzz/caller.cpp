// What is read of a process whose call waits: which call it is, its arguments, and what these point
// to; paths, flags, addresses and the arguments of socketcall(); and the lines of /proc/PID/status.
// The input: which of these it is; of a call, whose machine's it is, its number, a byte for each
// argument, and the caller's memory. This process plays the caller.

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "base/fd.hpp"
#include "fuzz/property.hpp"
#include "net/address.hpp"
#include "net/caller_path.hpp"
#include "net/fields.hpp"
#include "net/identity.hpp"
#include "net/opened.hpp"
#include "net/port_calls.hpp"
#include "net/written.hpp"

namespace reloadrun::fuzz {
namespace {

using namespace net;

/// Low enough for a 32-bit program, and nothing that follows it can be read.
class Memory {
 public:
  explicit Memory(std::string_view content)
      : size_(std::min(content.size(), most)), begin_(end() - size_) {
    std::memcpy(begin_, content.data(), size_);
  }
  [[nodiscard]] std::uint64_t address() const { return reinterpret_cast<std::uint64_t>(begin_); }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  static constexpr std::size_t most = 8192;
  static char* end() {
    static char* const room = [] {
      void* const map = ::mmap(nullptr, 2 * most, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
      require(map != MAP_FAILED && ::mprotect(static_cast<char*>(map) + most, most, PROT_NONE) == 0,
              "there is room");
      return static_cast<char*>(map) + most;
    }();
    return room;
  }

  std::size_t size_;
  char* begin_;
};

void identity(const std::string& status) {
  const auto read = parse_identity(status);
  if (!read) return;
  require(!field(status, "Uid").empty(), "nobody is made up");
  require(read->groups.size() <= status.size(), "nor is a group");
  require(parse_identity("CapEff:\t0\nGid:\t0\t0\t0\t0\nUid:\t0\t0\t0\t0\n\n" + status)->user == 0,
          "what comes first counts");
}

void address(std::string_view bytes) {
  const Address read(bytes);
  require(read.bytes.size() <= sizeof(sockaddr_storage), "an address is cut at what one may have");
  require(Address(read.bytes) == read, "it is read as the same again");
  require(read.path().find('\0') == std::string::npos, "a path ends with its first zero");
  require(!read.text().empty(), "it has a text");
  require(read.is_internet() || read.port() == 0, "others have no port");
  if (!read.path().empty()) require(Address::of_path(read.path()).path() == read.path(), "a path");
}

/// An argument is a small number, AT_FDCWD among them, or points somewhere into the memory.
void call(Input& input) {
  Call call;
  call.thread = static_cast<pid_t>(::syscall(SYS_gettid));
  call.machine = input.byte() % 2 == 0 ? Machine::native : Machine::compat;
  call.number = input.byte() | input.byte() << 8;
  std::array<unsigned char, 6> kinds{};
  for (auto& kind : kinds) kind = input.byte();
  const Memory memory(input.rest());
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const int small = kinds[i] - 100;
    call.arguments.at(i) = kinds[i] < 128
                               ? static_cast<std::uint64_t>(std::int64_t{small})
                               : memory.address() + (kinds[i] - 128U) % (memory.size() + 1);
  }
  if (const auto port = port_call(call)) {
    const auto text = port->text(1);
    require(!text || text->size() < 4096, "a path is no longer than the kernel takes");
    const auto bytes = port->bytes(1, std::min<std::uint64_t>(port->arguments[2], 128));
    if (bytes) address(*bytes);
    for (const auto& named : {caller_path(*port, 1, 0), caller_path(*port, 0, std::nullopt)}) {
      if (!named) continue;
      require(named->path.empty() || named->path.front() != '/',
              "a path goes on from where it begins");
      require(named->name().find('/') == std::string::npos, "a name is one of a directory's");
      static_cast<void>(named->open_parent());
    }
  }
  const auto is_whole = [](const std::string& path) { return path.front() == '/'; };
  if (const auto opened = opened_by(call)) require(is_whole(opened->path), "a path is absolute");
  for (const KnownFile& file : written_by(call)) {
    require(file.path.empty() || is_whole(file.path), "it is absolute, too");
    require(!file.path.empty() || !file.keys.empty(), "a file is known by something");
  }
}

}  // namespace
}  // namespace reloadrun::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace reloadrun::fuzz;
  Input input(data, size);
  switch (input.byte() % 3) {
    case 0:
      call(input);
      break;
    case 1:
      identity(std::string(input.rest()));
      break;
    default:
      address(input.rest());
  }
  return 0;
}
