#include "app/kept_snapshot.hpp"

#include <memory_resource>
#include <utility>

namespace reloadrun::app {

KeptSnapshot::KeptSnapshot(Fd arena) : arena_(arena ? Arena::adopt(std::move(arena)) : nullptr) {
  if (arena_ != nullptr) snapshot_ = static_cast<watch::Snapshot*>(arena_->root());
  taken_over_ = snapshot_ != nullptr;
  if (arena_ == nullptr) arena_ = Arena::create();
  if (arena_ != nullptr) std::pmr::set_default_resource(arena_);
  if (snapshot_ == nullptr) replace_by(another());
}

// By the default resource, which is this one's arena.
// NOLINTNEXTLINE(readability-convert-member-functions-to-static)
watch::Snapshot* KeptSnapshot::another() {
  return std::pmr::polymorphic_allocator<>().new_object<watch::Snapshot>();
}

void KeptSnapshot::replace_by(watch::Snapshot* other) {
  if (snapshot_ != nullptr) std::pmr::polymorphic_allocator<>().delete_object(snapshot_);
  snapshot_ = other;
  if (arena_ != nullptr) arena_->set_root(other);
}

}  // namespace reloadrun::app
