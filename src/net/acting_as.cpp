#include "net/acting_as.hpp"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.hpp"
#include "net/fields.hpp"

namespace reloadrun::net {

// Not in the namespace without a name, since ActingAs::Change has them.
struct Capabilities {
  std::uint64_t effective = 0;
  std::uint64_t permitted = 0;
  std::uint64_t inheritable = 0;
};

/// As whom this thread acts by itself.
struct Own {
  Identity identity;
  Capabilities capabilities;
};

namespace {

constexpr unsigned half = 32;

bool get(Capabilities& capabilities) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> halves{};
  if (::syscall(SYS_capget, &header, halves.data()) != 0) return false;
  const auto whole = [&](auto member) {
    return halves[0].*member | static_cast<std::uint64_t>(halves[1].*member) << half;
  };
  capabilities = {whole(&__user_cap_data_struct::effective),
                  whole(&__user_cap_data_struct::permitted),
                  whole(&__user_cap_data_struct::inheritable)};
  return true;
}

/// For a thread 0 is itself.
bool set(const Capabilities& capabilities) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const auto low = [](std::uint64_t whole) { return static_cast<std::uint32_t>(whole); };
  std::array<__user_cap_data_struct, 2> halves{
      __user_cap_data_struct{low(capabilities.effective), low(capabilities.permitted),
                             low(capabilities.inheritable)},
      __user_cap_data_struct{low(capabilities.effective >> half),
                             low(capabilities.permitted >> half),
                             low(capabilities.inheritable >> half)}};
  return ::syscall(SYS_capset, &header, halves.data()) == 0;
}

std::vector<gid_t> groups_now() {
  std::vector<gid_t> groups(static_cast<std::size_t>(std::max(::getgroups(0, nullptr), 0)));
  const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
  groups.resize(static_cast<std::size_t>(std::max(count, 0)));
  return groups;
}

// -1 leaves an id as it is, and asks for the one that files are reached by.
constexpr auto same = static_cast<uid_t>(-1);
uid_t file_user_now() { return static_cast<uid_t>(::syscall(SYS_setfsuid, same)); }
gid_t file_group_now() { return static_cast<gid_t>(::syscall(SYS_setfsgid, same)); }

std::uint64_t own_user_namespace() {
  struct stat status {};
  return ::stat("/proc/self/ns/user", &status) == 0 ? status.st_ino : 0;
}

std::optional<Own> own() {
  static const std::uint64_t user_namespace = own_user_namespace();
  Own own;
  if (user_namespace == 0 || !get(own.capabilities)) return std::nullopt;
  own.identity = {::geteuid(),      ::getegid(),  file_user_now(),
                  file_group_now(), groups_now(), own.capabilities.effective,
                  user_namespace};
  return own;
}

/// Whether others are shown to us as they are, whatever their user namespace.
bool knows_all_ids() {
  static const bool knows = [] {
    const std::string map = read_kernel_file("/proc/self/uid_map");
    std::string_view words = map;
    return take_word(words) == "0" && take_word(words) == "0" &&
           take_word(words).starts_with("4294967295");
  }();
  return knows;
}

/// What an id is shown as that has none here.
constexpr std::uint32_t overflow_id = 65534;

bool has_unknown_ids(const Identity& who) {
  return who.user == overflow_id || who.file_user == overflow_id || who.group == overflow_id ||
         who.file_group == overflow_id ||
         std::ranges::find(who.groups, overflow_id) != who.groups.end();
}

bool has_ids_of(const Identity& one, const Identity& other) {
  return one.user == other.user && one.group == other.group && one.file_user == other.file_user &&
         one.file_group == other.file_group && one.groups == other.groups;
}

bool can_change_ids(const Capabilities& capabilities) {
  constexpr std::uint64_t needed = 1U << CAP_SETUID | 1U << CAP_SETGID;
  return (capabilities.permitted & needed) == needed;
}

bool set_groups(const Identity& who) {
  if (groups_now() != who.groups &&
      ::syscall(SYS_setgroups, who.groups.size(), who.groups.data()) != 0) {
    return false;
  }
  if (::syscall(SYS_setresgid, same, who.group, same) != 0) return false;
  ::syscall(SYS_setfsgid, who.file_group);
  return file_group_now() == who.file_group;
}

/// `all`: what may be done meanwhile. Leaving user 0 takes the effective capabilities away.
bool set_user(const Identity& who, const Capabilities& all) {
  if (::syscall(SYS_setresuid, same, who.user, same) != 0 || !set(all)) return false;
  ::syscall(SYS_setfsuid, who.file_user);
  return file_user_now() == who.file_user;
}

Capabilities with_effective(Capabilities capabilities, std::uint64_t effective) {
  capabilities.effective = effective;
  return capabilities;
}

bool become(const Identity& who, std::uint64_t effective, const Own& own) {
  const Capabilities all = with_effective(own.capabilities, own.capabilities.permitted);
  if (has_ids_of(who, own.identity)) return set(with_effective(all, effective));
  return can_change_ids(all) && set(all) && set_groups(who) && set_user(who, all) &&
         set(with_effective(all, effective));
}

/// From wherever become() has come to.
bool be_oneself_again(const Own& own) {
  const Capabilities all = with_effective(own.capabilities, own.capabilities.permitted);
  return set(all) && set_user(own.identity, all) && set_groups(own.identity) &&
         set(own.capabilities);
}

/// What it has in another user namespace it has over that alone: here it is its user, and no more.
std::uint64_t capabilities_here(const Identity& who, const Own& own) {
  const bool is_near = who.user_namespace == own.identity.user_namespace;
  return is_near ? own.capabilities.permitted & who.capabilities : 0;
}

/// Whether its ids are what they seem.
bool is_known(const Identity& who, const Own& own) {
  return knows_all_ids() || who.user_namespace == own.identity.user_namespace ||
         !has_unknown_ids(who);
}

bool is_no_less_than(const Own& own, const Identity& who) {
  return is_known(who, own) && has_ids_of(who, own.identity) &&
         (own.capabilities.effective & ~capabilities_here(who, own)) == 0;
}

// What a change takes from the whole process, one at a time may give back.
std::mutex one_at_a_time;

}  // namespace

bool is_no_less_than_we(const Identity& who) {
  const auto mine = own();
  return mine && is_no_less_than(*mine, who);
}

struct ActingAs::Change {
  explicit Change(Own mine) : before(std::move(mine)) { ::prctl(PR_GET_PDEATHSIG, &death_signal); }

  const std::lock_guard<std::mutex> alone{one_at_a_time};
  const Own before;
  const int dumpable = ::prctl(PR_GET_DUMPABLE);
  int death_signal = 0;
};

ActingAs::ActingAs(const std::optional<Identity>& who) {
  const auto mine = own();
  if (!mine || !who || !is_known(*who, *mine)) return;
  acts_ = is_no_less_than(*mine, *who);
  if (acts_) return;
  change_ = std::make_unique<Change>(*mine);
  acts_ = become(*who, capabilities_here(*who, *mine), *mine);
}

ActingAs::~ActingAs() {
  if (!change_) return;
  if (!be_oneself_again(change_->before)) std::abort();  // nothing may go on with another's rights
  // Both were taken from us with the change. (That a parent has died meanwhile nobody is told: who
  // runs finds out by itself.)
  if (change_->dumpable == 1) ::prctl(PR_SET_DUMPABLE, 1);
  if (change_->death_signal != 0) ::prctl(PR_SET_PDEATHSIG, change_->death_signal);
}

}  // namespace reloadrun::net
