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
  const Deadline missing_since = is_missed(change) ? Deadline(now) : std::nullopt;
  const auto [place, is_new] = items_.try_emplace(change.path, Item{change, missing_since});
  if (is_new) return;
  Change& whole = place->second.change;
  const bool was_there = whole.kind != Kind::appeared;
  const bool is_there = change.kind != Kind::vanished;
  const bool same_file = whole.after.inode == change.after.inode;
  whole.rewritten = (whole.rewritten && same_file) || change.rewritten;
  whole.after = change.after;
  place->second.missing_since = missing_since;
  if (was_there && is_there) {
    whole.kind = Kind::modified;
    if (!whole.rewritten && !differs(whole.before, whole.after)) items_.erase(place);
  } else if (was_there) {
    whole.kind = Kind::vanished;
  } else if (!is_there) {
    items_.erase(place);
  }
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
