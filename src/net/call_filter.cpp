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
    {Machine::compat, AUDIT_ARCH_ARM},
#else
#error "Which architectures are this machine's? See linux/audit.h."
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

void load_number(Program& program, Machine machine) {
  load(program, offsetof(seccomp_data, nr));
  if (machine == Machine::native && x32_bit != 0) {
    program.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~x32_bit));
  }
}

}  // namespace

void CallFilter::notify(SystemCall call, When when) {
  rules_.push_back({call, when, SECCOMP_RET_USER_NOTIF});
}

void CallFilter::refuse(SystemCall call, int error) {
  rules_.push_back(
      {call, {}, SECCOMP_RET_ERRNO | (static_cast<std::uint32_t>(error) & SECCOMP_RET_DATA)});
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
  load_number(program, machine);
  for (const Rule& rule : rules_) {
    const int number = rule.call.on(machine);
    if (number == SystemCall::none) continue;
    Program rest;  // for this call alone
    const bool always = rule.when.test == When::Test::always;
    if (!always) {
      const auto argument = static_cast<std::size_t>(rule.when.argument);
      load(rest, offsetof(seccomp_data, args) + argument * sizeof(std::uint64_t));
      const bool bits = rule.when.test == When::Test::any_bit;
      unless_skip(rest, bits ? BPF_JSET : BPF_JEQ, rule.when.value, 1);
    }
    answer(rest, rule.answer);
    if (!always) load_number(rest, machine);  // for the rules that follow
    unless_skip(program, BPF_JEQ, static_cast<std::uint32_t>(number),
                static_cast<std::uint8_t>(rest.size()));
    program.insert(program.end(), rest.begin(), rest.end());
  }
  answer(program, SECCOMP_RET_ALLOW);
}

}  // namespace reloadrun::net
