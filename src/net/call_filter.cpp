#include "net/call_filter.hpp"

#include <linux/audit.h>
#include <linux/seccomp.h>

#include <cstddef>

namespace reloadrun::net {
namespace {

struct Architecture {
  Machine machine;
  std::uint32_t number;
};

constexpr Architecture architectures[] = {
#if defined(__x86_64__)
    {Machine::native, AUDIT_ARCH_X86_64},
    {Machine::compat, AUDIT_ARCH_I386},
#elif defined(__aarch64__)
    {Machine::native, AUDIT_ARCH_AARCH64},
#else
#error "Which system calls are this machine's? See linux/audit.h."
#endif
};

using Program = std::vector<sock_filter>;

void load(Program& program, std::size_t offset) {
  program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)));
}

/// The next `skipped` instructions are for those that match alone.
void unless_skip(Program& program, int test, std::uint32_t value, std::uint8_t skipped) {
  program.push_back(
      BPF_JUMP(static_cast<std::uint16_t>(BPF_JMP | test | BPF_K), value, 0, skipped));
}

void answer(Program& program, std::uint32_t what) {
  program.push_back(BPF_STMT(BPF_RET | BPF_K, what));
}

}  // namespace

void CallFilter::notify(int call, When when, Machine machine) {
  rules_.push_back({machine, call, when, SECCOMP_RET_USER_NOTIF});
}

void CallFilter::refuse(int call, int error, Machine machine) {
  rules_.push_back({machine,
                    call,
                    {},
                    SECCOMP_RET_ERRNO | (static_cast<std::uint32_t>(error) & SECCOMP_RET_DATA)});
}

Program CallFilter::program() const {
  Program program;
  if (rules_.empty()) return program;
  for (const auto& [machine, number] : architectures) {
    Program rules;
    append_rules(rules, machine);
    load(program, offsetof(seccomp_data, arch));
    unless_skip(program, BPF_JEQ, number, 1);
    program.push_back(BPF_STMT(BPF_JMP | BPF_JA, 1));  // a conditional jump may be too short
    program.push_back(BPF_STMT(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(rules.size())));
    program.insert(program.end(), rules.begin(), rules.end());
  }
  answer(program, SECCOMP_RET_ALLOW);
  return program;
}

void CallFilter::append_rules(Program& program, Machine machine) const {
  load(program, offsetof(seccomp_data, nr));
  for (const Rule& rule : rules_) {
    if (rule.machine != machine) continue;
    const bool always = rule.when.test == When::Test::always;
    unless_skip(program, BPF_JEQ, static_cast<std::uint32_t>(rule.call), always ? 1 : 4);
    if (!always) {
      const auto argument = static_cast<std::size_t>(rule.when.argument);
      load(program, offsetof(seccomp_data, args) + argument * sizeof(std::uint64_t));
      const bool bits = rule.when.test == When::Test::any_bit;
      unless_skip(program, bits ? BPF_JSET : BPF_JEQ, rule.when.value, 1);
    }
    answer(program, rule.answer);
    if (!always) load(program, offsetof(seccomp_data, nr));  // for the rules that follow
  }
  answer(program, SECCOMP_RET_ALLOW);
}

}  // namespace reloadrun::net
