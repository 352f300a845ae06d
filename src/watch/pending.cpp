#include "watch/pending.hpp"

#include <utility>

namespace reloadrun::watch {

using Kind = Change::Kind;

namespace {

/// Of a file that has vanished; and of one whose bytes count, and have: its writer has truncated
/// it, and is about to write.
bool is_missed(const Change& change) {
  if (change.kind == Kind::vanished) return true;
  const bool emptied = change.after.size == 0 && change.before.size != 0;
  return emptied && change.after.content != 0;
}

/// Adds what came later to what was found of this path. Returns whether both together are a change.
bool merge(Change& whole, const Change& later) {
  const bool was_there = whole.kind != Kind::appeared;
  const bool is_there = later.kind != Kind::vanished;
  const bool same_file = whole.after.inode == later.after.inode;
  whole.rewritten = (whole.rewritten && same_file) || later.rewritten;
  whole.after = later.after;
  if (!was_there) return is_there;
  whole.kind = is_there ? Kind::modified : Kind::vanished;
  return !is_there || whole.rewritten || differs(whole.before, whole.after);
}

}  // namespace

Pending::Pending(std::vector<Item> items, TimePoint first, TimePoint last)
    : first_(first), last_(last) {
  for (Item& item : items) {
    std::string path = item.change.path;
    items_.emplace(std::move(path), std::move(item));
  }
}

void Pending::add(const Changes& found, TimePoint now) {
  for (const Change& change : found) {
    if (items_.empty()) first_ = now;
    last_ = now;
    add(change, now);
  }
}

void Pending::add(const Change& change, TimePoint now) {
  const auto [place, is_new] = items_.try_emplace(change.path, Item{change, {}});
  if (!is_new && !merge(place->second.change, change)) {
    items_.erase(place);
    return;
  }
  auto& [whole, missing_since] = place->second;
  // Who truncates it once more has not written it yet.
  const bool is_missing = is_missed(change) || is_missed(whole);
  missing_since = is_missing ? Deadline(now) : std::nullopt;
}

void Pending::add_earlier(const Change& change, TimePoint now) {
  Changes in_order{change};
  if (const auto later = items_.find(change.path); later != items_.end()) {
    in_order.push_back(later->second.change);
    items_.erase(later);
  }
  add(in_order, now);
}

void Pending::drop(const std::string& path) { items_.erase(path); }

void Pending::drop_relative() {
  std::erase_if(items_, [](const auto& one) { return !one.first.starts_with('/'); });
}

Changes Pending::take() {
  Changes all;
  for (auto& [path, item] : std::exchange(items_, {})) all.push_back(item.change);
  return all;
}

std::vector<std::string> Pending::paths() const {
  std::vector<std::string> all;
  for (const auto& [path, item] : items_) all.push_back(path);
  return all;
}

}  // namespace reloadrun::watch
