#include "app/target.hpp"

#include <utility>

namespace reloadrun::app {

void Target::start(const Start& start) {
  state_ = State::starting;
  untold_ = 0;
  worker_ = std::thread(work_for(start));
}

std::optional<Target::News> Target::next() {
  wake_.reset();
  const std::lock_guard lock(mutex_);
  if (news_.empty()) return std::nullopt;
  News news = std::move(news_.front());
  news_.pop_front();
  if (news.kind == News::Kind::started) {
    state_ = State::running;
    handle_ = std::move(news.handle);
    pid_ = news.pid;
    untold_ = news.missed_a_signal ? news.pid : 0;
  } else {
    state_ = State::idle;
    handle_ = Fd();
    worker_.join();  // it has told its last, and is about to end
  }
  return news;
}

void Target::abandon_worker() {
  left_behind_ = true;
  worker_.detach();
  const std::lock_guard lock(mutex_);
  news_.clear();
  state_ = State::idle;
}

void Target::tell(News news) {
  {
    const std::lock_guard lock(mutex_);
    news_.push_back(std::move(news));
  }
  wake_.set();
}

}  // namespace reloadrun::app
